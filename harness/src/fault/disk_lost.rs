//! All that was on a host's disk is gone, and what runs there runs on without it.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Injected, Kept, Scene};
use crate::failure::{Error, Result};
use crate::host::Command;
use crate::plan::Need;

/// Whose disk to lose.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("lose all that is on the disk of host {}", self.host)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Host(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.lose(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene, injected).boxed()
    }
}

/// Every file that a program on the host finds on its disk.
const FILES: &str = "find \"$HOME/..\" -type f 2>/dev/null | wc -l";
/// A folder into which something is written meanwhile is not empty at once.
const ATTEMPTS: u32 = 10;

impl Params {
    async fn lose(&self, scene: &Scene<'_>) -> Result<Injected> {
        let before = self.files(scene).await?;
        let host = scene.host(&self.host)?;
        let wiped = (1..ATTEMPTS).any(|_| host.wipe().is_ok());
        if !wiped {
            host.wipe()?;
        }
        host.furnish()?;
        let says = format!("{before} files of the disk of host {} lost", self.host);
        Ok(Injected::keeping(says, Kept::Number(before)))
    }

    async fn look(&self, scene: &Scene<'_>, injected: &Injected) -> Result<String> {
        let Kept::Number(before) = injected.kept else { return Err(Error::new("nobody counted before")) };
        let left = self.files(scene).await?;
        // What runs on may begin a file or two anew.
        if before == 0 || left * 100 > before {
            return Err(Error::new(format!("{left} of {before} files are still on the disk of host {}", self.host)));
        }
        Ok(format!("of {before} files on the disk of host {} a program there finds {left}", self.host))
    }

    async fn files(&self, scene: &Scene<'_>) -> Result<u64> {
        let count = Command::new("/bin/sh").args(["-c", FILES]).bound(scene.bound);
        let counted = scene.host(&self.host)?.exec(&count).await?.success("counting files")?;
        counted.stdout.trim().parse().map_err(|error| Error::new(format!("{}: {error}", counted.stdout)))
    }
}
