//! A host is gone: every process of it, and all that was on its disk.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Scene, gone};
use crate::failure::Result;
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
        gone::destroy(scene, &self.host).await?;
        Ok(Injected::done(format!("host {} destroyed with its disk", self.host)))
    }

    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        gone::look(scene, &self.host)?;
        Ok("no process and no file is left".to_owned())
    }
}
