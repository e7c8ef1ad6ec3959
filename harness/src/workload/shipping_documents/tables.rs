//! The tables, column by column, and the objects beside them. Of the integers, `branch_id` is an `INT`, all others `BIGINT`.

use blackstart_record::rows::KeyKind;

use crate::engine::fields::ColumnType::{Bytes, Integer, Text, Timestamp};
use crate::workload::{Column, Load, ObjectSpec, TableSpec};

pub const DOCUMENTS: usize = 0;
pub const LOG: usize = 1;

/// In the order of the constants above.
pub const TABLES: &[TableSpec] = &[
    TableSpec {
        name: "shipping_documents",
        key: KeyKind::Integer,
        columns: &[
            Column::new("id", Integer),
            Column::new("branch_id", Integer),
            Column::new("kind", Text),
            Column::new("object", Integer),
            Column::new("sha256", Bytes),
            Column::new("op", Integer),
        ],
        key_columns: &[0],
        op_column: 5,
        load: Load::Copy,
    },
    TableSpec {
        name: "document_log",
        key: KeyKind::Integer,
        columns: &[
            Column::new("id", Integer),
            Column::new("branch_id", Integer),
            Column::new("what", Text),
            Column::new("document_id", Integer),
            Column::new("written_at", Timestamp),
            Column::new("op", Integer),
        ],
        key_columns: &[0],
        op_column: 5,
        load: Load::Copy,
    },
];

/// Each is referred to by one row at most.
pub const OBJECTS: ObjectSpec = ObjectSpec::new(
    "s3:shipping-documents",
    "shipping-documents/",
    "SELECT CONCAT(kind, ' ', id), object, LOWER(HEX(sha256)) FROM shipping_documents ORDER BY id",
);
