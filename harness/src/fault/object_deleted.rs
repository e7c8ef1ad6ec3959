//! Objects of the store are deleted with every version of them, by its administrator.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::objects::Objects;
use super::{Fault, Injected, Kept, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// What to delete.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Params(Objects);

impl Fault for Params {
    fn intends(&self) -> String {
        format!("delete every object of {}", self.0)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![self.0.need(None)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.delete(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene, injected).boxed()
    }
}

impl Params {
    async fn delete(&self, scene: &Scene<'_>) -> Result<Injected> {
        let keys = self.0.keys(scene).await?;
        for version in scene.store.versions(&self.0.bucket, self.0.prefix()).await? {
            scene.store.delete(&self.0.bucket, &version.key, Some(&version.id)).await?;
        }
        let says = format!("{} objects of {} deleted", keys.len(), self.0.bucket);
        Ok(Injected::keeping(says, Kept::Words(keys)))
    }

    async fn look(&self, scene: &Scene<'_>, injected: &Injected) -> Result<String> {
        for key in injected.kept.words() {
            match scene.store.get(&self.0.bucket, key).await {
                Ok(_) => return Err(Error::new(format!("{key} can still be fetched"))),
                Err(error) if error.is_missing() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(format!("{} objects cannot be fetched: there is no such key", injected.kept.words().len()))
    }
}
