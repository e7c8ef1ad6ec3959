//! The container of a host is paused: every process on it stands still, the server's and any other.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// Whose container to pause.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host; the one that the pipeline saves.
    pub host: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("pause the container of host {}", self.host)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Server(&self.host), Need::Container(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.pause(scene).boxed()
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
        self.unpause(scene).boxed()
    }
}

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

impl Params {
    async fn pause(&self, scene: &Scene<'_>) -> Result<Injected> {
        scene.host(&self.host)?.container()?.pause().await?;
        Ok(Injected::done(format!("the container of host {} paused", self.host)))
    }

    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        let state = scene.host(&self.host)?.container()?.state().await?;
        match tokio::time::timeout(PATIENCE, scene.server.answers()).await {
            Ok(Ok(_)) => Err(Error::new(format!("the container is {state}, and its server still answers"))),
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(format!("the container is {state}; no answer within {PATIENCE:?}")),
        }
    }

    async fn unpause(&self, scene: &mut Scene<'_>) -> Result<()> {
        scene.host(&self.host)?.container()?.unpause().await?;
        scene.server.answering(scene.bound).await
    }
}
