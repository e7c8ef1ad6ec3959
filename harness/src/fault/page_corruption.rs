//! Pages of a relation are overwritten on disk where the server cannot heal them: checkpoint, stop, corrupt, start.
//! Anything less is undone by cached pages and full-page writes.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Scene};
use crate::engine::postgres::Stop;
use crate::failure::{Context, Error, Result};
use crate::plan::Need;

const PAGE: u64 = 8192;
/// SQLSTATE of a page that fails its checksum or cannot be understood.
const DATA_CORRUPTED: &str = "XX001";
/// SQLSTATE of an index whose page cannot be understood.
const INDEX_CORRUPTED: &str = "XX002";

/// What to corrupt.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
    /// The table or index, with schema.
    pub relation: String,
    /// How many of its pages, evenly spread; all of them if it has fewer.
    pub blocks: u32,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("overwrite {} pages of {} on disk", self.blocks, self.relation)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Server(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.corrupt(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene).boxed()
    }
}

impl Params {
    async fn corrupt(&self, scene: &mut Scene<'_>) -> Result<Injected> {
        let client = scene.server.connect(scene.database).await?;
        client.batch_execute("CHECKPOINT").await?;
        let row = client.query_one("SELECT pg_relation_filepath($1::text::regclass)", &[&self.relation]).await?;
        let file: String = row.get(0);
        drop(client);
        scene.server.stop(Stop::Fast, scene.bound).await?;
        let path = scene.server.host().outside(scene.server.data()).join(&file);
        let pages = overwrite(&path, u64::from(self.blocks)).cannot(format_args!("overwrite pages of {file}"))?;
        scene.server.start(scene.bound).await?;
        Ok(Injected::done(format!("{pages} pages of {} overwritten", self.relation)))
    }

    /// Reads the relation's pages through the server: a heap by a sequential scan, an index page by page.
    async fn look(&self, scene: &mut Scene<'_>) -> Result<String> {
        let client = scene.server.connect(scene.database).await?;
        let kind_sql = "SELECT relkind::text FROM pg_class WHERE oid = $1::text::regclass";
        let kind: String = client.query_one(kind_sql, &[&self.relation]).await?.get(0);
        let read = if kind == "i" {
            // Reading an index into the cache checks every page of it, whatever a plan would have used of it.
            client.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm").await?;
            client.query_one("SELECT pg_prewarm($1::text::regclass)", &[&self.relation]).await
        } else {
            client.query_one(&format!("SELECT count(t::text) FROM {} t", self.relation), &[]).await
        };
        match read {
            Ok(_) => Err(Error::new(format!("every page of {} can still be read", self.relation))),
            Err(error) => match error.as_db_error() {
                Some(db) if [DATA_CORRUPTED, INDEX_CORRUPTED].contains(&db.code().code()) => {
                    Ok(db.message().to_owned())
                }
                _ => Err(error.into()),
            },
        }
    }
}

/// Fills the page's body with a pattern that no checksum of it matches; returns how many pages.
fn overwrite(path: &Path, wanted: u64) -> std::io::Result<u64> {
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    let pages = file.metadata()?.len() / PAGE;
    let chosen = wanted.min(pages);
    for index in 0..chosen {
        let page = index * pages / chosen;
        file.seek(SeekFrom::Start(page * PAGE + 512))?;
        file.write_all(&[0xB5; 1024])?;
    }
    file.sync_all()?;
    Ok(chosen)
}
