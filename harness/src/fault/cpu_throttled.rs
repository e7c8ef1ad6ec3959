//! A host's container gets a part of one processor only.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Scene};
use crate::failure::{Error, Result};
use crate::host::{Command, Host};
use crate::plan::Need;

/// Whom to throttle, and how far.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
    /// How much of one processor is left, in percent: 1 to 99.
    pub percent: u32,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("leave host {} {} % of one processor", self.host, self.percent)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Container(&self.host)]
    }

    fn wrong(&self) -> Option<String> {
        let says = || format!("`percent` is of one processor, from 1 to 99, and not {}", self.percent);
        (!(1..100).contains(&self.percent)).then(says)
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.throttle(scene).boxed()
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

/// Wants a whole processor for half a second of its time, or for as long as it is let.
const BUSY: &str = "exec timeout 0.5 sh -c 'while :; do :; done'";
/// Where the kernel tells how often it let the host wait.
const WAITS: (&str, &str) = ("cpu.stat", "nr_throttled ");

impl Params {
    async fn throttle(&self, scene: &Scene<'_>) -> Result<Injected> {
        scene.host(&self.host)?.container()?.limit_processors(Some(self.percent))?;
        Ok(Injected::done(format!("host {} has {} % of one processor", self.host, self.percent)))
    }

    /// Somebody on the host wants more.
    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        match waits_of_the_busy(&scene.host(&self.host)?, scene.bound).await? {
            0 => Err(Error::new(format!("nothing on host {} had to wait for a processor", self.host))),
            waits => Ok(format!("host {} had to wait for a processor {waits} times in half a second", self.host)),
        }
    }

    async fn release(&self, scene: &Scene<'_>) -> Result<()> {
        let host = scene.host(&self.host)?;
        host.container()?.limit_processors(None)?;
        match waits_of_the_busy(&host, scene.bound).await? {
            0 => Ok(()),
            waits => Err(Error::new(format!("host {} still had to wait {waits} times", self.host))),
        }
    }
}

async fn waits_of_the_busy(host: &Host, bound: Duration) -> Result<u64> {
    let waits = || host.container()?.counted(&[WAITS.0], Some(WAITS.1));
    let before = waits()?;
    host.exec(&Command::new("/bin/sh").args(["-c", BUSY]).bound(bound)).await?;
    Ok(waits()?.saturating_sub(before))
}
