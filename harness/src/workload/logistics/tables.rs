//! The tables, column by column. Generated columns are left out: nobody writes them, and rules hold them to what they are
//! made of.
//!
//! Of the integers, `INT` are the ids of branches and canaries, wherever they stand, `grams` and the number of payments;
//! `SMALLINT` are a status and a line; all others are `BIGINT`. Every decimal has two places.

use blackstart_record::rows::KeyKind;

use crate::engine::fields::ColumnType::{self, Bool, Bytes, Integer, Json, Numeric, Text, Timestamp, Uuid};
use crate::workload::{Column, Load, TableSpec};

pub const BRANCHES: usize = 0;
pub const STAFF: usize = 1;
pub const DRIVERS: usize = 2;
pub const COD_ACCOUNTS: usize = 3;
pub const SHIPMENTS: usize = 4;
pub const MANIFESTS: usize = 5;
pub const MANIFEST_LINES: usize = 6;
pub const SCAN_EVENTS: usize = 7;
pub const SETTLEMENTS: usize = 8;
pub const PAYMENTS: usize = 9;
pub const FINANCIAL_RECORDS: usize = 10;
pub const CANARIES: usize = 11;
pub const AUDIT_TRAIL: usize = 12;

/// In the order of the constants above, which is one in which foreign keys are satisfied.
pub const TABLES: &[TableSpec] = &[
    table(
        "branches",
        &[
            c("id", Integer),
            c("code", Text),
            c("name", Text),
            c("zone", Text),
            c("settings", Json),
            c("opened_at", Timestamp),
            c("op", Integer),
        ],
    ),
    table(
        "staff",
        &[
            c("id", Integer),
            c("branch_id", Integer),
            c("name", Text),
            c("email", Text),
            c("job", Text),
            c("active", Bool),
            c("hired_at", Timestamp),
            c("op", Integer),
        ],
    ),
    table(
        "drivers",
        &[
            c("id", Integer),
            c("branch_id", Integer),
            c("name", Text),
            c("phone", Text),
            c("vehicle", Json),
            c("portrait", Bytes),
            c("op", Integer),
        ],
    ),
    table("cod_accounts", &[c("branch_id", Integer), c("collected", Numeric), c("settled", Numeric), c("op", Integer)]),
    table(
        "shipments",
        &[
            c("id", Integer),
            c("branch_id", Integer),
            c("tracking_number", Text),
            c("public_id", Uuid),
            c("status", Integer),
            c("accepted_by", Integer),
            c("sender", Text),
            c("recipient", Text),
            c("address", Text),
            c("grams", Integer),
            c("charge", Numeric),
            c("cod_amount", Numeric),
            c("fragile", Bool),
            c("detail", Json),
            c("label", Bytes),
            c("created_at", Timestamp),
            c("delivered_at", Timestamp),
            c("op", Integer),
        ],
    ),
    table(
        "manifests",
        &[
            c("id", Integer),
            c("branch_id", Integer),
            c("driver_id", Integer),
            c("created_at", Timestamp),
            c("op", Integer),
        ],
    ),
    TableSpec {
        key: KeyKind::Pair,
        key_columns: &[0, 1],
        ..table(
            "manifest_lines",
            &[c("manifest_id", Integer), c("line", Integer), c("shipment_id", Integer), c("op", Integer)],
        )
    },
    table(
        "scan_events",
        &[
            c("id", Integer),
            c("branch_id", Integer),
            c("shipment_id", Integer),
            c("kind", Text),
            c("device", Text),
            c("place", Json),
            c("scanned_at", Timestamp),
            c("op", Integer),
        ],
    ),
    table(
        "settlements",
        &[
            c("id", Integer),
            c("branch_id", Integer),
            c("total", Numeric),
            c("payments", Integer),
            c("settled_at", Timestamp),
            c("op", Integer),
        ],
    ),
    table(
        "payments",
        &[
            c("id", Integer),
            c("branch_id", Integer),
            c("shipment_id", Integer),
            c("driver_id", Integer),
            c("amount", Numeric),
            c("collected_at", Timestamp),
            c("settlement_id", Integer),
            c("op", Integer),
        ],
    ),
    table(
        "financial_records",
        &[
            c("id", Integer),
            c("branch_id", Integer),
            c("kind", Text),
            c("reference", Integer),
            c("amount", Numeric),
            c("booked_at", Timestamp),
            c("op", Integer),
        ],
    ),
    table(
        "canaries",
        &[
            c("id", Integer),
            c("name", Text),
            c("words", Text),
            c("bytes", Bytes),
            c("amount", Numeric),
            c("at", Timestamp),
            c("doc", Json),
            c("op", Integer),
        ],
    ),
    table(
        "audit_trail",
        &[
            c("id", Integer),
            c("branch_id", Integer),
            c("what", Text),
            c("entity", Text),
            c("entity_id", Integer),
            c("detail", Json),
            c("written_at", Timestamp),
            c("op", Integer),
        ],
    ),
];

const fn c(name: &'static str, kind: ColumnType) -> Column {
    Column::new(name, kind)
}

/// A table with an integer key in its first column and the operation in its last.
const fn table(name: &'static str, columns: &'static [Column]) -> TableSpec {
    let op_column = columns.len() - 1;
    TableSpec { name, key: KeyKind::Integer, columns, key_columns: &[0], op_column, load: Load::Copy }
}
