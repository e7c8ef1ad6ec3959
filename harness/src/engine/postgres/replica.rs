//! A standby that follows a server by streaming replication: made from it, watched, paused, and promoted in its place.

use std::time::Duration;

use blackstart_record::alert::OwnLag;
use blackstart_record::event::Incarnation;
use blackstart_record::time::Nanos;

use super::{Postgres, SUPERUSER, setting};
use crate::engine::replication::Following;
use crate::failure::{Context, Error, Result};
use crate::host::Command;

/// The role by which a standby logs in at its source.
const ROLE: &str = "replicator";
/// Where the standby keeps its password, on its host.
const PASSFILE: &str = "home/.pgpass";
const LOOK: Duration = Duration::from_millis(20);
/// Nothing that a standby has received is replayed later than that, unless something keeps it from it.
const MOMENT: Duration = Duration::from_millis(500);

/// So much may be written while the replica's link is cut, and it still finds its way back.
pub const SETTINGS: [(&str, &str); 2] = [("wal_level", "replica"), ("wal_keep_size", "1GB")];

/// Lets a standby in at `source`.
///
/// # Errors
/// The source's answer.
pub async fn admit(source: &Postgres, following: &Following) -> Result<()> {
    let made = format!(
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN CREATE ROLE {ROLE} REPLICATION; \
         END IF; END $$"
    );
    source.run(SUPERUSER, &made).await.cannot("admit the replica")?;
    source.set_password(ROLE, &following.password).await
}

/// What copies the source's files onto the standby's host, which gets the password that the source lets it in by.
///
/// # Errors
/// Any error of writing.
pub fn copying(standby: &Postgres, following: &Following, bound: Duration) -> Result<Command> {
    let (host, from) = (standby.host(), following.address);
    // No character of a password that we make has a meaning in this file.
    let line = format!("*:*:*:{ROLE}:{}\n", following.password.reveal());
    host.write(PASSFILE, line.as_bytes(), 0o600)?;
    let copying = Command::new(standby.program("pg_basebackup"))
        .args(["--pgdata", &host.path(standby.data()), "--checkpoint=fast", "--wal-method=stream", "--no-sync"])
        .args(["--host", &from.ip().to_string(), "--port", &from.port().to_string()])
        .args(["--username", ROLE, "--no-password"])
        .env("PGPASSFILE", host.path(PASSFILE))
        .bound(bound);
    Ok(copying)
}

/// Starts a server on a copy of its source's files, as a standby that follows it from then on.
///
/// # Errors
/// Any error of writing, or why it did not start.
pub async fn start(standby: &mut Postgres, following: &Following, bound: Duration) -> Result<()> {
    let (host, from) = (standby.host(), following.address);
    let (address, port, passfile) = (from.ip(), from.port(), host.path(PASSFILE));
    let way = format!("host={address} port={port} user={ROLE} passfile={passfile} application_name={}", host.name());
    let conf = host.outside(standby.data()).join("postgresql.auto.conf");
    let text = std::fs::read_to_string(&conf).cannot("read the replica's configuration")?;
    let text = without_recovery(&text) + &setting("primary_conninfo", &way);
    host.write(&format!("{}/postgresql.auto.conf", standby.data()), text.as_bytes(), 0o600)?;
    host.write(&format!("{}/standby.signal", standby.data()), b"", 0o600)?;
    standby.start(bound).await
}

/// A configuration without what a recovery left in it: a copy of a restored server would look for that one's target and archive,
/// and end at its promotion without having found them.
fn without_recovery(text: &str) -> String {
    let of_a_recovery = |line: &&str| {
        ["recovery_", "restore_command", "archive_cleanup_command"]
            .iter()
            .any(|name| line.trim_start().starts_with(name))
    };
    text.lines().filter(|line| !of_a_recovery(line)).fold(String::new(), |text, line| text + line + "\n")
}

/// Waits until `standby` has replayed all that `source` had written when this began; up to which position.
///
/// # Errors
/// Either does not answer, or the standby is no longer one or has not come so far within `bound`.
pub async fn caught_up(source: &Postgres, standby: &Postgres, bound: Duration) -> Result<String> {
    let at_source = source.connect(SUPERUSER).await?;
    let wanted: String = at_source.query_one("SELECT pg_current_wal_flush_lsn()::text", &[]).await?.get(0);
    let client = standby.connect(SUPERUSER).await?;
    let deadline = tokio::time::Instant::now() + bound;
    loop {
        let sql = "SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false), \
             coalesce(pg_last_wal_replay_lsn()::text, 'nothing')";
        let row = client.query_one(sql, &[&wanted]).await?;
        let (follows, is_there, position): (bool, bool, String) = (row.get(0), row.get(1), row.get(2));
        if !follows {
            return Err(Error::with_lines("the replica follows nobody: it is promoted", standby.lines()));
        }
        if is_there {
            return Ok(wanted);
        }
        if tokio::time::Instant::now() > deadline {
            let mut lines = standby.lines();
            lines.push(format!("the source is at {wanted}, the replica has replayed up to {position}"));
            return Err(Error::bound("catching up", bound, lines));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// How far behind its source a standby says that it is, by the commit that it replayed last, to a microsecond; `None`: it has
/// replayed none, or is none. One that has replayed all that it received says that it is not behind.
///
/// # Errors
/// The server's answer.
pub async fn own_lag(client: &tokio_postgres::Client) -> Result<Option<OwnLag>> {
    let sql = "SELECT CASE WHEN NOT pg_is_in_recovery() THEN NULL          WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0          ELSE greatest(0, extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000000)::bigint END";
    let micros: Option<i64> = client.query_one(sql, &[]).await?.get(0);
    let micros = micros.and_then(|micros| u64::try_from(micros).ok());
    Ok(micros.map(|micros| OwnLag { behind: Nanos(micros.saturating_mul(1_000)), resolution: Nanos(1_000) }))
}

/// Ends a server's recovery where it is, once it has replayed all that it has; the life that begins.
///
/// # Errors
/// The server's answer, or that it did not end within `bound`.
pub async fn promote(server: &Postgres, bound: Duration) -> Result<Incarnation> {
    let client = server.connect(SUPERUSER).await?;
    let seconds = i32::try_from(bound.as_secs()).unwrap_or(i32::MAX).max(1);
    let promoted: bool = client.query_one("SELECT pg_promote(true, $1)", &[&seconds]).await?.get(0);
    if !promoted {
        return Err(Error::bound("the promotion", bound, server.lines()));
    }
    server.superuser(SUPERUSER).incarnation().await
}

/// The position up to which a server replays, or did before it was promoted.
///
/// # Errors
/// The server's answer, or that it never replayed anything.
pub async fn last_applied(server: &Postgres) -> Result<String> {
    let client = server.connect(SUPERUSER).await?;
    let position: Option<String> = client.query_one("SELECT pg_last_wal_replay_lsn()::text", &[]).await?.get(0);
    position.ok_or_else(|| Error::new("this server has never replayed anything"))
}

/// Whether the replay stands still.
///
/// # Errors
/// The server's answer, or that it does not replay.
pub async fn is_paused(standby: &Postgres) -> Result<bool> {
    let client = standby.connect(SUPERUSER).await?;
    let state: String = client.query_one("SELECT pg_get_wal_replay_pause_state()", &[]).await?.get(0);
    Ok(state == "paused")
}

/// Lets `source` write something that is no data, and waits until `standby` has received it, and not replayed it.
///
/// # Errors
/// It was replayed, or not received within `bound`, or either does not answer.
pub async fn stands_still(source: &Postgres, standby: &Postgres, bound: Duration) -> Result<String> {
    let client = source.connect(SUPERUSER).await?;
    client.batch_execute("SELECT pg_logical_emit_message(true, 'blackstart', 'a look at the replica')").await?;
    let wanted: String = client.query_one("SELECT pg_current_wal_flush_lsn()::text", &[]).await?.get(0);
    let client = standby.connect(SUPERUSER).await?;
    let deadline = tokio::time::Instant::now() + bound;
    let mut looked = false;
    loop {
        let sql = "SELECT coalesce(pg_last_wal_receive_lsn() >= $1::text::pg_lsn, false), \
             coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false), coalesce(pg_last_wal_replay_lsn()::text, '')";
        let row = client.query_one(sql, &[&wanted]).await?;
        let (received, replayed, position): (bool, bool, String) = (row.get(0), row.get(1), row.get(2));
        match (received, replayed) {
            (_, true) => return Err(Error::new(format!("the replica replays: it has come to {position}"))),
            (true, false) if looked => {
                return Ok(format!("it has received up to {wanted}, and replayed up to {position}"));
            }
            (true, false) => {
                // One that replays takes a moment for it.
                looked = true;
                tokio::time::sleep(MOMENT).await;
            }
            (false, false) if tokio::time::Instant::now() > deadline => {
                return Err(Error::bound("the replica's receiving", bound, standby.lines()));
            }
            (false, false) => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Pauses a standby's replay, or lets it go on, and waits until it does.
///
/// # Errors
/// The server's answer, or that it did not happen within `bound`.
pub async fn set_paused(standby: &Postgres, paused: bool, bound: Duration) -> Result<()> {
    let (sql, what) = if paused {
        ("SELECT pg_wal_replay_pause()", "pausing the replay")
    } else {
        ("SELECT pg_wal_replay_resume()", "resuming the replay")
    };
    standby.connect(SUPERUSER).await?.batch_execute(sql).await.cannot(what)?;
    let deadline = tokio::time::Instant::now() + bound;
    while is_paused(standby).await? != paused {
        if tokio::time::Instant::now() > deadline {
            return Err(Error::bound(what, bound, standby.lines()));
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_recovery_left_in_a_configuration_is_taken_out() {
        let text = "# kept\nwal_level = 'replica'\nrestore_command = 'fetch %f %p'\n recovery_target_xid = '77'\n\
                    recovery_target_action = 'pause'\nshared_buffers = '1MB'\n";
        assert_eq!(without_recovery(text), "# kept\nwal_level = 'replica'\nshared_buffers = '1MB'\n");
    }
}
