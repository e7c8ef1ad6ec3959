//! The file of a relation is gone from the disk.

use std::fs;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Scene, offline};
use crate::failure::Result;
use crate::plan::Need;

/// What to delete.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
    /// The table or index, with schema.
    pub relation: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("delete the file of {}", self.relation)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Postgres(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.delete(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        offline::unreadable(scene, &self.relation).boxed()
    }
}

impl Params {
    async fn delete(&self, scene: &mut Scene<'_>) -> Result<Injected> {
        offline::change(scene, &self.relation, |file| fs::remove_file(file)).await?;
        Ok(Injected::done(format!("the file of {} deleted", self.relation)))
    }
}
