//! PostgreSQL: a cluster on a host, from its template to its end.

pub mod archiving;
pub mod copy;
pub mod questions;
pub mod replay;
pub mod replica;
mod template;
pub mod wire;
mod words;

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio_postgres::{Client, Config, NoTls};

use super::{Door, Installation, Login, Role, Stop, client};
use crate::failure::{Context, Error, Result};
use crate::host::process::Frozen;
use crate::host::{Command, Daemon, Host};
use crate::plan::EngineKind;
use crate::secret::Secret;
pub use words::Words;

/// The usual port, on every host.
pub const PORT: u16 = 5432;
/// The superuser; it logs in over the local socket only.
pub const SUPERUSER: &str = "postgres";

/// A cluster on a host. Its server runs between [`Postgres::start`] and [`Postgres::stop`].
#[derive(Debug)]
pub struct Postgres {
    daemon: Daemon,
    installation: Installation,
}

impl Postgres {
    /// A cluster on `host` that has no data directory yet.
    pub fn empty(host: Host, installation: Installation) -> Self {
        Self { daemon: Daemon::new("PostgreSQL", host), installation }
    }

    /// Gives it a fresh data directory, cloned from the cached template, with `settings` in `postgresql.conf`.
    /// Clones of one template share its system identifier: servers of one drill need a template each, by `role`.
    ///
    /// # Errors
    /// The template could not be made, or copied.
    pub async fn initialise(&self, cache: &Path, role: Role, settings: &[(String, String)]) -> Result<()> {
        let template = template::get(self.host(), &self.installation, role, cache).await?;
        // Beside the runtime: a copy takes a tenth of a second, and other servers start meanwhile.
        let (host, data) = (self.host().clone(), self.data());
        let copied = tokio::task::spawn_blocking(move || host.copy_in(&template, data)).await;
        copied.map_err(|error| Error::new(error.to_string()))??;
        let lines: String = settings.iter().map(|(name, value)| setting(name, value)).collect();
        let conf = self.host().outside("data/postgresql.conf");
        let written = std::fs::read_to_string(&conf)
            .and_then(|text| std::fs::write(&conf, text + "\n# Set by the drill.\n" + &lines));
        written.cannot("write postgresql.conf")?;
        self.host().write("data/pg_hba.conf", HBA.as_bytes(), 0o600)
    }

    /// The host that it is on.
    pub fn host(&self) -> &Host {
        self.daemon.host()
    }

    /// The data directory, relative to the host's disk.
    pub fn data(&self) -> &'static str {
        "data"
    }

    /// One of its programs, as the host sees it.
    pub fn program(&self, name: &str) -> PathBuf {
        self.installation.bindir().join(name)
    }

    /// The server's version, as it says it.
    pub fn version(&self) -> &str {
        &self.installation.version
    }

    /// The folder of its socket, as programs on the host see it (`PGHOST`).
    pub fn socket(&self) -> String {
        self.host().path("run")
    }

    /// What its client programs on the host look for in their environment, to reach `database` as the superuser.
    pub fn environment(&self, database: &str) -> Vec<(&'static str, String)> {
        let known = [
            ("PGHOST", &*self.socket()),
            ("PGPORT", &PORT.to_string()),
            ("PGUSER", SUPERUSER),
            ("PGDATABASE", database),
        ];
        known.map(|(name, value)| (name, value.to_owned())).to_vec()
    }

    /// Starts the server and returns at once.
    ///
    /// # Errors
    /// It could not be started.
    pub fn launch(&mut self) -> Result<()> {
        // What belongs to the host and not to the data goes on the command line: a restored data directory brings
        // the configuration of another host.
        let mut own = vec![
            ("listen_addresses", self.host().address().to_string()),
            ("port", PORT.to_string()),
            ("unix_socket_directories", self.socket()),
        ];
        if !self.host().knows_its_processes() {
            // Its /dev/shm is the machine's: what a killed server leaves there would outlive the host.
            own.push(("dynamic_shared_memory_type", "mmap".to_owned()));
        }
        let mut command = Command::new(self.program("postgres")).args(["-D", &self.host().path(self.data())]);
        for (name, value) in own {
            command = command.args(["-c".to_owned(), format!("{name}={value}")]);
        }
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

    /// Waits until the server answers the superuser.
    ///
    /// # Errors
    /// It ended, or did not answer within `bound`; the server's last lines say why.
    pub async fn answering(&mut self, bound: Duration) -> Result<()> {
        let login = self.superuser(SUPERUSER);
        self.daemon.answering(|| async { connect(&login).await.map(|_| ()) }, bound).await
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
            Stop::Fast => Signal::SIGINT,
            Stop::Immediate => Signal::SIGQUIT,
        };
        self.daemon.end(signal, bound).await
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

    /// How the superuser reaches `database`: over the local socket.
    pub fn superuser(&self, database: &str) -> Login {
        superuser(self.host().door("run"), database)
    }

    /// Runs SQL without a result as the superuser.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn run(&self, database: &str, sql: &str) -> Result<()> {
        Ok(self.connect(database).await?.batch_execute(sql).await?)
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn create_database(&self, database: &str) -> Result<()> {
        self.run(SUPERUSER, &format!("CREATE DATABASE \"{}\"", database.replace('"', "\"\""))).await
    }

    /// Ends every session of `database` and lets no new one in, not even the superuser's.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn close_database(&self, database: &str) -> Result<()> {
        let client = self.connect(SUPERUSER).await?;
        let quoted = database.replace('"', "\"\"");
        client.batch_execute(&format!("ALTER DATABASE \"{quoted}\" ALLOW_CONNECTIONS false")).await?;
        let end = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = $1";
        client.query_one(end, &[&database]).await.map(|_| ()).cannot(format_args!("end the sessions of {database}"))
    }

    /// Gives a role a password. It travels over the local socket and never stands in a log.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn set_password(&self, role: &str, password: &Secret) -> Result<()> {
        let quoted = password.reveal().replace('\'', "''");
        let sql = format!("SET log_min_error_statement = panic; ALTER ROLE \"{role}\" LOGIN PASSWORD '{quoted}'");
        self.run(SUPERUSER, &sql).await.cannot(format_args!("set the password of role {role}"))
    }
}

/// Everybody proves who they are but programs on the host itself, which came in through the host.
const HBA: &str = "local all all trust\nlocal replication all trust\n\
    host all all samenet scram-sha-256\nhost replication all samenet scram-sha-256\n";

/// One line of `postgresql.conf`.
pub fn setting(name: &str, value: &str) -> String {
    format!("{name} = '{}'\n", value.replace('\\', "\\\\").replace('\'', "''"))
}

/// How the superuser reaches `database` by the socket in `folder`.
pub fn superuser(folder: PathBuf, database: &str) -> Login {
    Login {
        engine: EngineKind::Postgres,
        door: Door::Socket(folder),
        user: SUPERUSER.to_owned(),
        password: None,
        database: database.to_owned(),
    }
}

/// Connects and drives the connection in the background; at most 5 s.
///
/// # Errors
/// The server's answer, or that there was none.
pub async fn connect(login: &Login) -> Result<Client> {
    client::in_time(open(login)).await
}

/// Connects, for as long as that takes, and drives the connection in the background.
///
/// # Errors
/// The server's answer.
pub async fn open(login: &Login) -> std::result::Result<Client, tokio_postgres::Error> {
    let (client, connection) = config(login).connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// A login in the driver's words, without a bound.
pub fn config(login: &Login) -> Config {
    let mut config = Config::new();
    match &login.door {
        Door::Address(address) => config.hostaddr((*address.ip()).into()).port(address.port()),
        Door::Socket(folder) => config.host_path(folder).port(PORT),
    };
    config.user(&login.user).dbname(&login.database);
    if let Some(password) = &login.password {
        config.password(password.reveal());
    }
    config
}
