//! From the server, in its binary protocol, into fields.

use jiff::civil::DateTime;
use mysql_async::consts::ColumnType as Wire;
use mysql_async::{Row, Value as Sent};

use super::EPOCH;
use crate::engine::fields::{ColumnType, Malformed, Value};

/// Appends the fields of a row that a prepared statement answered.
///
/// # Errors
/// [`Malformed`] for a value that is not exactly one of its column's type.
pub fn put_row(row: &Row, columns: &[ColumnType], out: &mut Vec<u8>) -> Result<(), Malformed> {
    for (index, (kind, column)) in columns.iter().zip(row.columns_ref()).enumerate() {
        let sent = row.as_ref(index).ok_or(Malformed("a row with fewer values than columns"))?;
        put(*kind, column.column_type(), sent, out)?;
    }
    Ok(())
}

/// Appends one value, of a column that the server says is of type `wire`.
pub(super) fn put(kind: ColumnType, wire: Wire, sent: &Sent, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let value = match (kind, sent) {
        (_, Sent::NULL) => Value::Null,
        (ColumnType::Bool, Sent::Int(0)) => Value::Bool(false),
        (ColumnType::Bool, Sent::Int(1)) => Value::Bool(true),
        (ColumnType::Integer, Sent::Int(value)) => integer(wire, *value)?,
        (ColumnType::Integer, Sent::UInt(value)) => {
            integer(wire, i64::try_from(*value).map_err(|_| Malformed("an integer wider than eight bytes"))?)?
        }
        (ColumnType::Float, Sent::Double(value)) => Value::Float8(*value),
        (ColumnType::Numeric, Sent::Bytes(digits)) => Value::Cents(cents(digits)?),
        (ColumnType::Timestamp, Sent::Date(year, month, day, hour, minute, second, micros)) => {
            timestamp([*year, (*month).into(), (*day).into()], [*hour, *minute, *second], *micros)?
        }
        (ColumnType::Uuid, Sent::Bytes(bytes)) => {
            let bytes = bytes.as_slice().try_into().map_err(|_| Malformed("a uuid of an impossible width"))?;
            Value::Uuid(u128::from_be_bytes(bytes))
        }
        (ColumnType::Text, Sent::Bytes(bytes)) => Value::Text(text(bytes)?),
        (ColumnType::Json, Sent::Bytes(bytes)) => Value::Json(text(bytes)?),
        (ColumnType::Bytes, Sent::Bytes(bytes)) => Value::Bytes(bytes),
        _ => return Err(Malformed("a value of another type than its column's")),
    };
    value.put(out);
    Ok(())
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed("a text that is none"))
}

fn integer<'a>(wire: Wire, value: i64) -> Result<Value<'a>, Malformed> {
    let too_wide = |_| Malformed("an integer that is wider than its column's signed type");
    match wire {
        Wire::MYSQL_TYPE_SHORT => i16::try_from(value).map(Value::Int2).map_err(too_wide),
        Wire::MYSQL_TYPE_LONG => i32::try_from(value).map(Value::Int4).map_err(too_wide),
        Wire::MYSQL_TYPE_LONGLONG => Ok(Value::Int8(value)),
        _ => Err(Malformed("an integer of a width that only these servers have")),
    }
}

fn timestamp<'a>(
    [year, month, day]: [u16; 3],
    [hour, minute, second]: [u8; 3],
    micros: u32,
) -> Result<Value<'a>, Malformed> {
    // A zero date has no day, and a year of zero is no year.
    let none = Malformed("a date that is none");
    let [hour, minute, second] = [hour, minute, second].map(u8::cast_signed);
    let (year, month, day) = match (i16::try_from(year), i8::try_from(month), i8::try_from(day)) {
        (Ok(year @ 1..), Ok(month), Ok(day)) => (year, month, day),
        _ => return Err(none),
    };
    let nanos = micros.checked_mul(1000).and_then(|nanos| i32::try_from(nanos).ok()).ok_or(none)?;
    let at = DateTime::new(year, month, day, hour, minute, second, nanos).map_err(|_| none)?;
    i64::try_from(at.duration_since(EPOCH).as_micros()).map(Value::Timestamp).map_err(|_| none)
}

/// Hundredths, from digits with a point and two decimals.
fn cents(digits: &[u8]) -> Result<i64, Malformed> {
    let other = Malformed("a numeric with another number of decimals than two");
    let (whole, decimals) = text(digits)?.split_once('.').ok_or(other)?;
    if decimals.len() != 2 {
        return Err(other);
    }
    format!("{whole}{decimals}").parse().map_err(|_| Malformed("a numeric that is too large, or none"))
}
