//! Objects of the store are replaced by their own bytes, encrypted with a key that nobody has: those of the application with
//! its own credential, as whoever stole it would.

use std::fs::File;
use std::io::Read;

use blackstart_record::words::hex;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use sha2::{Digest, Sha256};

use super::objects::Objects;
use super::{Fault, Injected, Kept, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// What to encrypt.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Params(Objects);

impl Fault for Params {
    fn intends(&self) -> String {
        format!("encrypt every object of {}", self.0)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![self.0.need(None)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.encrypt(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene, injected).boxed()
    }
}

impl Params {
    async fn encrypt(&self, scene: &Scene<'_>) -> Result<Injected> {
        let keys = self.0.keys(scene).await?;
        let mut secret = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut secret)?;
        let mut words = Vec::new();
        let bucket = self.0.writer(scene);
        for key in &keys {
            let mut object = match bucket.get(key).await {
                Ok(object) => object,
                // Whoever works there may have removed it since.
                Err(trouble) if trouble.missing => continue,
                Err(trouble) => return Err(Error::new(trouble.says)),
            };
            words.extend([key.clone(), hex(&Sha256::digest(&object.bytes))]);
            cipher(&secret, &mut object.bytes);
            bucket.put(key, object).await.map_err(|trouble| Error::new(trouble.says))?;
        }
        let says = format!("{} objects of {} encrypted in place", words.len() / 2, self.0.bucket);
        Ok(Injected::keeping(says, Kept::Words(words)))
    }

    async fn look(&self, scene: &Scene<'_>, injected: &Injected) -> Result<String> {
        let kept = injected.kept.words().chunks_exact(2);
        let mut count = 0;
        for pair in kept {
            let bytes = match scene.store.get(&self.0.bucket, &pair[0]).await {
                Ok(bytes) => bytes,
                Err(refusal) if refusal.is_missing() => continue,
                Err(refusal) => return Err(refusal.into()),
            };
            count += 1;
            if !bytes.is_empty() && hex(&Sha256::digest(&bytes)) == pair[1] {
                return Err(Error::new(format!("{} is fetched as it was", pair[0])));
            }
        }
        if count == 0 {
            return Err(Error::new("none of them is there any more"));
        }
        Ok(format!("{count} objects are fetched with other bytes"))
    }
}

/// A stream of digests of the key and a counter, over the bytes.
fn cipher(secret: &[u8; 32], bytes: &mut [u8]) {
    for (index, block) in bytes.chunks_mut(32).enumerate() {
        let pad = Sha256::new().chain_update(secret).chain_update((index as u64).to_le_bytes()).finalize();
        block.iter_mut().zip(pad).for_each(|(byte, pad)| *byte ^= pad);
    }
}
