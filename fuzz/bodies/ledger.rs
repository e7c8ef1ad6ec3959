//! Any bytes as a ledger.

use blackstart_record::codec::row_digest;
use blackstart_record::ledger::{LedgerEntry, ReadError, Reader, Writer};

use super::framed::framed;
use super::scratch;

/// What a plain walk over the frames of a ledger finds.
struct Frames {
    /// Frames whose checksum holds, from the start.
    whole: usize,
    /// Where the last of them ends.
    end: usize,
    /// Whether what follows is a frame cut off, or nothing.
    torn: bool,
}

fn frames(data: &[u8]) -> Frames {
    let (mut whole, mut end) = (0, 8.min(data.len()));
    loop {
        let rest = &data[end..];
        let Some((head, payload)) = rest.split_first_chunk::<8>() else { return Frames { whole, end, torn: true } };
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let sum = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let Some(payload) = payload.get(..length) else { return Frames { whole, end, torn: length <= 1 << 20 } };
        if length > 1 << 20 || row_digest(payload) as u32 != sum {
            return Frames { whole, end, torn: false };
        }
        (whole, end) = (whole + 1, end + 8 + length);
    }
}

/// Reads the bytes as they are, and as frames whose checksums hold.
pub fn ledger(data: &[u8]) {
    read(data);
    let entries = read(&framed(b"BSLEDG01", data));
    let folder = scratch::folder();
    let path = folder.path().join("again");
    Writer::create(&path).unwrap().append(&entries).unwrap();
    assert_eq!(read(&std::fs::read(path).unwrap()), entries);
}

/// Reads a ledger: never more entries than frames whose checksum holds, and only a cut-off frame counts as torn.
pub fn read(data: &[u8]) -> Vec<LedgerEntry> {
    let mut entries = Vec::new();
    let Ok(mut reader) = Reader::new(data) else { return entries };
    let frames = frames(data);
    for entry in reader.by_ref() {
        match entry {
            Ok(entry) => entries.push(entry),
            Err(ReadError::Damaged { offset }) => {
                // Either its checksum fails, or it holds no entry in spite of it.
                assert!(offset <= frames.end as u64 && entries.len() <= frames.whole);
                return entries;
            }
            Err(why) => panic!("{why}"),
        }
    }
    assert_eq!(entries.len(), frames.whole);
    assert!(frames.torn);
    let torn = if data.len() < 8 { data.len() } else { data.len() - frames.end };
    assert_eq!(reader.torn_bytes(), torn as u64);
    entries
}
