//! The objects of a store that a fault is about.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scene;
use crate::failure::Result;
use crate::plan::{Need, Promise};
use crate::store::BucketClient;

/// Objects by the beginning of their keys.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Objects {
    /// The store.
    pub store: String,
    /// The bucket; to be hidden, it keeps versions.
    pub bucket: String,
    /// How the keys of the objects begin; of all of them if left out.
    pub prefix: Option<String>,
}

impl Objects {
    pub(super) fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or_default()
    }

    pub(super) fn need(&self, relies: Option<Promise>) -> Need<'_> {
        Need::Bucket { store: &self.store, bucket: &self.bucket, relies }
    }

    /// Their keys; at least one.
    pub(super) async fn keys(&self, scene: &Scene<'_>) -> Result<Vec<String>> {
        scene.store.some_objects(&self.bucket, self.prefix()).await
    }

    /// Their bucket as who writes there reaches it: the application, where it is its own; else the store's owner.
    pub(super) fn writer(&self, scene: &Scene<'_>) -> BucketClient {
        match scene.application.filter(|(bucket, _)| *bucket == self.bucket) {
            Some((bucket, key)) => scene.store.bucket_of(bucket, key),
            None => scene.store.bucket(&self.bucket),
        }
    }
}

impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.prefix())
    }
}
