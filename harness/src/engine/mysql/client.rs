//! One session at a server.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error, OptsBuilder, Row, Value};
use tokio::sync::{Mutex, MutexGuard};

use super::{SOCKET, values};
use crate::engine::fields::{ColumnType, Malformed};
use crate::engine::{Door, Login};
use crate::failure;

/// An answer of the session, or the driver's error: the server's refusal has its code, words and SQLSTATE.
type Answer<T> = std::result::Result<T, Error>;

/// Codes by which a server says that it ends the session, beside all of SQLSTATE class 08: killed (MariaDB's, MySQL's),
/// idle for too long.
const LAST_WORDS: [u16; 3] = [1927, 3169, 4031];
/// The longest packet that any server sends or takes.
const PACKET: usize = 1 << 30;
/// How long a server is given to hear that a session ends.
const GOODBYE: Duration = Duration::from_secs(1);
/// A domain has fewer statements.
const STATEMENTS: usize = 256;
/// As servers have it; the session has its own, and this only keeps the driver from asking.
const IDLE: usize = 28_800;

/// An open session. Statements of several callers wait for each other. One that is given up before its answer has come
/// leaves the session of no use, and so does a lost connection: it is closed then, as soon as that is noticed.
pub struct Client {
    conn: Mutex<Conn>,
    closed: AtomicBool,
}

impl fmt::Debug for Client {
    /// The driver's own form shows the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("closed", &self.closed).finish_non_exhaustive()
    }
}

/// Whether an error leaves the session of no use: the connection is lost, or the server ended it. Else the statement was
/// refused, and the session is good.
pub fn breaks(error: &Error) -> bool {
    match error {
        Error::Server(answer) => answer.state.starts_with("08") || LAST_WORDS.contains(&answer.code),
        _ => true,
    }
}

fn options(login: &Login) -> OptsBuilder {
    let options = OptsBuilder::default()
        .user(Some(&login.user))
        .pass(login.password.as_ref().map(|password| password.reveal()))
        .db_name(Some(&login.database))
        // Else the driver goes around the link: a server behind a loopback address is asked for its socket.
        .prefer_socket(false)
        // Likewise asked for at each login.
        .max_allowed_packet(Some(PACKET))
        .stmt_cache_size(STATEMENTS)
        .wait_timeout(Some(IDLE))
        // A row counts as touched where a statement finds it, also if its values stay as they are.
        .client_found_rows(true);
    match &login.door {
        Door::Address(address) => options.ip_or_hostname(address.ip().to_string()).tcp_port(address.port()),
        Door::Socket(folder) => options.socket(Some(folder.join(SOCKET).to_string_lossy())),
    }
}

impl Client {
    /// Connects, without a bound.
    ///
    /// # Errors
    /// The server's answer, or why there was none.
    pub async fn open(login: &Login) -> Answer<Self> {
        Ok(Self { conn: Mutex::new(Conn::new(options(login)).await?), closed: AtomicBool::new(false) })
    }

    /// Whether the session is known to be of no more use.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Runs statements one after another, without their results.
    ///
    /// # Errors
    /// The server's answer to the first that fails: none after it is run.
    pub async fn batch(&self, sql: &str) -> Answer<()> {
        let mut turn = self.turn().await?;
        let done = turn.conn.query_drop(sql).await;
        turn.end(done)
    }

    /// Runs one statement; how many rows it touched: found to be written, whether or not their values were new.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn execute(&self, sql: &str) -> Answer<u64> {
        let mut turn = self.turn().await?;
        let done = turn.conn.query_drop(sql).await;
        let touched = turn.conn.affected_rows();
        turn.end(done.map(|()| touched))
    }

    /// Runs statements; the rows of their answers as the server prints their values (`None`: NULL), for as few as fit into
    /// memory. Bytes that are no text are replaced.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn rows(&self, sql: &str) -> Answer<Vec<Vec<Option<String>>>> {
        let mut turn = self.turn().await?;
        let done = every_row(&mut turn.conn, sql).await;
        turn.end(done.map(|rows| rows.iter().map(texts).collect()))
    }

    /// The first value of the first row that statements answer; `None`: no row, or NULL.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn value(&self, sql: &str) -> Answer<Option<String>> {
        Ok(self.rows(sql).await?.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
    }

    /// Runs one statement; the first row of its answer by the names of its columns, without those that are NULL; `None`: it
    /// answers no row.
    ///
    /// # Errors
    /// The server's answer.
    pub async fn named(&self, sql: &str) -> Answer<Option<BTreeMap<String, String>>> {
        let mut turn = self.turn().await?;
        let done = every_row(&mut turn.conn, sql).await;
        let row = turn.end(done)?.into_iter().next();
        Ok(row.map(|row| {
            let names = row.columns_ref().iter().map(|column| column.name_str().into_owned());
            names.zip(texts(&row)).filter_map(|(name, text)| Some((name, text?))).collect()
        }))
    }

    /// Runs one statement and hands over the fields of each row of its answer as they come, so that memory does not grow with
    /// rows; how many there were. [`values`] says which types of the server's go with which column.
    ///
    /// # Errors
    /// The server's answer; [`Malformed`] for an answer with other columns; and whatever `each` returns.
    pub async fn read<E: From<Malformed> + Into<failure::Error>>(
        &self,
        sql: &str,
        columns: &[ColumnType],
        each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> failure::Result<u64> {
        let read = self.read_with(sql, Vec::new(), Some(columns), each).await;
        read.map_err(Stopped::into_failure)
    }

    /// The same, with a value (see [`values::parameter`]) in the place of each `?`. Without `columns` all of them are integers,
    /// as many as there are.
    ///
    /// # Errors
    /// Likewise.
    pub async fn read_with<E: From<Malformed> + Into<failure::Error>>(
        &self,
        sql: &str,
        parameters: Vec<Value>,
        columns: Option<&[ColumnType]>,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<u64, Stopped> {
        let mut turn = self.turn().await?;
        let read = stream(&mut turn.conn, sql, parameters, columns, &mut each).await;
        // A session is good that was read to its end, or whose answer nobody wanted to its end.
        turn.ended = !matches!(&read, Err(Stopped::ByServer(error)) if breaks(error));
        read
    }

    /// Ends the session. When this returns, nothing is sent any more.
    pub async fn close(self) {
        let _ = tokio::time::timeout(GOODBYE, self.conn.into_inner().disconnect()).await;
    }

    async fn turn(&self) -> Answer<Turn<'_>> {
        let conn = self.conn.lock().await;
        if self.is_closed() {
            return Err(DriverError::ConnectionClosed.into());
        }
        Ok(Turn { conn, closed: &self.closed, ended: false })
    }
}

/// The session while a statement is under way: given up before its end, nobody could tell the answer to the next one from
/// what is left of its own.
struct Turn<'a> {
    conn: MutexGuard<'a, Conn>,
    closed: &'a AtomicBool,
    ended: bool,
}

impl Turn<'_> {
    fn end<T>(mut self, done: Answer<T>) -> Answer<T> {
        self.ended = !done.as_ref().is_err_and(breaks);
        done
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.closed.store(true, Ordering::Release);
        }
    }
}

fn texts(row: &Row) -> Vec<Option<String>> {
    let text = |column| match row.as_ref(column) {
        Some(Value::Bytes(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
        // In this protocol every value is its text.
        _ => None,
    };
    (0..row.len()).map(text).collect()
}

/// Why reading ended early.
#[derive(Debug)]
pub enum Stopped {
    /// By the server's answer, or for want of one.
    ByServer(Error),
    /// By whoever was given the rows, or because they were none of those that were asked for.
    ByEach(failure::Error),
}

impl Stopped {
    /// As a failure of whatever read.
    pub fn into_failure(self) -> failure::Error {
        match self {
            Self::ByServer(error) => error.into(),
            Self::ByEach(error) => error,
        }
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::ByServer(error)
    }
}

/// The rows of every answer.
async fn every_row(conn: &mut Conn, sql: &str) -> Answer<Vec<Row>> {
    let mut answers = conn.query_iter(sql).await?;
    let mut rows = answers.collect().await?;
    while !answers.is_empty() {
        rows.append(&mut answers.collect().await?);
    }
    Ok(rows)
}

async fn stream<E: From<Malformed> + Into<failure::Error>>(
    conn: &mut Conn,
    sql: &str,
    parameters: Vec<Value>,
    columns: Option<&[ColumnType]>,
    each: &mut impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<u64, Stopped> {
    let by_each = |error: E| Stopped::ByEach(error.into());
    let mut answer = conn.exec_iter(sql, parameters).await?;
    let found = answer.columns_ref().len();
    let integers = vec![ColumnType::Integer; found];
    let columns = columns.unwrap_or(&integers);
    if found != columns.len() {
        return Err(by_each(Malformed("an answer with another number of columns").into()));
    }
    let (mut rows, mut fields) = (0, Vec::new());
    let Some(mut stream) = answer.stream::<Row>().await? else { return Ok(rows) };
    while let Some(row) = stream.try_next().await? {
        fields.clear();
        values::put_row(&row, columns, &mut fields).map_err(|malformed| by_each(malformed.into()))?;
        each(&fields).map_err(by_each)?;
        rows += 1;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use mysql_async::Opts;

    use super::*;
    use crate::plan::EngineKind;

    #[test]
    fn a_session_stays_at_its_door() {
        let door = Door::Address("127.0.0.10:3306".parse().unwrap());
        let engine = EngineKind::Mysql;
        let login = Login { engine, door, user: "app".to_owned(), password: None, database: "shop".to_owned() };
        let opts = Opts::from(options(&login));
        assert_eq!((opts.ip_or_hostname(), opts.tcp_port(), opts.socket()), ("127.0.0.10", 3306, None));
        assert!(!opts.prefer_socket(), "it would go around the link");
        let opts = Opts::from(options(&login.at(Door::Socket("/run/here".into()))));
        assert_eq!(opts.socket(), Some("/run/here/mysqld.sock"));
    }
}
