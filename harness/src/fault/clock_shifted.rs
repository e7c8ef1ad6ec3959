//! A host's clock is wrong: every program that starts on it from then on is told another time, by libfaketime. What runs
//! already is not, so its server is started again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fault, Heal, Injected, Scene};
use crate::engine::Stop;
use crate::failure::{Context, Error, Result};
use crate::host::{Command, Host, Shift};
use crate::plan::{Lapse, Need};

/// Whose clock to shift, and which way.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
    /// How far its clock is to be ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ahead: Option<Lapse>,
    /// How far its clock is to be behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<Lapse>,
}

/// A clock that is off by less is taken for right: the question itself takes a while.
const RIGHT: Duration = Duration::from_secs(5);

impl Fault for Params {
    fn intends(&self) -> String {
        format!("shift the clock of host {} by {} s, and start its server again", self.host, self.seconds())
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Postgres(&self.host)]
    }

    fn programs(&self) -> &'static [&'static str] {
        &["faketime"]
    }

    fn wrong(&self) -> Option<String> {
        if self.ahead.is_some() == self.behind.is_some() {
            return Some("give it either `ahead` or `behind`".to_owned());
        }
        (self.seconds().unsigned_abs() < 60).then(|| "a shift of less than a minute cannot be told from none".to_owned())
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.shift(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        async move {
            let off = off(scene).await?;
            let so = off.abs_diff(self.seconds()) <= RIGHT.as_secs();
            so.then(|| format!("the server's clock is off by {off} s"))
                .ok_or_else(|| Error::new(format!("the server's clock is off by {off} s, not {} s", self.seconds())))
        }
        .boxed()
    }

    fn heal(&self) -> Option<&dyn Heal> {
        Some(self)
    }
}

impl Heal for Params {
    fn heal<'a>(&'a self, scene: &'a mut Scene<'_>, _injected: Injected) -> BoxFuture<'a, Result<()>> {
        async move {
            scene.host(&self.host)?.set_clock(None);
            restart(scene).await?;
            let off = off(scene).await?;
            if off.unsigned_abs() > RIGHT.as_secs() {
                return Err(Error::new(format!("the server's clock is still off by {off} s")));
            }
            Ok(())
        }
        .boxed()
    }
}

impl Params {
    fn seconds(&self) -> i64 {
        let seconds = |lapse: Lapse| i64::try_from(Duration::from(lapse.0).as_secs()).unwrap_or(i64::MAX);
        self.ahead.map_or(0, seconds) - self.behind.map_or(0, seconds)
    }

    async fn shift(&self, scene: &mut Scene<'_>) -> Result<Injected> {
        let host = scene.host(&self.host)?;
        let library = library(&host, scene.bound).await?;
        host.set_clock(Some(Shift { library, seconds: self.seconds() }));
        restart(scene).await?;
        Ok(Injected::done(format!("the clock of host {} shifted by {} s", self.host, self.seconds())))
    }
}

/// Where libfaketime is: the program that comes with it knows.
async fn library(host: &Host, bound: Duration) -> Result<String> {
    let command = Command::new("faketime").args(["-f", "+0s", "printenv", "LD_PRELOAD"]).bound(bound);
    let finished = host.exec(&command).await.cannot("find libfaketime")?.success("faketime")?;
    let library = finished.stdout.split([':', '\n']).find(|path| path.contains("faketime"));
    library.map(str::to_owned).ok_or_else(|| Error::with_lines("faketime does not say where its library is", finished.lines))
}

async fn restart(scene: &mut Scene<'_>) -> Result<()> {
    scene.server.stop(Stop::Fast, scene.bound).await?;
    scene.server.start(scene.bound).await
}

/// By how many seconds the server's clock is ahead of the harness's; below zero: behind.
async fn off(scene: &Scene<'_>) -> Result<i64> {
    let client = scene.server.connect(scene.database).await?;
    let there = client.value("SELECT cast(extract(epoch FROM clock_timestamp()) AS bigint)").await?;
    let there: i64 = there.and_then(|there| there.parse().ok()).ok_or_else(|| Error::new("the server tells no time"))?;
    let here = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| Error::new(error.to_string()))?;
    Ok(there - i64::try_from(here.as_secs()).unwrap_or(i64::MAX))
}
