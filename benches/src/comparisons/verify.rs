//! Reading every row of a restored copy for its digest, against the same `COPY .. ORDER BY` piped to `wc`.

use std::path::PathBuf;

use blackstart::host::isolate::Isolation;
use blackstart::plan::EngineKind;
use blackstart::workload::{KeyRange, TableSpec};

use super::examined::{Examined, PAIRS};
use super::{Comparison, Run};
use crate::Result;
use crate::samples::{Aim, Row, seconds};

pub(super) const COMPARISON: Comparison = Comparison { name: "verify", run: Run::Isolated(run) };

const VERIFY: Row = Row {
    name: "verify 3 million rows, two key ranges at once",
    against: "COPY .. ORDER BY | wc",
    unit: "x",
    aim: Aim::AtMost(0.65),
};
const BARE: Row = Row {
    name: "two bare COPYs at once, half of each table's keys each",
    against: "one",
    unit: "x",
    aim: Aim::AtMost(0.65),
};

fn run(isolation: Isolation, scratch: PathBuf) -> Result<()> {
    let examined = Examined::build(EngineKind::Postgres, isolation, scratch)?;
    examined.compare(VERIFY)?;
    bare_halves(&examined)
}

/// How much two readers at once can gain on this machine at best.
fn bare_halves(examined: &Examined) -> Result<()> {
    let middle = |table: &TableSpec| {
        let (key, name) = (table.first_key(), table.name);
        examined.ask(&format!("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY {key}) FROM {name}"))
    };
    let middles = examined.tables.iter().map(middle).collect::<Result<Vec<String>>>()?;
    let script = |name: &str, range: fn(String) -> KeyRange| {
        let queries = examined.tables.iter().zip(&middles).map(|(table, middle)| table.select(&range(middle.clone())));
        examined.script(name, queries)
    };
    let (first, second) = (script("first.sql", KeyRange::Below)?, script("second.sql", KeyRange::From)?);
    let whole = script("whole.sql", |_| KeyRange::All)?;
    let both = || seconds(|| examined.run(&[&first, &second]));
    BARE.pairs(PAIRS, both, || seconds(|| examined.run(&[&whole])))?;
    BARE.note("what a second session can gain on this machine at best");
    Ok(())
}
