//! Pages of a relation are overwritten on disk where the server cannot heal them.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::offline::{self, PAGE};
use super::{Fault, Injected, Scene};
use crate::failure::Result;
use crate::plan::Need;

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
        vec![Need::Postgres(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.corrupt(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        offline::unreadable(scene, &self.relation).boxed()
    }
}

impl Params {
    async fn corrupt(&self, scene: &mut Scene<'_>) -> Result<Injected> {
        let pages = offline::change(scene, &self.relation, |file| overwrite(file, self.blocks)).await?;
        Ok(Injected::done(format!("{pages} pages of {} overwritten", self.relation)))
    }
}

/// Fills the page's body with a pattern that no checksum of it matches; returns how many pages.
fn overwrite(path: &Path, wanted: u32) -> std::io::Result<usize> {
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    let mut pages = 0;
    for page in offline::spread(file.metadata()?.len(), wanted) {
        file.seek(SeekFrom::Start(page * PAGE + 512))?;
        file.write_all(&[0xB5; 1024])?;
        pages += 1;
    }
    file.sync_all()?;
    Ok(pages)
}
