//! A file fills what is left of a host's disk.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Scene};
use crate::failure::{Context, Error, Result};
use crate::host::Command;
use crate::plan::Need;

/// Whose disk to fill.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host; its disk has a size of its own.
    pub host: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("fill the disk of host {}", self.host)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::LimitedDisk(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.fill(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene).boxed()
    }

    fn heal(&self) -> Option<&dyn Heal> {
        Some(self)
    }
}

impl Heal for Params {
    fn heal<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: Injected) -> BoxFuture<'a, Result<()>> {
        self.empty(scene).boxed()
    }
}

const FILLER: &str = "filler";
/// More than a file system keeps in the seams of what is full.
const LOOK: &str = "head -c 262144 /dev/zero > \"$TMPDIR/look\"; code=$?; rm -f \"$TMPDIR/look\"; exit $code";

impl Params {
    async fn fill(&self, scene: &Scene<'_>) -> Result<Injected> {
        let host = scene.host(&self.host)?;
        // Never the machine's own, whatever the plan says.
        if !host.has_own_disk() {
            return Err(Error::new(format!("the disk of host {} has no size of its own", self.host)));
        }
        let bytes = fill(&host.outside(FILLER)).cannot(format_args!("fill the disk of host {}", self.host))?;
        Ok(Injected::done(format!("{bytes} bytes filled the disk of host {}", self.host)))
    }

    /// A program on the host tries to write.
    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        let tried = self.try_to_write(scene).await?;
        let no_space = |line: &String| line.to_lowercase().contains("no space left");
        let said = tried.lines.iter().find(|line| no_space(line)).cloned();
        said.filter(|_| !tried.status.success())
            .ok_or_else(|| Error::with_lines(format!("host {} can still write", self.host), tried.lines))
    }

    async fn empty(&self, scene: &Scene<'_>) -> Result<()> {
        fs::remove_file(scene.host(&self.host)?.outside(FILLER))?;
        self.try_to_write(scene).await?.success("writing to the disk").map(|_| ())
    }

    async fn try_to_write(&self, scene: &Scene<'_>) -> Result<crate::host::Finished> {
        let write = Command::new("/bin/sh").args(["-c", LOOK]).bound(scene.bound);
        scene.host(&self.host)?.exec(&write).await
    }
}

/// Writes until nothing more fits; how much it was.
fn fill(path: &Path) -> std::io::Result<u64> {
    let mut file = fs::File::create(path)?;
    let mut chunk = vec![0; 1 << 20];
    let mut filled = 0;
    while !chunk.is_empty() {
        match file.write(&chunk) {
            Ok(written) => filled += written as u64,
            // What is left may be less than a chunk.
            Err(error) if error.kind() == ErrorKind::StorageFull => chunk.truncate(chunk.len() / 2),
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
