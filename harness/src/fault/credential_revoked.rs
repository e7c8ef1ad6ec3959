//! The store no longer knows a credential.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// What to revoke.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The store.
    pub store: String,
    /// The credential, by its name in the plan.
    pub credential: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("revoke the credential {}", self.credential)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Store(&self.store), Need::Credential(&self.credential)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.revoke(scene).boxed()
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
        self.admit(scene).boxed()
    }
}

impl Params {
    async fn revoke(&self, scene: &Scene<'_>) -> Result<Injected> {
        scene.store.set_user(&self.credential, false).await?;
        Ok(Injected::done(format!("credential {} revoked", self.credential)))
    }

    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        let refused = scene.store.refuses(scene.key).await?;
        refused.ok_or_else(|| Error::new(format!("the store still knows {}", self.credential)))
    }

    async fn admit(&self, scene: &Scene<'_>) -> Result<()> {
        scene.store.set_user(&self.credential, true).await?;
        match scene.store.refuses(scene.key).await? {
            Some(why) => Err(Error::new(why)),
            None => Ok(()),
        }
    }
}
