//! HTML of 10,000 cases.

use blackstart_reports::html::REPORT;

use super::{Comparison, Run};
use crate::Result;
use crate::material;
use crate::samples::{Aim, Row, seconds};

pub(super) const COMPARISON: Comparison = Comparison { name: "html", run: Run::Here(run) };

const CASES: usize = 10_000;
const ROW: Row = Row { name: "HTML of 10,000 cases", against: "-", unit: "s", aim: Aim::AtMost(1.0) };

fn run() -> Result<()> {
    let material = material::with_findings(CASES)?;
    ROW.begin();
    for _ in 0..25 {
        ROW.sample(seconds(|| Ok((REPORT.make)(&material)?))?);
    }
    Ok(())
}
