//! What a replica begins with whose source has more than it has logged: a dump of it, over the replica's own link, that says
//! which transactions it holds. The replica follows from there.

use std::time::Duration;

use super::{ACCOUNT, alter_events};
use crate::engine::Stop;
use crate::engine::mysql::{Mysql, SYSTEM};
use crate::engine::replication::Following;
use crate::failure::{Context, Result};
use crate::host::Command;

/// What the replica's account may do besides, at a source that is copied: see all that there is.
pub(super) const RIGHTS: &str =
    "REPLICATION SLAVE, REPLICATION CLIENT, RELOAD, PROCESS, SELECT, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT";

/// Where the dump lies meanwhile, and by what it is asked for.
const FOLDER: &str = "copied";
const LOGIN: &str = "copied/login.cnf";

/// Starts a server that is empty; the programs that copy its source's `database` and accounts into it, in their order.
///
/// # Errors
/// Any error of writing, or why it did not start.
pub async fn begin(
    replica: &mut Mysql,
    following: &Following,
    database: &str,
    bound: Duration,
) -> Result<Vec<Command>> {
    // Events come as those of a source, which run.
    replica.start_without_events(bound).await?;
    let host = replica.host();
    host.make_folder(FOLDER)?;
    host.write(LOGIN, replica.flavour().login(ACCOUNT, following).as_bytes(), 0o600)?;
    let [login, data, users] = [LOGIN, "copied/data.sql", "copied/users.sql"].map(|file| host.path(file));
    Ok(vec![
        replica.seed(&login, database, &data).named("copy-data"),
        replica.seed_users(&login, &users).named("copy-users"),
        replica.load(&data).named("load-data"),
        replica.load(&users).named("load-users"),
    ])
}

/// Has no event of what was copied run, as on a replica that got them from its source's log, and stops the server.
///
/// # Errors
/// The server's answer, or that it did not end within `bound`.
pub async fn end(replica: &mut Mysql, bound: Duration) -> Result<()> {
    replica.reload_accounts().await?;
    let client = replica.connect(SYSTEM).await?;
    // Its log goes on with what comes from its source.
    client.batch("SET SESSION sql_log_bin = 0").await?;
    let standing = replica.flavour().said("DISABLE ON SLAVE");
    alter_events(&client, &["ENABLED"], &standing).await.cannot("have events stand still")?;
    drop(client);
    replica.host().remove_folder(FOLDER)?;
    replica.stop(Stop::Fast, bound).await
}
