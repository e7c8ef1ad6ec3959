//! One snapshot of the restored copy, taken before traffic is let in: every data check reads it.

use crate::engine::fields::Malformed;
use crate::engine::{Client, Login, Server, connect};
use crate::failure::{Context, Error, Result};
use crate::workload::{KeyRange, TableSpec};

/// An open read-only transaction whose snapshot does not move.
pub struct Snapshot {
    client: Client,
    login: Login,
    /// Begins a transaction that sees the same, for as long as this one is open.
    join: String,
}

impl Snapshot {
    /// Takes the snapshot, as the superuser: row-level security hides nothing from it.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn take(server: &Server, database: &str) -> Result<Self> {
        let (client, dialect) = (server.connect(database).await?, server.kind().dialect());
        client.batch(dialect.snapshot()).await.cannot("take the snapshot")?;
        let join = client.value(dialect.joining()).await.cannot("take the snapshot")?;
        let join = join.ok_or_else(|| Error::new("nothing else can see the snapshot"))?;
        Ok(Self { client, login: server.administrator(database), join })
    }

    /// Another session that sees the same snapshot, for as long as this one is open.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn twin(&self) -> Result<Self> {
        let client = connect(&self.login).await.cannot("open a second session on the snapshot")?;
        let sql = format!("{}; {}", self.login.engine.dialect().snapshot(), self.join);
        client.batch(&sql).await.cannot("open a second session on the snapshot")?;
        Ok(Self { client, login: self.login.clone(), join: self.join.clone() })
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
        let Some([before, back]) = self.client.kind().dialect().savepoint() else {
            let seen = look(&self.client).await;
            return if self.client.is_closed() { Err(Error::new("the session was lost")) } else { Ok(seen) };
        };
        self.client.batch(before).await?;
        let seen = look(&self.client).await;
        if seen.is_err() {
            self.client.batch(back).await?;
        }
        Ok(seen)
    }

    /// The newest heartbeat that it holds; the inner error is why that can't be read.
    ///
    /// # Errors
    /// The session was lost.
    pub async fn last_beat(&self) -> Result<Result<Option<u64>>> {
        let sql = self.login.engine.dialect().last_beat();
        let beat = self.attempt(async |client| Ok(client.value(sql).await?)).await?;
        Ok(beat.map(|beat| beat.and_then(|beat| beat.parse().ok())))
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
        self.attempt(async |client| client.read(&table.select(range), &table.kinds(), &mut each).await).await
    }
}
