//! A bad deploy drops a table, and whatever refers to it.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Scene, deploy};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// What to drop.
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
        format!("DROP TABLE {} CASCADE", self.table)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Postgres(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.deploy(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene).boxed()
    }
}

impl Params {
    async fn deploy(&self, scene: &Scene<'_>) -> Result<Injected> {
        let done = deploy::run(scene, "BEGIN", None, &self.intends(), &[]).await?;
        let says = format!("{} in transaction {}", self.intends(), done.transaction.id);
        Ok(Injected { transaction: Some(done.transaction), ..Injected::done(says) })
    }

    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        let client = scene.server.postgres()?.connect(scene.database).await?;
        let sql = "SELECT to_regclass($1::text) IS NULL";
        let gone: bool = client.query_one(sql, &[&self.table]).await?.get(0);
        if !gone {
            return Err(Error::new(format!("{} is still there", self.table)));
        }
        Ok(format!("the server knows no {}", self.table))
    }
}
