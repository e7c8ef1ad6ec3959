//! A link resets every connection as soon as it is there.

use std::io::ErrorKind;

use serde_json::json;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dial::{self, Answer, dial};
use super::{Fault, Heal, Injected, Scene};
use crate::failure::{Error, Result};
use crate::link::Toxic;
use crate::plan::Need;

/// What to reset.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The link: `application`, `replication`, `replication-to-` and the host of a replica that is followed, or `store-from-` and
    /// the host that saves or restores.
    pub link: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("reset the connections of link {}", self.link)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Link(&self.link)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.spoil(scene).boxed()
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

fn toxics() -> [Toxic; 1] {
    [Toxic { kind: "reset_peer", stream: "upstream", attributes: json!({"timeout": 0}) }]
}

impl Params {
    async fn spoil(&self, scene: &Scene<'_>) -> Result<Injected> {
        scene.links.spoil(scene.links.named(&self.link)?, &toxics()).await?;
        Ok(Injected::done(format!("link {} resets its connections", self.link)))
    }

    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        match dial(scene, scene.links.named(&self.link)?).await {
            Answer::Ended(ErrorKind::ConnectionReset) => Ok("a connection was reset".to_owned()),
            other => Err(Error::new(format!("link {} resets nothing: {other:?}", self.link))),
        }
    }

    async fn mend(&self, scene: &Scene<'_>) -> Result<()> {
        dial::cleaned(scene, &self.link, &toxics()).await
    }
}
