//! Objects of the store are deleted with every version of them, by its administrator.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Kept, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// What to delete.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The store.
    pub store: String,
    /// The bucket.
    pub bucket: String,
    /// How the keys of the objects begin; of all of them if left out.
    pub prefix: Option<String>,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("delete every object of {}/{}", self.bucket, self.prefix())
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Bucket { store: &self.store, bucket: &self.bucket, versions: false }]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.delete(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene, injected).boxed()
    }
}

impl Params {
    fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or_default()
    }

    async fn delete(&self, scene: &Scene<'_>) -> Result<Injected> {
        let keys = scene.store.some_objects(&self.bucket, self.prefix()).await?;
        for version in scene.store.versions(&self.bucket, self.prefix()).await? {
            scene.store.delete(&self.bucket, &version.key, Some(&version.id)).await?;
        }
        let says = format!("{} objects of {} deleted", keys.len(), self.bucket);
        Ok(Injected { says, transaction: None, kept: Kept::Words(keys) })
    }

    async fn look(&self, scene: &Scene<'_>, injected: &Injected) -> Result<String> {
        for key in injected.kept.words() {
            match scene.store.get(&self.bucket, key).await {
                Ok(_) => return Err(Error::new(format!("{key} can still be fetched"))),
                Err(error) if error.is_missing() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(format!("{} objects cannot be fetched: there is no such key", injected.kept.words().len()))
    }
}
