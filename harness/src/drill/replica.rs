//! The replica that takes over: how it follows, and that it does from before the first write.

use std::path::Path;

use super::{Drill, Registry};
use crate::engine::Server;
use crate::engine::replication::Following;
use crate::failure::{Context, Result};
use crate::link::Links;
use crate::pipeline::{Repository, Tools};
use crate::plan::{Loaded, REPLICATION_LINK};
use crate::secret::Secrets;

/// How the replica follows: over a link of its own, by a password of this run, as far behind as the scenario has it.
pub(super) async fn following(
    loaded: &Loaded<Registry>,
    links: &mut Links,
    source: &Server,
    secrets: &Secrets,
) -> Result<Following> {
    let address = links.open(REPLICATION_LINK, source.address()).await?.listen;
    let pace = loaded.pipeline.method.pipeline().pace().compressed(loaded.scenario.compression);
    Ok(Following { address, password: secrets.make()?, pace })
}

/// The replica that takes over, which follows from now on.
pub(super) async fn start(
    drill: &Drill,
    repository: &Repository,
    (source, target): (&Server, &mut Server),
    following: &Following,
    cache: &Path,
) -> Result<()> {
    let loaded = &drill.request.loaded;
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
    source.admit(following).await?;
    method.follow(tools, target, following, cache).await.cannot("start the replica")
}
