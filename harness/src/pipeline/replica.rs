//! A replica: it follows the source over a link of its own, and is promoted in its place. Nothing of it is in a store, and what
//! the source does to its data by mistake the replica does too, unless it applies that late enough to be stopped before.

use std::path::Path;
use std::time::Duration;

use blackstart_record::plan::{Pace, Step};
use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backup, Done, Onto, Pipeline, Repository, Target, Tools, Wanted, own, programs};
use crate::engine::replication::{Beginning, Following, Way};
use crate::engine::{Role, Server};
use crate::failure::{Error, Result};
use crate::host::Host;
use crate::plan::{EngineKind, Lapse};

/// How far it may fall behind is its schedule's `lag-alarm`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The hosts of the replicas through which it follows its source, each a replica of the one before it, the first one of the
    /// source. Default: it follows the source itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<String>,
    /// How late it applies what it has received, by its source's clock; a drill may compress that. MariaDB and MySQL. Default: it
    /// applies at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Lapse>,
    /// The user's own program that has it apply what it is to apply and promotes it, as a path below the plan's folder; runs on the replica's host. Default: the
    /// engine's own way, with nothing forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promote: Option<String>,
}

impl Pipeline for Params {
    fn programs(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Only one that is late can be stopped before a bad transaction. A program of the user's does both at once.
    fn steps(&self) -> &'static [Step] {
        if self.is_late() && self.promote.is_none() { &[Step::Replay, Step::Promote] } else { &[Step::Promote] }
    }

    fn restores_onto(&self) -> Onto {
        Onto::Replica
    }

    fn through(&self) -> &[String] {
        &self.through
    }

    fn pace(&self) -> Pace {
        self.delay.map_or(Pace::AtOnce, |delay| Pace::Late(delay.0))
    }

    fn engine(&self) -> Option<EngineKind> {
        (self.pace() != Pace::AtOnce).then_some(EngineKind::Mysql)
    }

    fn wrong(&self) -> Option<String> {
        let never = self.delay.is_some_and(|delay| Duration::from(delay.0).is_zero());
        never.then(|| "`delay` is zero: leave it out, and the replica applies at once".to_owned())
    }

    /// What has not been streamed stays where it is.
    fn ships_remainder(&self) -> bool {
        false
    }

    fn files(&self) -> Vec<&str> {
        self.promote.as_deref().into_iter().collect()
    }

    fn source_settings(&self, source: &Server, _repository: &Repository) -> Result<Vec<(String, String)>> {
        Ok(source.kind().replication_settings())
    }

    fn install(&self, host: &Host, _repository: &Repository, plan: &Path) -> Result<()> {
        own::put(host, plan, &self.files())
    }

    fn follow<'a>(
        &'a self,
        tools: Tools<'a>,
        target: &'a mut Server,
        following: &'a Following,
        cache: &'a Path,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            match target.beginning(following, tools.bound)? {
                Beginning::Copy(program, copying) => {
                    programs::run(program, &copying, target.host(), tools).await?;
                }
                Beginning::Empty(settings) => target.initialise(cache, Role::Target, &settings).await?,
            }
            target.follow(following, tools.bound).await
        }
        .boxed()
    }

    fn backup<'a>(&'a self, tools: Tools<'a>, way: Way<'a>, target: &'a Server) -> BoxFuture<'a, Result<Backup>> {
        async move {
            let begun = tools.clock.now();
            // What a late one has received it can apply at any time.
            let (had, position) = if self.is_late() {
                ("received", target.received(way, tools.bound).await?)
            } else {
                ("caught up", target.caught_up(way, tools.bound).await?)
            };
            let through: String = self.through.iter().map(|host| format!(" through {host}")).collect();
            let id = format!("replica on {}{through}, {had} at {position}", target.host().name());
            Ok(Backup { id, begun, durable: tools.clock.now(), lag: None })
        }
        .boxed()
    }

    fn perform<'a>(
        &'a self,
        step: Step,
        tools: Tools<'a>,
        target: &'a mut Server,
        wanted: &'a Wanted<'a>,
    ) -> BoxFuture<'a, Result<Done>> {
        async move {
            let says = match (step, &wanted.goal.target, &self.promote) {
                (Step::Replay, Target::BeforeTransaction(bad), _) => {
                    let position = target.roll_on(bad, tools.bound).await?;
                    format!("applied up to {position}, just before transaction {bad}")
                }
                (Step::Replay, ..) => {
                    let position = target.apply_received(tools.bound).await?;
                    format!("applied all that was received, up to {position}")
                }
                (Step::Promote, _, Some(program)) => own::run_without_store(program, tools, target).await?,
                // A late one is where it is to be since its replay.
                (Step::Promote, _, None) => target.promote(self.is_late(), tools.bound).await?,
                (other, ..) => return Err(Error::new(format!("a replica has no step \"{other}\""))),
            };
            Ok(Done { bytes: None, says })
        }
        .boxed()
    }
}

impl Params {
    fn is_late(&self) -> bool {
        matches!(self.pace(), Pace::Late(_))
    }
}
