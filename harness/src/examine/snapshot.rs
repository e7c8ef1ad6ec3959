//! One snapshot of the restored copy, taken before traffic is let in: every data check reads it.

use std::pin::pin;

use futures_util::TryStreamExt;
use tokio_postgres::Client;

use crate::engine::Login;
use crate::engine::fields::Malformed;
use crate::engine::postgres::copy::CopyReader;
use crate::engine::postgres::{self, Postgres};
use crate::failure::{Context, Error, Result};
use crate::workload::{KeyRange, TableSpec};

/// An open read-only transaction whose snapshot does not move.
pub struct Snapshot {
    client: Client,
    login: Login,
    /// What another session names it by.
    exported: String,
}

/// Heaps are read as they are, never through an index that may disagree; texts come out the same everywhere.
const SESSION: &str = "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off; \
    SET TimeZone = 'UTC'; SET IntervalStyle = 'postgres'; SET DateStyle = 'ISO'; SET bytea_output = 'hex'; \
    SET extra_float_digits = 1; SET work_mem = '64MB'; SET max_parallel_workers_per_gather = 0; \
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

impl Snapshot {
    /// Takes the snapshot, as the superuser: row-level security hides nothing from it.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn take(server: &Postgres, database: &str) -> Result<Self> {
        let client = server.connect(database).await?;
        client.batch_execute(SESSION).await.cannot("take the snapshot")?;
        let exported = client.query_one("SELECT pg_export_snapshot()", &[]).await.cannot("take the snapshot")?.get(0);
        Ok(Self { client, login: server.superuser(database), exported })
    }

    /// Another session that sees the same snapshot, for as long as this one is open.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn twin(&self) -> Result<Self> {
        let client = postgres::connect(&self.login).await.cannot("open a second session on the snapshot")?;
        let sql = format!("{SESSION}; SET TRANSACTION SNAPSHOT '{}'", self.exported);
        client.batch_execute(&sql).await.cannot("open a second session on the snapshot")?;
        Ok(Self { client, login: self.login.clone(), exported: self.exported.clone() })
    }

    /// The session, for questions that a sound server can't refuse: a statement that fails ends the snapshot.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Takes a look that may fail: the inner error is why. The snapshot is good afterwards.
    ///
    /// # Errors
    /// The session was lost.
    pub async fn attempt<T>(&self, look: impl AsyncFnOnce(&Client) -> Result<T>) -> Result<Result<T>> {
        self.client.batch_execute("SAVEPOINT look").await?;
        let seen = look(&self.client).await;
        if seen.is_err() {
            self.client.batch_execute("ROLLBACK TO SAVEPOINT look").await?;
        }
        Ok(seen)
    }

    /// Reads a range of a table's rows in key order and hands over the fields of each; the inner error is why not all.
    ///
    /// # Errors
    /// The session was lost.
    pub async fn read<E: From<Malformed> + Into<Error>>(
        &self,
        table: &TableSpec,
        range: &KeyRange,
        mut each: impl FnMut(&[u8]) -> std::result::Result<(), E>,
    ) -> Result<Result<()>> {
        self.attempt(async |client| {
            let mut stream = pin!(client.copy_out(table.copy_out(range).as_str()).await?);
            let mut reader = CopyReader::new(table.columns.len());
            while let Some(chunk) = stream.try_next().await? {
                reader.push(&chunk, &mut each).map_err(E::into)?;
            }
            reader.finish()?;
            Ok(())
        })
        .await
    }
}
