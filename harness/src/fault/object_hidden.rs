//! Objects of the store are hidden by a delete marker: the versions are there, and nobody sees them.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::objects::Objects;
use super::{Fault, Heal, Injected, Kept, Scene};
use crate::failure::{Error, Result};
use crate::plan::{Need, Promise};

/// What to hide.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Params(Objects);

impl Fault for Params {
    fn intends(&self) -> String {
        format!("hide every object of {}", self.0)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![self.0.need(Some(Promise::Markers))]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.hide(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene, injected).boxed()
    }

    fn heal(&self) -> Option<&dyn Heal> {
        Some(self)
    }
}

impl Heal for Params {
    fn heal<'a>(&'a self, scene: &'a mut Scene<'_>, injected: Injected) -> BoxFuture<'a, Result<()>> {
        async move { self.show(scene, &injected).await }.boxed()
    }
}

impl Params {
    async fn hide(&self, scene: &Scene<'_>) -> Result<Injected> {
        let keys = self.0.keys(scene).await?;
        let says = format!("{} objects of {} hidden", keys.len(), self.0.bucket);
        let mut words = Vec::new();
        for key in keys {
            let marker = scene.store.delete(&self.0.bucket, &key, None).await?;
            let marker = marker.ok_or_else(|| Error::new(format!("{key} was deleted and left no marker")))?;
            words.extend([key, marker]);
        }
        Ok(Injected::keeping(says, Kept::Words(words)))
    }

    async fn look(&self, scene: &Scene<'_>, injected: &Injected) -> Result<String> {
        let listed = scene.store.list(&self.0.bucket, self.0.prefix()).await?;
        let versions = scene.store.versions(&self.0.bucket, self.0.prefix()).await?;
        for (key, _) in pairs(injected) {
            if listed.contains_key(key) {
                return Err(Error::new(format!("{key} is still listed")));
            }
            if !versions.iter().any(|version| version.key == *key && !version.is_marker) {
                return Err(Error::new(format!("{key} has no version left to hide")));
            }
        }
        Ok(format!("{} objects are not listed, and their versions are", pairs(injected).count()))
    }

    async fn show(&self, scene: &Scene<'_>, injected: &Injected) -> Result<()> {
        for (key, marker) in pairs(injected) {
            scene.store.delete(&self.0.bucket, key, Some(marker)).await?;
        }
        let listed = scene.store.list(&self.0.bucket, self.0.prefix()).await?;
        let hidden = pairs(injected).find(|(key, _)| !listed.contains_key(*key));
        hidden.map_or(Ok(()), |(key, _)| Err(Error::new(format!("{key} is still hidden"))))
    }
}

/// Keys and their markers.
fn pairs(injected: &Injected) -> impl Iterator<Item = (&String, &String)> {
    injected.kept.words().chunks_exact(2).map(|pair| (&pair[0], &pair[1]))
}
