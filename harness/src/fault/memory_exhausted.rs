//! A host runs out of memory: its container's limit is drawn close, a query wants more, and the kernel kills what is largest.

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Kept, Scene};
use crate::failure::{Error, Result};
use crate::host::Host;
use crate::plan::Need;

/// Whose memory to exhaust.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host; the one that the pipeline saves.
    pub host: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        format!("let the server on host {} want more memory than its container may have", self.host)
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Postgres(&self.host), Need::Container(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.exhaust(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        self.look(scene, injected).boxed()
    }

    fn heal(&self) -> Option<&dyn Heal> {
        Some(self)
    }
}

impl Heal for Params {
    fn heal<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: Injected) -> BoxFuture<'a, Result<()>> {
        self.relieve(scene).boxed()
    }
}

/// What is left above what is in use, in bytes: less than the query wants.
const ROOM: u64 = 64 << 20;
/// Wants a gigabyte.
const QUERY: &str = "SELECT length(string_agg(repeat('x', 1000000), '')) FROM generate_series(1, 1000)";
/// Where the kernel tells how much is used, in its two versions of control groups, and how often it has killed.
const USED: [&str; 2] = ["memory.usage_in_bytes", "memory.current"];
const KILLS: [&str; 2] = ["memory.oom_control", "memory.events"];

impl Params {
    async fn exhaust(&self, scene: &Scene<'_>) -> Result<Injected> {
        let host = scene.host(&self.host)?;
        let container = host.container()?;
        let before = kills(&host)?;
        let limit = container.counted(&USED, None)? + ROOM;
        container.limit_memory(Some(limit))?;
        // Killed, it has no answer; whether it was is looked at elsewhere.
        let _ = scene.server.run(scene.database, QUERY).await;
        let says = format!("the server on host {} wanted more than the {limit} bytes that it may have", self.host);
        Ok(Injected::keeping(says, Kept::Number(before)))
    }

    /// The kernel counts whom it kills for want of memory.
    async fn look(&self, scene: &Scene<'_>, injected: &Injected) -> Result<String> {
        let Kept::Number(before) = injected.kept else { return Err(Error::new("nobody counted before")) };
        match kills(&scene.host(&self.host)?)?.saturating_sub(before) {
            0 => Err(Error::new(format!("the kernel killed no process of host {}", self.host))),
            times => Ok(format!("the kernel killed on host {} for want of memory, {times} times", self.host)),
        }
    }

    async fn relieve(&self, scene: &mut Scene<'_>) -> Result<()> {
        scene.host(&self.host)?.container()?.limit_memory(None)?;
        scene.server.answering(scene.bound).await
    }
}

fn kills(host: &Host) -> Result<u64> {
    host.container()?.counted(&KILLS, Some("oom_kill "))
}
