//! The comparisons: a file each, and a line in [`ALL`].

use std::path::PathBuf;

use blackstart::host::isolate::Isolation;

use crate::Result;

mod containers;
mod drilled;
mod environment;
mod examined;
mod html;
mod junit;
pub mod ledger_check;
mod restore;
mod restore_mariadb;
mod restored;
mod sabotage;
mod suite;
mod verify;
mod verify_mariadb;
mod writer_ledger;
mod writer_pgbench;

/// One comparison.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// Its name on the command line.
    pub name: &'static str,
    /// Where it runs.
    pub run: Run,
}

/// How a comparison is run.
#[derive(Clone, Copy, Debug)]
pub enum Run {
    /// In this process.
    Here(fn() -> Result<()>),
    /// In namespaces of its own, with this isolation and in this scratch folder, as drills are.
    Isolated(fn(Isolation, PathBuf) -> Result<()>),
}

/// Every comparison, the quick ones first.
pub const ALL: &[Comparison] = &[
    junit::COMPARISON,
    html::COMPARISON,
    ledger_check::COMPARISON,
    writer_ledger::COMPARISON,
    writer_pgbench::COMPARISON,
    verify::COMPARISON,
    verify_mariadb::COMPARISON,
    environment::COMPARISON,
    restore::COMPARISON,
    restore_mariadb::COMPARISON,
    suite::COMPARISON,
    sabotage::COMPARISON,
    containers::COMPARISON,
];
