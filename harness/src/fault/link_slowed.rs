//! A link passes everything on, late.

use std::num::NonZeroU32;

use blackstart_record::time::Nanos;
use serde_json::json;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::dial::{self, Answer, dial};
use super::{Fault, Heal, Injected, Scene};
use crate::failure::{Error, Result};
use crate::link::Toxic;
use crate::plan::{Lapse, Need};

/// What to slow.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The link: `application`, `replication`, `replication-to-` and the host of a replica that is followed, or `store-from-` and
    /// the host that saves or restores.
    pub link: String,
    /// How much later an answer comes; at most `1s`.
    pub latency: Lapse,
    /// How much earlier or later than that, at random; less than the latency. Default: not at all.
    pub jitter: Option<Lapse>,
    /// Kilobytes a second that it passes on in each direction. Default: all that come.
    pub kilobytes_per_second: Option<NonZeroU32>,
}

impl Fault for Params {
    fn intends(&self) -> String {
        let mut says = format!("slow link {} by {}", self.link, self.latency.0);
        if let Some(Lapse(jitter)) = self.jitter {
            says += &format!(", give or take {jitter}");
        }
        if let Some(rate) = self.kilobytes_per_second {
            says += &format!(", to {rate} kB a second");
        }
        says
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Link(&self.link)]
    }

    fn wrong(&self) -> Option<String> {
        let least = self.least();
        let slow = least.0 > 0 && self.latency.0 <= Nanos::from_secs(1);
        (!slow).then(|| "a latency is above its jitter, and at most `1s`".to_owned())
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.spoil(scene).boxed()
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
        self.mend(scene).boxed()
    }
}

impl Params {
    /// The least that an answer is late; nothing could be seen of less than a moment, or of what comes too late to wait for.
    fn least(&self) -> Nanos {
        self.latency.0.since(self.jitter.map_or(Nanos::ZERO, |jitter| jitter.0))
    }

    fn toxics(&self) -> Vec<Toxic> {
        let millis = |lapse: Lapse| lapse.0.0 / 1_000_000;
        let attributes = json!({"latency": millis(self.latency), "jitter": self.jitter.map_or(0, millis)});
        let mut toxics = vec![Toxic { kind: "latency", stream: "downstream", attributes }];
        if let Some(rate) = self.kilobytes_per_second {
            let limit = |stream| Toxic { kind: "bandwidth", stream, attributes: json!({"rate": rate}) };
            toxics.extend(["upstream", "downstream"].map(limit));
        }
        toxics
    }

    /// An answer that was as late before would show nothing.
    async fn spoil(&self, scene: &Scene<'_>) -> Result<Injected> {
        let link = scene.links.named(&self.link)?;
        let mut quick = None;
        for _ in 0..TRIES {
            if let Answer::Came(took) = dial(scene, link).await {
                quick = Some(quick.map_or(took, |best: Nanos| best.min(took)));
            }
        }
        if quick.is_none_or(|took| took >= self.least()) {
            return Err(Error::new(format!("link {} is as slow already: {quick:?}", self.link)));
        }
        scene.links.spoil(link, &self.toxics()).await?;
        Ok(Injected::done(format!("link {} slowed", self.link)))
    }

    /// The quickest of some answers: one may be late by itself.
    async fn look(&self, scene: &Scene<'_>) -> Result<String> {
        let link = scene.links.named(&self.link)?;
        let mut quickest = Nanos(u64::MAX);
        for _ in 0..TRIES {
            match dial(scene, link).await {
                Answer::Came(took) => quickest = quickest.min(took),
                other => return Err(Error::new(format!("link {} is not slow: {other:?}", self.link))),
            }
        }
        if quickest < self.least() {
            return Err(Error::new(format!("link {} is not slow: an answer took {quickest}", self.link)));
        }
        Ok(format!("the quickest of {TRIES} answers took {quickest}"))
    }

    async fn mend(&self, scene: &Scene<'_>) -> Result<()> {
        dial::cleaned(scene, &self.link, &self.toxics()).await
    }
}

const TRIES: u32 = 3;
