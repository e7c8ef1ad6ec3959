//! Values between these servers and [`crate::engine::fields`], exact both ways: whatever has no exact form is refused.
//!
//! | column | its type here |
//! | --- | --- |
//! | `Bool` | `TINYINT(1)` of 0 or 1 |
//! | `Integer` | `SMALLINT`, `INT`, `BIGINT` are of two, four and eight bytes; the server says which it is |
//! | `Float` | `DOUBLE` |
//! | `Numeric` | `DECIMAL(n, 2)` |
//! | `Timestamp` | `DATETIME(6)` in UTC, of the years 1 to 9999; there are no infinities |
//! | `Uuid` | `BINARY(16)`, first byte highest: it sorts as the key does |
//! | `Text` | `VARCHAR`, `TEXT` |
//! | `Json` | `JSON`, as the server prints it: MySQL orders the members of objects and spaces them as PostgreSQL's `jsonb` does, MariaDB keeps the text that it was given |
//! | `Bytes` | `VARBINARY`, `BLOB` |
//! | `Texts` | none: a JSON array is a `Json` |

mod read;
mod write;

use jiff::civil::{DateTime, date};

pub use read::put_row;
pub use write::{literal, parameter, quoted, text_literal};

/// Where timestamps count from.
const EPOCH: DateTime = date(2000, 1, 1).at(0, 0, 0, 0);

#[cfg(test)]
mod tests;
