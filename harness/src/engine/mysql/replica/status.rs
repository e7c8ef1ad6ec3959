//! Where a replica is, as its server says.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::mysql::client::Client;
use crate::engine::mysql::{Flavour, Mysql};
use crate::failure::{Error, Result};

/// A place in a server's binary log. The files are numbered with leading zeros, so that their names sort.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    file: String,
    at: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.at)
    }
}

impl Position {
    /// Up to where a source has logged.
    pub(super) async fn of_source(flavour: Flavour, client: &Client) -> Result<Self> {
        let status = client.named(flavour.binlog_status()).await?;
        let status = status.ok_or_else(|| Error::new("the source has no binary log"))?;
        Self::of(&status, "File", "Position")
    }

    fn of(status: &BTreeMap<String, String>, file: &str, at: &str) -> Result<Self> {
        Ok(Self { file: text(status, file)?.to_owned(), at: number(status, at)? })
    }
}

/// What a replica says of itself.
#[derive(Debug)]
pub(super) struct Status {
    /// Whether it is connected to its source.
    pub(super) receives: bool,
    /// Whether it applies, or waits for something to apply.
    pub(super) applies: bool,
    /// Up to where it has its source's log.
    pub(super) received: Position,
    /// Up to where it has applied that.
    pub(super) applied: Position,
    /// Whether it applies late by intent.
    pub(super) is_late: bool,
    /// Where in its own relay log it goes on.
    pub(super) relay: (String, u64),
    /// MySQL: the transactions that it has received.
    pub(super) retrieved: String,
    applying: String,
    errors: Vec<String>,
    /// Why it applies nothing any more, until somebody mends it.
    broken: Option<String>,
}

impl Status {
    /// Asks a replica.
    ///
    /// # Errors
    /// It does not answer, or follows nobody.
    pub(super) async fn read(replica: &Mysql, client: &Client) -> Result<Self> {
        let status = Self::of(replica.flavour(), client).await?;
        status.ok_or_else(|| Error::with_lines("the replica follows nobody", replica.lines()))
    }

    /// Asks a server; `None`: it follows nobody.
    ///
    /// # Errors
    /// It does not answer.
    pub(super) async fn of(flavour: Flavour, client: &Client) -> Result<Option<Self>> {
        let Some(said) = client.named(&flavour.said("SHOW SLAVE STATUS")).await? else { return Ok(None) };
        let column = |name: &str| flavour.said(name);
        let position = |file: &str, at: &str| Position::of(&said, &column(file), &column(at));
        let errors = ["Last_IO_Error", "Last_SQL_Error"].into_iter().filter_map(|name| said.get(name));
        let applies = text(&said, &column("Slave_SQL_Running"))? == "Yes";
        let broken = said.get("Last_SQL_Error").filter(|error| !applies && !error.is_empty()).cloned();
        Ok(Some(Self {
            receives: text(&said, &column("Slave_IO_Running"))? == "Yes",
            applies,
            broken,
            received: position("Master_Log_File", "Read_Master_Log_Pos")?,
            applied: position("Relay_Master_Log_File", "Exec_Master_Log_Pos")?,
            is_late: number(&said, "SQL_Delay")? > 0,
            relay: (text(&said, "Relay_Log_File")?.to_owned(), number(&said, "Relay_Log_Pos")?),
            retrieved: said.get("Retrieved_Gtid_Set").cloned().unwrap_or_default(),
            // It says nothing while it does not apply.
            applying: said.get(&column("Slave_SQL_Running_State")).cloned().unwrap_or_default(),
            errors: errors.filter(|error| !error.is_empty()).cloned().collect(),
        }))
    }

    /// Whether it has applied all that it has received whole: of a transaction that came in half the end never comes.
    pub(super) async fn nothing_is_left(&self, client: &Client, flavour: Flavour) -> Result<bool> {
        match flavour {
            // One thread reads and applies. Of positions it has only a guess, once it was told where to go on.
            Flavour::MariaDb => Ok(self.applies && self.applying.contains("has read all relay log")),
            Flavour::MySql => {
                let sql = format!("SELECT GTID_SUBSET('{}', @@global.gtid_executed)", self.retrieved);
                Ok(client.value(&sql).await?.as_deref() == Some("1"))
            }
        }
    }

    /// Where in its relay log, from where it goes on, the transaction with this GTID begins; `None`: nowhere.
    pub(super) async fn find(&self, client: &Client, gtid: &str) -> Result<Option<(String, u64)>> {
        let (mut file, mut from) = self.relay.clone();
        loop {
            let sql = format!("SHOW RELAYLOG EVENTS IN '{file}' FROM {from}");
            let Ok(events) = client.rows(&sql).await else { return Ok(None) };
            let begins = |info: &str| info.split_whitespace().skip_while(|word| *word != "GTID").nth(1) == Some(gtid);
            let found = events.iter().find_map(|event| match event.as_slice() {
                [_, Some(at), Some(kind), _, _, Some(info), ..] if kind == "Gtid" && begins(info) => at.parse().ok(),
                _ => None,
            });
            if let Some(at) = found {
                return Ok(Some((file, at)));
            }
            let Some(next) = next(&file) else { return Ok(None) };
            (file, from) = (next, FIRST);
        }
    }

    /// Whether it is worth waiting for.
    ///
    /// # Errors
    /// It can't go on by itself, or the time is over.
    pub(super) fn still(&self, replica: &Mysql, what: &str, bound: Duration, deadline: Instant) -> Result<()> {
        let told = || {
            let at = format!("it has received up to {}, and applied up to {}", self.received, self.applied);
            replica.lines().into_iter().chain(self.errors.clone()).chain([at]).collect()
        };
        if let Some(why) = &self.broken {
            return Err(Error::with_lines(format!("the replica has given up: {why}"), told()));
        }
        if Instant::now() > deadline {
            return Err(Error::bound(what, bound, told()));
        }
        Ok(())
    }
}

/// Where a log's first event is.
const FIRST: u64 = 4;

/// The name of the log after this one.
fn next(file: &str) -> Option<String> {
    let (name, number) = file.rsplit_once('.')?;
    let width = number.len();
    Some(format!("{name}.{:0width$}", number.parse::<u64>().ok()? + 1))
}

fn text<'a>(status: &'a BTreeMap<String, String>, column: &str) -> Result<&'a str> {
    let found = status.get(column).map(String::as_str);
    found.ok_or_else(|| Error::new(format!("the server says nothing of {column}")))
}

fn number(status: &BTreeMap<String, String>, column: &str) -> Result<u64> {
    let said = text(status, column)?;
    said.parse().map_err(|_| Error::new(format!("{column} is \"{said}\", and no number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_sort_as_the_log_was_written() {
        let at = |file: &str, at| Position { file: file.to_owned(), at };
        let written =
            [at("binlog.000001", 4), at("binlog.000001", 900), at("binlog.000002", 4), at("binlog.000010", 4)];
        assert!(written.is_sorted());
    }

    #[test]
    fn logs_are_numbered() {
        for (file, after) in [("relay.000009", "relay.000010"), ("h-relay-bin.999999", "h-relay-bin.1000000")] {
            assert_eq!(next(file).as_deref(), Some(after));
        }
        assert_eq!(next("relay"), None);
    }
}
