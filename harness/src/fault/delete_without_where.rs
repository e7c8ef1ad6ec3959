//! A bad deploy: a `DELETE` without `WHERE`, as one tenant. Row-level security keeps it to that tenant's rows.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Kept, Scene, deploy};
use crate::failure::Result;
use crate::plan::Need;

/// What to delete.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
    /// The table, with schema.
    pub table: String,
    /// The role that the deploy runs as; row-level security applies to it.
    pub role: String,
    /// The setting that names the tenant, and the tenant.
    pub tenant_setting: String,
    /// The tenant.
    pub tenant: u32,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("DELETE FROM {} without WHERE, as tenant {}", self.table, self.tenant)
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
        let begin = deploy::as_tenant(&self.role, &self.tenant_setting, self.tenant);
        let statement = format!("DELETE FROM {}", self.table);
        let done = deploy::run(scene, &begin, Some(&self.table), &statement, &[]).await?;
        let says = format!("{}: {} rows in transaction {}", self.intends(), done.rows, done.transaction.id);
        Ok(Injected { transaction: Some(done.transaction), ..Injected::keeping(says, Kept::Words(done.sample)) })
    }
}
