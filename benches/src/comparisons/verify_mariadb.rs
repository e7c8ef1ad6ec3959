//! Reading every row of a restored copy of MariaDB for its digest, against the same `SELECT .. ORDER BY` of its client, piped
//! to `wc`.

use std::path::PathBuf;

use blackstart::host::isolate::Isolation;
use blackstart::plan::EngineKind;

use super::examined::Examined;
use super::{Comparison, Run};
use crate::Result;
use crate::samples::{Aim, Row};

pub(super) const COMPARISON: Comparison = Comparison { name: "verify-mariadb", run: Run::Isolated(run) };

const VERIFY: Row = Row {
    name: "verify 3 million rows of MariaDB, two key ranges at once",
    against: "SELECT .. ORDER BY | wc",
    unit: "x",
    aim: Aim::AtMost(1.2),
};

fn run(isolation: Isolation, scratch: PathBuf) -> Result<()> {
    Examined::build(EngineKind::Mysql, isolation, scratch)?.compare(VERIFY)
}
