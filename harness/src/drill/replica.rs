//! The replica that takes over, and those through which it follows: how each follows, and that it does from before the first
//! write.

use std::path::Path;

use blackstart_record::plan::Pace;

use super::Drill;
use super::environment::{World, promotes};
use crate::engine::Server;
use crate::engine::replication::{Following, Way};
use crate::failure::{Context, Result};
use crate::link::Links;
use crate::pipeline::{Repository, Tools};
use crate::plan::{REPLICATION_LINK, replication_link};
use crate::secret::Secrets;

/// The servers of a replication, none of which but the source runs before it begins.
pub(super) struct Servers<'a> {
    pub(super) source: &'a Server,
    /// Those through which the target follows, the source's own first.
    pub(super) through: &'a mut [Server],
    pub(super) target: &'a mut Server,
}

/// Where the recovery is a promotion: makes all of them but the source replicas, which follow from now on, each over a link of
/// its own, by one password of this run, the target as far behind as the scenario has it.
pub(super) async fn start(
    drill: &Drill,
    repository: &Repository,
    (links, secrets): (&mut Links, &Secrets),
    Servers { source, through, target }: Servers<'_>,
    cache: &Path,
) -> Result<()> {
    let loaded = &drill.request.loaded;
    if !promotes(loaded) {
        return Ok(());
    }
    let (database, events) = (loaded.environment.database.as_str(), &drill.events);
    let tools = Tools {
        clock: drill.clock,
        repository,
        database,
        events,
        bound: loaded.bounds.server.into(),
        compression: loaded.scenario.compression,
    };
    let method = loaded.pipeline.method.pipeline();
    method.install(target.host(), repository, &drill.request.plan_folder)?;
    let mut above = source.address();
    let mut following = Following { address: above, password: secrets.make()?, pace: Pace::AtOnce, copies: false };
    source.admit(&following).await?;
    for index in 0..through.len() {
        let (before, [replica, ..]) = through.split_at_mut(index) else { break };
        let name = replica.host().name().to_owned();
        following.address = links.open(&replication_link(&name), above).await?.listen;
        method.follow(tools, replica, &following, cache).await.cannot(format_args!("start the replica on {name}"))?;
        // Whom the source lets in it lets in too, once it knows of them.
        replica.caught_up(Way { source, through: before }, tools.bound).await?;
        above = replica.address();
    }
    following.address = links.open(REPLICATION_LINK, above).await?.listen;
    following.pace = method.pace().compressed(loaded.scenario.compression);
    method.follow(tools, target, &following, cache).await.cannot("start the replica")
}

impl World {
    /// The way to the replica that takes over.
    pub(super) fn way(&self) -> Way<'_> {
        Way { source: &self.source, through: &self.through }
    }
}
