//! A bad deploy empties a table, and whatever refers to it.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Kept, Scene, deploy};
use crate::failure::Result;
use crate::plan::Need;

/// What to empty.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
    /// The table, with schema.
    pub table: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("TRUNCATE {} CASCADE", self.table)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Postgres(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.deploy(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        deploy::none_left(scene, &self.table, injected.kept.words()).boxed()
    }
}

impl Params {
    async fn deploy(&self, scene: &Scene<'_>) -> Result<Injected> {
        let done = deploy::run(scene, "BEGIN", Some(&self.table), &self.intends(), &[]).await?;
        let says = format!("{} in transaction {}", self.intends(), done.transaction.id);
        Ok(Injected { transaction: Some(done.transaction), ..Injected::keeping(says, Kept::Words(done.sample)) })
    }
}
