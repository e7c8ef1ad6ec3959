//! The way of a log to a replica, over other replicas where there are some: each logs what it applies, and so passes it on. A
//! position is one in one server's log; a transaction keeps its GTID in all of them.

use std::time::Duration;

use super::status::{Position, Status};
use super::until;
use crate::engine::mysql::{Mysql, SYSTEM};
use crate::failure::Result;

/// The servers that a log passes before it comes to a replica.
#[derive(Debug)]
pub struct Way<'a> {
    /// Where it is written first.
    pub source: &'a Mysql,
    /// The replicas that pass it on, the source's own first.
    pub through: Vec<&'a Mysql>,
}

impl<'a> Way<'a> {
    /// The server that the replica itself follows.
    pub(super) fn nearest(&self) -> &'a Mysql {
        self.through.last().copied().unwrap_or(self.source)
    }

    /// Waits until the nearest has logged all that the source had when this began; up to where in the source's log that is.
    pub(super) async fn passed_on(&self, bound: Duration) -> Result<Position> {
        let first = log_end(self.source).await?;
        let mut wanted = first.clone();
        for replica in &self.through {
            let client = replica.connect(SYSTEM).await?;
            let what = format!("what host {} passes on", replica.host().name());
            let has = |status: &Status| Ok(status.applied >= wanted);
            until(replica, &client, &what, bound, has).await?;
            wanted = log_end(replica).await?;
        }
        Ok(first)
    }
}

/// Up to where a server has logged.
pub(super) async fn log_end(server: &Mysql) -> Result<Position> {
    Position::of_source(server.flavour(), &server.connect(SYSTEM).await?).await
}
