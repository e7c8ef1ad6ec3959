//! Every type of a column, with its extremes.

use blackstart::engine::fields::{ColumnType, Fields, Value, show};
use blackstart::engine::mysql::values;

use blackstart::engine::Server;

/// A column: its name, its type as it is read, and as each engine declares it.
pub const COLUMNS: [(&str, ColumnType, &str, &str); 11] = [
    ("flag", ColumnType::Bool, "boolean", "TINYINT(1)"),
    ("short", ColumnType::Integer, "smallint", "SMALLINT"),
    ("number", ColumnType::Integer, "integer", "INT"),
    ("long", ColumnType::Integer, "bigint", "BIGINT"),
    ("ratio", ColumnType::Float, "double precision", "DOUBLE"),
    ("amount", ColumnType::Numeric, "numeric(20, 2)", "DECIMAL(20, 2)"),
    ("at", ColumnType::Timestamp, "timestamptz", "DATETIME(6)"),
    ("token", ColumnType::Uuid, "uuid", "BINARY(16)"),
    ("word", ColumnType::Text, "text", "LONGTEXT"),
    ("detail", ColumnType::Json, "jsonb", "JSON"),
    ("content", ColumnType::Bytes, "bytea", "LONGBLOB"),
];

/// Their types as they are read.
pub fn kinds() -> Vec<ColumnType> {
    COLUMNS.map(|(_, kind, ..)| kind).into()
}

/// Their names, quoted as the engine quotes.
pub fn names(engine: &Server) -> String {
    let mark = if let Server::Postgres(_) = engine { '"' } else { '`' };
    COLUMNS.map(|(name, ..)| format!("{mark}{name}{mark}")).join(", ")
}

/// The statement that makes their table, `things`, with a key of its own.
pub fn table(engine: &Server) -> String {
    let (mark, is_postgres) = if let Server::Postgres(_) = engine { ('"', true) } else { ('`', false) };
    let columns = COLUMNS.map(|(name, _, postgres, mysql)| {
        format!("{mark}{name}{mark} {} NULL", if is_postgres { postgres } else { mysql })
    });
    format!("CREATE TABLE things (id integer PRIMARY KEY, {})", columns.join(", "))
}

const DAY: i64 = 86_400_000_000;
const ALL_BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        bytes[byte] = byte as u8;
        byte += 1;
    }
    bytes
};

/// Rows of them.
pub fn rows() -> Vec<[Value<'static>; 11]> {
    let json = r#"{"b": 1, "aa": [true, null, "Ж"], "text": "it's \"here\""}"#;
    vec![
        [
            Value::Bool(true),
            Value::Int2(i16::MIN),
            Value::Int4(i32::MIN),
            Value::Int8(i64::MIN),
            Value::Float8(f64::MIN),
            Value::Cents(i64::MIN),
            Value::Timestamp(-1000 * 365 * DAY - 1),
            Value::Uuid(0),
            Value::Text("it's \\ \"quoted\" -- `here`; ? :name \n\t%_"),
            Value::Json(json),
            Value::Bytes(&ALL_BYTES),
        ],
        [
            Value::Bool(false),
            Value::Int2(i16::MAX),
            Value::Int4(i32::MAX),
            Value::Int8(i64::MAX),
            Value::Float8(f64::MAX),
            Value::Cents(i64::MAX),
            Value::Timestamp(7000 * 365 * DAY + 999_999),
            Value::Uuid(u128::MAX),
            Value::Text("Ελληνικά кириллица עברית العربية हिन्दी 中文 日本語 한국어 𝄞 👩‍👩‍👧 e\u{301}"),
            Value::Json("[]"),
            Value::Bytes(b"it's \\ a \0 byte"),
        ],
        [
            Value::Bool(false),
            Value::Int2(0),
            Value::Int4(-1),
            Value::Int8(1),
            Value::Float8(0.1 + 0.2),
            Value::Cents(-5),
            Value::Timestamp(0),
            Value::Uuid(0x0123_4567_89ab_cdef << 64),
            Value::Text(""),
            Value::Json("\"\""),
            Value::Bytes(&[]),
        ],
        [
            Value::Bool(true),
            Value::Int2(1),
            Value::Int4(1),
            Value::Int8(-1),
            Value::Float8(-f64::MIN_POSITIVE),
            Value::Cents(0),
            Value::Timestamp(1),
            Value::Uuid(1),
            Value::Text(" of spaces "),
            Value::Json("0"),
            Value::Bytes(&[0]),
        ],
        [Value::Null; 11],
    ]
}

/// The fields of a row.
pub fn fields(row: &[Value<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    row.iter().for_each(|value| value.put(&mut out));
    out
}

/// The statement that inserts a row with literals.
pub fn insert(engine: &Server, id: usize, row: &[Value<'_>]) -> String {
    let fields = fields(row);
    let literals: Vec<String> = (kinds().into_iter().zip(Fields::new(&fields)))
        .map(|(kind, field)| match engine {
            Server::Mysql(_) => values::literal(kind, field).unwrap(),
            Server::Postgres(_) => field.map_or("NULL".to_owned(), |bytes| {
                let text = match kind {
                    ColumnType::Bytes => format!("\\x{}", blackstart_record::words::hex(bytes)),
                    _ => show(kind, bytes),
                };
                format!("'{}'", text.replace('\'', "''"))
            }),
        })
        .collect();
    format!("INSERT INTO things (id, {}) VALUES ({id}, {})", names(engine), literals.join(", "))
}
