//! A server on a host, of whichever engine: what every engine's can do.

use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::time::Duration;

use blackstart_record::event::Incarnation;

use super::mysql::Mysql;
use super::postgres::{self, Postgres};
use super::{Client, Door, Login, client};
use crate::failure::{Context, Error, Result};
use crate::host::Host;
use crate::host::process::Frozen;
use crate::plan::EngineKind;
use crate::secret::Secret;

/// Where this machine's server software is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The server's program.
    pub server: PathBuf,
    /// What the server says that its version is.
    pub version: String,
}

impl Installation {
    /// The folder that the server's program is in.
    pub fn bindir(&self) -> &Path {
        self.server.parent().unwrap_or(Path::new("/"))
    }
}

/// What a server is for: servers of different roles never share an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The server that the pipeline saves.
    Source,
    /// An empty server to restore onto.
    Target,
}

/// How a server is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Sessions are ended, and everything is written that the next start would else have to recover.
    Fast,
    /// At once, without a checkpoint, as a crash.
    Immediate,
}

/// Its server runs between [`Server::start`] and [`Server::stop`].
#[derive(Debug)]
pub enum Server {
    /// PostgreSQL.
    Postgres(Postgres),
    /// MariaDB or MySQL.
    Mysql(Mysql),
}

/// The same of whichever engine it is.
macro_rules! each {
    ($server:expr, $engine:ident => $does:expr) => {
        match $server {
            Server::Postgres($engine) => $does,
            Server::Mysql($engine) => $does,
        }
    };
}

impl Server {
    /// A server of `kind` on `host` that has no data directory yet.
    pub fn empty(kind: EngineKind, host: Host, installation: Installation) -> Self {
        match kind {
            EngineKind::Postgres => Self::Postgres(Postgres::empty(host, installation)),
            EngineKind::Mysql => Self::Mysql(Mysql::empty(host, installation)),
        }
    }

    /// Which engine it is.
    pub fn kind(&self) -> EngineKind {
        match self {
            Self::Postgres(_) => EngineKind::Postgres,
            Self::Mysql(_) => EngineKind::Mysql,
        }
    }

    /// Gives it a fresh data directory, cloned from a template in `cache`, with `settings` in its configuration.
    ///
    /// # Errors
    /// The template could not be made, or copied.
    pub async fn initialise(&self, cache: &Path, role: Role, settings: &[(String, String)]) -> Result<()> {
        each!(self, server => server.initialise(cache, role, settings).await)
    }

    /// The server's version, as it says it.
    pub fn version(&self) -> &str {
        each!(self, server => server.version())
    }

    /// The data directory, relative to the host's disk.
    pub fn data(&self) -> &'static str {
        each!(self, server => server.data())
    }

    /// The server's last lines.
    pub fn lines(&self) -> Vec<String> {
        each!(self, server => server.lines())
    }

    /// The host that it is on.
    pub fn host(&self) -> &Host {
        each!(self, server => server.host())
    }

    /// Where it is reached over the network.
    pub fn address(&self) -> SocketAddrV4 {
        SocketAddrV4::new(self.host().address(), self.kind().port())
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    /// It ended, or did not answer within `bound`; the server's last lines say why.
    pub async fn start(&mut self, bound: Duration) -> Result<()> {
        each!(self, server => server.start(bound).await)
    }

    /// Waits until the server answers its administrator.
    ///
    /// # Errors
    /// It ended, or did not answer within `bound`; the server's last lines say why.
    pub async fn answering(&mut self, bound: Duration) -> Result<()> {
        each!(self, server => server.answering(bound).await)
    }

    /// Fails if the server process has ended.
    ///
    /// # Errors
    /// It has; its last lines say why.
    pub fn alive(&mut self) -> Result<()> {
        each!(self, server => server.alive())
    }

    /// Stops the server; one that does not run is fine.
    ///
    /// # Errors
    /// It did not end within `bound` (it was killed then).
    pub async fn stop(&mut self, how: Stop, bound: Duration) -> Result<()> {
        each!(self, server => server.stop(how, bound).await)
    }

    /// The process of the server's life, while it runs.
    pub fn process(&self) -> Option<u32> {
        each!(self, server => server.process())
    }

    /// Kills every process of the server at once, as a loss of power does; one that does not run is fine.
    ///
    /// # Errors
    /// One of them still lived after `bound`.
    pub async fn kill(&mut self, bound: Duration) -> Result<()> {
        each!(self, server => server.kill(bound).await)
    }

    /// Freezes the server whole, at most within `bound`.
    ///
    /// # Errors
    /// It does not run, or a process of it did not stand still within `bound`.
    pub async fn freeze(&self, bound: Duration) -> Result<Frozen> {
        each!(self, server => server.freeze(bound).await)
    }

    /// How its administrator reaches `database`: from the host itself, past every link and every right.
    pub fn administrator(&self, database: &str) -> Login {
        each!(self, server => server.superuser(database))
    }

    /// How `login` is at the server itself: a link that is cut, or leads elsewhere, proves nothing about the server.
    pub fn past_the_link(&self, login: &Login) -> Login {
        login.at(Door::Address(self.address()))
    }

    /// What the engine's own client programs on the host look for in their environment, to reach `database` as its
    /// administrator.
    pub fn environment(&self, database: &str) -> Vec<(&'static str, String)> {
        each!(self, server => server.environment(database))
    }

    /// Lets a copy try to archive a piece of its log; how many it archived or tried to.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn provoke_archiving(&self) -> Result<u64> {
        match self {
            Self::Postgres(server) => postgres::archiving::provoke(server).await,
            // Its log is carried away by others.
            Self::Mysql(_) => Ok(0),
        }
    }

    /// Connects the administrator to `database`.
    ///
    /// # Errors
    /// The server's answer, or that there was none within 5 s.
    pub async fn connect(&self, database: &str) -> Result<Client> {
        let connected = client::connect(&self.administrator(database)).await;
        connected.cannot(format_args!("connect to {database} on host {}", self.host().name()))
    }

    /// Whether it answers its administrator.
    ///
    /// # Errors
    /// The server's answer, or that there was none within 5 s.
    pub async fn answers(&self) -> Result<()> {
        self.connect(self.kind().own_database()).await.map(drop)
    }

    /// Runs SQL without a result as the administrator.
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
    pub async fn create_database(&self, database: &str) -> Result<()> {
        let made = each!(self, server => server.create_database(database).await);
        made.cannot(format_args!("create the database {database}"))
    }

    /// Which life of `database` answers.
    ///
    /// # Errors
    /// The server does not answer, or follows another.
    pub async fn incarnation(&self, database: &str) -> Result<Incarnation> {
        let asked = self.administrator(database).incarnation().await;
        asked.cannot(format_args!("ask {database} on host {} which life it lives", self.host().name()))
    }

    /// Ends every session of `database` and lets no new one in, not even the administrator's.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn close_database(&self, database: &str) -> Result<()> {
        each!(self, server => server.close_database(database).await)
    }

    /// Lets a role log in by a password, which never stands in a log.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn set_password(&self, role: &str, password: &Secret) -> Result<()> {
        each!(self, server => server.set_password(role, password).await)
    }

    /// Gives a role another name, with all that it may do.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn rename_role(&self, role: &str, to: &str) -> Result<()> {
        self.run(self.kind().own_database(), &self.kind().dialect().rename_role(role, to)).await
    }

    /// What only PostgreSQL has.
    ///
    /// # Errors
    /// It is another engine.
    pub fn postgres(&self) -> Result<&Postgres> {
        match self {
            Self::Postgres(server) => Ok(server),
            Self::Mysql(_) => Err(Error::new(format!("host {} runs no PostgreSQL", self.host().name()))),
        }
    }

    /// What only PostgreSQL has.
    ///
    /// # Errors
    /// It is another engine.
    pub fn postgres_mut(&mut self) -> Result<&mut Postgres> {
        match self {
            Self::Postgres(server) => Ok(server),
            Self::Mysql(server) => Err(Error::new(format!("host {} runs no PostgreSQL", server.host().name()))),
        }
    }

    /// What only MariaDB and MySQL have.
    ///
    /// # Errors
    /// It is another engine.
    pub fn mysql(&self) -> Result<&Mysql> {
        match self {
            Self::Mysql(server) => Ok(server),
            Self::Postgres(_) => Err(Error::new(format!("host {} runs no MariaDB or MySQL", self.host().name()))),
        }
    }

    /// What only MariaDB and MySQL have.
    ///
    /// # Errors
    /// It is another engine.
    pub fn mysql_mut(&mut self) -> Result<&mut Mysql> {
        match self {
            Self::Mysql(server) => Ok(server),
            Self::Postgres(server) => {
                Err(Error::new(format!("host {} runs no MariaDB or MySQL", server.host().name())))
            }
        }
    }
}
