//! Reading a rows file table by table without holding a borrow between tables.

use std::path::Path;

use super::file::{Reader, take_row};
use super::{ReadError, Row, Table};

/// Walks a rows file: [`Cursor::next_table`], then [`Cursor::next_row`] until it says `None`, and so on.
/// Unlike a [`super::TableReader`] it can stay open on a table, so that several files can be walked side by side.
#[derive(Debug)]
pub struct Cursor {
    reader: Reader,
    table: Option<Table>,
    block: Vec<u8>,
    at: usize,
    last: u128,
    open: bool,
}

impl Cursor {
    /// Opens a rows file.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if the magic number is missing.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let reader = Reader::open(path)?;
        Ok(Self { reader, table: None, block: Vec::new(), at: 0, last: 0, open: false })
    }

    /// The next table, skipping the rows of the present one that were not read; `None` at the end of the file.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if the file is cut off or a checksum fails.
    pub fn next_table(&mut self) -> Result<Option<&Table>, ReadError> {
        while self.open {
            self.next_block()?;
        }
        self.reader.block(&mut self.block)?;
        self.at = self.block.len();
        self.last = 0;
        if self.block.is_empty() {
            self.table = None;
            return self.reader.end().map(|()| None);
        }
        let table =
            serde_json::from_slice(&self.block).map_err(|_| ReadError::Damaged("a table's header cannot be read"))?;
        self.table = Some(table);
        self.open = true;
        Ok(self.table.as_ref())
    }

    /// The next row of the present table; `None` at its end.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if the file is cut off or a checksum fails.
    pub fn next_row(&mut self) -> Result<Option<Row>, ReadError> {
        if self.at == self.block.len() && self.open {
            self.next_block()?;
        }
        if !self.open {
            return Ok(None);
        }
        let mut input = &self.block[self.at..];
        let row = take_row(&mut input, self.last).ok_or(ReadError::Damaged("a row cannot be read"))?;
        self.at = self.block.len() - input.len();
        self.last = row.key.0;
        Ok(Some(row))
    }

    fn next_block(&mut self) -> Result<(), ReadError> {
        self.reader.block(&mut self.block)?;
        self.at = 0;
        self.open = !self.block.is_empty();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Key, KeyKind, Writer};

    #[test]
    fn tables_can_be_read_in_part_and_side_by_side() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.rows");
        let table = |name: &str| Table { name: name.into(), key: KeyKind::Integer };
        let mut writer = Writer::create(&path).unwrap();
        for (name, rows) in [("a", 3000_u128), ("b", 0), ("c", 2)] {
            writer.table(&table(name)).unwrap();
            (0..rows).for_each(|key| writer.row(Row { key: Key(key), op: 1, digest: 2 }).unwrap());
        }
        writer.finish().unwrap();

        let (mut one, mut other) = (Cursor::open(&path).unwrap(), Cursor::open(&path).unwrap());
        assert_eq!(one.next_table().unwrap(), Some(&table("a")));
        assert_eq!(other.next_table().unwrap(), Some(&table("a")));
        assert_eq!(one.next_row().unwrap().map(|row| row.key), Some(Key(0)));
        assert_eq!(one.next_table().unwrap(), Some(&table("b")), "the rest of a table is skipped");
        let mut read = 0;
        while other.next_row().unwrap().is_some() {
            read += 1;
        }
        assert_eq!(read, 3000);
        assert_eq!(other.next_row().unwrap(), None, "the end stays the end");
        assert_eq!(other.next_table().unwrap(), Some(&table("b")));
        assert_eq!(other.next_row().unwrap(), None);
        assert_eq!(one.next_table().unwrap(), Some(&table("c")));
        assert_eq!(one.next_table().unwrap(), None);
    }
}
