//! What is asked of every engine, each question by what it means; how an engine says it is in its folder.

use blackstart_record::event::Incarnation;

use super::{Login, client, mysql, postgres};
use crate::failure::{Context, Error, Result};
use crate::plan::EngineKind;

/// How an engine says what all of them are asked. Every text is SQL for [`super::Client`], and every answer text.
pub trait Dialect: Sync {
    /// The program of its servers, by the name under which it is installed.
    fn server(&self) -> &'static str;

    /// What hosts run that are made for it, by which an image is chosen for them; `version`: as the plan names it.
    fn image(&self, version: Option<&str>) -> &'static str;

    /// The port of its servers, on every host.
    fn port(&self) -> u16;

    /// The database that is there before any other.
    fn own_database(&self) -> &'static str;

    /// Answers the three columns of an [`Incarnation`], for any role; fails, or answers nothing, while the server follows another.
    fn incarnation(&self) -> &'static str;

    /// Answers `1` where the session may write, and anything else where it may not.
    fn takes_writes(&self) -> &'static str;

    /// Answers how many tables of users the session may read.
    fn readable_tables(&self) -> &'static str;

    /// What the server has noticed of its own damage: what that is, and SQL that counts it; `None`: it counts nothing.
    fn damage(&self) -> Option<(&'static str, &'static str)>;

    /// The pieces in which a domain's script is run, each at once.
    fn statements<'a>(&self, script: &'a str) -> Vec<&'a str> {
        vec![script]
    }

    /// Has the session not look at foreign keys and triggers, for rows that agree with each other; or look again.
    fn unchecked(&self, unchecked: bool) -> &'static str;

    /// Answers the bytes of the session's database, as the server counts them.
    fn size(&self) -> &'static str;

    /// Begins a transaction that changes nothing, and whose view of the data does not move. Tables are read as they are, never
    /// through an index that may disagree, and texts come out the same everywhere.
    fn snapshot(&self) -> &'static str;

    /// Answers, in such a transaction, SQL by which another that has just begun comes to the same view.
    fn joining(&self) -> &'static str;

    /// What goes before a statement of a transaction that may be refused, and what takes it back; `None`: a refusal leaves the
    /// transaction as it was.
    fn savepoint(&self) -> Option<[&'static str; 2]> {
        None
    }

    /// Answers a key that has about as many rows of `table` before it as after it, by its first column; NULL where the table
    /// has fewer than `least` bytes.
    fn middle(&self, table: &str, key: &str, least: u64) -> String;

    /// Answers how many rows a table holds, and a digest of these `columns` of them that does not depend on their order.
    fn digest(&self, table: &str, columns: &[&str]) -> String;

    /// Puts the heartbeat in place, which every probe reads or writes, at beat 0.
    fn heartbeat(&self) -> &'static str;

    /// Reads the heartbeat; answers the incarnation, or no row where there is no heartbeat.
    fn read_beat(&self) -> String;

    /// Writes beat `beat`; answers the incarnation, or no row where it was not written.
    fn write_beat(&self, beat: u64) -> String;

    /// Answers the newest beat that was written.
    fn last_beat(&self) -> &'static str;

    /// Writes what marks a copy as one of this drill, or not, by its id.
    fn plant(&self, id: &str, value: &str) -> String;

    /// Makes an account that may do everything, and does not log in yet, a statement after the other.
    fn make_almighty(&self, account: &str) -> Vec<String>;

    /// Answers how many accounts there are by which somebody of that name may come in.
    fn accounts(&self, name: &str) -> String;

    /// Gives a role another name, with all that it may do.
    fn rename_role(&self, role: &str, to: &str) -> String;

    /// Answers what was planted by that id.
    fn planted(&self, id: &str) -> String;
}

impl EngineKind {
    /// How it says what all of them are asked.
    pub fn dialect(self) -> &'static dyn Dialect {
        match self {
            Self::Postgres => &postgres::Words,
            Self::Mysql => &mysql::Words,
        }
    }

    /// The port of its servers.
    pub fn port(self) -> u16 {
        self.dialect().port()
    }

    /// The database that is there before any other.
    pub fn own_database(self) -> &'static str {
        self.dialect().own_database()
    }
}

impl Login {
    /// Which life of the database answers.
    ///
    /// # Errors
    /// The server does not answer, or follows another.
    pub async fn incarnation(&self) -> Result<Incarnation> {
        let rows = client::connect(self).await?.rows(self.engine.dialect().incarnation()).await?;
        incarnation(rows.into_iter().next()).ok_or_else(|| {
            Error::new("the server does not say which life it lives: it follows another, or takes no writes")
        })
    }

    /// Whether it finds a server that takes writes.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn takes_writes(&self) -> Result<bool> {
        let answer = client::connect(self).await?.value(self.engine.dialect().takes_writes()).await?;
        Ok(answer.as_deref() == Some("1"))
    }

    /// How many tables it may read.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn readable_tables(&self) -> Result<u64> {
        let client = client::connect(self).await.cannot("log in as the application")?;
        let answer = client.value(self.engine.dialect().readable_tables()).await?.unwrap_or_default();
        answer.parse().map_err(|_| Error::new(format!("the server says that there are {answer:?} tables")))
    }
}

/// The incarnation in a row that answers one.
pub fn incarnation(row: Option<client::TextRow>) -> Option<Incarnation> {
    match row?.as_mut_slice() {
        [identity, branch, started, ..] => {
            Some(Incarnation { identity: identity.take()?, branch: branch.take()?, started: started.take()? })
        }
        _ => None,
    }
}
