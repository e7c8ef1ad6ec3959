//! A table that is read by two sessions, half each, is read as by one.

use std::path::Path;
use std::pin::pin;

use blackstart::engine::fields::Malformed;
use blackstart::engine::postgres::SUPERUSER;
use blackstart::engine::postgres::copy::{self, CopyReader};
use blackstart::examine::rows::{LARGE, observe};
use blackstart::examine::snapshot::Snapshot;
use blackstart::workload::{KeyRange, Settings, TableSpec};
use blackstart_record::rows::{Cursor, Row};
use futures_util::TryStreamExt;

use crate::ALONE;
use crate::server::{DATABASE, Server, domain};

/// Every row, table by table, as one session reads it.
async fn at_once(snapshot: &Snapshot) -> Vec<Vec<Row>> {
    let mut tables = Vec::new();
    for table in domain().tables() {
        let mut stream = pin!(
            snapshot.client().postgres().unwrap().copy_out(&copy::out(&table.select(&KeyRange::All))).await.unwrap()
        );
        let (mut reader, mut rows) = (CopyReader::new(table.columns.len()), Vec::new());
        while let Some(chunk) = stream.try_next().await.unwrap() {
            let keep = |fields: &[u8]| -> Result<(), Malformed> {
                rows.push(table.row(fields)?);
                Ok(())
            };
            reader.push(&chunk, keep).unwrap();
        }
        tables.push(rows);
    }
    tables
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

#[tokio::test(flavor = "multi_thread")]
async fn both_halves_of_a_large_table_are_the_table() {
    let _alone = ALONE.lock().await;
    let scratch = tempfile::tempdir().unwrap();
    let settings = Settings { rows: 150_000, ..Settings::default() };
    let server = Server::start(4, &settings, &scratch.path().join("initial.rows")).await;
    let snapshot = Snapshot::take(&server.postgres, DATABASE).await.unwrap();
    let mut large: Vec<&TableSpec> = Vec::new();
    for table in domain().tables() {
        let size = format!("SELECT pg_relation_size('{}')", table.name);
        let size: i64 = snapshot.client().value(&size).await.unwrap().unwrap().parse().unwrap();
        large.extend((size >= LARGE.cast_signed()).then_some(table));
    }
    assert!(!large.is_empty(), "no table is large enough to be read in halves");
    let path = scratch.path().join("healthy.rows");
    let seen = observe(&snapshot, domain(), None, &path).await.unwrap();
    let all = at_once(&snapshot).await;
    assert_eq!(seen.unreadable.len(), 0);
    assert_eq!(seen.read.values().sum::<u64>(), all.iter().map(|rows| rows.len() as u64).sum::<u64>());
    assert!(written(&path) == all, "the same rows in the same order");
    drop(snapshot);

    // A row that cannot be read, first in one half and then in the other.
    let table = large[0];
    let (key, op) = (table.first_key(), table.columns[table.op_column].name);
    for last in ["min", "max"] {
        let copy = format!("{last}imum");
        server.postgres.run(SUPERUSER, &format!("CREATE DATABASE {copy} TEMPLATE {DATABASE}")).await.unwrap();
        let spoil = format!(
            "SET session_replication_role = replica; UPDATE {name} SET {op} = -1 \
             WHERE {key} = (SELECT {key} FROM {name} ORDER BY {key} {order} LIMIT 1)",
            name = table.name,
            order = if last == "min" { "ASC" } else { "DESC" },
        );
        server.postgres.run(&copy, &spoil).await.unwrap();
        let snapshot = Snapshot::take(&server.postgres, &copy).await.unwrap();
        let seen = observe(&snapshot, domain(), None, &scratch.path().join(&copy)).await.unwrap();
        assert_eq!(seen.unreadable.keys().map(String::as_str).collect::<Vec<_>>(), [table.name], "{last}");
        for (other, rows) in domain().tables().iter().zip(&all).filter(|(other, _)| other.name != table.name) {
            assert_eq!(seen.read[other.name], rows.len() as u64, "{last}: {}", other.name);
        }
    }
}
