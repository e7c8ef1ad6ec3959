//! The objects of a store that a fault is about.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scene;
use crate::failure::Result;
use crate::plan::Need;

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

    pub(super) fn need(&self, versions: bool) -> Need<'_> {
        Need::Bucket { store: &self.store, bucket: &self.bucket, versions }
    }

    /// Their keys; at least one.
    pub(super) async fn keys(&self, scene: &Scene<'_>) -> Result<Vec<String>> {
        scene.store.some_objects(&self.bucket, self.prefix()).await
    }
}

impl fmt::Display for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.prefix())
    }
}
