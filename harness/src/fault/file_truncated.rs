//! The file of a relation ends halfway: rows are gone, and a sequential scan says nothing of it.

use std::fs;
use std::io;
use std::path::Path;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::offline::{self, PAGE};
use super::{Fault, Injected, Kept, Scene};
use crate::failure::{Error, Result};
use crate::plan::Need;

/// What to truncate.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
    /// The table or index, with schema; it has two pages at least.
    pub relation: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("cut the second half off the file of {}", self.relation)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Postgres(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.truncate(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene, injected).boxed()
    }
}

impl Params {
    async fn truncate(&self, scene: &mut Scene<'_>) -> Result<Injected> {
        let pages = offline::change(scene, &self.relation, halve).await?;
        let says = format!("{} of {pages} pages of {} cut off", pages - pages / 2, self.relation);
        Ok(Injected::keeping(says, Kept::Number(pages)))
    }

    /// What the server takes for the relation's size.
    async fn look(&self, scene: &Scene<'_>, injected: &Injected) -> Result<String> {
        let Kept::Number(before) = injected.kept else { return Err(Error::new("its size was not kept")) };
        let client = scene.server.postgres()?.connect(scene.database).await?;
        let sql = "SELECT pg_relation_size($1::text::regclass)";
        let bytes: i64 = client.query_one(sql, &[&self.relation]).await?.get(0);
        let pages = bytes.unsigned_abs() / PAGE;
        if pages >= before {
            return Err(Error::new(format!("the server still finds {pages} pages of {}", self.relation)));
        }
        Ok(format!("the server finds {pages} pages of {}", self.relation))
    }
}

/// Returns how many pages there were.
fn halve(path: &Path) -> io::Result<u64> {
    let file = fs::OpenOptions::new().write(true).open(path)?;
    let pages = file.metadata()?.len() / PAGE;
    if pages < 2 {
        return Err(io::Error::other("it has fewer than two pages"));
    }
    file.set_len(pages / 2 * PAGE)?;
    file.sync_all()?;
    Ok(pages)
}
