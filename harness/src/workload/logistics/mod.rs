//! Logistics: sixteen branches accept shipments, deliver them, collect cash on delivery and settle it. For the MySQL family.
//!
//! Its schema is in `fixtures/domains/logistics`. It has what backups of that family break: four-byte characters, exact
//! decimals, JSON, BLOBs, microseconds, generated columns, counters, triggers, routines, an event, and users with grants.
//!
//! No statement of that family gives back what it wrote: so a write is answered by nothing, and the rows that it wrote
//! are read later in the same transaction, by key and operation. A deleted row's key is read before it goes.

use super::{Application, Canary, Domain, Generator, Invariant, Settings, TableSpec, WriteTrial};
use crate::plan::EngineKind;

mod canaries;
mod generate;
mod model;
mod office;
#[cfg(test)]
mod office_tests;
mod operations;
mod rules;
#[cfg(test)]
mod script_tests;
mod shares;
mod statements;
mod tables;
mod tracking;
mod trials;
mod words;

/// The domain `logistics`.
#[derive(Clone, Copy, Debug)]
pub struct Logistics;

impl Domain for Logistics {
    fn name(&self) -> &'static str {
        "logistics"
    }

    fn engine(&self) -> EngineKind {
        EngineKind::Mysql
    }

    fn schema(&self) -> &'static str {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/domains/logistics/schema.sql"))
    }

    fn after_load(&self) -> &'static str {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/domains/logistics/after_load.sql"))
    }

    fn application_role(&self) -> &'static str {
        "app_user"
    }

    fn tables(&self) -> &'static [TableSpec] {
        tables::TABLES
    }

    fn generator(&self, settings: &Settings) -> Box<dyn Generator> {
        Box::new(generate::InitialRows::new(settings))
    }

    fn application(&self, settings: &Settings, client: u32) -> Box<dyn Application> {
        Box::new(office::Office::new(settings, client))
    }

    fn invariants(&self) -> &'static [Invariant] {
        rules::INVARIANTS
    }

    fn canaries(&self) -> Vec<Canary> {
        canaries::canaries()
    }

    fn write_trials(&self) -> &'static [WriteTrial] {
        trials::WRITE_TRIALS
    }

    fn expendable(&self) -> &'static [&'static str] {
        &["dashboard"]
    }
}
