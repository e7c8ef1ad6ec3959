//! What a domain is made of.

use blackstart_record::rows::Table;

use super::{Application, ObjectSpec, Settings, TableSpec};
use crate::engine::fields::ColumnType;
use crate::plan::EngineKind;

/// A schema with its data, its rules and its application.
pub trait Domain: Sync {
    /// Its name in scenarios.
    fn name(&self) -> &'static str;

    /// The engine that its SQL is for.
    fn engine(&self) -> EngineKind {
        EngineKind::Postgres
    }

    /// SQL that makes everything but the rows; run once by a superuser in an empty database, in the pieces of
    /// [`crate::engine::Dialect::statements`].
    fn schema(&self) -> &'static str;

    /// SQL for after the rows: sequences, materialized views, statistics; likewise.
    fn after_load(&self) -> &'static str;

    /// The role that the workload uses.
    fn application_role(&self) -> &'static str;

    /// Its tables, in the order in which they are loaded; an effect's `table` is an index into them.
    fn tables(&self) -> &'static [TableSpec];

    /// Its objects; `None`: all of its data is rows. An effect's `table` is then the one after the last of the tables.
    fn objects(&self) -> Option<&'static ObjectSpec> {
        None
    }

    /// Everything that a record compares, in the order in which effects name it.
    fn recorded(&self) -> Vec<Table> {
        let objects = self.objects().map(|objects| &objects.table);
        self.tables().iter().chain(objects).map(TableSpec::record).collect()
    }

    /// The initial rows.
    fn generator(&self, settings: &Settings) -> Box<dyn Generator>;

    /// The application of client `client` (from 0, below [`Settings::clients`]).
    fn application(&self, settings: &Settings, client: u32) -> Box<dyn Application>;

    /// Rules that hold in every transaction.
    fn invariants(&self) -> &'static [Invariant];

    /// Values that backups like to change.
    fn canaries(&self) -> Vec<Canary>;

    /// Writes that the application must be able to do.
    fn write_trials(&self) -> &'static [WriteTrial];

    /// Tables that may be lost unless a plan says otherwise; names with schema.
    fn expendable(&self) -> &'static [&'static str] {
        &[]
    }
}

/// The initial rows of every table, any of them at any time: pure, and the same for the same settings.
pub trait Generator: Send + Sync {
    /// How many rows a table (by index) has.
    fn count(&self, table: usize) -> u64;

    /// Appends the fields of a table's row. Rows are in key order; `index` is below [`Generator::count`].
    fn fields(&self, table: usize, index: u64, out: &mut Vec<u8>);

    /// How many objects there are: those of the numbers from 1 on.
    fn objects(&self) -> u64 {
        0
    }

    /// Rows over all tables, and objects.
    fn rows(&self, tables: usize) -> u64 {
        (0..tables).map(|table| self.count(table)).sum::<u64>() + self.objects()
    }
}

/// A rule that holds in every transaction. Both statements are run by a role that sees all rows.
#[derive(Clone, Copy, Debug)]
pub struct Invariant {
    /// The rule in one sentence.
    pub rule: &'static str,
    /// SQL that answers one `bigint`: how many rows or groups the rule looks at.
    pub examined: &'static str,
    /// SQL that answers one row of one `text` for each violation; none if the rule holds.
    pub violations: &'static str,
}

/// A planted value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// What it is.
    pub name: &'static str,
    /// SQL that answers one row with the value as its only column; no row if it is gone.
    pub sql: String,
    /// Its type.
    pub kind: ColumnType,
    /// Its bytes as a field has them; `None`: NULL.
    pub planted: Option<Vec<u8>>,
}

/// A write tried as the application's role in a transaction of its own that is rolled back.
#[derive(Clone, Copy, Debug)]
pub struct WriteTrial {
    /// What is tried.
    pub what: &'static str,
    /// SQL statements in order; all must succeed and each that is no `SELECT` must touch at least one row.
    pub statements: &'static [&'static str],
}
