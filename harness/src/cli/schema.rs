//! `blackstart schema`: JSON Schemas, for editors and for whoever reads records.

use blackstart_record::record::Record;
use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::output;
use super::problem::Result;
use crate::drill::Registry;
use crate::plan;

/// Prints the JSON Schema of a plan, a scenario or a record.
///
/// An editor that knows TOML completes and checks plans by it: put `#:schema ./plan.schema.json` on a plan's first line.
#[derive(Args, Debug)]
pub struct Schema {
    /// Of what.
    of: Of,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    /// `plan.toml`.
    Plan,
    /// A scenario's TOML file.
    Scenario,
    /// `record.json`.
    Record,
}

/// Runs `blackstart schema`.
///
/// # Errors
/// Standard output failed.
pub fn run(args: &Schema) -> Result<Exit> {
    let schema = match args.of {
        Of::Plan => plan::plan_schema::<Registry>(),
        Of::Scenario => plan::scenario_schema::<Registry>(),
        Of::Record => schemars::schema_for!(Record),
    };
    output::json(&schema)?;
    Ok(Exit::Met)
}
