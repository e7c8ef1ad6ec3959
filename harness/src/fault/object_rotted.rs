//! One bit of each file of an object changes on the store's disk, and of its old versions.

use blackstart_record::words::hex;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use sha2::{Digest, Sha256};

use super::{Fault, Injected, Kept, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// What to let rot.
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
        format!("change a bit of every object of {}/{}", self.bucket, self.prefix())
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Bucket { store: &self.store, bucket: &self.bucket, versions: false }]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.rot(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene, injected).boxed()
    }
}

impl Params {
    fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or_default()
    }

    async fn rot(&self, scene: &Scene<'_>) -> Result<Injected> {
        let keys = scene.store.some_objects(&self.bucket, self.prefix()).await?;
        let (mut words, mut bits) = (Vec::new(), 0);
        for key in &keys {
            let bytes = scene.store.get(&self.bucket, key).await?;
            words.extend([key.clone(), hex(&Sha256::digest(&bytes))]);
            bits += scene.store.rot(&self.bucket, key)?;
        }
        let says = format!("{bits} bits of {} objects of {} changed on disk", keys.len(), self.bucket);
        Ok(Injected { says, transaction: None, kept: Kept::Words(words) })
    }

    /// Fetches each: it cannot be had, or is not what it was.
    async fn look(&self, scene: &Scene<'_>, injected: &Injected) -> Result<String> {
        let mut refused = 0;
        let kept = injected.kept.words().chunks_exact(2);
        let count = kept.len();
        for pair in kept {
            match scene.store.get(&self.bucket, &pair[0]).await {
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
