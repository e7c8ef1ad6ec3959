//! Every process of the server stands still: connections are taken and nothing is answered.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Kept, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// Whose server to freeze.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("freeze the server on host {} with all its processes", self.host)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Server(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.freeze(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene).boxed()
    }

    fn heal(&self) -> Option<&dyn Heal> {
        Some(self)
    }
}

impl Heal for Params {
    fn heal<'a>(&'a self, scene: &'a mut Scene<'_>, injected: Injected) -> BoxFuture<'a, Result<()>> {
        self.thaw(scene, injected).boxed()
    }
}

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

impl Params {
    async fn freeze(&self, scene: &Scene<'_>) -> Result<Injected> {
        let kept = Kept::Server(scene.server.freeze(scene.bound).await?);
        Ok(Injected::keeping(format!("the server on host {} frozen", self.host), kept))
    }

    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        match tokio::time::timeout(PATIENCE, scene.server.answers()).await {
            Ok(Ok(_)) => Err(Error::new(format!("the server on host {} still answers", self.host))),
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(format!("no answer within {PATIENCE:?}")),
        }
    }

    async fn thaw(&self, scene: &mut Scene<'_>, injected: Injected) -> Result<()> {
        if let Kept::Server(frozen) = injected.kept {
            frozen.thaw(scene.clock);
        }
        scene.server.answering(scene.bound).await
    }
}
