//! A server that replays its log after a restore, and when that is over.

use std::time::Duration;

use tokio_postgres::{Client, Row};

use super::{Postgres, SUPERUSER};
use crate::failure::{Context, Error, Result};

const LOOK: Duration = Duration::from_millis(20);

/// Starts a server and asks it `sql` again and again until `enough` finds its answer in the row.
///
/// One session asks for as long as it lasts: a new one each time would cost the server more than what it replays.
///
/// # Errors
/// The server ended, or there was no such answer within `bound`.
pub async fn until<T>(
    server: &mut Postgres,
    bound: Duration,
    sql: &str,
    enough: impl Fn(&Row) -> Option<T>,
) -> Result<T> {
    server.launch()?;
    let deadline = tokio::time::Instant::now() + bound;
    let mut session: Option<Client> = None;
    loop {
        server.alive().cannot("replay")?;
        if session.is_none() {
            session = server.connect(SUPERUSER).await.ok();
        }
        if let Some(client) = &session {
            match tokio::time::timeout_at(deadline, client.query_one(sql, &[])).await {
                Ok(Ok(row)) => {
                    if let Some(found) = enough(&row) {
                        return Ok(found);
                    }
                }
                _ => session = None,
            }
        }
        if tokio::time::Instant::now() > deadline {
            return Err(Error::bound("the replay", bound, server.lines()));
        }
        tokio::time::sleep(LOOK).await;
    }
}
