//! Documents: a row for each in the database, and its bytes as an object of the application's bucket.
//!
//! Its schema is in `fixtures/domains/documents`. As careful teams do, an object is written once, under a number of its
//! own, before the row that refers to it is; and it is removed after that row is gone.

use super::archive::Archive;
use super::{Application, Canary, Domain, Generator, Invariant, ObjectSpec, Settings, TableSpec, WriteTrial};

mod initial;
mod rules;
mod script;
mod tables;

/// What its application does, as statements.
pub const SCRIPT: script::InPostgres = script::InPostgres;

/// The domain `documents`.
#[derive(Clone, Copy, Debug)]
pub struct Documents;

impl Domain for Documents {
    fn name(&self) -> &'static str {
        "documents"
    }

    fn schema(&self) -> &'static str {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/domains/documents/schema.sql"))
    }

    fn after_load(&self) -> &'static str {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/domains/documents/after_load.sql"))
    }

    fn application_role(&self) -> &'static str {
        "app_user"
    }

    fn tables(&self) -> &'static [TableSpec] {
        tables::TABLES
    }

    fn objects(&self) -> Option<&'static ObjectSpec> {
        Some(&tables::OBJECTS)
    }

    fn generator(&self, settings: &Settings) -> Box<dyn Generator> {
        Box::new(initial::InitialRows::new(settings))
    }

    fn application(&self, settings: &Settings, client: u32) -> Box<dyn Application> {
        Box::new(Archive::new(settings, client, initial::documents(settings), &SCRIPT))
    }

    fn invariants(&self) -> &'static [Invariant] {
        rules::INVARIANTS
    }

    fn canaries(&self) -> Vec<Canary> {
        Vec::new()
    }

    fn write_trials(&self) -> &'static [WriteTrial] {
        rules::WRITE_TRIALS
    }
}
