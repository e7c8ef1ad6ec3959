//! A host's disk is read-only to all that runs there. No file system turns so while files are open for writing: a server
//! on it is killed first, and does not start again.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Scene};
use crate::failure::{Error, Result};
use crate::host::{Command, Finished, Host};
use crate::plan::Need;

/// Whose disk to make read-only.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("make the disk of host {} read-only, with its server killed", self.host)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Host(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.remount(scene).boxed()
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
        self.release(scene).boxed()
    }
}

impl Params {
    async fn remount(&self, scene: &mut Scene<'_>) -> Result<Injected> {
        let host = scene.host(&self.host)?;
        if self.serves(scene) {
            scene.server.kill(scene.bound).await?;
        }
        let deadline = tokio::time::Instant::now() + scene.bound;
        // What the server had started may still be writing its last.
        while let Err(error) = host.set_read_only(true) {
            if tokio::time::Instant::now() > deadline {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Injected::done(format!("the disk of host {} remounted read-only", self.host)))
    }

    fn serves(&self, scene: &Scene<'_>) -> bool {
        scene.server.host().name() == self.host
    }

    /// A program on the host tries to write.
    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        let tried = try_to_write(&scene.host(&self.host)?, scene.bound).await?;
        let said = tried.lines.iter().find(|line| line.contains("Read-only file system")).cloned();
        said.filter(|_| !tried.status.success())
            .ok_or_else(|| Error::with_lines(format!("host {} can still write", self.host), tried.lines))
    }

    async fn release(&self, scene: &mut Scene<'_>) -> Result<()> {
        let host = scene.host(&self.host)?;
        host.set_read_only(false)?;
        try_to_write(&host, scene.bound).await?.success("writing to the disk")?;
        if self.serves(scene) {
            scene.server.start(scene.bound).await?;
        }
        Ok(())
    }
}

async fn try_to_write(host: &Host, bound: Duration) -> Result<Finished> {
    let write = ": > \"$TMPDIR/look\" && rm \"$TMPDIR/look\"";
    host.exec(&Command::new("/bin/sh").args(["-c", write]).bound(bound)).await
}
