//! A host is gone: every process of it, and all that was on its disk.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// What to destroy.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("destroy host {} with its disk", self.host)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Host(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.destroy(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene).boxed()
    }
}

impl Params {
    async fn destroy(&self, scene: &mut Scene<'_>) -> Result<Injected> {
        let host = scene.host(&self.host)?;
        if scene.server.host().name() == self.host {
            scene.server.kill(scene.bound).await?;
        } else if !host.knows_its_processes() {
            return Err(Error::new(format!("it cannot be told which processes are those of host {}", self.host)));
        }
        host.destroy().await;
        host.wipe()?;
        Ok(Injected::done(format!("host {} destroyed with its disk", self.host)))
    }

    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        let host = scene.host(&self.host)?;
        let (processes, left) = (host.processes().len(), std::fs::read_dir(host.outside(""))?.count());
        if processes + left > 0 {
            return Err(Error::new(format!("host {} still has {processes} processes and {left} files", self.host)));
        }
        Ok("no process and no file is left".to_owned())
    }
}
