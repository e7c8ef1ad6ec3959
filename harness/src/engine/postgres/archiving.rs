//! What a server has written, brought to its archive.

use std::time::Duration;

use blackstart_record::time::Interval;

use super::{Postgres, SUPERUSER};
use crate::clock::Clock;
use crate::failure::{Error, Result};

/// How long an archiver is given to begin.
const ATTEMPT: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(50);

/// Ends the current log segment and waits until it is in the archive; how long that took.
///
/// # Errors
/// The server's answer, or that it is not in the archive within `bound`.
pub async fn ship(source: &Postgres, clock: Clock, bound: Duration) -> Result<Interval> {
    let client = source.connect(SUPERUSER).await?;
    let before = clock.now();
    let row = client.query_one("SELECT pg_walfile_name(pg_switch_wal())", &[]).await?;
    let after = clock.now();
    let wanted: String = row.get(0);
    let deadline = tokio::time::Instant::now() + bound;
    let mut unseen = after;
    loop {
        let sql = "SELECT coalesce(last_archived_wal, ''), coalesce(last_failed_wal, '') FROM pg_stat_archiver";
        let looked = clock.now();
        let row = client.query_one(sql, &[]).await?;
        let (last, failed): (String, String) = (row.get(0), row.get(1));
        // Names of one timeline sort as their segments; a .backup or .history name carries its segment first.
        if last.get(..24).is_some_and(|segment| segment >= wanted.as_str()) {
            return Ok(Interval { lower: unseen.since(after), upper: clock.now().since(before) });
        }
        unseen = looked;
        if tokio::time::Instant::now() > deadline {
            let lines = vec![format!("last archived: '{last}', last failed: '{failed}', wanted: '{wanted}'")];
            return Err(Error::bound("archiving", bound, lines));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Ends a log segment on a restored copy and waits whether it archives it; how many it archived or tried to.
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
