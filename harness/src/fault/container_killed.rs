//! The container of a host is killed: every process of it ends at once, and nothing can be run there any more.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// Whose container to kill.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host; the one that the pipeline saves.
    pub host: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("kill the container of host {}", self.host)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Server(&self.host), Need::Container(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.kill(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene).boxed()
    }
}

impl Params {
    async fn kill(&self, scene: &mut Scene<'_>) -> Result<Injected> {
        let (host, bound) = (scene.host(&self.host)?, scene.bound);
        let container = host.container()?;
        // A container ends when the last of its processes was reaped, and the server's parent is the drill.
        let (killed, reaped) = tokio::join!(container.kill(), scene.server.kill(bound));
        killed.and(reaped)?;
        Ok(Injected::done(format!("the container of host {} killed", self.host)))
    }

    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        let host = scene.host(&self.host)?;
        let (state, processes) = (host.container()?.state().await?, host.processes().len());
        if state == "running" || processes > 0 {
            return Err(Error::new(format!("the container is {state} and has {processes} processes")));
        }
        Ok(format!("the container is {state}, and no process of it is left"))
    }
}
