//! The engines as a test uses them: what is called the same is called by one name, and the rest is a table of SQL.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use blackstart::engine::fields::{ColumnType, Malformed};
use blackstart::engine::mysql::{self, Mysql};
use blackstart::engine::{Client, Door, Installation, Login, Server, postgres};
use blackstart::failure::Result;
use blackstart::host::Host;
use blackstart::plan::EngineKind;
use blackstart::secret::Secret;

use crate::located::located;

/// The longest that anything here is waited for.
pub const BOUND: Duration = Duration::from_secs(60);
/// A role that is not the superuser.
pub const VISITOR: &str = "visitor";

/// An engine, and how it is spoken to.
pub struct Kind {
    pub engine: EngineKind,
    pub locate: fn(&Host) -> (PathBuf, String),
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
    /// Lets the visitor in nowhere.
    pub locks: &'static str,
    /// Lets the visitor in for one session at a time, and for as many as it likes.
    pub sessions: [&'static str; 2],
}

pub const POSTGRES: Kind = Kind {
    engine: EngineKind::Postgres,
    locate: |host| located(host, "postgres"),
    settings: &[("autovacuum", "off")],
    superuser: postgres::SUPERUSER,
    system: postgres::SUPERUSER,
    visitor: "CREATE ROLE visitor",
    ready: "CREATE TABLE words (id integer PRIMARY KEY, word text); GRANT ALL ON words TO visitor",
    refused: ["28P01", "55000"],
    locks: "ALTER ROLE visitor NOLOGIN",
    sessions: ["ALTER ROLE visitor LOGIN CONNECTION LIMIT 1", "ALTER ROLE visitor CONNECTION LIMIT -1"],
};

pub const MARIADB: Kind = Kind {
    engine: EngineKind::Mysql,
    locate: |host| located(host, "mariadbd"),
    // Where a secret would show.
    settings: &[("general_log", "ON"), ("slow_query_log", "ON"), ("long_query_time", "0")],
    superuser: mysql::SUPERUSER,
    system: mysql::SYSTEM,
    visitor: "CREATE USER visitor@'%' ACCOUNT LOCK",
    ready: "CREATE TABLE words (id INT PRIMARY KEY, word VARCHAR(100));
        CREATE TABLE blackstart_heartbeat (stream VARCHAR(10) PRIMARY KEY, beat BIGINT);
        GRANT ALL ON {}.* TO visitor@'%'",
    refused: ["28000", "42000"],
    locks: "ALTER USER visitor@'%' ACCOUNT LOCK",
    sessions: [
        "ALTER USER visitor@'%' WITH MAX_USER_CONNECTIONS 1 ACCOUNT UNLOCK",
        "ALTER USER visitor@'%' WITH MAX_USER_CONNECTIONS 0",
    ],
};

/// Of no stable Debian: tried where somebody has it.
pub const MYSQL: Kind = Kind { locate: |_| mysql_server().unwrap(), ..MARIADB };

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

impl Kind {
    /// A server on `host` that has no data directory yet.
    pub fn make(&self, host: Host) -> Server {
        let (server, version) = (self.locate)(&host);
        Server::empty(self.engine, host, Installation { server, version })
    }
}

/// What only the MySQL family has.
pub fn mysql(server: &Server) -> &Mysql {
    match server {
        Server::Mysql(server) => server,
        Server::Postgres(_) => panic!("this is another engine's"),
    }
}

/// A fresh database, ready for the visitor.
pub async fn create_database(server: &Server, kind: &Kind, name: &str) {
    server.create_database(name).await.unwrap();
    server.run(name, &kind.ready.replace("{}", name)).await.unwrap();
}

/// The visitor's login over the network.
pub fn visitor(server: &Server, database: &str, password: &Secret) -> Login {
    Login {
        engine: server.kind(),
        door: Door::Address(server.address()),
        user: VISITOR.to_owned(),
        password: Some(password.clone()),
        database: database.to_owned(),
    }
}

/// A session, or the SQLSTATE with which it was refused.
pub async fn session(login: &Login) -> std::result::Result<Client, String> {
    Client::open(login).await.map_err(|error| error.code().map_or_else(|| error.to_string(), str::to_owned))
}

/// The fields of each row.
pub async fn read(client: &Client, sql: &str, columns: &[ColumnType]) -> Result<Vec<Vec<u8>>> {
    let mut rows = Vec::new();
    let each = |fields: &[u8]| {
        rows.push(fields.to_vec());
        Ok::<_, Malformed>(())
    };
    client.read(sql, columns, each).await?;
    Ok(rows)
}
