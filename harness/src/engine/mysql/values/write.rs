//! From fields to the server: as SQL, and as a prepared statement's parameter.

use blackstart_record::words::hex;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use mysql_async::Value as Sent;

use super::EPOCH;
use crate::engine::fields::{ColumnType, Malformed, Value, integer};

/// A field (`None`: NULL) as an expression that means it wherever it stands: no character of it is read as SQL.
///
/// # Errors
/// [`Malformed`] for bytes that are not of the type, and for values that these servers don't have.
pub fn literal(kind: ColumnType, field: Option<&[u8]>) -> Result<String, Malformed> {
    Ok(match value(kind, field)? {
        Value::Null => "NULL".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int2(value) => value.to_string(),
        Value::Int4(value) => value.to_string(),
        Value::Int8(value) => value.to_string(),
        // With an exponent it is a double, and without one a decimal.
        Value::Float8(value) => format!("{value:e}"),
        Value::Cents(value) => decimal(value),
        Value::Timestamp(micros) => {
            let at = civil(micros)?;
            format!("TIMESTAMP'{} {}.{:06}'", at.date(), at.time().strftime("%H:%M:%S"), at.subsec_nanosecond() / 1000)
        }
        Value::Uuid(value) => binary(&value.to_be_bytes()),
        Value::Text(value) | Value::Json(value) => text_literal(value),
        Value::Bytes(value) => binary(value),
        _ => return Err(NONE),
    })
}

/// A field (`None`: NULL) as a parameter.
///
/// # Errors
/// [`Malformed`] for bytes that are not of the type, and for values that these servers don't have.
pub fn parameter(kind: ColumnType, field: Option<&[u8]>) -> Result<Sent, Malformed> {
    Ok(match value(kind, field)? {
        Value::Null => Sent::NULL,
        Value::Bool(value) => Sent::Int(value.into()),
        Value::Int2(value) => Sent::Int(value.into()),
        Value::Int4(value) => Sent::Int(value.into()),
        Value::Int8(value) => Sent::Int(value),
        Value::Float8(value) => Sent::Double(value),
        Value::Cents(value) => Sent::Bytes(decimal(value).into_bytes()),
        Value::Timestamp(micros) => {
            let at = civil(micros)?;
            let [month, day, hour, minute, second] =
                [at.month(), at.day(), at.hour(), at.minute(), at.second()].map(i8::cast_unsigned);
            let micros = (at.subsec_nanosecond() / 1000).cast_unsigned();
            Sent::Date(at.year().cast_unsigned(), month, day, hour, minute, second, micros)
        }
        Value::Uuid(value) => Sent::Bytes(value.to_be_bytes().into()),
        Value::Text(value) | Value::Json(value) => Sent::Bytes(value.into()),
        Value::Bytes(value) => Sent::Bytes(value.into()),
        _ => return Err(NONE),
    })
}

/// A text as an expression.
pub fn text_literal(text: &str) -> String {
    format!("_utf8mb4 {}", binary(text.as_bytes()))
}

/// A name of a database, a table or a column, quoted.
pub fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

const NONE: Malformed = Malformed("a value that these servers don't have");

fn binary(bytes: &[u8]) -> String {
    format!("x'{}'", hex(bytes))
}

fn decimal(cents: i64) -> String {
    let (sign, magnitude) = (if cents < 0 { "-" } else { "" }, cents.unsigned_abs());
    format!("{sign}{}.{:02}", magnitude / 100, magnitude % 100)
}

fn civil(micros: i64) -> Result<DateTime, Malformed> {
    let at = EPOCH.checked_add(SignedDuration::from_micros(micros)).map_err(|_| NONE)?;
    if at.year() < 1 { Err(NONE) } else { Ok(at) }
}

/// The value that a field is. What it does not say (the width of an integer) is in its bytes.
pub(super) fn value(kind: ColumnType, field: Option<&[u8]>) -> Result<Value<'_>, Malformed> {
    let Some(bytes) = field else { return Ok(Value::Null) };
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| Malformed("a text that is none"));
    Ok(match (kind, bytes) {
        (ColumnType::Bool, [0]) => Value::Bool(false),
        (ColumnType::Bool, [1]) => Value::Bool(true),
        (ColumnType::Integer, [a, b]) => Value::Int2(i16::from_be_bytes([*a, *b])),
        (ColumnType::Integer, [a, b, c, d]) => Value::Int4(i32::from_be_bytes([*a, *b, *c, *d])),
        (ColumnType::Integer, _) => Value::Int8(integer(bytes)?),
        (ColumnType::Float, _) => {
            let value = f64::from_be_bytes(bytes.try_into().map_err(|_| Malformed("a float of an impossible width"))?);
            // There is no way to write the others.
            if value.is_finite() { Value::Float8(value) } else { return Err(NONE) }
        }
        (ColumnType::Numeric, _) => Value::Cents(cents(bytes)?),
        (ColumnType::Timestamp, _) if bytes.len() == 8 => Value::Timestamp(integer(bytes)?),
        (ColumnType::Uuid, _) => {
            let bytes = bytes.try_into().map_err(|_| Malformed("a uuid of an impossible width"))?;
            Value::Uuid(u128::from_be_bytes(bytes))
        }
        (ColumnType::Text, _) => Value::Text(text(bytes)?),
        (ColumnType::Json, [1, rest @ ..]) => Value::Json(text(rest)?),
        (ColumnType::Bytes, _) => Value::Bytes(bytes),
        (ColumnType::Texts, _) => return Err(NONE),
        (ColumnType::Bool | ColumnType::Timestamp | ColumnType::Json, _) => {
            return Err(Malformed("a field of another type than its column's"));
        }
    })
}

/// Hundredths, from digits in base 10000 with two decimals.
fn cents(bytes: &[u8]) -> Result<i64, Malformed> {
    let other = Malformed("a numeric with another number of decimals than two, or none");
    let words: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let [_, weight, sign, _, digits @ ..] = words.as_slice() else { return Err(other) };
    // A weight of -1 says that there are only decimals: it wraps to no whole digit.
    let whole = usize::from(weight.wrapping_add(1));
    // Six digits of this base hold every number of cents that fits.
    if digits.len() > 6 || whole > 6 {
        return Err(other);
    }
    let digit = |place: usize| i128::from(digits.get(place).copied().unwrap_or(0));
    let integral = (0..whole).fold(0, |value, place| value * 10_000 + digit(place));
    let hundredths = integral * 100 + digit(whole) / 100;
    let value = i64::try_from(if *sign == 0 { hundredths } else { -hundredths }).map_err(|_| other)?;
    // Any other form than the one that such a value has is no such value.
    let mut again = Vec::new();
    Value::Cents(value).put(&mut again);
    if again[4..] == *bytes { Ok(value) } else { Err(other) }
}
