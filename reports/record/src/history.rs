//! The history: one JSON object a line, appended as it happens.
//!
//! A kill can tear the last line; reading drops that line only, and says so.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use crate::event::Entry;

/// Appends entries to a history file, each in one write.
#[derive(Debug)]
pub struct Writer {
    file: File,
}

impl Writer {
    /// Creates the file; fails if it exists.
    ///
    /// # Errors
    /// Any error of creating the file.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::create_new(path)? })
    }

    /// Appends one entry.
    ///
    /// # Errors
    /// Any error of writing, such as a full disk.
    pub fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }

    /// Makes what was appended durable.
    ///
    /// # Errors
    /// Any error of syncing.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// A history as read back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Its entries, in order.
    pub entries: Vec<Entry>,
    /// Bytes at the end that were no whole entry: a torn tail.
    pub torn_bytes: u64,
}

/// Why a history could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot read the history: {0}")]
    Io(#[from] io::Error),
    /// A line that is not the last one is not an entry: the file was damaged, not torn.
    #[error("line {line} of the history is damaged: {why}")]
    Damaged {
        /// The line, from 1.
        line: u64,
        /// The parser's words.
        why: String,
    },
}

/// Reads a history.
///
/// # Errors
/// [`ReadError::Damaged`] if a line other than the last is no entry.
pub fn read(path: &Path) -> Result<History, ReadError> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut history = History::default();
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(history);
        }
        number += 1;
        let whole = line.ends_with(b"\n");
        match serde_json::from_slice::<Entry>(&line) {
            Ok(entry) if whole => history.entries.push(entry),
            Err(why) if whole => {
                return Err(ReadError::Damaged { line: number, why: why.to_string() });
            }
            _ => history.torn_bytes = length as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Phase};
    use crate::time::Nanos;

    fn entry(at: u64) -> Entry {
        Entry { at: Nanos(at), wall: "2026-01-01T00:00:00Z".into(), event: Event::Phase(Phase::Load) }
    }

    fn written(entries: &[Entry]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        let mut writer = Writer::create(&path).unwrap();
        entries.iter().for_each(|entry| writer.append(entry).unwrap());
        (folder, path)
    }

    #[test]
    fn a_cut_at_any_byte_drops_only_the_torn_entry() {
        let entries = [entry(1), entry(2), entry(3)];
        let (_folder, path) = written(&entries);
        let bytes = std::fs::read(&path).unwrap();
        for cut in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let whole = bytes[..cut].iter().filter(|byte| **byte == b'\n').count();
            let history = read(&path).unwrap();
            assert_eq!(history.entries, entries[..whole], "cut at {cut}");
            let kept = bytes[..cut].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            assert_eq!(history.torn_bytes, (cut - kept) as u64, "cut at {cut}");
        }
    }

    #[test]
    fn damage_inside_is_an_error_that_names_the_line() {
        let (_folder, path) = written(&[entry(1), entry(2)]);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[3] = b'#';
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(read(&path), Err(ReadError::Damaged { line: 1, .. })));
    }
}
