//! Rows as bytes, the same whoever tells them: PostgreSQL's binary wire format, for every engine.
//!
//! A row is its *fields*: for each column a length (i32, big-endian, -1 for NULL) and the value's bytes. The generator, the
//! answer to a write and the restored table all yield them, so one digest serves all three.

mod show;
mod value;

use blackstart_record::rows::{Key, KeyKind};

pub use show::{ColumnType, show};
pub use value::{Value, put_field};

use crate::failure;

/// Bytes that are not what the format says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed binary data: {0}")]
pub struct Malformed(pub &'static str);

impl From<Malformed> for failure::Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(malformed.to_string())
    }
}

/// The fields of one row, one after another; `None` is NULL. Stops early where the bytes are malformed, so only
/// fields from a server, from a `CopyReader` or from [`Value::put`] belong in here.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Reads from the first field on.
    pub fn new(fields: &'a [u8]) -> Self {
        Self(fields)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.0.split_first_chunk()?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            self.0 = rest;
            return Some(None);
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Some(value))
    }
}

/// An integer of two, four or eight bytes.
///
/// # Errors
/// [`Malformed`] for any other width.
pub fn integer(bytes: &[u8]) -> Result<i64, Malformed> {
    match *bytes {
        [a, b] => Ok(i16::from_be_bytes([a, b]).into()),
        [a, b, c, d] => Ok(i32::from_be_bytes([a, b, c, d]).into()),
        [a, b, c, d, e, f, g, h] => Ok(i64::from_be_bytes([a, b, c, d, e, f, g, h])),
        _ => Err(Malformed("an integer of an impossible width")),
    }
}

/// The integer in one column of a row.
///
/// # Errors
/// [`Malformed`] if the column is not there, NULL or no integer.
pub fn integer_at(fields: &[u8], column: usize) -> Result<i64, Malformed> {
    integer(at(fields, column)?)
}

fn at(fields: &[u8], column: usize) -> Result<&[u8], Malformed> {
    Fields::new(fields).nth(column).flatten().ok_or(Malformed("a column that must have a value has none"))
}

fn natural(fields: &[u8], column: usize) -> Result<u128, Malformed> {
    u128::try_from(integer_at(fields, column)?).map_err(|_| Malformed("a negative integer in a key"))
}

/// The key of a row whose key columns are at these positions.
///
/// # Errors
/// [`Malformed`] if a key column is NULL, of another width, or negative.
pub fn key(kind: KeyKind, fields: &[u8], columns: &[usize]) -> Result<Key, Malformed> {
    match (kind, columns) {
        (KeyKind::Integer, [column]) => Ok(Key(natural(fields, *column)?)),
        (KeyKind::Uuid, [column]) => {
            let bytes = at(fields, *column)?.try_into().map_err(|_| Malformed("a uuid of an impossible width"))?;
            Ok(Key(u128::from_be_bytes(bytes)))
        }
        (KeyKind::Pair, [first, second]) => {
            let (first, second) = (natural(fields, *first)?, natural(fields, *second)?);
            if second > u128::from(u32::MAX) {
                return Err(Malformed("the second half of a key is wider than 32 bits"));
            }
            Ok(Key(first << 32 | second))
        }
        _ => Err(Malformed("a key with another number of columns than its kind")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(values: &[Value<'_>]) -> Vec<u8> {
        let mut out = Vec::new();
        values.iter().for_each(|value| value.put(&mut out));
        out
    }

    #[test]
    fn keys_sort_as_the_server_sorts_them() {
        let row =
            fields(&[Value::Int4(7), Value::Int8(1 << 40), Value::Uuid(u128::MAX - 1), Value::Null, Value::Int2(-1)]);
        assert_eq!(key(KeyKind::Integer, &row, &[1]), Ok(Key(1 << 40)));
        assert_eq!(key(KeyKind::Pair, &row, &[1, 0]), Ok(Key((1 << 72) + 7)));
        assert_eq!(key(KeyKind::Uuid, &row, &[2]), Ok(Key(u128::MAX - 1)));
        let wrong = [(KeyKind::Integer, 3), (KeyKind::Integer, 4), (KeyKind::Integer, 5), (KeyKind::Uuid, 1)];
        for (kind, column) in wrong {
            assert!(key(kind, &row, &[column]).is_err(), "{kind:?} in column {column}");
        }
        assert!(key(KeyKind::Pair, &row, &[0, 1]).is_err(), "a second half of more than 32 bits");
    }
}
