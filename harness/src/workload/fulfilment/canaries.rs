//! Values that backups like to change, one a row; the name says which habit each one catches.

use super::tables::{CANARIES, TABLES};
use crate::engine::fields::{Fields, Value};
use crate::workload::Canary;

/// Every byte there is.
const ALL_BYTES: [u8; 256] = {
    let mut bytes = [0; 256];
    let mut at = 0;
    while at < 256 {
        bytes[at] = at as u8;
        at += 1;
    }
    bytes
};

/// Name, column and value; the row's id is its place, from 1.
const PLANTED: &[(&str, &str, Value<'static>)] = &[
    ("bytea with every byte", "bytes", Value::Bytes(&ALL_BYTES)),
    ("empty bytea", "bytes", Value::Bytes(&[])),
    ("text with emoji and joiners", "words", Value::Text("👩‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿")),
    ("text with combining marks, not composed", "words", Value::Text("e\u{301} A\u{30a} q\u{307}\u{323}")),
    ("empty text", "words", Value::Text("")),
    ("NULL text", "words", Value::Null),
    ("text that looks like the end of a COPY", "words", Value::Text("\\.\n\\N\t\\")),
    ("numeric with trailing zeros", "amount", Value::Cents(1_230)),
    ("greatest numeric of 64 bits", "amount", Value::Cents(i64::MAX)),
    ("timestamptz in the hour that a winter repeats", "at", Value::Timestamp(814_667_400_000_000)),
    ("timestamptz before 1900, with microseconds", "at", Value::Timestamp(-4_000_000_000_000_001)),
    ("timestamptz at infinity", "at", Value::Timestamp(i64::MAX)),
    ("jsonb with a number's trailing zero", "doc", Value::Json("{\"a\": 1.10, \"bb\": null}")),
    ("array with NULL and the word NULL", "list", Value::Texts(&[None, Some("NULL"), Some(""), Some("{,}\"")])),
    ("negative zero", "measure", Value::Float8(-0.0)),
    ("least positive float8", "measure", Value::Float8(5e-324)),
];

const COLUMNS: [&str; 8] = ["words", "bytes", "amount", "at", "doc", "list", "token", "measure"];

/// How many there are.
pub fn count() -> u64 {
    PLANTED.len() as u64
}

/// Appends the fields of a row.
pub fn fields(index: u64, out: &mut Vec<u8>) {
    let (name, column, value) = PLANTED[index as usize];
    Value::Int4(index as i32 + 1).put(out);
    Value::Text(name).put(out);
    COLUMNS.iter().for_each(|other| if *other == column { value.put(out) } else { Value::Null.put(out) });
    Value::Int8(0).put(out);
}

/// What is looked for in a restored copy.
pub fn canaries() -> Vec<Canary> {
    let canary = |(index, (name, column, value)): (usize, &(&'static str, &str, Value<'_>))| {
        let mut field = Vec::new();
        value.put(&mut field);
        let planted = Fields::new(&field).next().flatten().map(<[u8]>::to_vec);
        let sql = format!("SELECT {column} FROM app.canaries WHERE id = {}", index + 1);
        Canary { name, sql, kind: TABLES[CANARIES].kind_of(column), planted }
    };
    PLANTED.iter().enumerate().map(canary).collect()
}
