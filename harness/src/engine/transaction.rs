//! A transaction of which it is known when it was committed, and by which name the engine's log has it.

use blackstart_record::time::Nanos;

use super::{Client, mysql, postgres};
use crate::clock::Clock;
use crate::failure::{Context, Error, Result};

/// A committed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its id, in the engine's own words (a transaction id, a GTID).
    pub id: String,
    /// The instant before its commit was sent.
    pub before: Nanos,
    /// The instant after its commit was acknowledged.
    pub after: Nanos,
}

impl Client {
    /// Commits the transaction that this session has under way, and has written something in.
    ///
    /// # Errors
    /// The server's answer, or that it does not say which transaction that was.
    pub async fn commit(&self, clock: Clock) -> Result<Transaction> {
        // One engine names a transaction before its commit, another only after it.
        let early = match self {
            Self::Postgres(client) => Some(postgres::questions::transaction(client).await?),
            Self::Mysql(_) => None,
        };
        let before = clock.now();
        self.batch("COMMIT").await.cannot("commit")?;
        let after = clock.now();
        let late = match self {
            Self::Postgres(_) => None,
            Self::Mysql(client) => mysql::last_transaction(client).await?,
        };
        let id = early.or(late).ok_or_else(|| Error::new("the server does not say which transaction that was"))?;
        Ok(Transaction { id, before, after })
    }
}
