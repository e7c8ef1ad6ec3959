//! Copies of a server's binary log: whether they go on without a gap, and where in them a transaction begins.
//!
//! The engine's own program prints what is to be replayed. It takes whatever files it is given for the log, in whatever order:
//! one that is missing, or another's, it does not miss.

mod events;
mod gtids;

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use self::events::Held;
use crate::failure::{Context, Error, Result};

/// A place in a server's binary log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    /// The log's name.
    pub file: String,
    /// The byte in it.
    pub at: u64,
}

impl Coordinates {
    /// Those of which a dump says, in its `head`, that its data is as of there.
    pub fn of_dump(head: &str) -> Option<Self> {
        let line = head.lines().find(|line| line.contains("_LOG_FILE='") && line.contains("_LOG_POS="))?;
        let file = line.split("_LOG_FILE='").nth(1)?.split('\'').next()?;
        let digits = line.split("_LOG_POS=").nth(1)?.split(|other: char| !other.is_ascii_digit()).next()?;
        Some(Self { file: file.to_owned(), at: digits.parse().ok()? })
    }

    /// Those that a copy of a server's files says in a file of its own: the log's name, the byte, and more.
    pub fn of_copy(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let (file, at) = (words.next()?, words.next()?);
        Some(Self { file: file.to_owned(), at: at.parse().ok()? })
    }
}

/// Where a replay is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End<'a> {
    /// Just before the transaction with this GTID.
    Before(&'a str),
    /// Before the first event of this second, counted from 1970: what is to end by time has no finer end.
    BeforeSecond(u32),
    /// Where the log ends.
    Last,
}

/// A stretch of the log, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its files by name, in their order.
    pub files: Vec<String>,
    /// Where in the first of them it begins.
    pub start: u64,
    /// Where in the last of them it ends.
    pub stop: u64,
    /// Which transactions its server had logged when its last file ends, in the engine's own words.
    pub held: String,
}

/// The stretch of the log whose files are in `folder`, from `from` on.
///
/// # Errors
/// A file is missing, cut, or does not go on where the one before ends; `end` lies before `from`, or is not in the log.
pub fn stretch(folder: &Path, from: &Coordinates, end: End<'_>) -> Result<Stretch> {
    let files = consecutive(folder, from)?;
    let wanted = if let End::Before(gtid) = end { Some(gtid) } else { None };
    let (mut before, mut latest): (Option<(&String, Held)>, u32) = (None, 0);
    for (index, file) in files.iter().enumerate() {
        let held = events::read(&folder.join(file), wanted).cannot(format_args!("read the binary log {file}"))?;
        if let Some((name, before)) = &before {
            follows((name, before), (file, &held))?;
        }
        if let Some(stop) = held.found {
            if index == 0 && stop < from.at {
                return Err(in_backup(wanted.unwrap_or_default(), from));
            }
            return Ok(Stretch::of(&files[..=index], from, stop, &held));
        }
        latest = latest.max(held.latest);
        before = Some((file, held));
    }
    let (last, held) = before.ok_or_else(|| Error::new("there is no binary log"))?;
    match end {
        End::Last => Ok(Stretch::of(&files, from, held.end, &held)),
        End::BeforeSecond(second) if latest >= second => Ok(Stretch::of(&files, from, held.end, &held)),
        End::BeforeSecond(_) => Err(Error::new(format!(
            "the binary log does not reach the moment before which it is to be replayed: it ends with {last}, after {}; what \
             is left of it has to be shipped first",
            held.after
        ))),
        End::Before(gtid) => Err(Error::new(format!(
            "transaction {gtid} is not in the binary log, which goes from {}:{} to the end of {last}, after {}; what is left \
             of it has to be shipped first",
            from.file, from.at, held.after
        ))),
    }
}

impl Stretch {
    fn of(files: &[String], from: &Coordinates, stop: u64, held: &Held) -> Self {
        Self { files: files.to_vec(), start: from.at, stop, held: held.after.to_string() }
    }
}

/// Why there is nothing to end before.
pub fn in_backup(gtid: &str, from: &Coordinates) -> Error {
    Error::new(format!(
        "transaction {gtid} is older than the backup, which is as of {}:{} and holds it; begin from an older backup",
        from.file, from.at
    ))
}

/// The log's files in `folder` from the first that is wanted on; none of those between is missing.
fn consecutive(folder: &Path, from: &Coordinates) -> Result<Vec<String>> {
    let unnumbered = || Error::new(format!("the backup names a binary log \"{}\", which has no number", from.file));
    let (name, first) = numbered(&from.file).ok_or_else(unnumbered)?;
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).cannot("list the binary logs")? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        found.extend(
            numbered(&file)
                .filter(|(other, number)| *other == name && *number >= first)
                .map(|(_, number)| (number, file.clone())),
        );
    }
    for (expected, (number, file)) in (first..).zip(&found) {
        if *number != expected {
            let missing = number - expected;
            return Err(Error::new(format!(
                "the binary log has a gap: {missing} of its files are missing before {file}, counted from {}",
                from.file
            )));
        }
    }
    if found.is_empty() {
        return Err(Error::new(format!("the binary log {}, in which the backup begins, is not there", from.file)));
    }
    Ok(found.into_iter().map(|(_, file)| file).collect())
}

/// The name and the number of a log.
fn numbered(file: &str) -> Option<(&str, u64)> {
    let (name, number) = file.rsplit_once('.')?;
    let is_number = number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit());
    Some((name, number.parse().ok().filter(|_| is_number)?))
}

/// A log goes on where the one before it ends, which is whole.
fn follows((name, before): (&str, &Held), (file, held): (&str, &Held)) -> Result<()> {
    if before.end != before.length {
        return Err(Error::new(format!(
            "the binary log has a gap: {name} is cut at byte {}, in the middle of an event, and {file} goes on",
            before.length
        )));
    }
    if held.before != before.after {
        return Err(Error::new(format!(
            "the binary log has a gap: {name} ends after {}, and {file} goes on after {}",
            before.after, held.before
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::events::testing::mariadb_log;
    use super::*;

    /// Five transactions in each of three logs, of which the first is number 9.
    const NAMES: [&str; 3] = ["binlog.000009", "binlog.000010", "binlog.000011"];

    /// What is done to the logs in a folder, and what is said of it.
    type Damage = (&'static str, fn(&Path), &'static str);

    fn place() -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for (index, name) in (0..).zip(NAMES) {
            let first = index * 5 + 1;
            let numbers: Vec<u64> = (first..first + 5).collect();
            std::fs::write(place.path().join(name), mariadb_log(first - 1, &numbers)).unwrap();
        }
        std::fs::write(place.path().join("other.000010"), "another's").unwrap();
        place
    }

    fn from() -> Coordinates {
        Coordinates { file: NAMES[0].into(), at: mariadb_log(0, &[1]).len() as u64 }
    }

    fn refusal(place: &tempfile::TempDir, end: End<'_>) -> String {
        stretch(place.path(), &from(), end).unwrap_err().to_string()
    }

    #[test]
    fn a_dump_says_where_its_data_is_as_of() {
        for (line, file, at) in [
            ("-- CHANGE MASTER TO MASTER_LOG_FILE='binlog.000002', MASTER_LOG_POS=344;", "binlog.000002", 344),
            ("CHANGE REPLICATION SOURCE TO SOURCE_LOG_FILE='b.000010', SOURCE_LOG_POS=4;", "b.000010", 4),
        ] {
            let head = format!("-- Host: localhost\n--\n{line}\n\n--\nCREATE TABLE t (i int);\n");
            assert_eq!(Coordinates::of_dump(&head), Some(Coordinates { file: file.into(), at }), "{line}");
        }
        assert_eq!(Coordinates::of_dump("-- Host: localhost\nCREATE TABLE t (i int);\n"), None);
    }

    #[test]
    fn a_copy_says_where_its_data_is_as_of() {
        let said = Coordinates { file: "binlog.000002".into(), at: 344 };
        for text in ["binlog.000002\t344\t0-2130706443-9\n", "binlog.000002\t344"] {
            assert_eq!(Coordinates::of_copy(text), Some(said.clone()), "{text:?}");
        }
        for text in ["", "binlog.000002", "binlog.000002\tthere"] {
            assert_eq!(Coordinates::of_copy(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_stretch_ends_just_before_its_transaction() {
        let place = place();
        let found = stretch(place.path(), &from(), End::Before("0-1-8")).unwrap();
        assert_eq!(found.files, NAMES[..2]);
        assert_eq!((found.start, found.stop), (from().at, mariadb_log(5, &[6, 7]).len() as u64));
        let all = stretch(place.path(), &from(), End::Last).unwrap();
        assert_eq!((all.files.len(), &*all.held), (3, "0-1-15"));
        let second = mariadb_log(10, &[11]).len() as u32;
        assert_eq!(stretch(place.path(), &from(), End::BeforeSecond(second)).unwrap().files.len(), 3);
        assert!(refusal(&place, End::BeforeSecond(1_000_000)).contains("does not reach"));
    }

    #[test]
    fn a_transaction_that_the_backup_holds_or_the_log_does_not_is_nothing_to_end_before() {
        let place = place();
        assert!(refusal(&place, End::Before("0-1-1")).contains("older than the backup"));
        assert!(refusal(&place, End::Before("0-1-16")).contains("is not in the binary log"));
    }

    #[test]
    fn a_gap_is_found_whatever_made_it() {
        let cases: [Damage; 5] = [
            ("gone", |folder| std::fs::remove_file(folder.join(NAMES[1])).unwrap(), "1 of its files are missing"),
            ("first gone", |folder| std::fs::remove_file(folder.join(NAMES[0])).unwrap(), "missing before"),
            (
                "stale",
                |folder| std::fs::write(folder.join(NAMES[1]), mariadb_log(0, &[1, 2, 3, 4, 5])).unwrap(),
                "goes on after",
            ),
            ("cut", |folder| std::fs::write(folder.join(NAMES[1]), &mariadb_log(5, &[6, 7])[..200]).unwrap(), "is cut"),
            (
                "ends early",
                |folder| std::fs::write(folder.join(NAMES[1]), mariadb_log(5, &[6])).unwrap(),
                "goes on after",
            ),
        ];
        for (what, damage, says) in cases {
            let place = place();
            damage(place.path());
            for end in [End::Last, End::Before("0-1-12"), End::BeforeSecond(5)] {
                let said = refusal(&place, end);
                assert!(said.contains(says), "{what}: {said}");
            }
        }
        let place = place();
        for name in NAMES {
            std::fs::remove_file(place.path().join(name)).unwrap();
        }
        assert!(refusal(&place, End::Last).contains("is not there"));
    }

    #[test]
    fn only_the_last_log_may_end_in_a_torn_event() {
        let place = place();
        let log = mariadb_log(10, &[11, 12]);
        std::fs::write(place.path().join(NAMES[2]), &log[..log.len() - 3]).unwrap();
        let found = stretch(place.path(), &from(), End::Last).unwrap();
        assert!(found.stop < log.len() as u64 - 3);
        assert_eq!(found.held, "0-1-12", "its name is there, and its end is not");
    }
}
