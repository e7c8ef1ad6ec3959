//! A database that nobody gets into any more.

use std::time::Duration;

use super::client::Client;
use super::values::text_literal;
use crate::failure::{Error, Result};

/// How long sessions are given to end.
const BOUND: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);
/// Where rights on less than everything are written down.
const ON_NAMES: [&str; 3] = ["tables_priv", "columns_priv", "procs_priv"];

/// Takes every right on `database` away, then ends the sessions that have it as theirs until there is none.
///
/// # Errors
/// The server's answer, or that a session did not end.
pub(super) async fn close(client: &Client, database: &str) -> Result<()> {
    let name = text_literal(database);
    // Statements that revoke would have to be made for each account, and each right that it has by another name.
    let on_names = ON_NAMES.map(|table| format!("DELETE FROM {table} WHERE Db = {name}; "));
    let revoke = format!("DELETE FROM db WHERE {name} LIKE Db; {}FLUSH PRIVILEGES", on_names.concat());
    client.batch(&revoke).await?;
    let deadline = tokio::time::Instant::now() + BOUND;
    loop {
        let sessions = sessions(client, database).await?;
        if sessions.is_empty() {
            return Ok(());
        }
        if tokio::time::Instant::now() > deadline {
            return Err(Error::bound("ending sessions", BOUND, sessions));
        }
        for session in sessions {
            // It may have ended by itself.
            let _ = client.batch(&format!("KILL {session}")).await;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The ids of the sessions whose current database it is.
async fn sessions(client: &Client, database: &str) -> Result<Vec<String>> {
    let all = client.rows("SHOW PROCESSLIST").await?;
    let theirs = all.into_iter().filter_map(|row| match row.as_slice() {
        [Some(id), _, _, Some(current), ..] if current == database => Some(id.clone()),
        _ => None,
    });
    Ok(theirs.collect())
}
