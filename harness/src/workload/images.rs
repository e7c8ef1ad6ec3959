//! The bytes of every written row, so that a difference can show what was expected.
//!
//! `ledger-rows.bin` is a magic number and frames: payload length (u32), XXH3 of the payload (low 32 bits), payload:
//! operation, table, key, the row's fields. It stands beside the ledger and is torn like it.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use blackstart_record::codec::{put_varint, take_u64, take_varint};
use blackstart_record::rows::Key;

use super::{Domain, Settings, objects};

const MAGIC: &[u8; 8] = b"BSROWI01";
/// No frame is longer: PostgreSQL allows no field of more.
const LONGEST_FRAME: usize = 1 << 30;

/// A row as an operation wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub version: Version,
    pub fields: Vec<u8>,
}

/// One version of one row. The initial load is operation 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// The table, as an index into the domain's tables.
    pub table: u8,
    /// The row.
    pub key: Key,
    /// The operation that wrote it.
    pub op: u64,
}

#[derive(Debug)]
pub(super) struct Writer {
    file: File,
    frames: Vec<u8>,
}

impl Writer {
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = File::create_new(path)?;
        file.write_all(MAGIC)?;
        Ok(Self { file, frames: Vec::new() })
    }

    pub fn append(&mut self, rows: &[Written]) -> io::Result<()> {
        self.frames.clear();
        for Written { version, fields } in rows {
            let start = self.frames.len();
            self.frames.extend_from_slice(&[0; 8]);
            put_varint(&mut self.frames, u128::from(version.op));
            self.frames.push(version.table);
            put_varint(&mut self.frames, version.key.0);
            self.frames.extend_from_slice(fields);
            let payload = &self.frames[start + 8..];
            let (length, sum) = (payload.len() as u32, checksum(payload));
            self.frames[start..start + 4].copy_from_slice(&length.to_le_bytes());
            self.frames[start + 4..start + 8].copy_from_slice(&sum.to_le_bytes());
        }
        self.file.write_all(&self.frames)
    }

    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn checksum(payload: &[u8]) -> u32 {
    blackstart_record::codec::row_digest(payload) as u32
}

/// The fields of these versions of rows, as far as the file has them (an operation that writes a row twice: the
/// last). Reads the file once, in memory for the answer only; what is torn or damaged ends it without an error, as
/// the ledger beside it is what counts.
///
/// # Errors
/// Any error of reading; [`io::ErrorKind::InvalidData`] if it is another kind of file.
pub fn find(path: &Path, wanted: &HashSet<Version>) -> io::Result<HashMap<Version, Vec<u8>>> {
    let mut input = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut found = HashMap::new();
    let mut magic = [0; 8];
    if !fill(&mut input, &mut magic)? {
        return Ok(found);
    }
    if &magic != MAGIC {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no file of written rows"));
    }
    let mut payload = Vec::new();
    while take_frame(&mut input, &mut payload)? {
        if let Some((version, fields)) = parse(&payload)
            && wanted.contains(&version)
        {
            found.insert(version, fields.to_vec());
        }
    }
    Ok(found)
}

fn take_frame(input: &mut impl Read, payload: &mut Vec<u8>) -> io::Result<bool> {
    let mut head = [0; 8];
    if !fill(input, &mut head)? {
        return Ok(false);
    }
    let [a, b, c, d, e, f, g, h] = head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > LONGEST_FRAME {
        return Ok(false);
    }
    // By what is there, not by what a damaged length says.
    payload.clear();
    input.take(length as u64).read_to_end(payload)?;
    Ok(payload.len() == length && checksum(payload) == u32::from_le_bytes([e, f, g, h]))
}

fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn parse(payload: &[u8]) -> Option<(Version, &[u8])> {
    let mut rest = payload;
    let op = take_u64(&mut rest)?;
    let (&table, mut rest) = rest.split_first()?;
    let key = Key(take_varint(&mut rest)?);
    Some((Version { table, key, op }, rest))
}

/// The fields of these rows as they were loaded, made again by the generator. Versions of other operations, and rows
/// that were never loaded, are left out.
pub fn find_initial(domain: &dyn Domain, settings: &Settings, wanted: &HashSet<Version>) -> HashMap<Version, Vec<u8>> {
    let generator = domain.generator(settings);
    let mut found = HashMap::new();
    let mut fields = Vec::new();
    for (index, table) in domain.tables().iter().enumerate() {
        let index_byte = index as u8;
        if !wanted.iter().any(|version| version.table == index_byte && version.op == 0) {
            continue;
        }
        for row in 0..generator.count(index) {
            fields.clear();
            generator.fields(index, row, &mut fields);
            let Ok(key) = table.key(&fields) else { continue };
            let version = Version { table: index_byte, key, op: 0 };
            if wanted.contains(&version) {
                found.insert(version, fields.clone());
            }
        }
    }
    let objects = domain.tables().len() as u8;
    for version in wanted.iter().filter(|version| version.table == objects && version.op == 0) {
        let number = u64::try_from(version.key.0).ok().filter(|number| (1..=generator.objects()).contains(number));
        if let Some(number) = number {
            found.insert(*version, objects::fields(number, &objects::object(settings.seed, number, 0)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_and_a_torn_tail_costs_only_the_torn_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger-rows.bin");
        let version = |key, op| Version { table: 3, key: Key(key), op };
        let row = |version, byte| Written { version, fields: vec![byte; 50] };
        let mut writer = Writer::create(&path).unwrap();
        writer.append(&[row(version(u128::MAX, 1), 1), row(version(7, 2), 2)]).unwrap();
        writer.append(&[row(version(7, 2), 3), row(version(8, 9), 4)]).unwrap();
        let wanted = HashSet::from([version(u128::MAX, 1), version(7, 2), version(7, 3)]);
        let bytes = std::fs::read(&path).unwrap();
        let found = find(&path, &wanted).unwrap();
        assert_eq!(found, HashMap::from([(version(u128::MAX, 1), vec![1; 50]), (version(7, 2), vec![3; 50])]));
        for cut in 0..bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(find(&path, &wanted).unwrap().len() <= 2, "cut at {cut}");
        }
        std::fs::write(&path, b"something else").unwrap();
        assert!(find(&path, &wanted).is_err());
    }

    #[test]
    fn initial_rows_are_made_again() {
        let domain = crate::workload::domain("fulfilment").unwrap();
        let settings = Settings { rows: 100, ..Settings::default() };
        let wanted = HashSet::from([
            Version { table: 0, key: Key(2), op: 0 },
            Version { table: 0, key: Key(2), op: 5 },
            Version { table: 0, key: Key(2000), op: 0 },
        ]);
        let found = find_initial(domain, &settings, &wanted);
        assert_eq!(found.keys().copied().collect::<Vec<_>>(), [Version { table: 0, key: Key(2), op: 0 }]);
    }
}
