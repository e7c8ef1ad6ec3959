//! What is asked of a server, each question by what it means; only here it is SQL.

use blackstart_record::event::Incarnation;
use tokio_postgres::Client;

use super::{Postgres, SUPERUSER, connect};
use crate::engine::Login;
use crate::failure::{Context, Error, Result};

/// The three columns of an [`Incarnation`]; any role may ask. The data set is a database of a cluster: one that is restored
/// beside the damaged one and takes its name is another. In recovery it fails, as it should: nothing is promoted.
pub const INCARNATION_SQL: &str = "SELECT system_identifier || '/' || \
     (SELECT oid FROM pg_database WHERE datname = current_database()), \
     ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int::text, \
     extract(epoch FROM pg_postmaster_start_time())::text FROM pg_control_system()";

/// Which life of the database answers at a login.
///
/// # Errors
/// The server does not answer, or is in recovery.
pub async fn incarnation(login: &Login) -> Result<Incarnation> {
    let row = connect(login).await?.query_one(INCARNATION_SQL, &[]).await?;
    Ok(Incarnation { identity: row.get(0), branch: row.get(1), started: row.get(2) })
}

/// Whether a login finds a server that takes writes.
///
/// # Errors
/// The server's answer.
pub async fn takes_writes(login: &Login) -> Result<bool> {
    let sql = "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'";
    Ok(connect(login).await?.query_one(sql, &[]).await?.get(0))
}

/// How many tables a login may read.
///
/// # Errors
/// The server's answer.
pub async fn readable_tables(login: &Login) -> Result<u64> {
    let sql = "SELECT count(*) FROM pg_tables WHERE has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT') \
         AND schemaname NOT IN ('pg_catalog', 'information_schema')";
    let client = connect(login).await.cannot("log in as the application")?;
    let tables: i64 = client.query_one(sql, &[]).await?.get(0);
    Ok(tables.unsigned_abs())
}

/// Pages that failed their checksum so far; `None`: the server does not answer.
///
/// # Errors
/// The server's answer.
pub async fn checksum_failures(server: &Postgres) -> Result<Option<u64>> {
    let Ok(client) = server.connect(SUPERUSER).await else { return Ok(None) };
    let sql = "SELECT coalesce(sum(checksum_failures), 0)::bigint FROM pg_stat_database";
    let failures: i64 = client.query_one(sql, &[]).await?.get(0);
    Ok(Some(failures.unsigned_abs()))
}

/// The id of the session's transaction, which it has from now on if it had none.
///
/// # Errors
/// The server's answer.
pub async fn transaction(client: &Client) -> Result<u64> {
    let id: String = client.query_one("SELECT pg_current_xact_id()::text", &[]).await?.get(0);
    id.parse().map_err(|_| Error::new(format!("the server says that {id} is a transaction id")))
}
