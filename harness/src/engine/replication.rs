//! Servers that follow another of their engine: made its replica, watched, paused, rolled on, and promoted in its place. How an
//! engine does each of these is in its folder's `replica.rs`; positions and transactions are named in its own words.

use std::net::SocketAddrV4;
use std::time::Duration;

use blackstart_record::alert::OwnLag;
use blackstart_record::plan::Pace;

use super::mysql::replica as mysql;
use super::postgres::replica as postgres;
use super::{Client, Server};
use crate::failure::{Error, Result};
use crate::host::Command;
use crate::plan::EngineKind;
use crate::secret::Secret;

/// How a replica follows its source.
#[derive(Clone, Debug)]
pub struct Following {
    /// Where it connects.
    pub address: SocketAddrV4,
    /// What it proves itself by.
    pub password: Secret,
    /// How far behind it is by intent.
    pub pace: Pace,
    /// Whether it begins with all that its source has, and not with all that its source has logged: a restored server may have
    /// logged less.
    pub copies: bool,
}

/// The way by which a replica gets what it repeats.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// Where that is written.
    pub source: &'a Server,
    /// The replicas that pass it on, the source's own first.
    pub through: &'a [Server],
}

/// From the source itself.
impl<'a> From<&'a Server> for Way<'a> {
    fn from(source: &'a Server) -> Self {
        Self { source, through: &[] }
    }
}

impl<'a> Way<'a> {
    fn of_mysql(self) -> Result<mysql::Way<'a>> {
        let through = self.through.iter().map(Server::mysql).collect::<Result<_>>()?;
        Ok(mysql::Way { source: self.source.mysql()?, through })
    }
}

/// What a replica begins as.
#[derive(Debug)]
pub enum Beginning {
    /// A copy of its source's files, made by this program of that name.
    Copy(&'static str, Command),
    /// An empty server with these settings, which takes everything from its source's log.
    Empty(Vec<(String, String)>),
    /// An empty server with these settings, into which its source's content is copied while it runs.
    Filled(Vec<(String, String)>),
}

fn unlike(replica: &Server, source: &Server) -> Error {
    let [(of, on), (from, at)] = [replica, source].map(|server| (server.kind(), server.host().name()));
    Error::new(format!("{of} on host {on} cannot follow {from} on host {at}"))
}

/// The plan refuses it at its place.
fn undelayed() -> Error {
    Error::new("no replica of PostgreSQL is behind by intent")
}

/// Its replicas begin as copies of files.
fn filled_by_nobody() -> Error {
    Error::new("no replica of PostgreSQL is filled while it runs")
}

impl EngineKind {
    /// Settings that a source of replicas needs, and its replicas with it.
    pub fn replication_settings(self) -> Vec<(String, String)> {
        let settings: &[(&str, &str)] = match self {
            Self::Postgres => &postgres::SETTINGS,
            Self::Mysql => &[],
        };
        settings.iter().map(|(name, to)| ((*name).to_owned(), (*to).to_owned())).collect()
    }
}

impl Client {
    /// How far behind its source the replica says that it is itself; `None`: it does not say, as while it applies nothing.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn own_lag(&self) -> Result<Option<OwnLag>> {
        match self {
            Self::Postgres(client) => postgres::own_lag(client).await,
            Self::Mysql(client) => mysql::own_lag(client).await,
        }
    }
}

impl Server {
    /// Lets a replica in at this source.
    ///
    /// # Errors
    /// The source's answer.
    pub async fn admit(&self, following: &Following) -> Result<()> {
        match self {
            Self::Postgres(source) => postgres::admit(source, following).await,
            Self::Mysql(source) => mysql::admit(source, following).await,
        }
    }

    /// What this server begins as, as a replica.
    ///
    /// # Errors
    /// Any error of writing.
    pub fn beginning(&self, following: &Following, bound: Duration) -> Result<Beginning> {
        Ok(match self {
            Self::Postgres(replica) => Beginning::Copy("pg_basebackup", postgres::copying(replica, following, bound)?),
            Self::Mysql(replica) if following.copies => Beginning::Filled(mysql::settings(replica)),
            Self::Mysql(replica) => Beginning::Empty(mysql::settings(replica)),
        })
    }

    /// Starts this server, which is empty; the programs, one after the other, that copy its source's content and accounts into
    /// it, and where in the log that is as of.
    ///
    /// # Errors
    /// Any error of writing, or why it did not start.
    pub async fn filling(&mut self, following: &Following, database: &str, bound: Duration) -> Result<Vec<Command>> {
        match self {
            Self::Postgres(_) => Err(filled_by_nobody()),
            Self::Mysql(replica) => mysql::copying::begin(replica, following, database, bound).await,
        }
    }

    /// Has what was copied into this server be that of a replica, and stops it.
    ///
    /// # Errors
    /// The server's answer, or that it did not end within `bound`.
    pub async fn filled(&mut self, bound: Duration) -> Result<()> {
        match self {
            Self::Postgres(_) => Err(filled_by_nobody()),
            Self::Mysql(replica) => mysql::copying::end(replica, bound).await,
        }
    }

    /// Starts this server on its beginning, as a replica that follows from then on.
    ///
    /// # Errors
    /// Any error of writing, or why it did not start or follow.
    pub async fn follow(&mut self, following: &Following, bound: Duration) -> Result<()> {
        match self {
            Self::Postgres(replica) => postgres::start(replica, following, bound).await,
            Self::Mysql(replica) => mysql::start(replica, following, bound).await,
        }
    }

    /// Waits until this replica has applied all that its source had written when this began; up to which position of the source.
    ///
    /// # Errors
    /// One of them does not answer, or a replica is no longer one or has not come so far within `bound`.
    pub async fn caught_up(&self, way: impl Into<Way<'_>>, bound: Duration) -> Result<String> {
        let way = way.into();
        match (self, way.source) {
            // Its positions are the same in all servers of a chain.
            (Self::Postgres(replica), Self::Postgres(source)) => postgres::caught_up(source, replica, bound).await,
            (Self::Mysql(replica), Self::Mysql(_)) => mysql::caught_up(&way.of_mysql()?, replica, bound).await,
            (replica, source) => Err(unlike(replica, source)),
        }
    }

    /// Waits until this replica has all that its source had written when this began, applied or not; up to which position of
    /// the source.
    ///
    /// # Errors
    /// One of them does not answer, or a replica is no longer one or has not come so far within `bound`.
    pub async fn received(&self, way: impl Into<Way<'_>>, bound: Duration) -> Result<String> {
        let way = way.into();
        match (self, way.source) {
            (Self::Mysql(replica), Self::Mysql(_)) => mysql::received(&way.of_mysql()?, replica, bound).await,
            (Self::Postgres(_), _) => Err(undelayed()),
            (replica, source) => Err(unlike(replica, source)),
        }
    }

    /// Has this replica receive all that there is by now, and then again once in `every`, and nothing in between, until that is
    /// ended; up to which position of the source the first of these shipments came.
    ///
    /// # Errors
    /// One of them does not answer, or it did not come within `bound`.
    pub async fn ship_every(&self, way: impl Into<Way<'_>>, every: Duration, bound: Duration) -> Result<String> {
        match self {
            Self::Postgres(_) => Err(undelayed()),
            Self::Mysql(replica) => mysql::ship_every(&way.into().of_mysql()?, replica, every, bound).await,
        }
    }

    /// Ends the shipments to this replica; what came of them. `None`: there were none.
    pub async fn end_shipments(&self) -> Option<String> {
        match self {
            Self::Postgres(_) => None,
            Self::Mysql(replica) => mysql::end_shipments(replica).await,
        }
    }

    /// Has this delayed replica apply what it has received from before a transaction of its source, at once, and nothing of it
    /// or after it; up to which position.
    ///
    /// # Errors
    /// It has not received that transaction, or has applied it, or has not come so far within `bound`.
    pub async fn roll_on(&self, transaction: &str, bound: Duration) -> Result<String> {
        match self {
            Self::Postgres(_) => Err(undelayed()),
            Self::Mysql(replica) => mysql::roll_on(replica, transaction, bound).await,
        }
    }

    /// Has this replica apply all that it has received, at once; up to which position. It receives nothing any more.
    ///
    /// # Errors
    /// The server's answer, or that it did not come so far within `bound`.
    pub async fn apply_received(&self, bound: Duration) -> Result<String> {
        match self {
            Self::Postgres(_) => Err(undelayed()),
            Self::Mysql(replica) => mysql::apply_received(replica, bound).await,
        }
    }

    /// Has this replica apply all that it has received, at once, unless it is where it is to be already; then it follows nobody
    /// any more, and takes writes. What it has become, and up to where it had come.
    ///
    /// # Errors
    /// The server's answer, or that it did not end within `bound`.
    pub async fn promote(&self, is_there: bool, bound: Duration) -> Result<String> {
        match self {
            Self::Postgres(replica) => {
                let incarnation = postgres::promote(replica, bound).await?;
                let position = postgres::last_applied(replica).await?;
                Ok(format!("timeline {}, last applied position {position}", incarnation.branch))
            }
            Self::Mysql(replica) => mysql::promote(replica, is_there, bound).await,
        }
    }

    /// Pauses this replica's applying of what it goes on receiving, or lets it go on, and waits until it does.
    ///
    /// # Errors
    /// The server's answer, or that it did not happen within `bound`.
    pub async fn set_paused(&self, paused: bool, bound: Duration) -> Result<()> {
        match self {
            Self::Postgres(replica) => postgres::set_paused(replica, paused, bound).await,
            Self::Mysql(replica) => mysql::set_paused(replica, paused, bound).await,
        }
    }

    /// Lets the source write something that is no data, and waits until this replica has received it, and not applied it.
    ///
    /// # Errors
    /// It was applied, or not received within `bound`, or one of them does not answer.
    pub async fn stands_still(&self, way: impl Into<Way<'_>>, bound: Duration) -> Result<String> {
        let way = way.into();
        match (self, way.source) {
            (Self::Postgres(replica), Self::Postgres(source)) => postgres::stands_still(source, replica, bound).await,
            (Self::Mysql(replica), Self::Mysql(_)) => mysql::stands_still(&way.of_mysql()?, replica, bound).await,
            (replica, source) => Err(unlike(replica, source)),
        }
    }
}
