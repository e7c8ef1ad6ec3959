//! The tables, column by column.

use blackstart_record::rows::KeyKind;

use crate::engine::fields::ColumnType::{
    self, Bool, Bytes, Float, Integer, Json, Numeric, Text, Texts, Timestamp, Uuid,
};
use crate::workload::{Column, Load, TableSpec};

pub const TENANTS: usize = 0;
pub const CUSTOMERS: usize = 1;
pub const PRODUCTS: usize = 2;
pub const STOCK: usize = 3;
pub const ORDERS: usize = 4;
pub const ORDER_LINES: usize = 5;
pub const SHIPMENTS: usize = 6;
pub const DOCUMENTS: usize = 7;
pub const CANARIES: usize = 8;
pub const AUDIT: usize = 9;

/// In the order of the constants above.
pub const TABLES: &[TableSpec] = &[
    table("app.tenants", &[c("id", Integer), c("name", Text), c("zone", Text), c("settings", Json), c("op", Integer)]),
    table(
        "app.customers",
        &[
            c("id", Integer),
            c("tenant_id", Integer),
            c("external", Uuid),
            c("name", Text),
            c("nickname", Text),
            c("email", Text),
            c("phones", Texts),
            c("preferences", Json),
            c("portrait", Bytes),
            c("credit", Numeric),
            c("joined_at", Timestamp),
            c("op", Integer),
        ],
    ),
    table(
        "app.products",
        &[
            c("id", Integer),
            c("tenant_id", Integer),
            c("sku", Text),
            c("name", Text),
            c("price", Numeric),
            c("tags", Texts),
            c("attributes", Json),
            c("thumbnail", Bytes),
            c("available", Bool),
            c("op", Integer),
        ],
    ),
    TableSpec {
        key: KeyKind::Pair,
        key_columns: &[0, 1],
        ..table(
            "app.stock",
            &[
                c("product_id", Integer),
                c("warehouse", Integer),
                c("tenant_id", Integer),
                c("received", Integer),
                c("on_hand", Integer),
                c("op", Integer),
            ],
        )
    },
    TableSpec {
        key: KeyKind::Uuid,
        ..table(
            "app.orders",
            &[
                c("id", Uuid),
                c("number", Integer),
                c("tenant_id", Integer),
                c("customer_id", Integer),
                c("status", Text),
                c("total", Numeric),
                c("line_count", Integer),
                c("zone", Text),
                c("placed_at", Timestamp),
                c("promised_at", Timestamp),
                c("attributes", Json),
                c("note", Text),
                c("op", Integer),
            ],
        )
    },
    TableSpec {
        key: KeyKind::Pair,
        key_columns: &[0, 1],
        ..table(
            "app.order_lines",
            &[
                c("order_number", Integer),
                c("line", Integer),
                c("tenant_id", Integer),
                c("product_id", Integer),
                c("warehouse", Integer),
                c("quantity", Integer),
                c("price", Numeric),
                c("amount", Numeric),
                c("op", Integer),
            ],
        )
    },
    table(
        "app.shipments",
        &[
            c("id", Integer),
            c("order_number", Integer),
            c("tenant_id", Integer),
            c("carrier", Text),
            c("status", Integer),
            c("packed_at", Timestamp),
            c("sent_at", Timestamp),
            c("delivered_at", Timestamp),
            c("label", Bytes),
            c("op", Integer),
        ],
    ),
    TableSpec {
        load: Load::Insert(
            "INSERT INTO app.documents (id, tenant_id, title, content, revision, op) \
             VALUES ($1, $2, $3, lo_from_bytea(0, $4), $5, $6)",
        ),
        ..table(
            "app.documents",
            &[
                c("id", Integer),
                c("tenant_id", Integer),
                c("title", Text),
                Column { name: "content", expression: "lo_get(content)", kind: Bytes },
                c("revision", Integer),
                c("op", Integer),
            ],
        )
    },
    table(
        "app.canaries",
        &[
            c("id", Integer),
            c("name", Text),
            c("words", Text),
            c("bytes", Bytes),
            c("amount", Numeric),
            c("at", Timestamp),
            c("doc", Json),
            c("list", Texts),
            c("token", Uuid),
            c("measure", Float),
            c("op", Integer),
        ],
    ),
    table(
        "audit.log",
        &[
            c("id", Integer),
            c("tenant_id", Integer),
            c("what", Text),
            c("subject", Text),
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
