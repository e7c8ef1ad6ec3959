//! Fulfilment: several tenants sell from stock and ship what they sold.
//!
//! Its schema is in `fixtures/domains/fulfilment`. It has the types and objects that backups break: uuid, numeric,
//! timestamptz, jsonb, bytea, arrays, identities and a sequence, large objects, row-level security and more.

use super::{Application, Canary, Domain, Generator, Invariant, Settings, TableSpec, WriteTrial};

mod canaries;
mod generate;
mod model;
mod operations;
mod rules;
mod shares;
mod shop;
mod statements;
mod tables;
mod words;

/// The domain `fulfilment`.
#[derive(Clone, Copy, Debug)]
pub struct Fulfilment;

impl Domain for Fulfilment {
    fn name(&self) -> &'static str {
        "fulfilment"
    }

    fn schema(&self) -> &'static str {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/domains/fulfilment/schema.sql"))
    }

    fn after_load(&self) -> &'static str {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/domains/fulfilment/after_load.sql"))
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
        Box::new(shop::Shop::new(settings, client))
    }

    fn invariants(&self) -> &'static [Invariant] {
        rules::INVARIANTS
    }

    fn canaries(&self) -> Vec<Canary> {
        canaries::canaries()
    }

    fn write_trials(&self) -> &'static [WriteTrial] {
        rules::WRITE_TRIALS
    }
}
