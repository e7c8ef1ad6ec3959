//! Any bytes as a history.

use blackstart_record::history::{ReadError, read};

use super::file;

/// Reads a history: each whole line is one entry or the file is damaged, and what follows the last line is torn.
pub fn history(data: &[u8]) {
    let lines = data.iter().filter(|byte| **byte == b'\n').count();
    let whole = data.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    match file::with(data, read) {
        Ok(history) => {
            assert_eq!(history.entries.len(), lines);
            assert_eq!(history.torn_bytes, (data.len() - whole) as u64);
        }
        Err(ReadError::Damaged { line, .. }) => assert!((1..=lines as u64).contains(&line), "line {line} of {lines}"),
        Err(ReadError::Io(why)) => panic!("{why}"),
    }
}
