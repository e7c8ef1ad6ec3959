//! One connection of one client, and one transaction on it: an engine a file.

mod mysql;
mod postgres;

use std::time::Duration;

use blackstart_record::codec::row_digest;
use blackstart_record::ledger::Effect;

use super::TableSpec;
use super::application::{Effects, Operation, Rows, Statement};
use super::images::{Version, Written};
use crate::engine::fields::Malformed;
use crate::engine::{ClientError, Login};
use crate::plan::EngineKind;

/// An open connection.
#[derive(Debug)]
pub(super) enum Session {
    Postgres(postgres::Session),
    Mysql(mysql::Session),
}

/// Why a transaction did not go as it was planned to.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The server refused a statement; the connection is good.
    Refused,
    /// The server answered something else than it must; the connection is good.
    Surprise,
    /// The connection is of no more use.
    Broken,
}

/// How far a transaction came, also if it is given up in the middle.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// What it does to rows, as far as the server said.
    pub effects: Vec<Effect>,
    /// The rows that it wrote.
    pub written: Vec<Written>,
    /// The answers, by step.
    pub answers: Vec<Rows>,
    /// COMMIT may have left the client.
    pub commit_sent: bool,
}

impl Session {
    /// Connects and readies the statements. Each server-side statement is bound by `timeout` too, so that a
    /// transaction that was given up does not keep its locks for longer.
    pub async fn open(login: &Login, statements: &[Statement], timeout: Duration) -> Result<Self, ClientError> {
        match login.engine {
            EngineKind::Postgres => Ok(Self::Postgres(postgres::Session::open(login, statements, timeout).await?)),
            EngineKind::Mysql => Ok(Self::Mysql(mysql::Session::open(login, timeout).await?)),
        }
    }

    /// Runs a transaction. `Ok` means that it ended as planned: committed, or rolled back on purpose.
    /// COMMIT is sent only when every statement has been answered as it must be.
    pub async fn run(
        &self,
        op: u64,
        operation: &Operation,
        statements: &[Statement],
        tables: &[TableSpec],
        progress: &mut Progress,
    ) -> Result<(), Trouble> {
        match self {
            Self::Postgres(session) => session.run(op, operation, statements, tables, progress).await,
            Self::Mysql(session) => session.run(op, operation, statements, tables, progress).await,
        }
    }

    /// Closes the socket. When this returns, nothing is sent any more, not even what was waiting to be.
    pub async fn close(self) {
        match self {
            Self::Postgres(session) => session.close().await,
            Self::Mysql(session) => session.close().await,
        }
    }
}

/// Notes what the answer of a statement says about rows.
fn note(op: u64, effect: Effects, rows: &Rows, tables: &[TableSpec], progress: &mut Progress) -> Result<(), Malformed> {
    let (Effects::Written(index) | Effects::Deleted(index)) = effect else { return Ok(()) };
    let spec = tables.get(index).ok_or(Malformed("an effect on a table that is not there"))?;
    let table = index as u8;
    for fields in rows {
        if let Effects::Deleted(_) = effect {
            progress.effects.push(Effect { table, key: spec.bare_key(fields)?, digest: None });
            continue;
        }
        let key = spec.key(fields)?;
        progress.effects.push(Effect { table, key, digest: Some(row_digest(fields)) });
        progress.written.push(Written { version: Version { table, key, op }, fields: fields.clone() });
    }
    Ok(())
}
