//! One row in a million: lost, changed, duplicated, back, or from after R.

use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use blackstart_record::ledger::{Completion, Writer};
use blackstart_record::record::Folder;
use blackstart_record::rows::{self, Key, Row};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::DifferenceKind::{self, *};

use super::generated::Dice;
use super::testing::{Data, cut, row, scratch};
use super::{Declared, compare};

/// Loaded rows: the first of them are deleted, and as many of those after them overwritten, before R.
const ROWS: u64 = 1_000_000;
const DELETED: Range<u64> = 0..1_000;
const OVERWRITTEN: Range<u64> = 1_000..2_000;
/// Rows that were written after R.
const LATER: Range<u64> = ROWS..ROWS + 1_000;

const KINDS: [DifferenceKind; 5] = [Missing, Changed, Duplicate, Resurrected, AfterCut];

/// The operation that wrote, or deleted, a row of these ranges.
fn op(key: u64) -> u64 {
    if LATER.contains(&key) { key - LATER.start + OVERWRITTEN.end + 1 } else { key + 1 }
}

fn ledger(path: &Path) -> Data {
    let mut data = Data::new(1, cut(1_000_000, 1_000_010));
    for key in DELETED.chain(OVERWRITTEN).chain(LATER) {
        let at = if LATER.contains(&key) { 2_000_000 } else { 0 } + op(key) * 10;
        let acknowledged = Some(Completion::Acknowledged);
        data.operation(op(key), 0, (at, at + 5), acknowledged, &[(0, u128::from(key), !DELETED.contains(&key))]);
    }
    Writer::create(path).unwrap().append(&data.ledger).unwrap();
    data
}

/// The row as it is at R.
fn owed(key: u64) -> Row {
    row(if OVERWRITTEN.contains(&key) { op(key) } else { 0 }, 0, u128::from(key)).1
}

/// Writes a million rows, of which the one under `key` has this wrong with it.
fn write(path: &Path, data: &Data, keys: Range<u64>, wrong: Option<(DifferenceKind, u64)>) {
    let _ = std::fs::remove_file(path);
    let mut writer = rows::Writer::create(path).unwrap();
    writer.table(&data.tables[0]).unwrap();
    for key in keys {
        let row = owed(key);
        match wrong.filter(|(_, at)| *at == key).map(|(kind, _)| kind) {
            Some(Missing) => {}
            Some(Changed) => writer.row(Row { digest: row.digest ^ 1, ..row }).unwrap(),
            Some(Duplicate) => (0..2).for_each(|_| writer.row(row).unwrap()),
            Some(AfterCut) => writer.row(self::row(op(key), 0, u128::from(key)).1).unwrap(),
            Some(Resurrected) => writer.row(row).unwrap(),
            _ if DELETED.contains(&key) || LATER.contains(&key) => {}
            _ => writer.row(row).unwrap(),
        }
    }
    writer.finish().unwrap();
}

/// Each kind once, after a healthy million; a hundred times where `BLACKSTART_FULL=1` asks for what is too long for every day.
#[test]
fn one_row_in_a_million_is_found_and_called_what_it_is() {
    let times = if std::env::var("BLACKSTART_FULL").is_ok_and(|value| value == "1") { 100 } else { 1 };
    let directory = scratch();
    let folder = Folder::new(directory.path());
    let data = ledger(&folder.ledger());
    let mut initial = rows::Writer::create(&folder.initial_rows()).unwrap();
    initial.table(&data.tables[0]).unwrap();
    (0..ROWS).for_each(|key| initial.row(row(0, 0, u128::from(key)).1).unwrap());
    initial.finish().unwrap();
    write(&folder.restored_rows(), &data, 0..LATER.end, None);
    let healthy = compare(&folder, &data.tables, &data.cut, Nanos(1), Declared::default()).unwrap();
    assert_eq!(healthy.kinds(), []);
    let mut dice = Dice(5);
    let (mut seconds, mut found) = (0.0, 0);
    for kind in KINDS.iter().cycle().take(KINDS.len() * times) {
        let among = match kind {
            Resurrected => DELETED,
            AfterCut => LATER,
            _ => OVERWRITTEN.start..ROWS,
        };
        let key = among.start + dice.roll(among.end - among.start);
        write(&folder.restored_rows(), &data, 0..LATER.end, Some((*kind, key)));
        let began = Instant::now();
        let compared = compare(&folder, &data.tables, &data.cut, Nanos(1), Declared::default()).unwrap();
        seconds += began.elapsed().as_secs_f64();
        assert_eq!(compared.kinds(), [("app.t0".to_owned(), *kind, 1)], "{kind:?} at {key}");
        assert_eq!(compared.differences[0].first[0].key, Key(u128::from(key)), "{kind:?}");
        found += 1;
        let holes = u64::from(matches!(kind, Missing | Changed));
        assert_eq!((compared.holes.rows, compared.tail.operations), (holes, LATER.end - LATER.start), "{kind:?}");
    }
    let speed = ROWS as f64 * f64::from(found) / seconds / 1e6;
    println!("figure: one wrong row of a million, found of tried: {found} of {}", KINDS.len() * times);
    println!("figure: rows compared: {speed:.2} M/s");
}
