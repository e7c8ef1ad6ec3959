//! Whole comparisons over files: planted damage in exact numbers, and files that lie.

use std::sync::LazyLock;

use blackstart_record::ledger::{Completion, LedgerEntry};
use blackstart_record::record::Folder;
use blackstart_record::rows::{Key, Row};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::DifferenceKind::{self, *};

use super::testing::{Data, cut, row};
use super::{Comparison, Declared, FIRST, OracleError, compare};

const ACKED: Option<Completion> = Some(Completion::Acknowledged);

/// 3000 rows loaded into two tables, 3000 owed updates, inserts and deletions, and 1000 writes after R.
fn healthy() -> Data {
    static HEALTHY: LazyLock<Data> = LazyLock::new(build_healthy);
    HEALTHY.clone()
}

fn build_healthy() -> Data {
    let mut data = Data::new(2, cut(100_000, 100_010)).loaded(0, 0..3000).loaded(1, 0..3000);
    for op in 1..=3000_u64 {
        let (at, key) = (op * 10, u128::from(op - 1));
        let effects = match op % 3 {
            0 => [(0, key, true), (1, key, true)],
            1 => [(0, key + 10_000, true), (1, key + 10_000, true)],
            _ => [(0, key, false), (1, key, true)],
        };
        data.operation(op, 0, (at, at + 5), ACKED, &effects);
        for (table, key, live) in effects {
            if live {
                data.restore(row(op, table, key));
            } else {
                data.restored.retain(|(t, row)| *t != table || row.key != Key(key));
            }
        }
    }
    for op in 3001..=4000_u64 {
        let at = 200_000 + op;
        data.operation(op, 0, (at, at + 5), ACKED, &[(0, u128::from(op) + 20_000, true)]);
    }
    data
}

fn kinds(found: &Comparison) -> Vec<(DifferenceKind, u64)> {
    found.differences.iter().map(|found| (found.kind, found.count)).collect()
}

#[test]
fn a_healthy_copy_raises_nothing_and_counts_its_tail() {
    let data = healthy();
    for found in data.compare_both_ways() {
        assert_eq!(kinds(&found), []);
        assert_eq!((found.tail.operations, found.tail.rows), (1000, 1000));
        assert_eq!((found.holes.operations, found.holes.rows), (0, 0));
        assert_eq!(found.first_gone(), Some(Nanos(203_006)));
        assert_eq!(found.last_acknowledged, Some(Nanos(204_005)));
        assert_eq!(found.newest_recovered, Some(Nanos(30_005)));
        assert_eq!(found.acknowledged, 4000);
        assert_eq!((found.owed(), found.read()), (7000, 7000));
    }
}

/// Planted damage of `k` rows of table 0, and how it must show: kind, holes in operations and rows, tail operations.
fn plant(kind: DifferenceKind, k: usize) -> (Data, (u64, u64)) {
    let mut data = healthy();
    let deleted: Vec<u128> = (1..=3000_u128).filter(|op| op % 3 == 2).map(|op| op - 1).take(k).collect();
    let updated: Vec<u128> = (1..=3000_u128).filter(|op| op % 3 == 0).map(|op| op - 1).take(k).collect();
    let holes = match kind {
        Missing => {
            data.restored.retain(|(table, row)| *table != 0 || !updated.contains(&row.key.0));
            k as u64
        }
        Changed => {
            let hit = |(table, row): &&mut (u8, Row)| *table == 0 && updated.contains(&row.key.0);
            data.restored.iter_mut().filter(hit).for_each(|(_, row)| row.digest ^= 1);
            k as u64
        }
        Stale => {
            updated.iter().for_each(|key| data.restore(row(0, 0, *key)));
            k as u64
        }
        Duplicate => {
            let again: Vec<_> = data
                .restored
                .iter()
                .filter(|(table, row)| *table == 0 && updated.contains(&row.key.0))
                .copied()
                .collect();
            data.restored.extend(again);
            0
        }
        Resurrected => {
            data.restored.extend(deleted.iter().map(|key| row(0, 0, *key)));
            0
        }
        AfterCut => {
            data.restored.extend((3001..3001 + k as u64).map(|op| row(op, 0, u128::from(op) + 20_000)));
            0
        }
        Unexplained => {
            data.restored.extend((0..k as u64).map(|key| row(77_777, 0, u128::from(key) + 50_000)));
            0
        }
        RolledBack => {
            for index in 0..k as u64 {
                let (op, key) = (10_000 + index, u128::from(index) + 60_000);
                data.operation(op, 0, (90_000, 90_001), Some(Completion::Failed), &[(0, key, true)]);
                data.restored.push(row(op, 0, key));
            }
            0
        }
        Torn => {
            for index in 0..k as u64 {
                let (op, key) = (10_000 + index, u128::from(index) + 70_000);
                data.operation(op, 0, (99_999, 100_005), Some(Completion::Unknown), &[(0, key, true), (1, key, true)]);
                data.restored.push(row(op, 1, key));
            }
            0
        }
    };
    (data, (holes, holes))
}

#[test]
fn k_planted_differences_are_k_of_the_right_kind_and_of_no_other() {
    for kind in [Missing, Changed, Stale, Duplicate, Resurrected, RolledBack, AfterCut, Unexplained, Torn] {
        for k in [1, 7, 1000] {
            let (data, holes) = plant(kind, k);
            for found in data.compare_both_ways() {
                assert_eq!(found.kinds(), [("app.t0".to_owned(), kind, k as u64)], "{k} {kind:?}");
                assert_eq!((found.holes.operations, found.holes.rows), holes, "{k} {kind:?}");
                assert_eq!((found.tail.operations, found.tail.rows), (1000, 1000), "{k} {kind:?}: never tail");
                assert_eq!(found.torn, if kind == Torn { k as u64 } else { 0 });
                let first = &found.differences[0].first;
                assert_eq!(first.len(), k.min(FIRST));
                assert!(first.is_sorted_by_key(|row| row.key), "the first keys are in key order");
            }
        }
    }
}

#[test]
fn an_operation_of_which_several_rows_are_gone_is_one_hole_however_little_memory_there_is() {
    let mut data = Data::new(1, cut(100_000, 100_010));
    for op in 1..=100 {
        // Far apart, so that sorting has to bring them together.
        let effects = [(0, u128::from(op), true), (0, u128::from(op) + 1_000, true)];
        data.operation(op, 0, (op * 10, op * 10 + 5), ACKED, &effects);
    }
    for found in data.compare_both_ways() {
        assert_eq!((found.holes.operations, found.holes.rows), (100, 200));
    }
}

#[test]
fn a_table_that_is_not_there_owes_all_its_rows() {
    let mut data = healthy();
    data.absent.push(1);
    data.restored.retain(|(table, _)| *table == 0);
    let found = data.compare();
    assert_eq!(found.kinds(), [("app.t1".to_owned(), Missing, 4000)]);
    assert_eq!(found.tables[1].read, None);
    assert_eq!(found.holes.first, Some(data.loaded_at), "rows of the load are gone too");
    assert_eq!(found.holes.rows, 4000);
    // 1000 of the loaded rows were never written; 3000 operations wrote to this table.
    assert_eq!(found.holes.operations, 4000);
}

#[test]
fn an_expendable_table_is_neither_owed_nor_looked_at_nor_tail() {
    let mut data = healthy();
    data.expendable.push("app.t0".into());
    data.restored.retain(|(table, _)| *table == 1);
    let found = data.compare();
    assert_eq!(kinds(&found), []);
    assert_eq!(found.tail.operations, 0, "operations after R wrote only there");
    assert!(found.tables[0].expendable && found.tables[0].owed == 0);
}

/// Each of the deletions of app.t0, before R, across it and after it, and what is restored in spite of it.
#[test]
fn an_erasure_holds_wherever_the_recovery_point_lies_and_an_ordinary_deletion_does_not() {
    let mut data = Data::new(2, cut(1000, 1010)).loaded(0, 0..8).loaded(1, 0..8);
    for (op, (invoked, completed)) in [(1, (10, 20)), (2, (1005, 1015)), (3, (2000, 2010))] {
        let deleted = [(0, u128::from(op), false), (1, u128::from(op), false)];
        data.operation(op, 0, (invoked, completed), ACKED, &deleted);
    }
    data.operation(4, 0, (2020, 2030), ACKED, &[(0, 4, false)]);
    data.operation(5, 0, (2040, 2050), ACKED, &[(0, 9, true), (0, 9, false)]);
    let found = data.compare();
    assert_eq!(kinds(&found), [(Resurrected, 1), (Resurrected, 1)], "only what was deleted before R is owed gone");
    assert_eq!((found.tail.operations, found.holes.operations), (4, 0));
    data.erasures.push("app.t0".into());
    for found in data.compare_both_ways() {
        assert_eq!(kinds(&found), [(Resurrected, 4), (Resurrected, 1)], "four erased rows of app.t0 are back");
        assert_eq!(found.tail.operations, 2, "an operation that does nothing but erase is not tail");
    }
    data.restored.retain(|(table, row)| *table == 1 || !(1..=4).contains(&row.key.0));
    let found = data.compare();
    assert_eq!(kinds(&found), [(Resurrected, 1)]);
    assert_eq!(found.holes.operations, 0, "what was erased after R is not owed");
    assert_eq!(found.newest_recovered, Some(Nanos(20)), "an erasure after R is not a write that was recovered");
}

#[test]
fn the_first_differing_rows_are_wanted_with_the_operation_that_is_owed() {
    let (mut data, _) = plant(Missing, 1);
    data.restored.push(row(3001, 0, 23_001));
    let found = data.compare();
    let wanted: Vec<_> = found.wanted().iter().map(|row| (row.table, row.key.0, row.expected)).collect();
    assert_eq!(wanted, [("app.t0", 2, Some(3)), ("app.t0", 23_001, None)]);
}

#[test]
fn a_stray_row_is_told_by_the_fate_of_its_operation() {
    let mut data = Data::new(1, cut(1000, 1010)).loaded(0, 0..3);
    data.operation(1, 0, (10, 20), Some(Completion::Failed), &[]);
    data.operation(2, 0, (2000, 2010), ACKED, &[]);
    data.operation(3, 0, (30, 40), ACKED, &[]);
    data.operation(4, 1, (5000, 5010), ACKED, &[]);
    for op in 1..=5 {
        data.restored.push(row(op, 0, 100 + u128::from(op)));
    }
    for found in data.compare_both_ways() {
        assert_eq!(kinds(&found), [(RolledBack, 1), (AfterCut, 2), (Unexplained, 2)]);
    }
}

#[test]
fn an_operation_without_an_end_may_have_written_anything_before_the_cut() {
    let mut data = Data::new(1, cut(1000, 1010)).loaded(0, 0..3);
    data.operation(1, 0, (900, 0), None, &[]);
    data.operation(2, 0, (1011, 0), None, &[]);
    data.operation(3, 1, (5000, 0), None, &[]);
    data.restored.extend([row(1, 0, 50), row(2, 0, 51), row(3, 0, 52)]);
    let found = data.compare();
    assert_eq!(kinds(&found), [(AfterCut, 2)]);
    assert_eq!((found.open, found.unverifiable), (1, 1));
}

#[test]
fn an_operation_whose_end_no_client_saw_is_counted_where_it_may_be_there() {
    let mut data = Data::new(1, cut(1000, 1010)).loaded(0, 0..3);
    for (op, epoch, times, completion) in [
        (1, 0, (900, 910), Completion::Unknown),
        (2, 0, (1010, 1020), Completion::Unknown),
        (3, 0, (1011, 1020), Completion::Unknown),
        (4, 1, (5000, 5010), Completion::Unknown),
        (5, 0, (800, 810), Completion::Failed),
    ] {
        data.operation(op, epoch, times, Some(completion), &[(0, u128::from(op) + 10, true)]);
    }
    for found in data.compare_both_ways() {
        assert_eq!(found.unknown, 2);
    }
}

#[test]
fn a_torn_ledger_says_how_much_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::new(directory.path());
    let data = healthy();
    data.write(&folder);
    let bytes = std::fs::read(folder.ledger()).unwrap();
    std::fs::write(folder.ledger(), &bytes[..bytes.len() - 3]).unwrap();
    let found = compare(&folder, &data.tables, &data.cut, data.loaded_at, Declared::default()).unwrap();
    assert!(found.ledger_torn_bytes > 0);
    std::fs::write(folder.restored_rows(), b"BSROWS01").unwrap();
    let error = compare(&folder, &data.tables, &data.cut, data.loaded_at, Declared::default()).unwrap_err();
    assert!(matches!(error, OracleError::Rows { file: "restored.rows", .. }), "{error}");
}

#[test]
fn files_that_contradict_each_other_are_an_error_and_never_a_result() {
    type Break = fn(&mut Data);
    let broken: [(&str, Break); 8] = [
        ("an end without a beginning", |data| drop(data.ledger.remove(0))),
        ("a second beginning", |data| data.ledger.insert(1, data.ledger[0].clone())),
        ("operation 0", |data| data.ledger.push(LedgerEntry::Invoked { op: 0, client: 0, epoch: 0, at: Nanos(1) })),
        ("an end before its beginning", |data| data.operation(9999, 0, (50, 40), ACKED, &[])),
        ("an unknown table", |data| data.operation(9999, 0, (50, 60), ACKED, &[(9, 1, true)])),
        ("a row loaded by an operation", |data| data.initial[0].1.op = 4),
        ("a row loaded twice", |data| data.initial.push(data.initial[0])),
        ("a cut that ends before it begins", |data| data.cut = cut(20, 10)),
    ];
    for (name, breaks) in broken {
        let mut data = healthy();
        breaks(&mut data);
        let error = data.try_compare().unwrap_err();
        assert!(matches!(error, OracleError::Contract(_) | OracleError::Cut(_)), "{name}: {error}");
    }
}

#[test]
fn a_table_that_the_record_does_not_know_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::new(directory.path());
    let data = healthy();
    data.write(&folder);
    let mut reversed = data.tables.clone();
    reversed.reverse();
    let some = &data.tables[..1];
    for tables in [&reversed[..], some] {
        assert!(matches!(
            compare(&folder, tables, &data.cut, data.loaded_at, Declared::default()),
            Err(OracleError::Contract(_))
        ));
    }
}

#[test]
fn too_many_operations_in_flight_are_refused_rather_than_held() {
    let mut data = Data::new(1, cut(1000, 1010));
    for op in 1..=1001 {
        data.operation(op, 0, (op, 0), None, &[]);
    }
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::new(directory.path());
    data.write(&folder);
    let error = super::compare::compare_within(
        super::testing::TINY,
        &folder,
        &data.tables,
        &data.cut,
        Nanos(1),
        Declared::default(),
    );
    assert!(matches!(error, Err(OracleError::Contract(_))));
}

/// Ten million operations on a million rows, in 2 GB of temporary files. The peak is that of the whole process, so
/// nothing may run beside it.
#[test]
#[ignore = "run alone, by name, with --ignored"]
fn ten_million_operations_fit_into_128_mib() {
    const OPERATIONS: u64 = 10_000_000;
    const KEYS: u64 = 1_000_000;
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::new(directory.path());
    let data = Data::new(1, cut(u64::MAX - 1, u64::MAX));
    let mut ledger = blackstart_record::ledger::Writer::create(&folder.ledger()).unwrap();
    for first in (1..=OPERATIONS).step_by(1000) {
        let entries: Vec<LedgerEntry> = (first..first + 1000)
            .flat_map(|op| {
                // Keys in no order, each written ten times.
                let key = Key(u128::from(op.wrapping_mul(7_919) % KEYS));
                let effect = blackstart_record::ledger::Effect { table: 0, key, digest: Some(op) };
                let completion = Completion::Acknowledged;
                [
                    LedgerEntry::Invoked { op, client: 0, epoch: 0, at: Nanos(op * 10) },
                    LedgerEntry::Completed { op, at: Nanos(op * 10 + 5), completion, effects: vec![effect] },
                ]
            })
            .collect();
        ledger.append(&entries).unwrap();
    }
    let mut last = vec![0; KEYS as usize];
    (1..=OPERATIONS).for_each(|op| last[(op.wrapping_mul(7_919) % KEYS) as usize] = op);
    for (path, filled) in [(folder.initial_rows(), false), (folder.restored_rows(), true)] {
        let mut rows = blackstart_record::rows::Writer::create(&path).unwrap();
        rows.table(&data.tables[0]).unwrap();
        for (key, op) in last.iter().enumerate().filter(|_| filled) {
            rows.row(Row { key: Key(key as u128), op: *op, digest: *op }).unwrap();
        }
        rows.finish().unwrap();
    }
    drop(last);
    let found = compare(&folder, &data.tables, &data.cut, Nanos(1), Declared::default()).unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap();
    println!("figure: memory at the peak, 10 million operations on a million rows: {} MiB", peak / 1024);
    assert_eq!((found.kinds(), found.owed()), (vec![], KEYS));
    assert!(peak < 128 * 1024, "the peak was {peak} kB");
}
