//! A link refuses connections, and ends those that are open.

use std::io::ErrorKind;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dial::{self, Answer, dial};
use super::{Fault, Heal, Injected, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// What to cut.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The link: `application`, `replication`, `replication-to-` and the host of a replica that is followed, or `store-from-` and
    /// the host that saves or restores.
    pub link: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("cut link {}", self.link)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Link(&self.link)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.cut(scene).boxed()
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
        self.mend(scene).boxed()
    }
}

impl Params {
    async fn cut(&self, scene: &Scene<'_>) -> Result<Injected> {
        scene.links.set_enabled(scene.links.named(&self.link)?, false).await?;
        Ok(Injected::done(format!("link {} cut", self.link)))
    }

    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        match dial(scene, scene.links.named(&self.link)?).await {
            Answer::Ended(ErrorKind::ConnectionRefused) => Ok("a connection was refused".to_owned()),
            other => Err(Error::new(format!("link {} is not cut: {other:?}", self.link))),
        }
    }

    async fn mend(&self, scene: &Scene<'_>) -> Result<()> {
        let link = scene.links.named(&self.link)?;
        scene.links.set_enabled(link, true).await?;
        dial::answered(scene, link).await
    }
}
