//! One session with a server, of whichever engine, and what it says as text.

use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio_postgres::SimpleQueryMessage;

use super::fields::{ColumnType, Malformed};
use super::postgres::copy::{self, CopyReader};
use super::{Login, mysql, postgres};
use crate::failure;
use crate::plan::EngineKind;

/// A row as text; `None` is NULL.
pub type TextRow = Vec<Option<String>>;

/// An open session.
#[derive(Debug)]
pub enum Client {
    /// With PostgreSQL.
    Postgres(tokio_postgres::Client),
    /// With MariaDB or MySQL.
    Mysql(mysql::Client),
}

/// Why a server could not be asked, or what it said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL's driver.
    #[error(transparent)]
    Postgres(#[from] tokio_postgres::Error),
    /// MariaDB's or MySQL's driver.
    #[error(transparent)]
    Mysql(#[from] mysql_async::Error),
}

impl Error {
    /// The SQLSTATE of a server's refusal; `None`: no server said anything.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Postgres(error) => error.code().map(tokio_postgres::error::SqlState::code),
            Self::Mysql(mysql_async::Error::Server(answer)) => Some(&answer.state),
            Self::Mysql(_) => None,
        }
    }

    /// Whether the server does not let this user in from here, by whatever proof it was given: another time it would say the
    /// same. A database that is missing, too many sessions or a server that starts say nothing of the user.
    pub fn denies_login(&self) -> bool {
        /// `ER_HOST_NOT_PRIVILEGED`, and `ER_ACCOUNT_HAS_BEEN_LOCKED` of MySQL and of MariaDB, have no SQLSTATE of their own.
        const DENIALS: [u16; 3] = [1130, 3118, 4151];
        match self {
            Self::Mysql(mysql_async::Error::Server(answer)) if DENIALS.contains(&answer.code) => true,
            // "Invalid authorization specification".
            _ => self.code().is_some_and(|code| code.starts_with("28")),
        }
    }

    /// Whether a server is there that refuses: one that says so, or asks for a proof that the driver does not know, as MySQL
    /// makes one up for whom it does not know.
    pub fn is_refusal(&self) -> bool {
        use mysql_async::DriverError::UnknownAuthPlugin;
        let asks = matches!(self, Self::Mysql(mysql_async::Error::Driver(UnknownAuthPlugin { .. })));
        asks || self.code().is_some()
    }
}

impl From<Error> for failure::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Postgres(error) => error.into(),
            Error::Mysql(error) => error.into(),
        }
    }
}

/// Connects within 5 s.
///
/// # Errors
/// The server's answer, or that there was none.
pub async fn connect(login: &Login) -> failure::Result<Client> {
    in_time(Client::open(login)).await
}

/// Waits at most 5 s for a connection.
///
/// # Errors
/// Its own, or that there was none.
pub(super) async fn in_time<T, E: Into<failure::Error>>(
    opening: impl Future<Output = Result<T, E>>,
) -> failure::Result<T> {
    const BOUND: Duration = Duration::from_secs(5);
    let opened = tokio::time::timeout(BOUND, opening).await;
    opened.map_err(|_| failure::Error::bound("the connection", BOUND, Vec::new()))?.map_err(Into::into)
}

impl Client {
    /// Connects, for as long as that takes.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn open(login: &Login) -> Result<Self, Error> {
        match login.engine {
            EngineKind::Postgres => Ok(Self::Postgres(postgres::open(login).await?)),
            EngineKind::Mysql => Ok(Self::Mysql(mysql::Client::open(login).await?)),
        }
    }

    /// The driver's own session with PostgreSQL, for what only that can be asked.
    ///
    /// # Errors
    /// It is one with another engine.
    pub fn postgres(&self) -> failure::Result<&tokio_postgres::Client> {
        match self {
            Self::Postgres(client) => Ok(client),
            Self::Mysql(_) => Err(failure::Error::new("this is no session with PostgreSQL")),
        }
    }

    /// Which engine it is with.
    pub fn kind(&self) -> EngineKind {
        match self {
            Self::Postgres(_) => EngineKind::Postgres,
            Self::Mysql(_) => EngineKind::Mysql,
        }
    }

    /// Whether the connection is lost.
    pub fn is_closed(&self) -> bool {
        match self {
            Self::Postgres(client) => client.is_closed(),
            Self::Mysql(client) => client.is_closed(),
        }
    }

    /// Runs statements whose answers nobody needs.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn batch(&self, sql: &str) -> Result<(), Error> {
        match self {
            Self::Postgres(client) => Ok(client.batch_execute(sql).await?),
            Self::Mysql(client) => Ok(client.batch(sql).await?),
        }
    }

    /// Every row that statements answer.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn rows(&self, sql: &str) -> Result<Vec<TextRow>, Error> {
        match self {
            Self::Postgres(client) => {
                let messages = client.simple_query(sql).await?;
                let row = |message: &SimpleQueryMessage| match message {
                    SimpleQueryMessage::Row(row) => {
                        Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
                    }
                    _ => None,
                };
                Ok(messages.iter().filter_map(row).collect())
            }
            Self::Mysql(client) => Ok(client.rows(sql).await?),
        }
    }

    /// The first value of the first row that statements answer; `None`: no row, or NULL.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn value(&self, sql: &str) -> Result<Option<String>, Error> {
        Ok(self.rows(sql).await?.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
    }

    /// The rows that a query answers, whose columns are of these types, each as its [`super::fields`].
    ///
    /// # Errors
    /// The server's answer.
    pub async fn fields(&self, sql: &str, columns: &[ColumnType]) -> failure::Result<Vec<Vec<u8>>> {
        match self {
            Self::Postgres(client) => {
                let rows = client.query(sql, &[]).await?;
                let fields = rows.iter().map(|row| {
                    let mut fields = Vec::new();
                    postgres::wire::put_row(row, &mut fields).map(|()| fields)
                });
                Ok(fields.collect::<Result<_, _>>()?)
            }
            Self::Mysql(client) => {
                let mut rows = Vec::new();
                let keep = |fields: &[u8]| {
                    rows.push(fields.to_vec());
                    Ok::<_, Malformed>(())
                };
                client.read(sql, columns, keep).await?;
                Ok(rows)
            }
        }
    }

    /// Hands over the fields of every row that a query answers, whose columns are of these types, and keeps none of them.
    ///
    /// # Errors
    /// The server's answer, or that of `each`.
    pub async fn read<E: From<Malformed> + Into<failure::Error>>(
        &self,
        query: &str,
        columns: &[ColumnType],
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> failure::Result<()> {
        match self {
            Self::Postgres(client) => {
                let mut stream = pin!(client.copy_out(copy::out(query).as_str()).await?);
                let mut reader = CopyReader::new(columns.len());
                while let Some(chunk) = stream.try_next().await? {
                    reader.push(&chunk, &mut each).map_err(E::into)?;
                }
                reader.finish()?;
                Ok(())
            }
            Self::Mysql(client) => client.read(query, columns, each).await.map(drop),
        }
    }

    /// How many rows a statement wrote, deleted or answered.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn touched(&self, sql: &str) -> Result<u64, Error> {
        match self {
            Self::Postgres(client) => {
                let messages = client.simple_query(sql).await?;
                let rows = messages.iter().filter_map(|message| match message {
                    SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
                    _ => None,
                });
                Ok(rows.sum())
            }
            Self::Mysql(client) => Ok(client.execute(sql).await?),
        }
    }
}
