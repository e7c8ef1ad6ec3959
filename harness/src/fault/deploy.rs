//! What a bad deploy does: one statement in a transaction of its own, whose commit is known to the instant.

use blackstart_record::words::count;
use tokio_postgres::types::ToSql;

use super::Scene;
use crate::engine::Transaction;
use crate::failure::{Context, Error, Result};

/// Rows of which it is remembered that they were there.
const SAMPLE: u32 = 100;

/// A deploy that was committed.
pub(super) struct Deployed {
    /// Rows that it wrote or deleted, as the server says.
    pub(super) rows: u64,
    /// The transaction.
    pub(super) transaction: Transaction,
    /// Some of the rows of the sampled table as they were before it, as text.
    pub(super) sample: Vec<String>,
}

/// How it logs in: as a role with one tenant set, which row-level security goes by.
pub(super) fn as_tenant(role: &str, setting: &str, tenant: u32) -> String {
    format!("BEGIN; SET LOCAL ROLE {}; SET LOCAL {setting} = '{tenant}'", quoted(role))
}

/// Runs `statement` in a transaction begun by `begin`; remembers some rows of `sampled` first.
pub(super) async fn run(
    scene: &Scene<'_>,
    begin: &str,
    sampled: Option<&str>,
    statement: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Deployed> {
    let session = scene.server.connect(scene.database).await?;
    let client = session.postgres()?;
    client.batch_execute(begin).await.cannot("begin the bad deploy")?;
    let mut sample = Vec::new();
    if let Some(table) = sampled {
        let sql = format!("SELECT t::text FROM {table} t LIMIT {SAMPLE}");
        sample = client.query(&sql, &[]).await?.iter().map(|row| row.get(0)).collect();
        if sample.is_empty() {
            return Err(Error::new(format!("{table} has no row that the deploy could remove")));
        }
    }
    let rows = client.execute(statement, values).await.cannot("run the bad deploy")?;
    let transaction = session.commit(scene.clock).await.cannot("commit the bad deploy")?;
    Ok(Deployed { rows, transaction, sample })
}

/// Looks for the sampled rows, as the superuser: none is left.
pub(super) async fn none_left(scene: &Scene<'_>, table: &str, sample: &[String]) -> Result<String> {
    let client = scene.server.postgres()?.connect(scene.database).await?;
    let sql = format!("SELECT count(*) FROM {table} t WHERE t::text = ANY ($1)");
    let left: i64 = client.query_one(&sql, &[&sample]).await?.get(0);
    if left > 0 || sample.is_empty() {
        return Err(Error::new(format!("{left} of {} rows that were in {table} are still there", sample.len())));
    }
    Ok(format!("of {} that were in {table} none is left", count(sample.len() as u64, "row")))
}

/// An identifier as SQL takes it.
pub(super) fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
