//! Every process of the server is killed at once.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// Whose server to kill.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("kill the server on host {} with all its processes", self.host)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Server(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.kill(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene).boxed()
    }

    fn heal(&self) -> Option<&dyn Heal> {
        Some(self)
    }
}

impl Heal for Params {
    fn heal<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: Injected) -> BoxFuture<'a, Result<()>> {
        scene.server.start(scene.bound).boxed()
    }
}

impl Params {
    async fn kill(&self, scene: &mut Scene<'_>) -> Result<Injected> {
        scene.server.kill(scene.bound).await?;
        Ok(Injected::done(format!("the server on host {} killed", self.host)))
    }

    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        match scene.server.answers().await {
            Ok(_) => Err(Error::new(format!("the server on host {} still answers", self.host))),
            Err(error) => Ok(error.failure().message.clone()),
        }
    }
}
