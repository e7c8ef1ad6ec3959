//! The ledger: every invocation and completion that a client saw, with the effects of each operation.
//!
//! `ledger.bin` is a magic number and frames: payload length (u32), XXH3 of the payload (low 32 bits), payload.
//! It is appended as it goes; a kill can tear the last frame, which reading drops, and says so.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use crate::codec::{put_varint, take_u64, take_varint};
use crate::rows::Key;
use crate::time::Nanos;

const MAGIC: &[u8; 8] = b"BSLEDG01";
/// No frame is longer: a longer length is damage, not data.
const LONGEST_FRAME: usize = 1 << 20;

/// How an operation ended, as its client saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Completion {
    /// The commit was acknowledged.
    Acknowledged,
    /// It certainly has no effect: rolled back, refused, or lost before its commit was sent.
    Failed,
    /// The commit was sent and never answered: it may have happened.
    Unknown,
}

/// What an operation does to one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The table, as an index into the domain's tables.
    pub table: u8,
    /// The row.
    pub key: Key,
    /// The digest of the row as the server returned it; `None`: deleted.
    pub digest: Option<u64>,
}

/// One entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerEntry {
    /// A client is about to send an operation.
    Invoked {
        /// Operation id, unique in the drill, never 0 (0 marks the initial state).
        op: u64,
        /// Which client.
        client: u32,
        /// Epoch of the workload (0 before the disaster, 1 after the recovery).
        epoch: u8,
        /// When.
        at: Nanos,
    },
    /// The client knows, or knows that it will never know, how the operation ended.
    Completed {
        /// Operation id.
        op: u64,
        /// When.
        at: Nanos,
        /// How.
        completion: Completion,
        /// Effects, in the order in which they were made; for a failed operation, those it would have had.
        effects: Vec<Effect>,
    },
}

/// Appends entries to a ledger file.
#[derive(Debug)]
pub struct Writer {
    file: File,
    frame: Vec<u8>,
}

impl Writer {
    /// Creates the file; fails if it exists.
    ///
    /// # Errors
    /// Any error of creating or writing the file.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = File::create_new(path)?;
        file.write_all(MAGIC)?;
        Ok(Self { file, frame: Vec::new() })
    }

    /// Appends entries in one write.
    ///
    /// # Errors
    /// Any error of writing, such as a full disk.
    pub fn append<'a>(&mut self, entries: impl IntoIterator<Item = &'a LedgerEntry>) -> io::Result<()> {
        self.frame.clear();
        for entry in entries {
            let start = self.frame.len();
            self.frame.extend_from_slice(&[0; 8]);
            encode(entry, &mut self.frame);
            let payload = &self.frame[start + 8..];
            let (length, sum) = (payload.len() as u32, checksum(payload));
            self.frame[start..start + 4].copy_from_slice(&length.to_le_bytes());
            self.frame[start + 4..start + 8].copy_from_slice(&sum.to_le_bytes());
        }
        self.file.write_all(&self.frame)
    }

    /// Makes what was appended durable.
    ///
    /// # Errors
    /// Any error of syncing.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Why a ledger could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot read the ledger: {0}")]
    Io(#[from] io::Error),
    /// It does not begin as a ledger does.
    #[error("this is no ledger of version 1")]
    NotALedger,
    /// A frame inside the file fails its checksum or holds no entry: damaged, not torn.
    #[error("the ledger is damaged at byte {offset}")]
    Damaged {
        /// Where the frame begins.
        offset: u64,
    },
}

/// Reads a ledger entry by entry, in constant memory.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    payload: Vec<u8>,
    offset: u64,
    torn_bytes: u64,
    ended: bool,
}

impl Reader<BufReader<File>> {
    /// Opens a ledger file.
    ///
    /// # Errors
    /// [`ReadError::NotALedger`] if the magic number is missing.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        Self::new(BufReader::with_capacity(1 << 16, File::open(path)?))
    }
}

impl<R: Read> Reader<R> {
    /// Reads from the start of `input`. An empty or shorter-than-magic input is a ledger torn at its birth.
    ///
    /// # Errors
    /// [`ReadError::NotALedger`] if the magic number is another.
    pub fn new(mut input: R) -> Result<Self, ReadError> {
        let mut magic = [0; 8];
        let length = read_up_to(&mut input, &mut magic)?;
        if magic[..length] != MAGIC[..length] {
            return Err(ReadError::NotALedger);
        }
        let torn = length < MAGIC.len();
        let torn_bytes = if torn { length as u64 } else { 0 };
        Ok(Self { input, payload: Vec::new(), offset: length as u64, torn_bytes, ended: torn })
    }

    /// Bytes at the end that were no whole frame; known once the reader is exhausted.
    pub fn torn_bytes(&self) -> u64 {
        self.torn_bytes
    }

    fn take(&mut self) -> Result<Option<LedgerEntry>, ReadError> {
        let mut head = [0; 8];
        let head_length = read_up_to(&mut self.input, &mut head)?;
        if head_length < head.len() {
            return Ok(self.tear(head_length));
        }
        let [a, b, c, d, e, f, g, h] = head;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if length > LONGEST_FRAME {
            return Err(ReadError::Damaged { offset: self.offset });
        }
        self.payload.resize(length, 0);
        let got = read_up_to(&mut self.input, &mut self.payload)?;
        if got < length {
            return Ok(self.tear(head.len() + got));
        }
        if checksum(&self.payload) != u32::from_le_bytes([e, f, g, h]) {
            return Err(ReadError::Damaged { offset: self.offset });
        }
        let entry = decode(&self.payload).ok_or(ReadError::Damaged { offset: self.offset })?;
        self.offset += (head.len() + length) as u64;
        Ok(Some(entry))
    }

    fn tear(&mut self, bytes: usize) -> Option<LedgerEntry> {
        self.torn_bytes = bytes as u64;
        None
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<LedgerEntry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let entry = self.take().transpose();
        self.ended = !matches!(entry, Some(Ok(_)));
        entry
    }
}

fn checksum(payload: &[u8]) -> u32 {
    xxhash_rust::xxh3::xxh3_64(payload) as u32
}

fn read_up_to(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn encode(entry: &LedgerEntry, out: &mut Vec<u8>) {
    match entry {
        LedgerEntry::Invoked { op, client, epoch, at } => {
            out.push(0);
            put_varint(out, u128::from(*op));
            put_varint(out, u128::from(*client));
            out.push(*epoch);
            put_varint(out, u128::from(at.0));
        }
        LedgerEntry::Completed { op, at, completion, effects } => {
            out.push(match completion {
                Completion::Acknowledged => 1,
                Completion::Failed => 2,
                Completion::Unknown => 3,
            });
            put_varint(out, u128::from(*op));
            put_varint(out, u128::from(at.0));
            for effect in effects {
                out.push(effect.table);
                put_varint(out, effect.key.0);
                out.push(u8::from(effect.digest.is_some()));
                out.extend_from_slice(effect.digest.map(u64::to_le_bytes).as_ref().map_or(&[], |bytes| bytes));
            }
        }
    }
}

fn decode(mut payload: &[u8]) -> Option<LedgerEntry> {
    let input = &mut payload;
    let kind = take_byte(input)?;
    let op = take_u64(input)?;
    let completion = match kind {
        0 => {
            let client = u32::try_from(take_varint(input)?).ok()?;
            let epoch = take_byte(input)?;
            let at = Nanos(take_u64(input)?);
            return input.is_empty().then_some(LedgerEntry::Invoked { op, client, epoch, at });
        }
        1 => Completion::Acknowledged,
        2 => Completion::Failed,
        3 => Completion::Unknown,
        _ => return None,
    };
    let at = Nanos(take_u64(input)?);
    let mut effects = Vec::new();
    while !input.is_empty() {
        let table = take_byte(input)?;
        let key = Key(take_varint(input)?);
        let digest = match take_byte(input)? {
            0 => None,
            1 => {
                let (digest, rest) = input.split_first_chunk::<8>()?;
                *input = rest;
                Some(u64::from_le_bytes(*digest))
            }
            _ => return None,
        };
        effects.push(Effect { table, key, digest });
    }
    Some(LedgerEntry::Completed { op, at, completion, effects })
}

fn take_byte(input: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = input.split_first()?;
    *input = rest;
    Some(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<LedgerEntry> {
        let effect = |key, digest| Effect { table: 3, key: Key(key), digest };
        vec![
            LedgerEntry::Invoked { op: 1, client: 7, epoch: 0, at: Nanos(10) },
            LedgerEntry::Completed {
                op: 1,
                at: Nanos(20),
                completion: Completion::Acknowledged,
                effects: vec![effect(u128::MAX, Some(99)), effect(0, None)],
            },
            LedgerEntry::Invoked { op: 300, client: 0, epoch: 1, at: Nanos(u64::MAX) },
            LedgerEntry::Completed { op: 300, at: Nanos(30), completion: Completion::Unknown, effects: vec![] },
        ]
    }

    fn bytes_of(entries: &[LedgerEntry]) -> (Vec<u8>, Vec<usize>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.bin");
        let mut writer = Writer::create(&path).unwrap();
        let mut ends = vec![MAGIC.len()];
        for entry in entries {
            writer.append([entry]).unwrap();
            ends.push(std::fs::metadata(&path).unwrap().len() as usize);
        }
        (std::fs::read(&path).unwrap(), ends)
    }

    #[test]
    fn a_cut_at_any_byte_drops_only_the_torn_entry() {
        let entries = entries();
        let (bytes, ends) = bytes_of(&entries);
        for cut in 0..=bytes.len() {
            let mut reader = Reader::new(&bytes[..cut]).unwrap();
            let read: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
            let whole = ends.iter().skip(1).filter(|end| **end <= cut).count();
            assert_eq!(read, entries[..whole], "cut at {cut}");
            let kept = ends.iter().rfind(|end| **end <= cut).copied().unwrap_or(0);
            assert_eq!(reader.torn_bytes(), (cut - kept) as u64, "cut at {cut}");
        }
    }

    #[test]
    fn a_flipped_bit_is_never_read_as_an_entry() {
        let entries = entries();
        let (bytes, _) = bytes_of(&entries);
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[at] ^= 1 << bit;
                let read: Vec<_> = match Reader::new(damaged.as_slice()) {
                    Ok(reader) => reader.map_while(Result::ok).collect(),
                    Err(_) => continue,
                };
                assert!(read.len() < entries.len() && read == entries[..read.len()], "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn a_frame_may_have_the_longest_length_and_no_more() {
        let effect = |digest| Effect { table: 0, key: Key(0), digest };
        let entry = |deletions: usize| LedgerEntry::Completed {
            op: 1,
            at: Nanos(1),
            completion: Completion::Acknowledged,
            effects: [vec![effect(Some(9)); 2], vec![effect(None); deletions]].concat(),
        };
        // Three bytes of its own, eleven for a row that is written, three for one that is deleted.
        let longest = entry((LONGEST_FRAME - 3 - 2 * 11) / 3);
        let (bytes, ends) = bytes_of(std::slice::from_ref(&longest));
        assert_eq!(ends[1] - ends[0], 8 + LONGEST_FRAME);
        let read: Vec<_> = Reader::new(bytes.as_slice()).unwrap().map(Result::unwrap).collect();
        assert_eq!(read, [longest]);
        let (bytes, _) = bytes_of(&[entry((LONGEST_FRAME - 3 - 2 * 11) / 3 + 1)]);
        let error = Reader::new(bytes.as_slice()).unwrap().next();
        assert!(matches!(error, Some(Err(ReadError::Damaged { offset: 8 }))), "{error:?}");
    }

    #[test]
    fn damage_is_told_by_the_byte_at_which_its_frame_begins() {
        let (bytes, ends) = bytes_of(&entries());
        for frame in ends.windows(2) {
            let mut damaged = bytes.clone();
            damaged[frame[1] - 1] ^= 1;
            let error = Reader::new(damaged.as_slice()).unwrap().find_map(Result::err);
            let offset = frame[0] as u64;
            assert!(matches!(error, Some(ReadError::Damaged { offset: at }) if at == offset), "{offset}: {error:?}");
        }
    }

    #[test]
    fn every_way_to_end_reads_back() {
        for completion in [Completion::Acknowledged, Completion::Failed, Completion::Unknown] {
            let entry = LedgerEntry::Completed { op: 7, at: Nanos(9), completion, effects: vec![] };
            let (bytes, _) = bytes_of(std::slice::from_ref(&entry));
            let read: Vec<_> = Reader::new(bytes.as_slice()).unwrap().map(Result::unwrap).collect();
            assert_eq!(read, [entry]);
        }
    }

    /// Fails once with `error` before its byte `at`, and gives one byte at a time.
    struct Faulty<'a> {
        bytes: &'a [u8],
        at: usize,
        error: Option<io::ErrorKind>,
    }

    impl Read for Faulty<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.at == 0
                && let Some(error) = self.error.take()
            {
                return Err(error.into());
            }
            self.at = self.at.saturating_sub(1);
            self.bytes.read(&mut buffer[..1])
        }
    }

    #[test]
    fn an_interrupted_read_goes_on_and_a_failed_one_is_an_error() {
        let entries = entries();
        let (bytes, _) = bytes_of(&entries);
        let read = |at: usize, error| -> Result<Vec<LedgerEntry>, ReadError> {
            Reader::new(Faulty { bytes: &bytes, at, error: Some(error) })?.collect()
        };
        for at in 0..bytes.len() {
            assert_eq!(read(at, io::ErrorKind::Interrupted).unwrap(), entries, "interrupted at {at}");
            let error = read(at, io::ErrorKind::StorageFull);
            assert!(matches!(error, Err(ReadError::Io(_))), "failed at {at}: {error:?}");
        }
    }
}
