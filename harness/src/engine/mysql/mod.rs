//! MariaDB and MySQL: a server on a host, from its template to its end.

pub mod binlog;
mod client;
mod closing;
mod config;
mod flavour;
mod life;
mod logical;
mod physical;
pub mod replica;
mod template;
pub mod values;
mod words;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::{Door, Installation, Login, Role, Stop};
use crate::failure::{Context, Error, Result};
use crate::host::process::Frozen;
use crate::host::{Daemon, Host};
use crate::plan::EngineKind;
use crate::secret::Secret;

pub use client::{Client, Stopped, breaks};
pub use flavour::{Flavour, Programs};
use replica::Shipments;
pub use words::Words;

/// The usual port, on every host.
pub const PORT: u16 = 3306;
/// The superuser; it logs in over the local socket only.
pub const SUPERUSER: &str = "root";
/// The database that every server has.
pub const SYSTEM: &str = "mysql";
/// From now on nothing of the session gets into the general log or, but after a year, into the slow one.
const UNLOGGED: &str = "SET SESSION sql_log_off = 1, SESSION long_query_time = 31536000";
/// For one life: scheduled events stand still until they are switched on.
const WITHOUT_EVENTS: &str = "--event-scheduler=OFF";
/// The socket's name in its folder.
const SOCKET: &str = "mysqld.sock";

/// A server on a host, with its data directory. It runs between [`Mysql::start`] and [`Mysql::stop`].
#[derive(Debug)]
pub struct Mysql {
    daemon: Daemon,
    flavour: Flavour,
    installation: Installation,
    /// Of a replica that receives now and then only.
    shipments: Mutex<Option<Shipments>>,
}

impl Mysql {
    /// A server on `host` that has no data directory yet.
    pub fn empty(host: Host, installation: Installation) -> Self {
        let flavour = Flavour::of(&installation.server);
        Self { daemon: Daemon::new(flavour.name(), host), flavour, installation, shipments: Mutex::default() }
    }

    /// Gives it a fresh data directory, cloned from the cached template, and writes its file of settings: the harness's own,
    /// then `settings`. Whatever the role, it has an identity of its own from its first start.
    ///
    /// # Errors
    /// The template could not be made, or copied, or the file not written.
    pub async fn initialise(&self, cache: &Path, _: Role, settings: &[(String, String)]) -> Result<()> {
        let template = template::get(self, &self.installation, cache).await?;
        let (host, data) = (self.host().clone(), self.data());
        // Beside the runtime: other servers start meanwhile.
        let copied = tokio::task::spawn_blocking(move || host.copy_in(&template, data)).await;
        copied.map_err(|error| Error::new(error.to_string()))??;
        self.configure(settings)
    }

    fn configure(&self, settings: &[(String, String)]) -> Result<()> {
        let own: Vec<_> = [config::server_id(self.host(), 0)].iter().chain(settings).cloned().collect();
        self.host().write(config::CONFIG, config::text(self.flavour(), &own).as_bytes(), 0o644)?;
        self.host().write(config::OF_CLIENTS, config::of_clients(&self.socket()).as_bytes(), 0o600)
    }

    /// The host that it is on.
    pub fn host(&self) -> &Host {
        self.daemon.host()
    }

    /// Which of the two it is.
    pub fn flavour(&self) -> Flavour {
        self.flavour
    }

    /// The data directory, relative to the host's disk.
    pub fn data(&self) -> &'static str {
        "data"
    }

    /// One of its programs, as the host sees it.
    pub fn program(&self, name: &str) -> PathBuf {
        self.flavour.place(self.installation.bindir(), name)
    }

    /// The server's version, as it says it.
    pub fn version(&self) -> &str {
        &self.installation.version
    }

    /// Its socket, as programs on the host see it (`--socket`).
    pub fn socket(&self) -> String {
        self.host().path(&format!("run/{SOCKET}"))
    }

    /// The file of settings, as programs on the host see it (`--defaults-file`).
    pub fn config(&self) -> String {
        self.host().path(config::CONFIG)
    }

    /// What a user's programs on the host look for in their environment. The server's own client programs know from a file
    /// where it is, and nowhere a database; whose they are the server's name says.
    pub fn environment(&self, database: &str) -> Vec<(&'static str, String)> {
        let server = format!("{} {}", self.flavour.name(), self.version());
        vec![("BLACKSTART_DATABASE", database.to_owned()), ("BLACKSTART_SERVER", server)]
    }

    /// Starts the server, as a new life, and returns at once. A host that has lost its file of settings gets the harness's
    /// own.
    ///
    /// # Errors
    /// It could not be started, or nothing be written on the host.
    pub fn launch(&mut self) -> Result<()> {
        self.launch_with(&[])
    }

    fn launch_with(&mut self, options: &[&str]) -> Result<()> {
        if !self.host().outside(config::CONFIG).exists() {
            self.configure(&[])?;
        }
        // It names the process of a server that was killed, and that number may be another process's by now.
        let _ = std::fs::remove_file(self.host().outside(&format!("run/{SOCKET}.lock")));
        let life = life::begin(self.host(), self.data())?;
        let command = config::command(self, &life).args(options.iter().copied());
        self.daemon.launch(&command)
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    /// It ended, or did not answer within `bound`; the server's last lines say why.
    pub async fn start(&mut self, bound: Duration) -> Result<()> {
        self.launch()?;
        self.answering(bound).await
    }

    /// Likewise, for one life in which scheduled events stand still until they are switched on.
    ///
    /// # Errors
    /// It ended, or did not answer within `bound`; the server's last lines say why.
    pub async fn start_without_events(&mut self, bound: Duration) -> Result<()> {
        self.launch_with(&[WITHOUT_EVENTS])?;
        self.answering(bound).await
    }

    /// Waits until the server answers the superuser.
    ///
    /// # Errors
    /// It ended, or did not answer within `bound`; the server's last lines say why.
    pub async fn answering(&mut self, bound: Duration) -> Result<()> {
        let login = self.superuser(SYSTEM);
        self.daemon.answering(|| async { connect(&login).await.map(drop) }, bound).await
    }

    /// Fails if the server process has ended.
    ///
    /// # Errors
    /// It has; its last lines say why.
    pub fn alive(&mut self) -> Result<()> {
        self.daemon.alive()
    }

    /// The server's last lines.
    pub fn lines(&self) -> Vec<String> {
        self.daemon.lines()
    }

    /// Stops the server; one that does not run is fine.
    ///
    /// # Errors
    /// It did not end within `bound` (it was killed then).
    pub async fn stop(&mut self, how: Stop, bound: Duration) -> Result<()> {
        let signal = match how {
            Stop::Fast => Signal::SIGTERM,
            Stop::Immediate => Signal::SIGKILL,
        };
        self.daemon.end(signal, bound).await
    }

    /// Keeps shipments to it in place of those that it had, which are returned.
    fn keep(&self, shipments: Option<Shipments>) -> Option<Shipments> {
        std::mem::replace(&mut *self.shipments.lock().unwrap_or_else(PoisonError::into_inner), shipments)
    }

    /// The process of the server's life, while it runs.
    pub fn process(&self) -> Option<u32> {
        self.daemon.id()
    }

    /// Kills every process of the server at once, as a loss of power does; one that does not run is fine.
    ///
    /// # Errors
    /// One of them still lived after `bound`.
    pub async fn kill(&mut self, bound: Duration) -> Result<()> {
        self.daemon.kill(bound).await
    }

    /// Freezes the server whole, at most within `bound`.
    ///
    /// # Errors
    /// It does not run, or a process of it did not stand still within `bound`.
    pub async fn freeze(&self, bound: Duration) -> Result<Frozen> {
        self.daemon.freeze(bound).await
    }

    /// Connects the superuser to `database` over the local socket.
    ///
    /// # Errors
    /// The server's answer, or that there was none within 5 s.
    pub async fn connect(&self, database: &str) -> Result<Client> {
        let connected = connect(&self.superuser(database)).await;
        connected.cannot(format_args!("connect to {database} on host {}", self.host().name()))
    }

    /// Connects the superuser for statements with a secret in them, which no log gets.
    async fn connect_unlogged(&self) -> Result<Client> {
        let client = self.connect(SYSTEM).await?;
        // By itself: a statement is logged, with all that comes after it, before it is run.
        client.batch(UNLOGGED).await?;
        Ok(client)
    }

    /// How the superuser reaches `database`: over the local socket.
    pub fn superuser(&self, database: &str) -> Login {
        let (door, user) = (Door::Socket(self.host().door("run")), SUPERUSER.to_owned());
        Login { engine: EngineKind::Mysql, door, user, password: None, database: database.to_owned() }
    }

    /// Runs SQL without a result as the superuser.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn run(&self, database: &str, sql: &str) -> Result<()> {
        Ok(self.connect(database).await?.batch(sql).await?)
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn create_database(&self, name: &str) -> Result<()> {
        let made = self.run(SYSTEM, &format!("CREATE DATABASE {}", values::quoted(name))).await;
        made.cannot(format_args!("make the database {name}"))
    }

    /// Takes every right on `database` from everybody and ends its sessions: nobody gets into it any more but those who have
    /// rights on all databases, as the superuser has over the local socket. Rights by a pattern that it matches go too.
    ///
    /// # Errors
    /// The server's answer, or that a session did not end.
    pub async fn close_database(&self, database: &str) -> Result<()> {
        let client = self.connect(SYSTEM).await?;
        closing::close(&client, database).await.cannot(format_args!("close the database {database}"))
    }

    /// Gives the account `user`@`%` a password and unlocks it. It travels over the local socket and never stands in a log.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn set_password(&self, user: &str, password: &Secret) -> Result<()> {
        let set = async || {
            let client = self.connect_unlogged().await?;
            Ok::<_, Error>(client.batch(&self.flavour().password(user, password.reveal())).await?)
        };
        set().await.cannot(format_args!("set the password of {user}"))
    }
}

/// The GTID of what this session committed last; `None`: it has written nothing.
///
/// # Errors
/// The server's answer.
pub async fn last_transaction(client: &Client) -> Result<Option<String>> {
    let version = client.value("SELECT version()").await?.unwrap_or_default();
    let gtid = client.value(Flavour::speaking(&version).last_gtid()).await?;
    Ok(gtid.filter(|gtid| !gtid.is_empty()))
}

/// Connects, at most for 5 s.
async fn connect(login: &Login) -> Result<Client> {
    super::client::in_time(Client::open(login)).await
}
