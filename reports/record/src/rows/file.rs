//! Writing and reading a rows file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use super::{Key, Row, Table};
use crate::codec::{put_varint, take_u64, take_varint};

const MAGIC: &[u8; 8] = b"BSROWS01";
const BLOCK_ROWS: usize = 1024;
/// No block or header is longer: a longer length is damage, not data.
const LONGEST_BLOCK: usize = 1 << 20;

/// Why a rows file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot read the rows file: {0}")]
    Io(#[from] io::Error),
    /// It is cut off, damaged or of another kind. Rows are compared whole or not at all.
    #[error("the rows file is damaged or incomplete: {0}")]
    Damaged(&'static str),
}

/// Writes a rows file: tables one after another, rows of each in key order (equal keys may follow each other).
#[derive(Debug)]
pub struct Writer {
    file: BufWriter<File>,
    block: Vec<u8>,
    rows: usize,
    last: u128,
    open: bool,
}

impl Writer {
    /// Creates the file; fails if it exists.
    ///
    /// # Errors
    /// Any error of creating or writing the file.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create_new(path)?);
        file.write_all(MAGIC)?;
        Ok(Self { file, block: Vec::new(), rows: 0, last: 0, open: false })
    }

    /// Begins a table, ending the one before.
    ///
    /// # Errors
    /// Any error of writing.
    pub fn table(&mut self, table: &Table) -> io::Result<()> {
        self.end_table()?;
        let header = serde_json::to_vec(table)?;
        self.block.extend_from_slice(&header);
        self.write_block()?;
        self.open = true;
        Ok(())
    }

    /// Appends a row to the table.
    ///
    /// # Errors
    /// Any error of writing; [`io::ErrorKind::InvalidInput`] if no table was begun or keys go backwards.
    pub fn row(&mut self, row: Row) -> io::Result<()> {
        if !self.open || row.key.0 < self.last {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "rows must come in key order, inside a table"));
        }
        put_varint(&mut self.block, row.key.0 - self.last);
        put_varint(&mut self.block, u128::from(row.op));
        self.block.extend_from_slice(&row.digest.to_le_bytes());
        self.last = row.key.0;
        self.rows += 1;
        if self.rows == BLOCK_ROWS { self.write_block() } else { Ok(()) }
    }

    /// Ends the file and makes it durable.
    ///
    /// # Errors
    /// Any error of writing or syncing.
    pub fn finish(mut self) -> io::Result<()> {
        self.end_table()?;
        self.write_block()?;
        self.file.into_inner()?.sync_data()
    }

    fn end_table(&mut self) -> io::Result<()> {
        if self.open {
            if self.rows > 0 {
                self.write_block()?;
            }
            self.write_block()?;
            self.last = 0;
            self.open = false;
        }
        Ok(())
    }

    fn write_block(&mut self) -> io::Result<()> {
        let sum = xxhash_rust::xxh3::xxh3_64(&self.block) as u32;
        self.file.write_all(&(self.block.len() as u32).to_le_bytes())?;
        self.file.write_all(&sum.to_le_bytes())?;
        self.file.write_all(&self.block)?;
        self.block.clear();
        self.rows = 0;
        Ok(())
    }
}

/// Reads a rows file, table after table.
#[derive(Debug)]
pub struct Reader {
    input: BufReader<File>,
}

impl Reader {
    /// Opens a rows file.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if the magic number is missing.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let mut input = BufReader::with_capacity(1 << 16, File::open(path)?);
        let mut magic = [0; 8];
        match input.read_exact(&mut magic) {
            Ok(()) if &magic == MAGIC => Ok(Self { input }),
            Ok(()) => Err(ReadError::Damaged("it has another magic number")),
            Err(error) => Err(cut_off(error)),
        }
    }

    /// The next table; `None` at the end of the file. The one before must have been read to its end.
    ///
    /// # Errors
    /// [`ReadError::Damaged`] if the file is cut off or a checksum fails.
    pub fn table(&mut self) -> Result<Option<TableReader<'_>>, ReadError> {
        let mut header = Vec::new();
        self.block(&mut header)?;
        if header.is_empty() {
            return self.end().map(|()| None);
        }
        let table: Table =
            serde_json::from_slice(&header).map_err(|_| ReadError::Damaged("a table's header cannot be read"))?;
        Ok(Some(TableReader { reader: self, table, block: Vec::new(), at: 0, last: 0, ended: false }))
    }

    /// Past the file's end mark there is nothing.
    pub(super) fn end(&mut self) -> Result<(), ReadError> {
        let nothing = self.input.fill_buf()?.is_empty();
        if nothing { Ok(()) } else { Err(ReadError::Damaged("it goes on after its end")) }
    }

    pub(super) fn block(&mut self, block: &mut Vec<u8>) -> Result<(), ReadError> {
        let mut head = [0; 8];
        self.input.read_exact(&mut head).map_err(cut_off)?;
        let [a, b, c, d, e, f, g, h] = head;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if length > LONGEST_BLOCK {
            return Err(ReadError::Damaged("a block is longer than any can be"));
        }
        block.resize(length, 0);
        self.input.read_exact(block).map_err(cut_off)?;
        if xxhash_rust::xxh3::xxh3_64(block) as u32 != u32::from_le_bytes([e, f, g, h]) {
            return Err(ReadError::Damaged("a block fails its checksum"));
        }
        Ok(())
    }
}

fn cut_off(error: io::Error) -> ReadError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        ReadError::Damaged("it is cut off")
    } else {
        ReadError::Io(error)
    }
}

/// The rows of one table, in key order.
#[derive(Debug)]
pub struct TableReader<'a> {
    reader: &'a mut Reader,
    /// Which table.
    pub table: Table,
    block: Vec<u8>,
    at: usize,
    last: u128,
    ended: bool,
}

impl TableReader<'_> {
    fn take(&mut self) -> Result<Option<Row>, ReadError> {
        if self.at == self.block.len() {
            self.reader.block(&mut self.block)?;
            self.at = 0;
            if self.block.is_empty() {
                return Ok(None);
            }
        }
        let mut input = &self.block[self.at..];
        let row = take_row(&mut input, self.last).ok_or(ReadError::Damaged("a row cannot be read"))?;
        self.at = self.block.len() - input.len();
        self.last = row.key.0;
        Ok(Some(row))
    }
}

impl Iterator for TableReader<'_> {
    type Item = Result<Row, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = self.take().transpose();
        self.ended = !matches!(row, Some(Ok(_)));
        row
    }
}

pub(super) fn take_row(input: &mut &[u8], last: u128) -> Option<Row> {
    let key = Key(last.checked_add(take_varint(input)?)?);
    let op = take_u64(input)?;
    let (digest, rest) = input.split_first_chunk::<8>()?;
    *input = rest;
    Some(Row { key, op, digest: u64::from_le_bytes(*digest) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::KeyKind;

    fn sample() -> Vec<(Table, Vec<Row>)> {
        let row = |key, op| Row { key: Key(key), op, digest: (key as u64).wrapping_mul(31) };
        vec![
            (Table { name: "app.orders".into(), key: KeyKind::Uuid }, (0..3000).map(|i| row(i * i, 7)).collect()),
            (Table { name: "app.empty".into(), key: KeyKind::Integer }, vec![]),
            (Table { name: "app.twice".into(), key: KeyKind::Pair }, vec![row(5, 1), row(5, 2), row(u128::MAX, 3)]),
        ]
    }

    fn write(path: &Path, tables: &[(Table, Vec<Row>)]) {
        let mut writer = Writer::create(path).unwrap();
        for (table, rows) in tables {
            writer.table(table).unwrap();
            rows.iter().for_each(|row| writer.row(*row).unwrap());
        }
        writer.finish().unwrap();
    }

    fn read(path: &Path) -> Result<Vec<(Table, Vec<Row>)>, ReadError> {
        let mut reader = Reader::open(path)?;
        let mut tables = Vec::new();
        while let Some(mut table) = reader.table()? {
            let rows = table.by_ref().collect::<Result<_, _>>()?;
            tables.push((table.table, rows));
        }
        Ok(tables)
    }

    #[test]
    fn tables_and_rows_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.rows");
        write(&path, &sample());
        assert_eq!(read(&path).unwrap(), sample());
    }

    #[test]
    fn a_cut_at_any_byte_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.rows");
        write(&path, &sample());
        let bytes = std::fs::read(&path).unwrap();
        for cut in (0..bytes.len()).rev().step_by(97) {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(matches!(read(&path), Err(ReadError::Damaged(_))), "cut at {cut}");
        }
    }
}
