//! The workload against a real server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says no by panicking")]

use std::path::Path;
use std::time::Duration;

use blackstart::engine::connect;
use blackstart::engine::fields::Malformed;
use blackstart::engine::postgres::SUPERUSER;
use blackstart::engine::postgres::copy::{self, CopyReader};
use blackstart::workload::{self, Domain, KeyRange, Loaded, Settings};
use blackstart_record::rows::{self, Row};
use futures_util::StreamExt;
use scratch::Scratch;
use tokio_postgres::Client;

mod ledger;
mod load;
mod run;
#[path = "../scratch/mod.rs"]
mod scratch;

fn domain() -> &'static dyn Domain {
    workload::domain("fulfilment").unwrap()
}

fn settings(rows: u64) -> Settings {
    Settings { rows, op_timeout: Duration::from_secs(10), ..Settings::default() }
}

async fn load(server: &Scratch, settings: &Settings) -> (Client, Loaded) {
    let client = server.superuser().await;
    let loader = connect(&server.login(SUPERUSER)).await.unwrap();
    let loaded = workload::load(domain(), &loader, settings, &server.path("initial.rows")).await.unwrap();
    (client, loaded)
}

/// Every row of the database, as `COPY` reads it.
async fn copy_out(client: &Client) -> Vec<Vec<Row>> {
    let mut tables = Vec::new();
    for table in domain().tables() {
        let mut stream = std::pin::pin!(client.copy_out(&copy::out(&table.select(&KeyRange::All))).await.unwrap());
        let (mut reader, mut rows) = (CopyReader::new(table.columns.len()), Vec::new());
        while let Some(chunk) = stream.next().await {
            reader
                .push(&chunk.unwrap(), |fields| {
                    rows.push(table.row(fields)?);
                    Ok::<_, Malformed>(())
                })
                .unwrap();
        }
        assert_eq!(reader.finish().unwrap(), rows.len() as u64);
        tables.push(rows);
    }
    tables
}

fn read_rows(path: &Path) -> Vec<Vec<Row>> {
    let mut reader = rows::Reader::open(path).unwrap();
    let mut tables = Vec::new();
    while let Some(mut table) = reader.table().unwrap() {
        tables.push(table.by_ref().collect::<Result<_, _>>().unwrap());
    }
    tables
}

async fn assert_invariants(client: &Client) {
    for invariant in domain().invariants() {
        let examined: i64 = client.query_one(invariant.examined, &[]).await.unwrap().get(0);
        assert!(examined > 0, "nothing examined: {}", invariant.rule);
        let violations = client.query(invariant.violations, &[]).await.unwrap();
        let first: Option<String> = violations.first().map(|row| row.get(0));
        assert_eq!(first, None, "{} violations of: {}", violations.len(), invariant.rule);
    }
}
