//! Shipping documents: a carrier's labels and proofs of delivery, a row for each in MariaDB or MySQL, and its bytes as an object
//! of the application's bucket. As in the domain `documents`, an object is there before the row that refers to it, and goes after
//! it.
//!
//! Its schema is in `fixtures/domains/shipping-documents`. A statement of that family does not give back what it wrote: the rows
//! are read later in the same transaction.

use super::archive::Archive;
use super::{Application, Canary, Domain, Generator, Invariant, ObjectSpec, Settings, TableSpec, WriteTrial};
use crate::plan::EngineKind;

mod initial;
mod rules;
mod script;
mod tables;

/// The domain `shipping-documents`.
#[derive(Clone, Copy, Debug)]
pub struct ShippingDocuments;

impl Domain for ShippingDocuments {
    fn name(&self) -> &'static str {
        "shipping-documents"
    }

    fn engine(&self) -> EngineKind {
        EngineKind::Mysql
    }

    fn schema(&self) -> &'static str {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/domains/shipping-documents/schema.sql"))
    }

    fn after_load(&self) -> &'static str {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/domains/shipping-documents/after_load.sql"))
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
        Box::new(Archive::new(settings, client, initial::documents(settings), &script::InMysql))
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
