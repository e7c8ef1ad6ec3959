//! The events of one binary log, as far as it takes to know where its transactions begin.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::gtids::{Gtid, Gtids};
use crate::failure::{Context, Error, Result};

/// What a log begins with.
const MAGIC: [u8; 4] = [0xfe, b'b', b'i', b'n'];
/// The bytes of an event's header.
const HEADER: u64 = 19;

/// Kinds of events.
const MYSQL_GTID: u8 = 33;
const MYSQL_GTIDS: u8 = 35;
const MYSQL_TAGGED_GTID: u8 = 42;
const MARIADB_GTID: u8 = 162;
const MARIADB_GTIDS: u8 = 163;
const MARIADB_ENCRYPTED: u8 = 164;

/// What one log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// What its server had logged before it.
    pub(super) before: Gtids,
    /// That, and what is in it.
    pub(super) after: Gtids,
    /// Where the wanted transaction begins.
    pub(super) found: Option<u64>,
    /// Where its last whole event ends.
    pub(super) end: u64,
    /// Its length in bytes: more than that if the last event is torn.
    pub(super) length: u64,
    /// The latest time of its events, in seconds since 1970.
    pub(super) latest: u32,
}

/// Reads the log in the file `path` and looks for the transaction of the name `wanted`.
///
/// # Errors
/// The file could not be read, or is no binary log that this can read.
pub(super) fn read(path: &Path, wanted: Option<&str>) -> Result<Held> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut file = BufReader::new(file);
    let mut magic = [0; 4];
    if file.read_exact(&mut magic).is_err() || magic != MAGIC {
        return Err(Error::new("it is no binary log, or an encrypted one"));
    }
    let mut held = Held { end: MAGIC.len() as u64, length, ..Held::default() };
    while let Some(header) = Header::read(&mut file, length - held.end)? {
        let body = header.length - HEADER;
        if header.tells_of_transactions() {
            let mut bytes = Vec::new();
            file.by_ref().take(body).read_to_end(&mut bytes)?;
            let told = held.note(&header, &mut Bytes(&bytes), wanted);
            told.cannot(format_args!("read the event at {}", held.end))?;
        } else {
            file.seek_relative(i64::try_from(body).unwrap_or(i64::MAX))?;
        }
        held.latest = held.latest.max(header.time);
        held.end += header.length;
    }
    Ok(held)
}

impl Held {
    fn note(&mut self, header: &Header, body: &mut Bytes<'_>, wanted: Option<&str>) -> Result<()> {
        let gtid = match header.kind {
            MARIADB_GTID => {
                let number = body.number(8)?;
                Gtid::of_mariadb(body.short()?, header.server, number)
            }
            MYSQL_GTID => {
                body.take(1)?;
                let server = body.uuid()?;
                Gtid::of_mysql(&server, body.number(8)?)
            }
            MARIADB_GTIDS => return self.begin(mariadb_gtids(body)?),
            MYSQL_GTIDS => return self.begin(mysql_gtids(body)?),
            MARIADB_ENCRYPTED => return Err(Error::new("the log is encrypted")),
            _ => return Err(Error::new("its transactions have tags in their names, which this does not know")),
        };
        if wanted.is_some_and(|wanted| gtid.to_string() == wanted) {
            self.found = Some(self.end);
        }
        self.after.add(&gtid);
        Ok(())
    }

    fn begin(&mut self, before: Gtids) -> Result<()> {
        self.after = before.clone();
        self.before = before;
        Ok(())
    }
}

fn mariadb_gtids(body: &mut Bytes<'_>) -> Result<Gtids> {
    // The four bits above are flags.
    let count = body.number(4)? & 0x0fff_ffff;
    let mut gtids = Gtids::default();
    for _ in 0..count {
        let (domain, server) = (body.short()?, body.short()?);
        gtids.add(&Gtid::of_mariadb(domain, server, body.number(8)?));
    }
    Ok(gtids)
}

fn mysql_gtids(body: &mut Bytes<'_>) -> Result<Gtids> {
    let servers = body.number(8)?;
    if servers >> 32 != 0 {
        return Err(Error::new("its transactions have tags in their names, which this does not know"));
    }
    let mut gtids = Gtids::default();
    for _ in 0..servers {
        let server = body.uuid()?;
        for _ in 0..body.number(8)? {
            let (first, behind) = (body.number(8)?, body.number(8)?);
            gtids.add_of_mysql(&server, first, behind.saturating_sub(1));
        }
    }
    Ok(gtids)
}

struct Header {
    time: u32,
    kind: u8,
    server: u32,
    length: u64,
}

impl Header {
    /// The next one, of an event that is there whole; `None`: of what is `left` there is none.
    fn read(file: &mut impl Read, left: u64) -> Result<Option<Self>> {
        if left < HEADER {
            return Ok(None);
        }
        let mut bytes = [0; HEADER as usize];
        file.read_exact(&mut bytes)?;
        let mut bytes = Bytes(&bytes);
        let (time, kind) = (bytes.short()?, bytes.take(1)?[0]);
        let (server, length) = (bytes.short()?, bytes.number(4)?);
        Ok((HEADER..=left).contains(&length).then_some(Self { time, kind, server, length }))
    }

    fn tells_of_transactions(&self) -> bool {
        matches!(
            self.kind,
            MYSQL_GTID | MYSQL_GTIDS | MYSQL_TAGGED_GTID | MARIADB_GTID | MARIADB_GTIDS | MARIADB_ENCRYPTED
        )
    }
}

/// What is still to be read of an event; its numbers have their lowest byte first.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(|| Error::new("the event is too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, length: usize) -> Result<u64> {
        Ok(self.take(length)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn short(&mut self) -> Result<u32> {
        Ok(self.number(4)? as u32)
    }

    fn uuid(&mut self) -> Result<[u8; 16]> {
        let mut uuid = [0; 16];
        uuid.copy_from_slice(self.take(16)?);
        Ok(uuid)
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A log of MariaDB's server 1, which begins after so many transactions and holds these.
    pub(crate) fn mariadb_log(before: u64, numbers: &[u64]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        event(&mut bytes, 15, &[0; 80]);
        let list = [&1_u32.to_le_bytes()[..], &[0; 4], &1_u32.to_le_bytes(), &before.to_le_bytes()].concat();
        event(&mut bytes, MARIADB_GTIDS, &list);
        for number in numbers {
            event(&mut bytes, MARIADB_GTID, &[&number.to_le_bytes()[..], &[0; 5]].concat());
            event(&mut bytes, 16, &[0; 12]);
        }
        bytes
    }

    /// Appends an event of server 1, at the time that its place is.
    pub(crate) fn event(bytes: &mut Vec<u8>, kind: u8, body: &[u8]) {
        let (time, length) = (bytes.len() as u32, HEADER as u32 + body.len() as u32);
        bytes.extend(time.to_le_bytes());
        bytes.push(kind);
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend([0; 6]);
        bytes.extend(body);
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{event, mariadb_log};
    use super::*;

    fn read_bytes(bytes: &[u8], wanted: &str) -> Result<Held> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, bytes).unwrap();
        read(&path, Some(wanted))
    }

    #[test]
    fn a_transaction_of_mariadb_is_found_where_it_begins() {
        let (log, shorter) = (mariadb_log(4, &[5, 6, 7]), mariadb_log(4, &[5]));
        let held = read_bytes(&log, "0-1-6").unwrap();
        assert_eq!((held.before.to_string(), held.after.to_string()), ("0-1-4".into(), "0-1-7".into()));
        assert_eq!(held.found, Some(shorter.len() as u64));
        assert_eq!((held.end, held.length), (log.len() as u64, log.len() as u64));
        assert!(held.latest > shorter.len() as u32 && held.latest < log.len() as u32);
        assert_eq!(read_bytes(&log, "0-1-60").unwrap().found, None);
    }

    #[test]
    fn a_transaction_of_mysql_is_found_where_it_begins() {
        let server = [7; 16];
        let ranges =
            [&1_u64.to_le_bytes()[..], &server, &1_u64.to_le_bytes(), &1_u64.to_le_bytes(), &5_u64.to_le_bytes()];
        let mut log = MAGIC.to_vec();
        event(&mut log, MYSQL_GTIDS, &ranges.concat());
        let place = log.len() as u64;
        event(&mut log, MYSQL_GTID, &[&[0][..], &server, &5_u64.to_le_bytes(), &[0; 20]].concat());
        let held = read_bytes(&log, "07070707-0707-0707-0707-070707070707:5").unwrap();
        assert_eq!(held.found, Some(place));
        assert!(held.before.to_string().ends_with(":1-4") && held.after.to_string().ends_with(":1-5"), "{held:?}");
        event(&mut log, MYSQL_TAGGED_GTID, &[0; 40]);
        assert!(read_bytes(&log, "x").unwrap_err().to_string().contains("tags"));
    }

    #[test]
    fn a_log_that_is_cut_anywhere_ends_with_its_last_whole_event() {
        let log = mariadb_log(0, &[1, 2]);
        let whole = mariadb_log(0, &[1]).len();
        for cut in [whole + 1, whole + 18, whole + 19, whole + 30] {
            let held = read_bytes(&log[..cut], "0-1-2").unwrap();
            assert_eq!((held.end, held.length, held.found), (whole as u64, cut as u64, None), "{cut}");
            assert_eq!(held.after.to_string(), "0-1-1");
        }
    }

    #[test]
    fn what_is_no_log_is_refused() {
        for bytes in [&b""[..], b"\xfebi", b"SQLite format 3"] {
            assert!(read_bytes(bytes, "0-1-1").is_err(), "{bytes:?}");
        }
        let mut encrypted = mariadb_log(0, &[]);
        event(&mut encrypted, MARIADB_ENCRYPTED, &[0; 17]);
        assert!(read_bytes(&encrypted, "0-1-1").unwrap_err().to_string().contains("encrypted"));
    }
}
