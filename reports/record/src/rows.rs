//! A rows file: for each table, every row's key, the operation that wrote it and a digest, in key order.
//!
//! `initial.rows` holds what the generator loaded, `restored.rows` what the examination read back. Both are
//! written and read as streams, so their memory does not grow with rows. Layout: magic, then per table a
//! header (name, key kind) and blocks of rows, each closed by a checksum; an empty block ends the table.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod cursor;
mod file;

pub use cursor::Cursor;
pub use file::{ReadError, Reader, TableReader, Writer};

/// A row's primary key, mapped to an integer that sorts as the engine sorts the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Key(pub u128);

/// How a table's key is mapped to a [`Key`], so that people can be shown the real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// A non-negative integer as it is.
    Integer,
    /// A UUID's 128 bits, first byte highest.
    Uuid,
    /// Two non-negative integers, the second in the low 32 bits.
    Pair,
}

impl KeyKind {
    /// The key as the database shows it.
    pub fn show(self, key: Key) -> impl fmt::Display {
        match self {
            Self::Integer => key.0.to_string(),
            Self::Uuid => {
                let hex = format!("{:032x}", key.0);
                [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
            }
            Self::Pair => format!("({}, {})", key.0 >> 32, key.0 & 0xffff_ffff),
        }
    }
}

/// A table of a rows file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name with schema.
    pub name: String,
    /// How its key is mapped.
    pub key: KeyKind,
}

/// One row: which, written by which operation (0: the initial load), and its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its key.
    pub key: Key,
    /// The operation that wrote it.
    pub op: u64,
    /// [`crate::codec::row_digest`] of all of its columns.
    pub digest: u64,
}
