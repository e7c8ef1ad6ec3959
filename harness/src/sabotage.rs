//! Ways to damage a copy of a backup, chosen by what the backup is made of. The copy is a bucket of its own; the user's
//! artifacts are only read.

use std::collections::BTreeMap;

use crate::store::Listing;

/// A backup's objects by their part in it.
#[derive(Clone, Debug, Default)]
pub struct Artifacts {
    /// The largest object: the data itself.
    main: Option<String>,
    /// Segments of the log that this backup needs, in order.
    log: Vec<String>,
    /// The smallest object that is neither: a label, a manifest, the roles.
    small: Option<String>,
    /// Every object of this backup to the same one of an older backup.
    older: BTreeMap<String, String>,
}

impl Artifacts {
    /// Sorts a listing; `older` and `newer` are the ids of two backups, by which their objects' keys differ.
    pub fn of(listing: &Listing, older: &str, newer: &str) -> Self {
        let newest = |key: &&String| older.is_empty() || !key.contains(older);
        // A label in the log is named after the segment in which its backup began.
        let labels = listing.keys().filter(|key| segment(key).is_some() && !is_log(key));
        let began = labels.filter_map(|key| segment(key)).max().unwrap_or_default();
        let log = listing.keys().filter(|key| is_log(key) && segment(key) >= Some(began));
        let log: Vec<String> = log.cloned().collect();
        let others = || listing.iter().filter(|(key, _)| newest(key) && segment(key).is_none());
        let main = others().max_by_key(|(_, (_, size))| *size).map(|(key, _)| key.clone());
        let small = others().filter(|(key, _)| Some(*key) != main.as_ref()).min_by_key(|(_, (_, size))| *size);
        let small = small.map(|(key, _)| key.clone());
        let same = |key: &String| Some((key.clone(), key.replace(newer, older)));
        let older = others().filter(|(key, _)| key.contains(newer)).filter_map(|(key, _)| same(key));
        let older = older.filter(|(_, older)| listing.contains_key(older)).collect();
        Self { main, log, small, older }
    }
}

/// What an object of the log is named by: PostgreSQL's 24 hexadecimal digits, or a binary log's name and number.
fn segment(key: &str) -> Option<&str> {
    let name = key.rsplit('/').next().unwrap_or(key);
    let is_wal = |digits: &&str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let wal = name.split_at_checked(24).map(|(digits, _)| digits).filter(is_wal);
    let is_number = |number: &str| number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit());
    let binlog = || name.rsplit_once('.').filter(|(_, number)| is_number(number)).map(|_| name);
    wal.or_else(binlog)
}

/// Whether it is a segment, and no label.
fn is_log(key: &str) -> bool {
    segment(key).is_some() && !key.contains(".backup")
}

/// A change to one object of the copy.
#[derive(Clone, Debug)]
pub enum Edit {
    /// Its bytes become what this makes of them.
    Change(String, fn(Vec<u8>) -> Vec<u8>),
    /// It is gone.
    Remove(String),
    /// It holds what another one held before any change.
    Replace(String, String),
}

impl Edit {
    /// The object that it changes.
    pub fn key(&self) -> &str {
        match self {
            Self::Change(key, _) | Self::Remove(key) | Self::Replace(key, _) => key,
        }
    }
}

/// The objects that are changed, each once.
pub fn touched(edits: &[Edit]) -> Vec<String> {
    let mut keys: Vec<String> = edits.iter().map(|edit| edit.key().to_owned()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// A kind of damage.
#[derive(Clone, Copy, Debug)]
pub struct Damage {
    /// Its name.
    pub id: &'static str,
    /// What is done, in one sentence.
    pub what: &'static str,
    /// The changes; none: the backup has no such part.
    pub edits: fn(&Artifacts) -> Vec<Edit>,
}

/// Every kind of damage to a copy.
pub const DAMAGES: &[Damage] = &[
    Damage {
        id: "cut-to-a-quarter",
        what: "the largest object cut to a quarter",
        edits: |of| main(of, |b| cut(b, 4, 1)),
    },
    Damage { id: "cut-to-a-half", what: "the largest object cut to a half", edits: |of| main(of, |b| cut(b, 2, 1)) },
    Damage {
        id: "cut-at-the-end",
        what: "the largest object without its last kilobyte",
        edits: |of| main(of, cut_end),
    },
    Damage { id: "emptied", what: "the largest object empty", edits: |of| main(of, |_| Vec::new()) },
    Damage {
        id: "gone",
        what: "the largest object gone",
        edits: |of| of.main.iter().cloned().map(Edit::Remove).collect(),
    },
    Damage {
        id: "bit-in-the-head",
        what: "one bit changed at the head of the largest object",
        edits: |of| main(of, |b| flip(b, 0)),
    },
    Damage {
        id: "bit-in-the-middle",
        what: "one bit changed in the middle of the largest object",
        edits: |of| main(of, |b| flip(b, 50)),
    },
    Damage {
        id: "bit-in-the-tail",
        what: "one bit changed at the tail of the largest object",
        edits: |of| main(of, |b| flip(b, 100)),
    },
    Damage {
        id: "small-gone",
        what: "the smallest object gone",
        edits: |of| of.small.iter().cloned().map(Edit::Remove).collect(),
    },
    Damage {
        id: "small-emptied",
        what: "the smallest object empty",
        edits: |of| of.small.iter().map(|key| Edit::Change(key.clone(), |_| Vec::new())).collect(),
    },
    Damage {
        id: "log-gone",
        what: "a log segment gone",
        edits: |of| needed(of, 1).into_iter().map(Edit::Remove).collect(),
    },
    Damage {
        id: "log-bit",
        what: "one bit changed in a log segment",
        edits: |of| needed(of, 1).into_iter().map(|key| Edit::Change(key, |b| flip(b, 10))).collect(),
    },
    Damage {
        id: "log-older",
        what: "a log segment with the content of the one before it",
        edits: |of| match (needed(of, 1), needed(of, 0)) {
            (Some(key), Some(before)) => vec![Edit::Replace(key, before)],
            _ => Vec::new(),
        },
    },
    Damage {
        id: "log-swapped",
        what: "two log segments in each other's place",
        edits: |of| match (needed(of, 1), needed(of, 0)) {
            (Some(key), Some(before)) => vec![Edit::Replace(key.clone(), before.clone()), Edit::Replace(before, key)],
            _ => Vec::new(),
        },
    },
    Damage {
        id: "stale-object",
        what: "the largest object as the backup before had it",
        edits: |of| {
            let main = of.main.iter().filter_map(|key| of.older.get_key_value(key));
            main.map(|(key, older)| Edit::Replace(key.clone(), older.clone())).collect()
        },
    },
    Damage {
        id: "stale-backup",
        what: "the backup before, served as this one",
        edits: |of| {
            if of.older.len() < 2 {
                // With one object it would be the same as the stale object.
                return Vec::new();
            }
            of.older.iter().map(|(key, older)| Edit::Replace(key.clone(), older.clone())).collect()
        },
    },
];

fn main(of: &Artifacts, change: fn(Vec<u8>) -> Vec<u8>) -> Vec<Edit> {
    of.main.iter().map(|key| Edit::Change(key.clone(), change)).collect()
}

/// A log segment that this backup needs, counted from where it begins.
fn needed(of: &Artifacts, number: usize) -> Option<String> {
    of.log.get(number).cloned()
}

fn cut(mut bytes: Vec<u8>, of: usize, parts: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() / of * parts);
    bytes
}

fn cut_end(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len().saturating_sub(1024));
    bytes
}

/// One bit, so many hundredths into the object.
fn flip(mut bytes: Vec<u8>, hundredths: usize) -> Vec<u8> {
    let at = (bytes.len() / 100 * hundredths + 20).min(bytes.len().saturating_sub(20));
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 0x10;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(keys: &[(&str, u64)]) -> Listing {
        keys.iter().map(|(key, size)| ((*key).to_owned(), (String::new(), *size))).collect()
    }

    fn names(of: &Artifacts) -> Vec<&'static str> {
        DAMAGES.iter().filter(|damage| !(damage.edits)(of).is_empty()).map(|damage| damage.id).collect()
    }

    #[test]
    fn damage_is_chosen_by_what_a_backup_is_made_of() {
        let log = |number: u32| format!("p/wals/0000000100000000/0000000100000000000000{number:02X}");
        let segments: Vec<String> = (1..=4).map(log).collect();
        let mut keys =
            vec![("p/base/T2/data.tar", 9_000), ("p/base/T2/backup.info", 10), ("p/base/T1/data.tar", 9_900)];
        keys.extend([("p/base/T1/backup.info", 10)]);
        keys.extend(segments.iter().map(|segment| (segment.as_str(), 100)));
        let label = format!("{}.00000028.backup", log(2));
        keys.push((&label, 1));
        let physical = Artifacts::of(&listing(&keys), "T1", "T2");
        assert_eq!(physical.main.as_deref(), Some("p/base/T2/data.tar"));
        assert_eq!(physical.small.as_deref(), Some("p/base/T2/backup.info"));
        assert_eq!(physical.log, segments[1..], "what the backup does not need is left alone");
        assert_eq!(names(&physical).len(), DAMAGES.len());
        let touched = |id| touched(&(DAMAGES.iter().find(|damage| damage.id == id).unwrap().edits)(&physical));
        assert_eq!(touched("bit-in-the-middle"), ["p/base/T2/data.tar"]);
        assert_eq!(touched("log-older"), segments[2..3], "what it is overwritten with is not touched");
        assert_eq!(touched("log-swapped"), segments[1..3]);
        assert_eq!(touched("stale-backup"), ["p/base/T2/backup.info", "p/base/T2/data.tar"]);
        let logical = [
            ("p/dumps/T2/data.sql.gz", 9_000),
            ("p/dumps/T2/users.sql.gz", 10),
            ("p/log/binlog.000001", 99_000),
            ("p/log/binlog.000002", 90),
        ];
        let logical = Artifacts::of(&listing(&logical), "", "T2");
        assert_eq!(logical.main.as_deref(), Some("p/dumps/T2/data.sql.gz"));
        assert_eq!(logical.log, ["p/log/binlog.000001", "p/log/binlog.000002"]);
        let copied = [
            ("p/copies/T2/copy.tar.gz", 9_000),
            ("p/copies/T2/manifest.json", 10),
            ("p/copies/T1/copy.tar.gz", 9_100),
            ("p/copies/T1/manifest.json", 10),
            ("p/log/binlog.000001", 99_000),
            ("p/log/binlog.000002", 90),
        ];
        let copied = Artifacts::of(&listing(&copied), "T1", "T2");
        assert_eq!(copied.main.as_deref(), Some("p/copies/T2/copy.tar.gz"));
        assert_eq!(copied.small.as_deref(), Some("p/copies/T2/manifest.json"));
        assert_eq!(names(&copied).len(), DAMAGES.len());
        let dump = Artifacts::of(&listing(&[("d/T1.dump", 5), ("d/T2.dump", 4)]), "T1", "T2");
        assert_eq!(dump.main.as_deref(), Some("d/T2.dump"));
        assert!(names(&dump).contains(&"stale-object") && !names(&dump).iter().any(|id| id.starts_with("log")));
    }

    #[test]
    fn every_change_changes_something() {
        let before: Vec<u8> = (0..100_000_u32).map(|byte| (byte % 251) as u8 + 1).collect();
        let of = Artifacts { main: Some("m".into()), log: Vec::new(), small: Some("s".into()), older: BTreeMap::new() };
        let mut seen = std::collections::BTreeSet::new();
        for damage in DAMAGES {
            for edit in (damage.edits)(&of) {
                if let Edit::Change(_, change) = edit {
                    let after = change(before.clone());
                    assert_ne!(after, before, "{}", damage.id);
                    assert!(seen.insert((damage.id.starts_with("small"), after)), "{} is another's", damage.id);
                }
            }
        }
    }
}
