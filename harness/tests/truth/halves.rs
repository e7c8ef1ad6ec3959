//! A table that is read by two sessions, half each, is read as by one.

use std::path::Path;

use blackstart::engine::fields::Malformed;
use blackstart::examine::rows::{LARGE, observe};
use blackstart::examine::snapshot::Snapshot;
use blackstart::workload::{KeyRange, Settings, TableSpec};
use blackstart_record::rows::{Cursor, Row};

use crate::engine::{Engine, break_in, copy, of_each_engine};
use crate::world::{DATABASE, World};

of_each_engine!(both_halves_of_a_large_table_are_the_table);

/// Every row, table by table, as one session reads it.
async fn at_once(snapshot: &Snapshot, tables: &[TableSpec]) -> Vec<Vec<Row>> {
    let mut all = Vec::new();
    for table in tables {
        let mut rows = Vec::new();
        let keep = |fields: &[u8]| {
            rows.push(table.row(fields)?);
            Ok::<_, Malformed>(())
        };
        snapshot.client().read(&table.select(&KeyRange::All), &table.kinds(), keep).await.unwrap();
        all.push(rows);
    }
    all
}

fn written(path: &Path) -> Vec<Vec<Row>> {
    let (mut cursor, mut tables) = (Cursor::open(path).unwrap(), Vec::new());
    while cursor.next_table().unwrap().is_some() {
        let mut rows = Vec::new();
        while let Some(row) = cursor.next_row().unwrap() {
            rows.push(row);
        }
        tables.push(rows);
    }
    tables
}

async fn both_halves_of_a_large_table_are_the_table(engine: &'static Engine) {
    let scratch = tempfile::tempdir().unwrap();
    let settings = Settings { rows: 150_000, ..Settings::default() };
    let World { server, .. } = &World::start(engine, 4, &settings, &scratch.path().join("initial.rows")).await;
    let (snapshot, tables) = (Snapshot::take(server, DATABASE).await.unwrap(), engine.domain().tables());
    let mut large: Vec<&TableSpec> = Vec::new();
    for table in tables {
        let middle = engine.kind.dialect().middle(table.name, table.first_key(), LARGE);
        large.extend(snapshot.client().value(&middle).await.unwrap().map(|_| table));
    }
    assert!(!large.is_empty(), "no table is large enough to be read in halves");
    let path = scratch.path().join("healthy.rows");
    let seen = observe(&snapshot, engine.domain(), None, &path).await.unwrap();
    let all = at_once(&snapshot, tables).await;
    assert_eq!(seen.unreadable.len(), 0);
    assert_eq!(seen.read.values().sum::<u64>(), all.iter().map(|rows| rows.len() as u64).sum::<u64>());
    assert!(written(&path) == all, "the same rows in the same order");
    drop(snapshot);

    // A row that cannot be read, first in one half and then in the other.
    let table = large[0];
    let (name, key, op) = (table.name, table.first_key(), table.columns[table.op_column].name);
    for (half, order) in [("first_half", "ASC"), ("second_half", "DESC")] {
        copy(server, DATABASE, half).await.unwrap();
        let row = format!("(SELECT {key} FROM {name} ORDER BY {key} {order} LIMIT 1)");
        break_in(server, half, &format!("UPDATE {name} SET {op} = -1 WHERE {key} = {row}")).await.unwrap();
        let snapshot = Snapshot::take(server, half).await.unwrap();
        let seen = observe(&snapshot, engine.domain(), None, &scratch.path().join(half)).await.unwrap();
        assert_eq!(seen.unreadable.keys().map(String::as_str).collect::<Vec<_>>(), [name], "{half}");
        for (other, rows) in tables.iter().zip(&all).filter(|(other, _)| other.name != name) {
            assert_eq!(seen.read[other.name], rows.len() as u64, "{half}: {}", other.name);
        }
    }
}
