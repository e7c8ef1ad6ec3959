//! One connection of one client, and one transaction on it.

use std::time::Duration;

use blackstart_record::codec::row_digest;
use blackstart_record::ledger::Effect;
use futures_util::future::{join, join_all};
use futures_util::{StreamExt, pin_mut};
use tokio::task::JoinHandle;
use tokio_postgres::error::Severity;
use tokio_postgres::{Client, Error, NoTls};

use super::TableSpec;
use super::application::{Effects, Ending, Operation, Rows, Statement, Step};
use super::images::{Version, Written};
use crate::engine::Login;
use crate::engine::fields::{Fields, Malformed};
use crate::engine::postgres;
use crate::engine::postgres::wire::{self, Raw};

/// An open connection with its statements prepared.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    connection: JoinHandle<()>,
    statements: Vec<tokio_postgres::Statement>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
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

impl Trouble {
    fn of(error: &Error) -> Self {
        // FATAL and PANIC end the connection, and may follow a commit that is already durable.
        match error.as_db_error().map(|error| error.parsed_severity()) {
            Some(Some(Severity::Error)) => Self::Refused,
            _ => Self::Broken,
        }
    }
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
    /// Connects and prepares the statements. Each server-side statement is bound by `timeout` too, so that a
    /// transaction that was given up does not keep its locks for longer.
    pub async fn open(login: &Login, statements: &[Statement], timeout: Duration) -> Result<Self, Error> {
        let (client, connection) = postgres::config(login).connect(NoTls).await?;
        let connection = tokio::spawn(async move {
            // Its error reaches the client as "closed".
            let _ = connection.await;
        });
        let mut session = Self { client, connection, statements: Vec::new() };
        session.client.batch_execute(&format!("SET statement_timeout = {}", timeout.as_millis().max(1))).await?;
        let prepared = join_all(statements.iter().map(|statement| session.client.prepare(&statement.sql))).await;
        session.statements = prepared.into_iter().collect::<Result<_, _>>()?;
        Ok(session)
    }

    /// Runs a transaction. `Ok` means that it ended as planned: committed, or rolled back on purpose.
    ///
    /// The statements are sent without waiting; COMMIT is sent only when every one has been answered as it must be.
    pub async fn run(
        &self,
        op: u64,
        operation: &Operation,
        statements: &[Statement],
        tables: &[TableSpec],
        progress: &mut Progress,
    ) -> Result<(), Trouble> {
        // Polled in this order, so sent in this order.
        let begin = self.client.batch_execute(&operation.begin);
        let steps = join_all(operation.steps.iter().map(|step| self.step(step)));
        let (begun, answers) = join(begin, steps).await;
        let mut first_error = begun.err();
        let mut as_expected = true;
        for (step, answer) in operation.steps.iter().zip(answers) {
            match answer {
                Ok(rows) => {
                    as_expected &= step.rows.is_none_or(|expected| expected == rows.len());
                    as_expected &= note(op, statements[step.statement].effect, &rows, tables, progress).is_ok();
                    progress.answers.push(rows);
                }
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        if let Some(error) = first_error {
            return self.after_error(&error, operation.ending).await;
        }
        if operation.ending != Ending::Commit || !as_expected {
            self.rollback().await?;
            let on_purpose = operation.ending == Ending::Rollback && as_expected;
            return if on_purpose { Ok(()) } else { Err(Trouble::Surprise) };
        }
        progress.commit_sent = true;
        // COMMIT in an aborted transaction answers ROLLBACK without an error, and the driver hides the command tag.
        // The empty SELECT before it in the same message is an error there: so success is a COMMIT that committed.
        self.client.batch_execute("SELECT; COMMIT").await.map_err(|error| Trouble::of(&error))
    }

    /// Closes the socket. When this returns, nothing is sent any more, not even what was waiting to be.
    pub async fn close(mut self) {
        self.connection.abort();
        let _ = (&mut self.connection).await;
    }

    async fn step(&self, step: &Step) -> Result<Rows, Error> {
        let parameters: Vec<Raw<'_>> = Fields::new(&step.parameters).map(Raw).collect();
        let answer = self.client.query_raw(&self.statements[step.statement], parameters).await?;
        pin_mut!(answer);
        let mut rows = Rows::new();
        while let Some(row) = answer.next().await {
            let mut fields = Vec::new();
            wire::put_row(&row?, &mut fields)?;
            rows.push(fields);
        }
        Ok(rows)
    }

    async fn after_error(&self, error: &Error, ending: Ending) -> Result<(), Trouble> {
        match Trouble::of(error) {
            Trouble::Refused => {
                self.rollback().await?;
                if ending == Ending::Refusal { Ok(()) } else { Err(Trouble::Refused) }
            }
            trouble => Err(trouble),
        }
    }

    async fn rollback(&self) -> Result<(), Trouble> {
        self.client.batch_execute("ROLLBACK").await.map_err(|_| Trouble::Broken)
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
