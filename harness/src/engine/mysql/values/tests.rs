//! What goes to a server comes back from it as the same bytes, and nothing goes or comes that has no exact form.

use mysql_async::Value as Sent;
use mysql_async::consts::ColumnType as Wire;
use proptest::prelude::*;

use super::read::put;
use super::write::{literal, parameter, value};
use crate::engine::fields::{ColumnType, Fields, Value};

fn fields(value: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    value.put(&mut out);
    out
}

fn field(fields: &[u8]) -> Option<&[u8]> {
    Fields::new(fields).next().unwrap()
}

/// As what a value is read, and what a server's column of it is.
fn kinds(value: &Value<'_>) -> (ColumnType, Wire) {
    match value {
        Value::Bool(_) => (ColumnType::Bool, Wire::MYSQL_TYPE_TINY),
        Value::Int2(_) => (ColumnType::Integer, Wire::MYSQL_TYPE_SHORT),
        Value::Int4(_) => (ColumnType::Integer, Wire::MYSQL_TYPE_LONG),
        Value::Int8(_) => (ColumnType::Integer, Wire::MYSQL_TYPE_LONGLONG),
        Value::Float8(_) => (ColumnType::Float, Wire::MYSQL_TYPE_DOUBLE),
        Value::Cents(_) => (ColumnType::Numeric, Wire::MYSQL_TYPE_NEWDECIMAL),
        Value::Timestamp(_) => (ColumnType::Timestamp, Wire::MYSQL_TYPE_DATETIME),
        Value::Uuid(_) => (ColumnType::Uuid, Wire::MYSQL_TYPE_STRING),
        Value::Text(_) => (ColumnType::Text, Wire::MYSQL_TYPE_VAR_STRING),
        Value::Json(_) => (ColumnType::Json, Wire::MYSQL_TYPE_JSON),
        Value::Bytes(_) => (ColumnType::Bytes, Wire::MYSQL_TYPE_BLOB),
        _ => panic!("{value:?} has no form there"),
    }
}

fn assert_comes_back(sent: &Value<'_>) {
    let ((kind, wire), expected) = (kinds(sent), fields(sent));
    assert_eq!(value(kind, field(&expected)), Ok(*sent));
    let (parameter, mut back) = (parameter(kind, field(&expected)).unwrap(), Vec::new());
    put(kind, wire, &parameter, &mut back).unwrap();
    assert_eq!(back, expected, "{sent:?} as {parameter:?}");
}

/// Microseconds of the years 1 to 9999, and one outside them at each end.
const LEAST: i64 = -63_082_281_600_000_000;
const GREATEST: i64 = 252_455_615_999_999_999;

proptest! {
    #[test]
    fn every_value_comes_back_as_the_same_bytes(
        (short, int, long, cents) in any::<(i16, i32, i64, i64)>(),
        float in any::<f64>().prop_filter("finite", |value| value.is_finite()),
        micros in LEAST..=GREATEST,
        (uuid, text, bytes) in (any::<u128>(), any::<String>(), any::<Vec<u8>>()),
    ) {
        for value in [
            Value::Int2(short), Value::Int4(int), Value::Int8(long), Value::Cents(cents), Value::Float8(float),
            Value::Timestamp(micros), Value::Uuid(uuid), Value::Text(&text), Value::Json(&text), Value::Bytes(&bytes),
        ] {
            assert_comes_back(&value);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
        use ColumnType::{Bool, Bytes, Float, Integer, Json, Numeric, Text, Texts, Timestamp, Uuid};
        for kind in [Bool, Integer, Float, Numeric, Timestamp, Uuid, Text, Json, Bytes, Texts] {
            let (written, sent) = (literal(kind, Some(&bytes)), parameter(kind, Some(&bytes)));
            prop_assert_eq!(written.is_ok(), sent.is_ok(), "{:?}", kind);
        }
    }
}

#[test]
fn literals_mean_the_value_wherever_they_stand() {
    for (value, expected) in [
        (Value::Bool(true), "true"),
        (Value::Int2(i16::MIN), "-32768"),
        (Value::Int4(i32::MAX), "2147483647"),
        (Value::Int8(i64::MIN), "-9223372036854775808"),
        (Value::Float8(0.1), "1e-1"),
        (Value::Float8(-0.0), "-0e0"),
        (Value::Float8(f64::MAX), "1.7976931348623157e308"),
        (Value::Cents(0), "0.00"),
        (Value::Cents(-5), "-0.05"),
        (Value::Cents(1_000_000), "10000.00"),
        (Value::Cents(i64::MIN), "-92233720368547758.08"),
        (Value::Cents(i64::MAX), "92233720368547758.07"),
        (Value::Timestamp(0), "TIMESTAMP'2000-01-01 00:00:00.000000'"),
        (Value::Timestamp(-1), "TIMESTAMP'1999-12-31 23:59:59.999999'"),
        (Value::Timestamp(LEAST), "TIMESTAMP'0001-01-01 00:00:00.000000'"),
        (Value::Timestamp(GREATEST), "TIMESTAMP'9999-12-31 23:59:59.999999'"),
        (Value::Uuid(1 << 120 | 0xab), "x'010000000000000000000000000000ab'"),
        (Value::Text(""), "_utf8mb4 x''"),
        (Value::Text("a'\\"), "_utf8mb4 x'61275c'"),
        (Value::Text("Ж水𝄞"), "_utf8mb4 x'd096e6b0b4f09d849e'"),
        (Value::Json("{\"b\": 1, \"a\": 2}"), "_utf8mb4 x'7b2262223a20312c202261223a20327d'"),
        (Value::Bytes(&[0, 0xff]), "x'00ff'"),
    ] {
        let (kind, _) = kinds(&value);
        assert_eq!(literal(kind, field(&fields(&value))).as_deref(), Ok(expected), "{value:?}");
        assert_comes_back(&value);
    }
    assert_eq!(literal(ColumnType::Text, None).as_deref(), Ok("NULL"));
    assert_eq!(parameter(ColumnType::Uuid, None), Ok(Sent::NULL));
}

#[test]
fn what_these_servers_do_not_have_is_not_written() {
    for (kind, value) in [
        (ColumnType::Timestamp, Value::Timestamp(i64::MAX)),
        (ColumnType::Timestamp, Value::Timestamp(LEAST - 1)),
        (ColumnType::Timestamp, Value::Timestamp(GREATEST + 1)),
        (ColumnType::Float, Value::Float8(f64::NAN)),
        (ColumnType::Float, Value::Float8(f64::NEG_INFINITY)),
        (ColumnType::Texts, Value::Texts(&[Some("a")])),
        (ColumnType::Bool, Value::Int2(1)),
        (ColumnType::Numeric, Value::Bytes(&[0, 1, 0, 0, 0, 0, 0, 3, 0, 1])),
        (ColumnType::Json, Value::Text("{}")),
        (ColumnType::Text, Value::Bytes(&[0xff])),
    ] {
        let fields = fields(&value);
        assert!(literal(kind, field(&fields)).is_err(), "{value:?}");
        assert!(parameter(kind, field(&fields)).is_err(), "{value:?}");
    }
}

#[test]
fn what_has_no_exact_form_is_not_read() {
    let bytes = |text: &str| Sent::Bytes(text.into());
    for (kind, wire, sent) in [
        (ColumnType::Bool, Wire::MYSQL_TYPE_TINY, Sent::Int(2)),
        (ColumnType::Integer, Wire::MYSQL_TYPE_TINY, Sent::Int(2)),
        (ColumnType::Integer, Wire::MYSQL_TYPE_LONG, Sent::UInt(1 << 31)),
        (ColumnType::Integer, Wire::MYSQL_TYPE_LONGLONG, Sent::UInt(1 << 63)),
        (ColumnType::Float, Wire::MYSQL_TYPE_FLOAT, Sent::Float(0.5)),
        (ColumnType::Numeric, Wire::MYSQL_TYPE_NEWDECIMAL, bytes("1")),
        (ColumnType::Numeric, Wire::MYSQL_TYPE_NEWDECIMAL, bytes("1.234")),
        (ColumnType::Numeric, Wire::MYSQL_TYPE_NEWDECIMAL, bytes("99999999999999999999.99")),
        (ColumnType::Timestamp, Wire::MYSQL_TYPE_DATETIME, Sent::Date(0, 0, 0, 0, 0, 0, 0)),
        (ColumnType::Timestamp, Wire::MYSQL_TYPE_DATETIME, Sent::Date(2026, 2, 0, 0, 0, 0, 0)),
        (ColumnType::Timestamp, Wire::MYSQL_TYPE_DATETIME, Sent::Date(2026, 2, 30, 0, 0, 0, 0)),
        (ColumnType::Timestamp, Wire::MYSQL_TYPE_VAR_STRING, bytes("2026-02-03 00:00:00")),
        (ColumnType::Uuid, Wire::MYSQL_TYPE_STRING, bytes("00000000-0000-0000-0000-000000000001")),
        (ColumnType::Text, Wire::MYSQL_TYPE_BLOB, Sent::Bytes(vec![0xff])),
        (ColumnType::Texts, Wire::MYSQL_TYPE_JSON, bytes("[]")),
    ] {
        assert!(put(kind, wire, &sent, &mut Vec::new()).is_err(), "{kind:?} of {sent:?}");
    }
}
