//! Files that were cut off or damaged: a reader says so, and never tells of anything that was not written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

#[path = "../../../fuzz/bodies/file.rs"]
mod file;
#[path = "../../../fuzz/bodies/framed.rs"]
mod framed;
#[path = "../../../fuzz/bodies/history.rs"]
mod history;
#[path = "../../../fuzz/bodies/ledger.rs"]
mod ledger;
#[path = "../../../fuzz/bodies/mutate.rs"]
mod mutate;
#[path = "../../../fuzz/bodies/rows.rs"]
mod rows;
#[path = "../../../fuzz/bodies/scratch.rs"]
mod scratch;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use blackstart_record::event::{Cut, Entry, Event, ProbeOutcome, Stream};
use blackstart_record::history::ReadError;
use blackstart_record::ledger::{Completion, Effect, LedgerEntry};
use blackstart_record::observation::Observation;
use blackstart_record::record::{Folder, LoadError, Record};
use blackstart_record::rows::{Key, KeyKind, Row, Table};
use blackstart_record::time::Nanos;
use proptest::prelude::*;

/// Cases by default; ten times as many where `BLACKSTART_FULL=1` asks for what is too long for every day.
fn cases(default: u32) -> u32 {
    if std::env::var("BLACKSTART_FULL").is_ok_and(|full| full == "1") { default * 10 } else { default }
}

/// A place in a file, as a share of its length.
fn place(share: u32, length: usize) -> usize {
    (u64::from(share) * length as u64 / (u64::from(u32::MAX) + 1)) as usize
}

/// The bytes of a file that `write` makes, and where each of `items` ends in it.
fn written<T>(items: &[T], mut write: impl FnMut(&Path, &T)) -> (Vec<u8>, Vec<usize>) {
    let folder = scratch::folder();
    let path = folder.path().join("file");
    let mut ends = Vec::new();
    for item in items {
        write(&path, item);
        ends.push(std::fs::metadata(&path).unwrap().len() as usize);
    }
    (std::fs::read(&path).unwrap_or_default(), ends)
}

/// The item in which a byte lies; as many as there are where it lies before the first or after the last.
fn hit(ends: &[usize], begins: usize, at: usize) -> Range<usize> {
    let item = ends.iter().filter(|end| **end <= at).count();
    if at < begins { 0..0 } else { item..item + 1 }
}

fn effect() -> impl Strategy<Value = Effect> {
    (0..4_u8, any::<u128>(), any::<Option<u64>>()).prop_map(|(table, key, digest)| Effect {
        table,
        key: Key(key),
        digest,
    })
}

fn ledger_entry() -> impl Strategy<Value = LedgerEntry> {
    let completion = prop::sample::select(vec![Completion::Acknowledged, Completion::Failed, Completion::Unknown]);
    let completed = (any::<u64>(), any::<u64>(), completion, prop::collection::vec(effect(), 0..5))
        .prop_map(|(op, at, completion, effects)| LedgerEntry::Completed { op, at: Nanos(at), completion, effects });
    let invoked = (any::<u64>(), any::<u32>(), any::<u8>(), any::<u64>())
        .prop_map(|(op, client, epoch, at)| LedgerEntry::Invoked { op, client, epoch, at: Nanos(at) });
    prop_oneof![invoked, completed]
}

fn history_entry() -> impl Strategy<Value = Entry> {
    let text = ".{0,12}";
    let probe = (any::<u64>(), any::<u32>()).prop_map(|(at, life)| {
        let (due, sent, ended) = (Nanos(at), Nanos(at), Nanos(at));
        let (login, outcome) = (life % 2 == 0, ProbeOutcome::Answered(life));
        Event::Probe { stream: Stream::Read, due, sent, ended, login, outcome }
    });
    let cut = (any::<u64>(), text)
        .prop_map(|(at, claimed_by)| Event::RecoveryPoint(Cut { earliest: Nanos(at), latest: Nanos(at), claimed_by }));
    let observed = text.prop_map(|name| Event::Observed { name });
    let event = prop_oneof![probe, cut, observed, Just(Event::Finished)];
    (any::<u64>(), text, event).prop_map(|(at, wall, event)| Entry { at: Nanos(at), wall, event })
}

fn tables() -> impl Strategy<Value = Vec<(Table, Vec<Row>)>> {
    let row = (any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(key, op, digest)| Row {
        key: Key(u128::from(key)),
        op,
        digest,
    });
    let table = ("[a-z]{1,8}", prop::collection::vec(row, 0..40)).prop_map(|(name, mut rows)| {
        rows.sort_by_key(|row| row.key);
        (Table { name, key: KeyKind::Uuid }, rows)
    });
    prop::collection::vec(table, 0..4)
}

fn ledger_file(entries: &[LedgerEntry]) -> (Vec<u8>, Vec<usize>) {
    let mut writer = None;
    written(entries, |path, entry| {
        let writer = writer.get_or_insert_with(|| blackstart_record::ledger::Writer::create(path).unwrap());
        writer.append([entry]).unwrap();
    })
}

fn history_file(entries: &[Entry]) -> (Vec<u8>, Vec<usize>) {
    let mut writer = None;
    written(entries, |path, entry| {
        let writer = writer.get_or_insert_with(|| blackstart_record::history::Writer::create(path).unwrap());
        writer.append(entry).unwrap();
    })
}

fn rows_file(tables: &[(Table, Vec<Row>)]) -> Vec<u8> {
    let folder = scratch::folder();
    let path = folder.path().join("file");
    let mut writer = blackstart_record::rows::Writer::create(&path).unwrap();
    for (table, rows) in tables {
        writer.table(table).unwrap();
        rows.iter().for_each(|row| writer.row(*row).unwrap());
    }
    writer.finish().unwrap();
    std::fs::read(path).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(1000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_ledger_cut_anywhere_loses_only_the_torn_entry(entries in prop::collection::vec(ledger_entry(), 1..20), at: u32) {
        let (bytes, ends) = ledger_file(&entries);
        let cut = place(at, bytes.len() + 1);
        let whole = ends.iter().filter(|end| **end <= cut).count();
        prop_assert_eq!(ledger::read(&bytes[..cut]), &entries[..whole]);
    }

    #[test]
    fn a_ledger_with_a_changed_byte_tells_what_lies_before_it_and_nothing_else(
        entries in prop::collection::vec(ledger_entry(), 1..20), at: u32, other in 1_u8..,
    ) {
        let (mut bytes, ends) = ledger_file(&entries);
        let at = place(at, bytes.len());
        bytes[at] ^= other;
        prop_assert_eq!(ledger::read(&bytes), &entries[..hit(&ends, 8, at).start]);
    }

    #[test]
    fn a_history_cut_anywhere_loses_only_the_torn_line(entries in prop::collection::vec(history_entry(), 1..20), at: u32) {
        let (bytes, ends) = history_file(&entries);
        let cut = place(at, bytes.len() + 1);
        history::history(&bytes[..cut]);
        let read = file::with(&bytes[..cut], blackstart_record::history::read).unwrap();
        let whole = ends.iter().filter(|end| **end <= cut).count();
        prop_assert_eq!(&read.entries, &entries[..whole]);
        prop_assert_eq!(read.torn_bytes as usize, cut - whole.checked_sub(1).map_or(0, |last| ends[last]));
    }

    /// The history has no checksum: a change inside a line can pass as another value, and reaches no other line.
    #[test]
    fn a_history_with_a_changed_byte_names_its_line_or_differs_in_that_line_alone(
        entries in prop::collection::vec(history_entry(), 1..20), at: u32, other in 1_u8..,
    ) {
        let (mut bytes, ends) = history_file(&entries);
        let (original, at) = (bytes.clone(), place(at, bytes.len()));
        bytes[at] ^= other;
        history::history(&bytes);
        let line = hit(&ends, 0, at).start;
        match file::with(&bytes, blackstart_record::history::read) {
            Err(ReadError::Damaged { line: named, .. }) => prop_assert_eq!(named, line as u64 + 1),
            Err(why) => prop_assert!(false, "{why}"),
            Ok(read) => {
                // Without its end the last line is torn.
                let torn = usize::from(read.torn_bytes > 0);
                prop_assert!(torn == 0 || at + 1 == bytes.len());
                prop_assert_eq!(read.entries.len() + torn, entries.len());
                let value = |bytes: &[u8], index: usize| -> serde_json::Value {
                    serde_json::from_slice(bytes.split(|byte| *byte == b'\n').nth(index).unwrap()).unwrap()
                };
                for (index, entry) in read.entries.iter().enumerate() {
                    let same = index != line || value(&bytes, index) == value(&original, index);
                    prop_assert_eq!(*entry == entries[index], same, "no change of a line is ignored");
                }
            }
        }
    }

    #[test]
    fn a_rows_file_that_was_cut_or_changed_is_never_whole(
        tables in tables(), at: u32, other in 0_u8.., longer in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = rows_file(&tables);
        let whole = rows::read(&bytes);
        prop_assert_eq!(&whole, &(tables, None));
        let at = place(at, bytes.len());
        let damaged = match (other, longer.is_empty()) {
            (0, true) => { bytes.truncate(at); rows::read(&bytes) }
            (0, false) => { bytes.extend(longer); rows::read(&bytes) }
            _ => { bytes[at] ^= other; rows::read(&bytes) }
        };
        prop_assert!(damaged.1.is_some(), "{damaged:?}");
        for (read, written) in damaged.0.iter().zip(&whole.0) {
            prop_assert_eq!(&read.0, &written.0);
            prop_assert_eq!(&read.1, &written.1[..read.1.len()]);
        }
        prop_assert!(damaged.0.len() <= whole.0.len());
    }

    #[test]
    fn a_record_or_observation_that_was_cut_is_malformed_and_no_change_of_its_content_is_ignored(
        file in 0..JSON.len(), at: u32, other: u8,
    ) {
        let (name, original) = JSON[file];
        let at = place(at, original.trim_ascii_end().len());
        let cut = load(name, &original[..at]);
        prop_assert!(matches!(cut, Err(LoadError::Malformed { .. })), "{cut:?}");
        let mut bytes = original.to_vec();
        bytes[at] ^= other;
        // Nothing sums these files up: a changed byte can pass as another value. A name that is not known cannot.
        if let Ok(changed) = load(name, &bytes) {
            let value = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
            let same = value(&bytes) == value(original);
            prop_assert_eq!(changed == load(name, original).unwrap(), same, "{}", String::from_utf8_lossy(&bytes));
        }
    }
}

macro_rules! files {
    ($($name:literal),* $(,)?) => { [$(($name, include_bytes!(concat!("../../../fuzz/record/", $name)).as_slice())),*] };
}

const JSON: [(&str, &[u8]); 7] = files![
    "record.json",
    "observations/canaries.json",
    "observations/identity.json",
    "observations/inventory.json",
    "observations/invariants.json",
    "observations/rows.json",
    "observations/writes.json",
];

/// What a folder with this one file holds.
fn load(name: &str, bytes: &[u8]) -> Result<(Option<Record>, BTreeMap<String, Observation>), LoadError> {
    thread_local!(static FOLDER: tempfile::TempDir = scratch::folder());
    FOLDER.with(|folder| {
        let (path, folder) = (folder.path().join(name), Folder::new(folder.path()));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let record = if path == folder.record() { Some(folder.load_record()) } else { None };
        let observations = folder.load_observations();
        std::fs::remove_file(path).unwrap();
        Ok((record.transpose()?, observations?))
    })
}

/// The bodies of the fuzz targets over files of a real shape, damaged: a bounded run of what `cargo fuzz` runs for long.
#[test]
fn mutated_files_are_read_without_a_panic_and_without_an_invention() {
    const HISTORY: &[u8] = include_bytes!("../../../fuzz/record/history.jsonl");
    const LEDGER: &[u8] = include_bytes!("../../../fuzz/record/ledger.bin");
    const ROWS: &[u8] = include_bytes!("../../../fuzz/record/restored.rows");
    for seed in 0..u64::from(cases(3000)) {
        history::history(&mutate::mutated(seed, HISTORY));
        ledger::ledger(&mutate::mutated(seed, LEDGER));
        rows::rows(&mutate::mutated(seed, ROWS));
    }
}
