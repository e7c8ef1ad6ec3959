//! Values that backups like to change, one a row; the name says which habit each one catches.

use super::tables::{CANARIES, TABLES};
use crate::engine::fields::{ColumnType, Fields, Value};
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
/// 2024-03-31 02:30 in microseconds since 2000: most of Europe has no such time of day.
const SKIPPED: i64 = 765_167_400_000_000;

/// Name, column and value; the row's id is its place, from 1.
const PLANTED: &[(&str, &str, Value<'static>)] = &[
    ("BLOB with every byte", "bytes", Value::Bytes(&ALL_BYTES)),
    ("empty BLOB", "bytes", Value::Bytes(&[])),
    ("BLOB that ends in NUL and 0xff", "bytes", Value::Bytes(&[b'a', 0, 0xff, 0, 0])),
    ("text with emoji and joiners", "words", Value::Text("👩‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿")),
    ("text with combining marks, not composed", "words", Value::Text("e\u{301} A\u{30a} q\u{307}\u{323}")),
    ("text from right to left with marks", "words", Value::Text("\u{202b}شُحنة ٧\u{202c}\u{200f} – עברית")),
    ("text that ends in spaces", "words", Value::Text(" two before the end  ")),
    ("text with NUL, control-Z and quotes", "words", Value::Text("a\0b\u{1a}c\\d'e\"f`g\r\nh\\0")),
    ("empty text", "words", Value::Text("")),
    ("NULL text", "words", Value::Null),
    ("decimal with trailing zeros", "amount", Value::Cents(1_230)),
    ("greatest decimal of 64 bits", "amount", Value::Cents(i64::MAX)),
    ("one cent less than nothing", "amount", Value::Cents(-1)),
    ("the last microsecond of 1999", "at", Value::Timestamp(-1)),
    ("time of day that summer time skips", "at", Value::Timestamp(SKIPPED)),
    ("time before what a TIMESTAMP holds", "at", Value::Timestamp(-3_000_000_000_000_001)),
    ("time after what a TIMESTAMP holds", "at", Value::Timestamp(3_400_000_000_000_001)),
    ("JSON with big integers", "doc", Value::Json("{\"n\": 9007199254740993, \"max\": 18446744073709551615}")),
    ("JSON with escapes and emptiness", "doc", Value::Json("{\"a\": null, \"bb\": [], \"ccc\": \"\\\"\\\\ 🐪\"}")),
];

const COLUMNS: [&str; 5] = ["words", "bytes", "amount", "at", "doc"];

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
    let canary = |(index, (name, column, value)): (usize, &(&'static str, &str, Value<'static>))| {
        // Not everywhere is JSON a type of its own, so that it is asked for as text.
        let (asked, kind, value) = match value {
            Value::Json(text) => (format!("CAST({column} AS CHAR)"), ColumnType::Text, Value::Text(text)),
            value => ((*column).to_owned(), TABLES[CANARIES].kind_of(column), *value),
        };
        let mut field = Vec::new();
        value.put(&mut field);
        let planted = Fields::new(&field).next().flatten().map(<[u8]>::to_vec);
        Canary { name, sql: format!("SELECT {asked} FROM canaries WHERE id = {}", index + 1), kind, planted }
    };
    PLANTED.iter().enumerate().map(canary).collect()
}
