//! A bad deploy: an `UPDATE` without `WHERE`, as one tenant. Row-level security keeps it to that tenant's rows,
//! which is why nobody notices at once.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deploy::{self, quoted};
use super::{Fault, Injected, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// What to update.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
    /// The table, with schema.
    pub table: String,
    /// The column that is overwritten.
    pub column: String,
    /// The text that every row gets in it.
    pub value: String,
    /// The role that the deploy runs as; row-level security applies to it.
    pub role: String,
    /// The setting that names the tenant, and the tenant.
    pub tenant_setting: String,
    /// The tenant.
    pub tenant: u32,
}

impl Fault for Params {
    fn intends(&self) -> String {
        let Self { table, column, tenant, .. } = self;
        format!("UPDATE {table} SET {column} without WHERE, as tenant {tenant}")
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Postgres(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.deploy(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene, injected).boxed()
    }
}

impl Params {
    async fn deploy(&self, scene: &Scene<'_>) -> Result<Injected> {
        let begin = deploy::as_tenant(&self.role, &self.tenant_setting, self.tenant);
        let statement = format!("UPDATE {} SET {} = $1", self.table, quoted(&self.column));
        let done = deploy::run(scene, &begin, None, &statement, &[&self.value]).await?;
        let says = format!("{}: {} rows in transaction {}", self.intends(), done.rows, done.transaction.id);
        Ok(Injected { transaction: Some(done.transaction), ..Injected::done(says) })
    }

    /// Counts the rows that carry the deploy's transaction: others may have had its value all along.
    async fn look(&self, scene: &mut Scene<'_>, injected: &Injected) -> Result<String> {
        let id = injected.transaction.as_ref().map(|transaction| transaction.id.as_str());
        let id = id.ok_or_else(|| Error::new("the deploy has no transaction"))?;
        let xid: u64 = id.parse().map_err(|_| Error::new(format!("{id} is no id of a transaction")))?;
        // A row's xmin is the low half of a transaction id.
        let xmin = (xid & u64::from(u32::MAX)).to_string();
        let client = scene.server.postgres()?.connect(scene.database).await?;
        let (table, column) = (&self.table, quoted(&self.column));
        let sql = format!("SELECT count(*) FROM {table} WHERE xmin::text = $1 AND {column} = $2");
        let rows: i64 = client.query_one(&sql, &[&xmin, &self.value]).await?.get(0);
        if rows == 0 {
            return Err(Error::new(format!("no row of {table} was written by transaction {xid}")));
        }
        Ok(format!("{rows} rows of {table} were written by transaction {xid}"))
    }
}
