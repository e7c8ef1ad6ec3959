//! A host is taken off the network: whoever calls it finds nobody there.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Scene, silence};
use crate::failure::Result;
use crate::plan::Need;

/// Whom to disconnect.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host; the one that the pipeline saves.
    pub host: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("take host {} off the network", self.host)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Server(&self.host), Need::Container(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.disconnect(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        silence::look(scene, PATIENCE).boxed()
    }

    fn heal(&self) -> Option<&dyn Heal> {
        Some(self)
    }
}

impl Heal for Params {
    fn heal<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: Injected) -> BoxFuture<'a, Result<()>> {
        self.connect(scene).boxed()
    }
}

/// How long the host is looked for: the kernel gives up after 3 s.
const PATIENCE: Duration = Duration::from_secs(5);

impl Params {
    async fn disconnect(&self, scene: &Scene<'_>) -> Result<Injected> {
        scene.host(&self.host)?.container()?.disconnect().await?;
        Ok(Injected::done(format!("host {} taken off the network", self.host)))
    }

    async fn connect(&self, scene: &mut Scene<'_>) -> Result<()> {
        scene.host(&self.host)?.container()?.connect().await?;
        silence::ends(scene).await
    }
}
