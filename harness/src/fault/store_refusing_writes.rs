//! The store takes nothing new from anybody, and still gives out what it has.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Scene};
use crate::failure::{Error, Result};
use crate::plan::{Need, Promise};

/// What is to refuse.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The store.
    pub store: String,
    /// A bucket to try it with.
    pub bucket: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("let store {} refuse all writes", self.store)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Bucket { store: &self.store, bucket: &self.bucket, relies: Some(Promise::Closed) }]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.close(scene).boxed()
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
        self.open(scene).boxed()
    }
}

impl Params {
    async fn close(&self, scene: &Scene<'_>) -> Result<Injected> {
        scene.store.set_writable(false).await?;
        Ok(Injected::done(format!("store {} takes no writes", self.store)))
    }

    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        match scene.store.try_to_write(&self.bucket).await {
            Ok(()) => Err(Error::new(format!("store {} still takes writes", self.store))),
            Err(error) if error.is_silent() => Err(error.into()),
            Err(error) => Ok(error.to_string()),
        }
    }

    async fn open(&self, scene: &Scene<'_>) -> Result<()> {
        scene.store.set_writable(true).await?;
        Ok(scene.store.try_to_write(&self.bucket).await?)
    }
}
