//! A table as the harness reads and writes it.

use std::collections::BTreeMap;

use blackstart_record::codec::row_digest;
use blackstart_record::rows::{Key, KeyKind, Row, Table};

use crate::engine::fields::{self, ColumnType, Fields, Malformed};

/// A column, or an expression that stands for one.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The column's name.
    pub name: &'static str,
    /// What is read in its place (`lo_get(content)`); usually the name.
    pub expression: &'static str,
    /// Its type as it is read.
    pub kind: ColumnType,
}

impl Column {
    /// A column that is read as it is.
    pub const fn new(name: &'static str, kind: ColumnType) -> Self {
        Self { name, expression: name, kind }
    }
}

/// How the generator's rows get into a table.
#[derive(Clone, Copy, Debug)]
pub enum Load {
    /// All columns as they are.
    Copy,
    /// By a statement with a parameter for each column, where a column is read by an expression.
    Insert(&'static str),
}

/// Rows of a table, by the first column of their key, as the server writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRange {
    /// Every row.
    All,
    /// Those before it.
    Below(String),
    /// It, and those after it.
    From(String),
}

/// A table of a domain.
#[derive(Clone, Copy, Debug)]
pub struct TableSpec {
    /// Its name with schema.
    pub name: &'static str,
    /// How its key is mapped to a [`Key`].
    pub key: KeyKind,
    /// All of its columns, in the order in which they are read, written and digested.
    pub columns: &'static [Column],
    /// Which columns are the key, in the key's order.
    pub key_columns: &'static [usize],
    /// Which column is the id of the operation that wrote the row.
    pub op_column: usize,
    /// How it is loaded.
    pub load: Load,
}

impl TableSpec {
    /// The table as a record names it.
    pub fn record(&self) -> Table {
        Table { name: self.name.to_owned(), key: self.key }
    }

    /// What to read, for `SELECT` and `RETURNING`.
    pub fn select_list(&self) -> String {
        self.columns.iter().map(|column| column.expression).collect::<Vec<_>>().join(", ")
    }

    /// The key's columns, for `ORDER BY` and for the `RETURNING` of a deletion.
    pub fn key_list(&self) -> String {
        self.key_columns.iter().map(|column| self.columns[*column].expression).collect::<Vec<_>>().join(", ")
    }

    /// The query that reads the rows of a range in key order.
    pub fn select(&self, range: &KeyRange) -> String {
        let (columns, key) = (self.select_list(), self.key_list());
        let literal = |value: &str| format!("'{}'", value.replace('\'', "''"));
        let first = self.first_key();
        let rows = match range {
            KeyRange::All => String::new(),
            KeyRange::Below(middle) => format!(" WHERE {first} < {}", literal(middle)),
            // A key that is NULL is in no order, and still a row.
            KeyRange::From(middle) => format!(" WHERE ({first} < {}) IS NOT TRUE", literal(middle)),
        };
        format!("SELECT {columns} FROM {}{rows} ORDER BY {key}", self.name)
    }

    /// The types of its columns.
    pub fn kinds(&self) -> Vec<ColumnType> {
        self.columns.iter().map(|column| column.kind).collect()
    }

    /// The type of the column of this name; of any other name, that of text.
    pub fn kind_of(&self, name: &str) -> ColumnType {
        self.columns.iter().find(|column| column.name == name).map_or(ColumnType::Text, |column| column.kind)
    }

    /// The types of the columns of its key.
    pub fn key_kinds(&self) -> Vec<ColumnType> {
        self.key_columns.iter().map(|column| self.columns[*column].kind).collect()
    }

    /// The first column of the key.
    pub fn first_key(&self) -> &'static str {
        self.key_columns.first().map_or("", |column| self.columns[*column].expression)
    }

    /// The names of its columns.
    pub fn column_list(&self) -> String {
        self.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
    }

    /// The statement that takes rows, for [`Load::Copy`].
    pub fn copy_in(&self) -> String {
        let columns = self.column_list();
        format!("COPY {} ({columns}) FROM STDIN (FORMAT binary)", self.name)
    }

    /// The key of a row with all of its columns.
    ///
    /// # Errors
    /// [`Malformed`] if the key columns hold no such key.
    pub fn key(&self, fields: &[u8]) -> Result<Key, Malformed> {
        fields::key(self.key, fields, self.key_columns)
    }

    /// The key of a row that has only the columns of [`TableSpec::key_list`].
    ///
    /// # Errors
    /// [`Malformed`] if they hold no such key.
    pub fn bare_key(&self, fields: &[u8]) -> Result<Key, Malformed> {
        fields::key(self.key, fields, &[0, 1][..self.key_columns.len().min(2)])
    }

    /// Key, operation and digest of a row with all of its columns.
    ///
    /// # Errors
    /// [`Malformed`] if the key or the operation cannot be read.
    pub fn row(&self, fields: &[u8]) -> Result<Row, Malformed> {
        let op = u64::try_from(fields::integer_at(fields, self.op_column)?)
            .map_err(|_| Malformed("a negative operation id"))?;
        Ok(Row { key: self.key(fields)?, op, digest: row_digest(fields) })
    }

    /// The row for people: column to value (`None`: NULL).
    pub fn image(&self, fields: &[u8]) -> BTreeMap<String, Option<String>> {
        let shown = |kind, field: Option<&[u8]>| field.map(|bytes| fields::show(kind, bytes));
        self.columns
            .iter()
            .zip(Fields::new(fields))
            .map(|(column, field)| (column.name.to_owned(), shown(column.kind, field)))
            .collect()
    }
}
