//! One bit of each file of an object changes on the store's disk, and of its old versions.

use blackstart_record::words::hex;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use sha2::{Digest, Sha256};

use super::objects::Objects;
use super::{Fault, Injected, Kept, Scene};
use crate::failure::{Error, Result};
use crate::plan::{Need, Promise};

/// What to let rot.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Params(Objects);

impl Fault for Params {
    fn intends(&self) -> String {
        format!("change a bit of every object of {}", self.0)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![self.0.need(Some(Promise::Rot))]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.rot(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene, injected).boxed()
    }
}

impl Params {
    async fn rot(&self, scene: &Scene<'_>) -> Result<Injected> {
        let keys = self.0.keys(scene).await?;
        let (mut words, mut bits) = (Vec::new(), 0);
        for key in &keys {
            let bytes = scene.store.get(&self.0.bucket, key).await?;
            words.extend([key.clone(), hex(&Sha256::digest(&bytes))]);
            bits += scene.store.rot(&self.0.bucket, key).await?;
        }
        let says = format!("{bits} bits of {} objects of {} changed on disk", keys.len(), self.0.bucket);
        Ok(Injected::keeping(says, Kept::Words(words)))
    }

    /// Fetches each: it cannot be had, or is not what it was.
    async fn look(&self, scene: &Scene<'_>, injected: &Injected) -> Result<String> {
        let mut refused = 0;
        let kept = injected.kept.words().chunks_exact(2);
        let count = kept.len();
        for pair in kept {
            match scene.store.get(&self.0.bucket, &pair[0]).await {
                Ok(bytes) if hex(&Sha256::digest(&bytes)) == pair[1] => {
                    return Err(Error::new(format!("{} is fetched as it was", pair[0])));
                }
                Ok(_) => {}
                Err(error) if error.is_missing() || error.is_silent() => return Err(error.into()),
                Err(_) => refused += 1,
            }
        }
        Ok(format!("{refused} of {count} objects cannot be fetched, the others are not what they were"))
    }
}
