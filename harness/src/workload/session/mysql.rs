//! A transaction on MariaDB or MySQL: one statement after the other, each answered before the next is sent.

use std::time::Duration;

use super::{Progress, Trouble, note};
use crate::engine::Login;
use crate::engine::fields::{ColumnType, Fields, Malformed};
use crate::engine::mysql::{Client, Stopped, breaks, values};
use crate::workload::TableSpec;
use crate::workload::application::{Effects, Ending, Operation, Rows, Statement, Step};

/// An open connection; a statement is prepared when it is first used.
#[derive(Debug)]
pub(in crate::workload) struct Session(Client);

impl Session {
    /// Connects. A lock is waited for as long as `timeout`, in whole seconds: a transaction that was given up does not keep
    /// its own for longer.
    pub async fn open(login: &Login, timeout: Duration) -> Result<Self, mysql_async::Error> {
        let client = Client::open(login).await?;
        let seconds = timeout.as_secs().max(1);
        client.batch(&format!("SET time_zone = '+00:00', innodb_lock_wait_timeout = {seconds}")).await?;
        Ok(Self(client))
    }

    /// Runs a transaction. `Ok` means that it ended as planned: committed, or rolled back on purpose.
    pub async fn run(
        &self,
        op: u64,
        operation: &Operation,
        statements: &[Statement],
        tables: &[TableSpec],
        progress: &mut Progress,
    ) -> Result<(), Trouble> {
        self.0.batch(&operation.begin).await.map_err(|error| trouble(&error))?;
        let mut as_expected = true;
        for step in &operation.steps {
            let statement = &statements[step.statement];
            let rows = match self.step(step, statement, tables).await {
                Ok(rows) => rows,
                Err(trouble) => return self.after(trouble, operation.ending).await,
            };
            as_expected &= step.rows.is_none_or(|expected| expected == rows.len());
            as_expected &= note(op, statement.effect, &rows, tables, progress).is_ok();
            progress.answers.push(rows);
        }
        if operation.ending != Ending::Commit || !as_expected {
            self.rollback().await?;
            let on_purpose = operation.ending == Ending::Rollback && as_expected;
            return if on_purpose { Ok(()) } else { Err(Trouble::Surprise) };
        }
        progress.commit_sent = true;
        // Whatever is wrong with it, it may have been done.
        self.0.batch("COMMIT").await.map_err(|_| Trouble::Broken)
    }

    /// Closes the connection. When this returns, nothing is sent any more.
    pub async fn close(self) {
        self.0.close().await;
    }

    async fn step(&self, step: &Step, statement: &Statement, tables: &[TableSpec]) -> Result<Rows, Trouble> {
        let columns = columns(statement.effect, tables);
        let parameters = statement.parameters.iter().zip(Fields::new(&step.parameters));
        let parameters = parameters.map(|(kind, field)| values::parameter(*kind, field)).collect::<Result<_, _>>();
        let parameters = parameters.map_err(|Malformed(_)| Trouble::Surprise)?;
        let mut rows = Rows::new();
        let keep = |fields: &[u8]| {
            rows.push(fields.to_vec());
            Ok::<_, Malformed>(())
        };
        match self.0.read_with(&statement.sql, parameters, columns.as_deref(), keep).await {
            Ok(_) => Ok(rows),
            Err(Stopped::ByServer(error)) => Err(trouble(&error)),
            Err(Stopped::ByEach(_)) => Err(Trouble::Surprise),
        }
    }

    async fn after(&self, trouble: Trouble, ending: Ending) -> Result<(), Trouble> {
        match trouble {
            Trouble::Broken => Err(trouble),
            Trouble::Refused if ending == Ending::Refusal => self.rollback().await,
            trouble => {
                self.rollback().await?;
                Err(trouble)
            }
        }
    }

    async fn rollback(&self) -> Result<(), Trouble> {
        self.0.batch("ROLLBACK").await.map_err(|_| Trouble::Broken)
    }
}

/// The types of what a statement answers; `None`: integers, if anything. A look answers those, and a write nothing.
fn columns(effect: Effects, tables: &[TableSpec]) -> Option<Vec<ColumnType>> {
    match effect {
        Effects::None => None,
        Effects::Written(table) => tables.get(table).map(TableSpec::kinds),
        Effects::Deleted(table) => tables.get(table).map(TableSpec::key_kinds),
    }
}

fn trouble(error: &mysql_async::Error) -> Trouble {
    if breaks(error) { Trouble::Broken } else { Trouble::Refused }
}
