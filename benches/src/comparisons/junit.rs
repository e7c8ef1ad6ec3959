//! JUnit of 10,000 cases against quick-junit with the same cases and nothing of ours around it.

use blackstart_reports::junit::REPORT;

use super::{Comparison, Run};
use crate::Result;
use crate::material;
use crate::samples::{Aim, Row, seconds};

pub(super) const COMPARISON: Comparison = Comparison { name: "junit", run: Run::Here(run) };

const CASES: usize = 10_000;
const ROW: Row = Row { name: "JUnit of 10,000 cases", against: "bare quick-junit", unit: "x", aim: Aim::AtMost(2.0) };

fn run() -> Result<()> {
    let material = material::with_findings(CASES)?;
    ROW.pairs(25, || seconds(|| Ok((REPORT.make)(&material)?)), || seconds(|| material::bare_junit(&material)))
}
