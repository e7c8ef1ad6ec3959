//! Fields to and from the server in its binary protocol: they are sent and received as they are.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::engine::fields::put_field;

/// Appends the fields of a row that a query answered in the binary protocol.
///
/// # Errors
/// Any error of the driver's own reading.
pub fn put_row(row: &Row, out: &mut Vec<u8>) -> Result<(), tokio_postgres::Error> {
    for column in 0..row.len() {
        let Raw(bytes) = row.try_get(column)?;
        put_field(bytes, out);
    }
    Ok(())
}

/// A value of any type as it is on the wire; `None` is NULL.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a>(pub Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl ToSql for Raw<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(bytes) = self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}
