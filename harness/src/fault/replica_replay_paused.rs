//! A replica goes on receiving the log and replays none of it: it falls behind while its source and its link are well.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Scene};
use crate::engine::Server;
use crate::engine::replication::Way;
use crate::failure::{Error, Result};
use crate::plan::Need;

/// Whose replay to pause.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The replica's host.
    pub host: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("pause the replay of the replica on host {}", self.host)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Replica(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        async move {
            self.replica(scene)?.0.set_paused(true, scene.bound).await?;
            Ok(Injected::done(format!("the replay on host {} paused", self.host)))
        }
        .boxed()
    }

    /// The source writes something, which the replica receives and does not replay.
    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        async move {
            let (replica, way) = self.replica(scene)?;
            replica.stands_still(way, scene.bound).await
        }
        .boxed()
    }

    fn heal(&self) -> Option<&dyn Heal> {
        Some(self)
    }
}

impl Heal for Params {
    fn heal<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: Injected) -> BoxFuture<'a, Result<()>> {
        async move {
            let (replica, way) = self.replica(scene)?;
            replica.set_paused(false, scene.bound).await?;
            replica.caught_up(way, scene.bound).await.map(drop)
        }
        .boxed()
    }
}

impl Params {
    /// The replica, and its way from the source.
    fn replica<'a>(&self, scene: &'a Scene<'_>) -> Result<(&'a Server, Way<'a>)> {
        let mut replicas = scene.through.iter().chain(scene.replica).enumerate();
        let found = replicas.find(|(_, replica)| replica.host().name() == self.host);
        let (place, replica) = found.ok_or_else(|| Error::new(format!("host {} runs no replica", self.host)))?;
        Ok((replica, Way { source: scene.server, through: &scene.through[..place] }))
    }
}
