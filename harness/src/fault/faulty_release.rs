//! A faulty release: statements of the plan's own, run by the release's own account in one transaction. They go through the
//! front door and break no constraint, so nobody notices at once.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Kept, Scene};
use crate::failure::{Context, Error, Result};
use crate::plan::Need;

/// What to release.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
    /// Statements that change data, in the engine's SQL, run by its administrator in one transaction.
    pub statements: Vec<String>,
    /// A query that counts what is wrong: more once they were run than before.
    pub seen_by: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("release on host {}: {}", self.host, self.statements.join("; "))
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Server(&self.host)]
    }

    fn wrong(&self) -> Option<String> {
        self.statements.is_empty().then(|| "give it `statements` that change data".to_owned())
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.release(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        scene.counts_more(&self.seen_by, "wrong rows", injected).boxed()
    }
}

impl Params {
    async fn release(&self, scene: &Scene<'_>) -> Result<Injected> {
        let before = scene.count(&self.seen_by).await?;
        let client = scene.server.connect(scene.database).await?;
        client.batch("BEGIN").await.cannot("begin the release")?;
        let mut rows = 0;
        for statement in &self.statements {
            rows += client.touched(statement).await.cannot(format_args!("run \"{statement}\""))?;
        }
        if rows == 0 {
            return Err(Error::new("the release changed no row"));
        }
        let transaction = client.commit(scene.clock).await.cannot("commit the release")?;
        let says = format!("{}: {rows} rows in transaction {}", self.intends(), transaction.id);
        Ok(Injected { transaction: Some(transaction), ..Injected::keeping(says, Kept::Number(before)) })
    }
}
