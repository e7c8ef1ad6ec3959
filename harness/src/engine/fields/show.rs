//! Binary values as text, for people.

use super::{Fields, Malformed, integer};
use blackstart_record::words::hex;

/// The type of a column, as far as showing it needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// `bool`.
    Bool,
    /// `int2`, `int4`, `int8`.
    Integer,
    /// `float8`.
    Float,
    /// `numeric`.
    Numeric,
    /// `timestamptz`.
    Timestamp,
    /// `uuid`.
    Uuid,
    /// `text`.
    Text,
    /// `jsonb`.
    Json,
    /// `bytea`.
    Bytes,
    /// `text[]`.
    Texts,
}

/// Shown bytes of a longer `bytea`; the rest is only counted.
const SHOWN_BYTES: usize = 32;
/// 2000-01-01 UTC in microseconds since 1970.
const EPOCH_2000: i64 = 946_684_800_000_000;

/// The value as text. Bytes that are not of the type are shown as they are, in hex: this is for people who look
/// at damage.
pub fn show(kind: ColumnType, bytes: &[u8]) -> String {
    typed(kind, bytes).unwrap_or_else(|_| format!("\\x{} (not of its type)", hex(bytes)))
}

fn typed(kind: ColumnType, bytes: &[u8]) -> Result<String, Malformed> {
    match (kind, bytes) {
        (ColumnType::Bool, [0]) => Ok("false".to_owned()),
        (ColumnType::Bool, [1]) => Ok("true".to_owned()),
        (ColumnType::Integer, _) => integer(bytes).map(|value| value.to_string()),
        (ColumnType::Float, _) => {
            bytes.try_into().map(|b| f64::from_be_bytes(b).to_string()).map_err(|_| Malformed("float8"))
        }
        (ColumnType::Numeric, _) => numeric(bytes),
        (ColumnType::Timestamp, _) => timestamp(integer(bytes)?),
        (ColumnType::Uuid, _) => {
            let hex = hex(bytes);
            if hex.len() != 32 {
                return Err(Malformed("uuid"));
            }
            Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
        }
        (ColumnType::Text, _) | (ColumnType::Json, [1, ..]) => {
            let text = if kind == ColumnType::Json { &bytes[1..] } else { bytes };
            std::str::from_utf8(text).map(str::to_owned).map_err(|_| Malformed("text"))
        }
        (ColumnType::Bytes, _) if bytes.len() > SHOWN_BYTES => {
            Ok(format!("\\x{}... ({} bytes)", hex(&bytes[..SHOWN_BYTES]), bytes.len()))
        }
        (ColumnType::Bytes, _) => Ok(format!("\\x{}", hex(bytes))),
        (ColumnType::Texts, _) => texts(bytes),
        (ColumnType::Bool | ColumnType::Json, _) => Err(Malformed("bool or jsonb")),
    }
}

fn timestamp(micros: i64) -> Result<String, Malformed> {
    match micros {
        i64::MAX => Ok("infinity".to_owned()),
        i64::MIN => Ok("-infinity".to_owned()),
        _ => jiff::Timestamp::from_microsecond(micros.saturating_add(EPOCH_2000))
            .map(|instant| instant.to_string())
            .map_err(|_| Malformed("timestamptz")),
    }
}

fn numeric(bytes: &[u8]) -> Result<String, Malformed> {
    let words: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let [count, weight, sign, scale, digits @ ..] = words.as_slice() else { return Err(Malformed("numeric")) };
    if digits.len() != usize::from(*count) || !bytes.len().is_multiple_of(2) {
        return Err(Malformed("numeric"));
    }
    let weight = i32::from(*weight as i16);
    let digit = |position: i32| {
        usize::try_from(weight - position).ok().and_then(|index| digits.get(index)).copied().unwrap_or(0)
    };
    let sign = match sign {
        0 => "",
        0x4000 => "-",
        0xc000 => return Ok("NaN".to_owned()),
        0xd000 => return Ok("Infinity".to_owned()),
        0xf000 => return Ok("-Infinity".to_owned()),
        _ => return Err(Malformed("numeric")),
    };
    let integral: String = (0..=weight.max(0)).rev().map(|position| format!("{:04}", digit(position))).collect();
    let integral = integral.trim_start_matches('0');
    let integral = if integral.is_empty() { "0" } else { integral };
    let scale = usize::from(*scale);
    let places = i32::from(scale.div_ceil(4) as u16);
    let fraction: String = (1..=places).map(|place| format!("{:04}", digit(-place))).collect();
    let point = if scale > 0 { "." } else { "" };
    Ok(format!("{sign}{integral}{point}{}", &fraction[..scale]))
}

fn texts(bytes: &[u8]) -> Result<String, Malformed> {
    let dimensions = integer(bytes.get(..4).ok_or(Malformed("array"))?)?;
    if dimensions == 0 {
        return Ok("{}".to_owned());
    }
    let elements = Fields::new(bytes.get(20..).ok_or(Malformed("array"))?);
    let shown: Vec<String> = elements
        .map(|element| {
            element.map_or_else(|| "NULL".to_owned(), |bytes| format!("{:?}", String::from_utf8_lossy(bytes)))
        })
        .collect();
    Ok(format!("{{{}}}", shown.join(",")))
}

#[cfg(test)]
mod tests {
    use super::super::Value;
    use super::*;

    #[test]
    fn values_are_shown_as_the_server_shows_them() {
        let cases = [
            (Value::Bool(true), ColumnType::Bool, "true"),
            (Value::Int2(-3), ColumnType::Integer, "-3"),
            (Value::Int8(i64::MAX), ColumnType::Integer, "9223372036854775807"),
            (Value::Float8(-0.5), ColumnType::Float, "-0.5"),
            (Value::Cents(0), ColumnType::Numeric, "0.00"),
            (Value::Cents(-5), ColumnType::Numeric, "-0.05"),
            (Value::Cents(1_000_000), ColumnType::Numeric, "10000.00"),
            (Value::Cents(123_456_789_012), ColumnType::Numeric, "1234567890.12"),
            (Value::Cents(i64::MIN), ColumnType::Numeric, "-92233720368547758.08"),
            (Value::Timestamp(0), ColumnType::Timestamp, "2000-01-01T00:00:00Z"),
            (Value::Timestamp(i64::MAX), ColumnType::Timestamp, "infinity"),
            (Value::Uuid(0x1234 << 112 | 1), ColumnType::Uuid, "12340000-0000-0000-0000-000000000001"),
            (Value::Text(""), ColumnType::Text, ""),
            (Value::Json("{\"a\": 1}"), ColumnType::Json, "{\"a\": 1}"),
            (Value::Bytes(&[0, 255]), ColumnType::Bytes, "\\x00ff"),
            (Value::Texts(&[Some("a b"), None]), ColumnType::Texts, "{\"a b\",NULL}"),
            (Value::Texts(&[]), ColumnType::Texts, "{}"),
            (Value::Text("ab"), ColumnType::Bool, "\\x6162 (not of its type)"),
        ];
        for (value, kind, text) in cases {
            let mut field = Vec::new();
            value.put(&mut field);
            assert_eq!(show(kind, &field[4..]), text, "{value:?}");
        }
    }
}
