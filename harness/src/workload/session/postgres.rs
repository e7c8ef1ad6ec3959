//! A transaction on PostgreSQL: its statements are sent without waiting for each other's answers.

use std::time::Duration;

use futures_util::future::{join, join_all};
use futures_util::{StreamExt, pin_mut};
use tokio::task::JoinHandle;
use tokio_postgres::error::Severity;
use tokio_postgres::{Client, Error, NoTls};

use super::{Progress, Trouble, note};
use crate::engine::Login;
use crate::engine::fields::Fields;
use crate::engine::postgres;
use crate::engine::postgres::wire::{self, Raw};
use crate::workload::TableSpec;
use crate::workload::application::{Ending, Operation, Rows, Statement, Step};

/// An open connection with its statements prepared.
#[derive(Debug)]
pub(in crate::workload) struct Session {
    client: Client,
    connection: JoinHandle<()>,
    statements: Vec<tokio_postgres::Statement>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

fn trouble(error: &Error) -> Trouble {
    // FATAL and PANIC end the connection, and may follow a commit that is already durable.
    match error.as_db_error().map(|error| error.parsed_severity()) {
        Some(Some(Severity::Error)) => Trouble::Refused,
        _ => Trouble::Broken,
    }
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
        self.client.batch_execute("SELECT; COMMIT").await.map_err(|error| trouble(&error))
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
        match trouble(error) {
            Trouble::Refused => {
                self.rollback().await?;
                if ending == Ending::Refusal { Ok(()) } else { Err(Trouble::Refused) }
            }
            other => Err(other),
        }
    }

    async fn rollback(&self) -> Result<(), Trouble> {
        self.client.batch_execute("ROLLBACK").await.map_err(|_| Trouble::Broken)
    }
}
