//! Whether the restored copy leaves its source alone: the source's archive is as it was, and nothing writes there twice.

use std::collections::BTreeMap;
use std::time::Duration;

use blackstart_record::observation::Fence;

use crate::engine::Login;
use crate::engine::postgres::{Postgres, SUPERUSER, connect};
use crate::failure::Result;
use crate::runbook::past_the_link;

/// How long an archiver is given to begin.
const ATTEMPT: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(50);

/// Ends a log segment on the restored copy and waits whether it archives it; how many it archived or tried to.
///
/// # Errors
/// The server's answer.
pub async fn provoke(copy: &Postgres) -> Result<u64> {
    let client = copy.connect(SUPERUSER).await?;
    let mode: String = client.query_one("SELECT current_setting('archive_mode')", &[]).await?.get(0);
    if mode == "off" {
        return Ok(0);
    }
    client.batch_execute("SELECT pg_switch_wal()").await?;
    let deadline = tokio::time::Instant::now() + ATTEMPT;
    loop {
        let sql = "SELECT archived_count + failed_count FROM pg_stat_archiver";
        let attempts: i64 = client.query_one(sql, &[]).await?.get(0);
        if attempts > 0 || tokio::time::Instant::now() > deadline {
            return Ok(attempts.unsigned_abs());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Compares the source's archive (key to ETag) with what it was, and knocks at the source as the application would;
/// `None`: the copy was restored on the source's own server.
pub async fn observe(
    (before, after): (&BTreeMap<String, String>, &BTreeMap<String, String>),
    attempts: u64,
    source: Option<(&Postgres, &Login)>,
) -> Fence {
    let keys = |of: &BTreeMap<String, String>, wanted: &dyn Fn(&str, &str) -> bool| {
        of.iter().filter(|(key, etag)| wanted(key, etag)).map(|(key, _)| key.clone()).collect()
    };
    let second_writer = match source {
        Some((source, application)) => writes(source, application).await,
        None => None,
    };
    Fence {
        archived: before.len() as u64,
        added: keys(after, &|key, _| !before.contains_key(key)),
        changed: keys(after, &|key, etag| before.get(key).is_some_and(|was| was != etag)),
        removed: keys(before, &|key, _| !after.contains_key(key)),
        attempts,
        second_writer,
    }
}

/// How the source takes the application's writes, past every link.
async fn writes(source: &Postgres, application: &Login) -> Option<String> {
    let direct = past_the_link(source, application);
    let client = connect(&direct).await.ok()?;
    let sql = "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'";
    let writable: bool = client.query_one(sql, &[]).await.ok()?.get(0);
    writable.then(|| format!("host {} lets the application in, and takes writes", source.host().name()))
}
