//! A server as statements: the programs that write them, that bring them back, and that replay what was logged after them.

use super::binlog::Stretch;
use super::{Mysql, SYSTEM, values};
use crate::failure::{Context, Result};
use crate::host::Command;

/// What is not the users'.
const OWN: [&str; 4] = ["information_schema", "mysql", "performance_schema", "sys"];

/// What is more than rows, and bytes that no character set touches.
const WHOLE: [&str; 4] = ["--routines", "--events", "--triggers", "--hex-blob"];

/// What is brought back stays out of the server's own log: its log goes on with what is replayed, by the names that this has.
const UNLOGGED: &str = "--init-command=SET SESSION sql_log_bin = 0";

/// A file of statements as the client's input. It stops at the first that is refused.
const LOAD: &str = "exec \"$1\" \"$2\" \"$3\" < \"$4\"";

/// Without `pipefail` a log that can't be read to its end would look like one that was.
const REPLAY: &str = "set -o pipefail; binlog=$1 client=$2; shift 2; \"$binlog\" \"$@\" | \"$client\" --binary-mode";

impl Mysql {
    /// The databases that are not the server's own.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn databases(&self) -> Result<Vec<String>> {
        let own = OWN.map(values::text_literal).join(", ");
        let sql = format!("SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN ({own})");
        let rows = self.connect(SYSTEM).await?.rows(&sql).await.cannot("list the databases")?;
        Ok(rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect())
    }

    /// Ends the binary log that the server writes to, and begins the next.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn close_log(&self) -> Result<()> {
        self.run(SYSTEM, "FLUSH BINARY LOGS").await.cannot("end the binary log")
    }

    /// Has the server know accounts that were brought back as rows.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn reload_accounts(&self) -> Result<()> {
        self.run(SYSTEM, "FLUSH LOCAL PRIVILEGES").await.cannot("reload the accounts")
    }

    /// Lets scheduled events run, or not: what they do is in the log that is replayed.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn schedule_events(&self, on: bool) -> Result<()> {
        let state = if on { "ON" } else { "OFF" };
        self.run(SYSTEM, &format!("SET GLOBAL event_scheduler = {state}")).await.cannot("switch the event scheduler")
    }

    /// Writes databases into the file `into` (a path on the host), as of one moment, with its coordinates in the log.
    pub fn dump(&self, databases: &[String], into: &str) -> Command {
        let program = self.dumper(None, into).args(self.flavour().dump_options().iter().copied());
        program.args(WHOLE).arg("--databases").args(databases)
    }

    /// Writes a database of the server that the file `login` (a path on the host) names into the file `into`, for a replica to
    /// begin with.
    pub(super) fn seed(&self, login: &str, database: &str, into: &str) -> Command {
        let options = [self.flavour().dump_options(), self.flavour().seed_options()].concat();
        self.dumper(Some(login), into).args(options).args(WHOLE).args(["--databases", database])
    }

    /// Writes the accounts, and what they may do, into the file `into`. They are of no one moment with anything else: one that
    /// is made meanwhile is made once more by the log, which is refused.
    pub fn dump_users(&self, into: &str) -> Command {
        self.dumper(None, into).args(self.flavour().users_options().iter().copied())
    }

    /// The same of the server that the file `login` names.
    pub(super) fn seed_users(&self, login: &str, into: &str) -> Command {
        self.dumper(Some(login), into).args(self.flavour().users_options().iter().copied())
    }

    /// Which file of options it goes by has to be its first one.
    fn dumper(&self, login: Option<&str>, into: &str) -> Command {
        let program = Command::new(self.program(self.flavour().programs().dump));
        program.args(login.map(|login| format!("--defaults-file={login}"))).arg(format!("--result-file={into}"))
    }

    /// Brings back what is in `file`.
    pub fn load(&self, file: &str) -> Command {
        let client = self.program(self.flavour().programs().client);
        let client = client.to_string_lossy().into_owned();
        Command::new("sh").args(["-c", LOAD, "sh", &client, UNLOGGED, SYSTEM, file])
    }

    /// Replays a stretch of the log whose files are in `folder` (a path on the host); `second`: nothing from then on, as
    /// `YYYY-MM-DD HH:MM:SS` in UTC; `held`: nothing of these transactions, which are there. A server passes over them by itself,
    /// and over the choice of a database with them, so that a definition after that may be refused.
    pub fn replay(&self, folder: &str, stretch: &Stretch, second: Option<&str>, held: Option<&str>) -> Command {
        let programs = self.flavour().programs();
        let [binlog, client] =
            [programs.binlog, programs.client].map(|name| self.program(name).to_string_lossy().into_owned());
        let Stretch { files, start, stop, .. } = stretch;
        Command::new("bash")
            .args(["-c", REPLAY, "bash", &binlog, &client, "--verify-binlog-checksum"])
            .args([format!("--start-position={start}"), format!("--stop-position={stop}")])
            .args(second.map(|second| format!("--stop-datetime={second}")))
            .args(held.map(|held| format!("--exclude-gtids={held}")))
            .args(files.iter().map(|file| format!("{folder}/{file}")))
            .named(programs.binlog)
    }
}
