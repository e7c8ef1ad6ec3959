//! The engines as a test uses them: what is called the same is called by one name, and the rest is a table of SQL.

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::pin::pin;
use std::process::Command;
use std::time::Duration;

use blackstart::engine::fields::{ColumnType, Malformed};
use blackstart::engine::mysql::{self, Client, Flavour, Mysql};
use blackstart::engine::postgres::copy::CopyReader;
use blackstart::engine::postgres::{self, Postgres, Role, Stop};
use blackstart::engine::{Door, Login};
use blackstart::failure::{Error, Result};
use blackstart::host::Host;
use blackstart::host::process::Frozen;
use blackstart::secret::Secret;
use blackstart_record::event::Incarnation;
use futures_util::TryStreamExt;
use tokio_postgres::SimpleQueryMessage;

use crate::located::located;

/// The longest that anything here is waited for.
pub const BOUND: Duration = Duration::from_secs(60);
/// A role that is not the superuser.
pub const VISITOR: &str = "visitor";

/// An engine, and how it is spoken to.
pub struct Kind {
    pub make: fn(Host) -> Engine,
    pub settings: &'static [(&'static str, &'static str)],
    /// The superuser, and the database that is always there.
    pub superuser: &'static str,
    pub system: &'static str,
    /// Makes the visitor, who may not log in yet.
    pub visitor: &'static str,
    /// Readies a fresh database, in the place of `{}`, for the visitor.
    pub ready: &'static str,
    /// The SQLSTATEs of a login that is refused: for its password, and for its database.
    pub refused: [&'static str; 2],
}

pub const POSTGRES: Kind = Kind {
    make: |host| {
        let (program, version) = located(&host, "postgres");
        let bindir = program.parent().unwrap().to_owned();
        Engine::Postgres(Postgres::empty(host, postgres::Installation { bindir, version }))
    },
    settings: &[("autovacuum", "off")],
    superuser: postgres::SUPERUSER,
    system: postgres::SUPERUSER,
    visitor: "CREATE ROLE visitor",
    ready: "CREATE TABLE words (id integer PRIMARY KEY, word text); GRANT ALL ON words TO visitor",
    refused: ["28P01", "55000"],
};

pub const MARIADB: Kind = Kind {
    make: |host| {
        let (program, version) = located(&host, "mariadbd");
        let bindir = program.parent().unwrap().to_owned();
        let installation = mysql::Installation { flavour: Flavour::MariaDb, bindir, version };
        Engine::Mysql(Mysql::empty(host, installation))
    },
    // Where a secret would show.
    settings: &[("general_log", "ON"), ("slow_query_log", "ON"), ("long_query_time", "0")],
    superuser: mysql::SUPERUSER,
    system: mysql::SYSTEM,
    visitor: "CREATE USER visitor@'%' ACCOUNT LOCK",
    ready: "CREATE TABLE words (id INT PRIMARY KEY, word VARCHAR(100));
        CREATE TABLE blackstart_heartbeat (stream VARCHAR(10) PRIMARY KEY, beat BIGINT);
        GRANT ALL ON {}.* TO visitor@'%'",
    refused: ["28000", "42000"],
};

/// Of no stable Debian: tried where somebody has it.
pub const MYSQL: Kind = Kind {
    make: |host| {
        let (program, version) = mysql_server().unwrap();
        let bindir = program.parent().unwrap().to_owned();
        let installation = mysql::Installation { flavour: Flavour::MySql, bindir, version };
        Engine::Mysql(Mysql::empty(host, installation))
    },
    ..MARIADB
};

/// The MySQL server on `PATH`, and its version; MariaDB's answers to the same name.
pub fn mysql_server() -> std::result::Result<(PathBuf, String), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find_map(|folder| {
            let program = folder.join("mysqld");
            let said = Command::new(&program).arg("--version").output().ok()?;
            let said = String::from_utf8_lossy(&said.stdout).into_owned();
            let version = said.split_once("Ver ")?.1.split_whitespace().next()?.to_owned();
            (!said.contains("MariaDB")).then_some((program, version))
        })
        .ok_or_else(|| "no MySQL server is on PATH".to_owned())
}

pub enum Engine {
    Postgres(Postgres),
    Mysql(Mysql),
}

macro_rules! each {
    ($engine:expr, $server:ident => $act:expr) => {
        match $engine {
            Engine::Postgres($server) => $act,
            Engine::Mysql($server) => $act,
        }
    };
}

impl Engine {
    pub async fn initialise(&self, role: Role, settings: &[(&str, &str)]) {
        let cache = blackstart_tools::cache_dir().unwrap();
        let own: Vec<_> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        each!(self, server => server.initialise(&cache, role, &own).await).unwrap();
    }

    pub fn host(&self) -> &Host {
        each!(self, server => server.host())
    }

    pub fn data(&self) -> &'static str {
        each!(self, server => server.data())
    }

    pub fn version(&self) -> &str {
        each!(self, server => server.version())
    }

    pub async fn start(&mut self, bound: Duration) -> Result<()> {
        each!(self, server => server.start(bound).await)
    }

    pub fn alive(&mut self) -> Result<()> {
        each!(self, server => server.alive())
    }

    pub fn lines(&self) -> Vec<String> {
        each!(self, server => server.lines())
    }

    pub async fn stop(&mut self, how: Stop) -> Result<()> {
        each!(self, server => server.stop(how, BOUND).await)
    }

    pub fn process(&self) -> Option<u32> {
        each!(self, server => server.process())
    }

    pub async fn kill(&mut self) -> Result<()> {
        each!(self, server => server.kill(BOUND).await)
    }

    pub async fn freeze(&self) -> Result<Frozen> {
        each!(self, server => server.freeze(BOUND).await)
    }

    pub async fn incarnation(&self, database: &str) -> Incarnation {
        each!(self, server => server.incarnation(database).await).unwrap()
    }

    /// The same, as whoever logs in sees it.
    pub async fn incarnation_at(&self, login: &Login) -> Incarnation {
        match self {
            Self::Postgres(_) => postgres::questions::incarnation(login).await.unwrap(),
            Self::Mysql(_) => mysql::questions::incarnation(login).await.unwrap(),
        }
    }

    pub async fn run(&self, database: &str, sql: &str) -> Result<()> {
        each!(self, server => server.run(database, sql).await)
    }

    pub async fn set_password(&self, role: &str, password: &Secret) -> Result<()> {
        each!(self, server => server.set_password(role, password).await)
    }

    pub async fn create_database(&self, kind: &Kind, name: &str) {
        match self {
            Self::Postgres(server) => server.run(kind.system, &format!("CREATE DATABASE {name}")).await.unwrap(),
            Self::Mysql(server) => server.create_database(name).await.unwrap(),
        }
        self.run(name, &kind.ready.replace("{}", name)).await.unwrap();
    }

    pub async fn close_database(&self, name: &str) -> Result<()> {
        each!(self, server => server.close_database(name).await)
    }

    pub fn superuser(&self, database: &str) -> Login {
        each!(self, server => server.superuser(database))
    }

    /// The visitor's login over the network.
    pub fn visitor(&self, database: &str, password: &Secret) -> Login {
        let port = match self {
            Self::Postgres(_) => postgres::PORT,
            Self::Mysql(_) => mysql::PORT,
        };
        let door = Door::Address(SocketAddrV4::new(self.host().address(), port));
        Login { door, user: VISITOR.to_owned(), password: Some(password.clone()), database: database.to_owned() }
    }

    /// A session, or the SQLSTATE with which it was refused.
    pub async fn session(&self, login: &Login) -> std::result::Result<Session, String> {
        match self {
            Self::Postgres(_) => {
                let connected = postgres::config(login).connect(tokio_postgres::NoTls).await;
                let (client, connection) = connected
                    .map_err(|error| error.code().map_or_else(|| error.to_string(), |code| code.code().to_owned()))?;
                tokio::spawn(connection);
                Ok(Session::Postgres(client))
            }
            Self::Mysql(_) => Client::open(login).await.map(Session::Mysql).map_err(|error| match error {
                mysql_async::Error::Server(answer) => answer.state,
                other => panic!("{other}"),
            }),
        }
    }
}

pub enum Session {
    Postgres(tokio_postgres::Client),
    Mysql(Client),
}

impl Session {
    pub async fn batch(&self, sql: &str) -> Result<()> {
        match self {
            Self::Postgres(client) => Ok(client.batch_execute(sql).await?),
            Self::Mysql(client) => Ok(client.batch(sql).await?),
        }
    }

    pub async fn rows(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
        let client = match self {
            Self::Mysql(client) => return Ok(client.rows(sql).await?),
            Self::Postgres(client) => client,
        };
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
            }
            _ => None,
        };
        Ok(client.simple_query(sql).await?.into_iter().filter_map(row).collect())
    }

    /// The fields of each row.
    pub async fn read(&self, sql: &str, columns: &[ColumnType]) -> Result<Vec<Vec<u8>>> {
        let mut rows = Vec::new();
        let mut each = |fields: &[u8]| {
            rows.push(fields.to_vec());
            Ok::<_, Malformed>(())
        };
        match self {
            Self::Postgres(client) => {
                let mut reader = CopyReader::new(columns.len());
                let copy = format!("COPY ({sql}) TO STDOUT (FORMAT binary)");
                let mut stream = pin!(client.copy_out(&copy).await?);
                while let Some(chunk) = stream.try_next().await? {
                    reader.push(&chunk, &mut each).map_err(Error::from)?;
                }
                reader.finish()?;
            }
            Self::Mysql(client) => {
                client.read(sql, columns, each).await?;
            }
        }
        Ok(rows)
    }
}
