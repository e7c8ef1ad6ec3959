//! Packets to or from a host vanish: no refusal, no reset, only silence.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Scene, silence};
use crate::failure::Result;
use crate::host::Direction;
use crate::plan::Need;

/// Whose packets to drop.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host; the one that the pipeline saves.
    pub host: String,
    /// Which of them. Default: `both`.
    #[serde(default)]
    pub direction: Direction,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("drop every packet {} host {}", self.direction, self.host)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Server(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.drop(scene).boxed()
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
        self.pass(scene).boxed()
    }
}

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

impl Params {
    async fn drop(&self, scene: &Scene<'_>) -> Result<Injected> {
        scene.host(&self.host)?.drop_packets(self.direction)?;
        Ok(Injected::done(format!("every packet {} host {} dropped", self.direction, self.host)))
    }

    async fn pass(&self, scene: &mut Scene<'_>) -> Result<()> {
        scene.host(&self.host)?.pass_packets()?;
        silence::ends(scene).await
    }
}
