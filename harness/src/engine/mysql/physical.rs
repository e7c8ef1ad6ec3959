//! A server as files: what copies them while it runs, what makes of a copy one that a server can start on, and how it is laid
//! down.

use std::fs;

use super::binlog::Coordinates;
use super::flavour::word;
use super::{Flavour, Mysql, SUPERUSER, SYSTEM, template};
use crate::failure::{Context, Error, Result};
use crate::host::Command;

/// What copies MariaDB's files, and makes a copy ready.
const COPIER: &str = "mariadb-backup";
/// In which file a copy says as of where in the log it is: as MariaDB names it since 11.1, and as it did before, with others' tools
/// for MySQL.
const AS_OF: [&str; 2] = ["mariadb_backup_binlog_info", "xtrabackup_binlog_info"];
/// What MySQL copies itself by.
const PLUGIN: (&str, &str) = ("clone", "mysql_clone.so");
/// Where the first event of a log is.
const FIRST: u64 = 4;

impl Mysql {
    /// Readies the server to be copied by [`Mysql::copy`].
    ///
    /// # Errors
    /// The server's answer.
    pub async fn ready_to_be_copied(&self) -> Result<()> {
        if self.flavour() == Flavour::MariaDb {
            return Ok(());
        }
        let (client, (plugin, file)) = (self.connect(SYSTEM).await?, PLUGIN);
        let asked = format!("SELECT plugin_status FROM information_schema.plugins WHERE plugin_name = '{plugin}'");
        if client.value(&asked).await?.is_none() {
            let install = format!("INSTALL PLUGIN {plugin} SONAME '{file}'");
            client.batch(&install).await.cannot(format_args!("install the plugin {plugin}"))?;
        }
        Ok(())
    }

    /// Where the log begins that the server writes to. What is in it may be committed later than it was written there; what is in
    /// those before it is committed.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn current_log(&self) -> Result<Coordinates> {
        let status = self.connect(SYSTEM).await?.named(self.flavour().binlog_status()).await?;
        let file = status.and_then(|status| status.get("File").cloned());
        let file = file.ok_or_else(|| Error::new("the server has no binary log"))?;
        Ok(Coordinates { file, at: FIRST })
    }

    /// Copies the files of the running server into the folder `into` (a path on the host), which it makes, as of one moment.
    pub fn copy(&self, into: &str) -> Command {
        match self.flavour() {
            Flavour::MariaDb => Command::new(self.program(COPIER))
                .arg(format!("--defaults-file={}", self.config()))
                .args(["--backup".to_owned(), format!("--target-dir={into}")])
                .args([format!("--user={SUPERUSER}"), format!("--socket={}", self.socket())]),
            Flavour::MySql => Command::new(self.program(self.flavour().programs().client))
                .arg(format!("--execute=CLONE LOCAL DATA DIRECTORY = {}", word(into)))
                .named("clone"),
        }
    }

    /// As of where in the log the copy in `copy` (relative to the host's disk) is, as it says itself. MySQL's own says nothing, and
    /// is to be replayed from `begun` on, the log that was current when it was begun: what it holds of that is passed over, by the
    /// names of its transactions.
    ///
    /// # Errors
    /// It has to say it, and does not.
    pub fn copied_as_of(&self, copy: &str, begun: Coordinates) -> Result<Coordinates> {
        let said = AS_OF.iter().find_map(|name| fs::read_to_string(self.host().outside(copy).join(name)).ok());
        let known = match (said, self.flavour()) {
            (Some(text), _) => Coordinates::of_copy(&text),
            (None, Flavour::MySql) => Some(begun),
            (None, Flavour::MariaDb) => None,
        };
        known.ok_or_else(|| {
            let [file, before] = AS_OF;
            Error::new(format!(
                "the copy does not say where in the binary log it is as of: have it keep its {file}, or {before}"
            ))
        })
    }

    /// Makes the copy in `copy` (a path on the host) one that a server can start on; `None`: it is one.
    pub fn prepare(&self, copy: &str) -> Option<Command> {
        match self.flavour() {
            Flavour::MariaDb => Some(Command::new(self.program(COPIER)).args([
                "--no-defaults".to_owned(),
                "--prepare".to_owned(),
                format!("--target-dir={copy}"),
            ])),
            Flavour::MySql => None,
        }
    }

    /// Makes the folder `copy` (relative to the host's disk) the data directory, in the place of what is there. The server that
    /// starts on it gives itself a name of its own: by its source's, its transactions would be taken for its source's.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn lay_down(&self, copy: &str) -> Result<()> {
        let host = self.host();
        host.remove_folder(self.data())?;
        let copy = host.outside(copy);
        template::nameless(&copy).cannot("take the name of its source from the copy")?;
        fs::rename(copy, host.outside(self.data())).cannot("lay the copy down")
    }

    /// The transactions that the server holds, by their names; `None`: it holds none, or knows only those that it has logged.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn executed(&self) -> Result<Option<String>> {
        match self.flavour() {
            Flavour::MariaDb => Ok(None),
            Flavour::MySql => {
                let held = self.connect(SYSTEM).await?.value(self.flavour().applied()).await?;
                Ok(held.map(|held| held.replace('\n', "")).filter(|held| !held.is_empty()))
            }
        }
    }

    /// Whether the server is known to hold the transaction with the GTID `id`.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn holds(&self, id: &str) -> Result<bool> {
        let Some(executed) = self.executed().await? else { return Ok(false) };
        let asked = format!("SELECT GTID_SUBSET({}, {})", word(id), word(&executed));
        Ok(self.connect(SYSTEM).await?.value(&asked).await?.as_deref() == Some("1"))
    }
}
