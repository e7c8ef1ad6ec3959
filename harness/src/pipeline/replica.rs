//! A replica: it follows the source over a link of its own, and is promoted in its place. Nothing of it is in a store, and what
//! the source does to its data by mistake the replica does too, unless it applies that late enough to be stopped before, or
//! was to receive it later.

use std::path::Path;

use blackstart_record::plan::{Pace, Step};
use blackstart_record::time::Nanos;
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
    /// How often it receives all that there is by then; in between it receives nothing. A drill may compress that. MariaDB and
    /// MySQL. Default: it receives at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Lapse>,
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
        match (self.delay, self.every) {
            (Some(Lapse(delay)), _) => Pace::Late(delay),
            (None, Some(Lapse(interval))) => Pace::Every(interval),
            (None, None) => Pace::AtOnce,
        }
    }

    fn engine(&self) -> Option<EngineKind> {
        (self.pace() != Pace::AtOnce).then_some(EngineKind::Mysql)
    }

    fn wrong(&self) -> Option<String> {
        let is_zero = |time: Option<Lapse>| time == Some(Lapse(Nanos::ZERO));
        let wrong = if self.delay.is_some() && self.every.is_some() {
            "it has `delay` and `every`: say either how late it applies, or how often it receives"
        } else if is_zero(self.delay) {
            "`delay` is zero: leave it out, and the replica applies at once"
        } else if is_zero(self.every) {
            "`every` is zero: leave it out, and the replica receives at once"
        } else {
            return None;
        };
        Some(wrong.to_owned())
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
                Beginning::Filled(settings) => {
                    target.initialise(cache, Role::Target, &settings).await?;
                    for filling in target.filling(following, tools.database, tools.bound).await? {
                        programs::within_bound(filling, target.host(), tools).await?;
                    }
                    target.filled(tools.bound).await?;
                }
            }
            target.follow(following, tools.bound).await
        }
        .boxed()
    }

    fn backup<'a>(&'a self, tools: Tools<'a>, way: Way<'a>, target: &'a Server) -> BoxFuture<'a, Result<Backup>> {
        async move {
            let begun = tools.clock.now();
            // What it has received it can apply at any time.
            let (had, position) = match self.pace().compressed(tools.compression) {
                Pace::AtOnce => ("caught up at", target.caught_up(way, tools.bound).await?),
                Pace::Late(_) => ("received at", target.received(way, tools.bound).await?),
                Pace::Every(time) => ("shipped up to", target.ship_every(way, time.into(), tools.bound).await?),
            };
            let through: String = self.through.iter().map(|host| format!(" through {host}")).collect();
            let id = format!("replica on {}{through}, {had} {position}", target.host().name());
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
            // Whoever comes to promote it stops the timer first.
            let shipped = target.end_shipments().await;
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
            let says = [Some(says), shipped].into_iter().flatten().collect::<Vec<_>>().join("; ");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_behind_in_one_way_or_in_none() {
        let hour = Nanos::from_secs(3600);
        for (text, pace, steps, wrong) in [
            ("", Pace::AtOnce, 1, None),
            ("delay = '1h'", Pace::Late(hour), 2, None),
            ("delay = '1h'\npromote = 'own.sh'", Pace::Late(hour), 1, None),
            ("every = '1h'", Pace::Every(hour), 1, None),
            ("delay = '1h'\nevery = '1h'", Pace::Late(hour), 2, Some("either how late it applies, or how often")),
            ("delay = '0s'", Pace::Late(Nanos::ZERO), 2, Some("`delay` is zero")),
            ("every = '0s'", Pace::Every(Nanos::ZERO), 1, Some("`every` is zero")),
        ] {
            let replica: Params = toml::from_str(text).unwrap();
            assert_eq!((replica.pace(), replica.steps().len()), (pace, steps), "{text}");
            let said = replica.wrong();
            assert_eq!(said.is_some(), wrong.is_some(), "{text}: {said:?}");
            assert!(wrong.is_none_or(|wrong| said.unwrap().contains(wrong)), "{text}");
        }
    }
}
