//! A backup for each step that a backup takes, killed there or with its store gone there: reported success implies
//! restorable. On a stand-in of the source, where nobody works, so that what comes back must be the very same rows.

use std::collections::BTreeMap;
use std::time::Duration;

use blackstart_record::event::Event;
use blackstart_record::observation::{CrashOutcome, CrashPoint, CrashPoints, CrashStep, TableDigest};
use blackstart_record::plan::Step;
use tokio::sync::mpsc;

use super::Drill;
use super::environment::{World, start_servers};
use super::store::COPIES;
use crate::clock::Clock;
use crate::engine::Server;
use crate::engine::postgres::{Postgres, SUPERUSER, archiving, questions};
use crate::engine::replication::Way;
use crate::examine::digests;
use crate::examine::snapshot::Snapshot;
use crate::failure::{Context, Result};
use crate::pipeline::{Backup, Goal, Repository, Target, Tools, Wanted};
use crate::store::gate::{Gate, Rule};
use crate::workload;

/// More points than this are sampled.
const POINTS: usize = 40;
/// A disturbed backup may take so many times as long as the whole one, and this much more.
const PATIENCE: (u32, Duration) = (4, Duration::from_secs(10));
/// The ids of backups tell no two of one second apart.
const ID_BEAT: Duration = Duration::from_secs(1);
/// How long the end of the log may take to be in the archive, once nothing disturbs it any more.
const ARCHIVED: Duration = Duration::from_secs(120);

/// The stand-in of the source, and the gate in its way to the store.
struct Site {
    source: Server,
    repository: Repository,
    gate: Gate,
    bound: Duration,
}

/// A backup under a disturbance, and the steps that it took.
struct Taken {
    backup: Result<Backup>,
    took: Duration,
    requests: u64,
    programs: Vec<String>,
    is_reached: bool,
}

impl Drill {
    /// Every point, one after the other, between two backups that nothing disturbs.
    pub(super) async fn crash_points(&self, world: &mut World) -> Result<CrashPoints> {
        let mut site = self.site(world).await.cannot("make a stand-in of the source")?;
        let source = self.digests(&site.source).await?;
        let taken = self.take(&site, None).await;
        let (requests, programs) = (taken.requests, taken.programs.clone());
        site.bound = taken.took * PATIENCE.0 + PATIENCE.1;
        let mut found = CrashPoints { requests, programs, source, ..CrashPoints::default() };
        found.undisturbed.push(self.outcome(world, &mut site, taken, "crash-before").await);
        for (number, at) in sampled(found.steps().collect()).into_iter().enumerate() {
            let taken = self.take(&site, Some(&at)).await;
            let took = taken.took.into();
            let outcome = self.outcome(world, &mut site, taken, &format!("crash-{number:02}")).await;
            found.points.push(CrashPoint { at, took, outcome });
        }
        // A source or a store that died under way would let every backup fail honestly.
        let taken = self.take(&site, None).await;
        found.undisturbed.push(self.outcome(world, &mut site, taken, "crash-after").await);
        site.source.host().destroy().await;
        Ok(found)
    }

    async fn site(&self, world: &mut World) -> Result<Site> {
        let loaded = &self.request.loaded;
        let (host, link) = world.another_host("crash-source").await?;
        let mut repository = world.repository.clone();
        repository.bucket = format!("{COPIES}crash-points");
        repository.endpoints.insert(host.name().to_owned(), link.listen);
        world.plain_bucket(&repository.bucket).await?;
        let gate = world.gate(&link, Rule::Pass).await?;
        loaded.pipeline.method.pipeline().install(&host, &repository, &self.request.plan_folder)?;
        let rows = host.outside("initial.rows");
        let mut source = world.server_on(host);
        start_servers(loaded, &world.cache, (&mut source, None), &repository).await?;
        let client = source.connect(&loaded.environment.database).await?;
        workload::load(self.domain, &client, &self.settings(), &rows).await?;
        Ok(Site { source, repository, gate, bound: loaded.bounds.backup.into() })
    }

    /// Takes a backup, disturbed at that step.
    async fn take(&self, site: &Site, at: Option<&CrashStep>) -> Taken {
        tokio::time::sleep(ID_BEAT).await;
        let (rule, kill) = match at {
            None => (Rule::Pass, None),
            Some(CrashStep::Request { number }) => (Rule::Break(*number), None),
            Some(CrashStep::From { request }) => (Rule::Gone(*request), None),
            Some(CrashStep::Program { number, name }) => (Rule::Pass, Some((name.clone(), *number))),
        };
        site.gate.set(rule);
        site.source.host().steps().begin(kill.clone());
        let (events, _nobody) = mpsc::channel(64);
        let tools = self.tools_on(site, &events);
        let began = self.clock.now();
        // The target is for a replica, and such a pipeline has no crash points.
        let backup =
            self.request.loaded.pipeline.method.pipeline().backup(tools, Way::from(&site.source), &site.source).await;
        let took = self.clock.now().since(began).into();
        let passed = site.gate.set(Rule::Pass);
        let programs = site.source.host().steps().begin(None);
        let is_reached = match (at, kill) {
            (None, _) => true,
            (_, Some((name, number))) => programs.iter().filter(|other| **other == name).count() as u64 >= number,
            _ => !passed.disturbed.is_empty(),
        };
        Taken { backup, took, requests: passed.requests, programs, is_reached }
    }

    async fn outcome(&self, world: &mut World, site: &mut Site, taken: Taken, name: &str) -> CrashOutcome {
        if !taken.is_reached {
            return CrashOutcome::NotReached;
        }
        let outcome = match taken.backup {
            Err(error) => site.source.alive().map(|()| CrashOutcome::Failed { says: error.to_string() }),
            Ok(backup) => self.restored(world, site, &backup, name).await,
        };
        outcome.unwrap_or_else(|error| CrashOutcome::NotTried { why: error.to_string() })
    }

    /// Restores a backup that reported success, on a stand-in.
    async fn restored(&self, world: &mut World, site: &Site, backup: &Backup, name: &str) -> Result<CrashOutcome> {
        let time = self.clock.timestamp_at(self.clock.now()).to_string();
        let target = self.target(site).await?;
        let wanted = Wanted { backup, goal: Goal { target, time, erased: String::new() } };
        let mut stand_in = world.stand_in(name, &site.repository.bucket).await?;
        stand_in.ready(self, world).await?;
        let (events, _nobody) = mpsc::channel(64);
        let outcome = match stand_in.restore(self, &wanted, &events, None).await {
            Err((step, error)) => CrashOutcome::NotRestorable { step: Some(step), says: error.to_string() },
            Ok(()) => match self.digests(&stand_in.server).await {
                Ok(tables) => CrashOutcome::Restored { tables },
                Err(error) => CrashOutcome::NotRestorable { step: None, says: error.to_string() },
            },
        };
        stand_in.end().await?;
        Ok(outcome)
    }

    /// All that the source has, which does nothing any more: what it has logged is in the archive after this.
    async fn target(&self, site: &Site) -> Result<Target> {
        let pipeline = self.request.loaded.pipeline.method.pipeline();
        let (events, _nobody) = mpsc::channel(64);
        if pipeline.replays_all() {
            let tools = Tools { bound: ARCHIVED, ..self.tools_on(site, &events) };
            pipeline.ship_remainder(tools, &site.source).await?;
            return Ok(Target::EndOfLog);
        }
        if pipeline.steps().contains(&Step::Replay) {
            return Ok(Target::BeforeTransaction(mark(site.source.postgres()?, self.clock).await?));
        }
        Ok(Target::Backup)
    }

    fn tools_on<'a>(&'a self, site: &'a Site, events: &'a mpsc::Sender<Event>) -> Tools<'a> {
        let loaded = &self.request.loaded;
        Tools {
            clock: self.clock,
            repository: &site.repository,
            database: &loaded.environment.database,
            events,
            bound: site.bound,
            compression: loaded.scenario.compression,
        }
    }

    async fn digests(&self, server: &Server) -> Result<BTreeMap<String, TableDigest>> {
        let snapshot = Snapshot::take(server, &self.request.loaded.environment.database).await?;
        digests::observe(&snapshot, self.domain).await
    }
}

/// Commits a transaction that changes nothing, and waits until the log with it is in the archive; its id.
async fn mark(source: &Postgres, clock: Clock) -> Result<String> {
    let client = source.connect(SUPERUSER).await?;
    let id = questions::transaction(&client).await?;
    archiving::ship(source, clock, ARCHIVED).await?;
    Ok(id)
}

/// At most [`POINTS`] of them, evenly.
fn sampled<T>(all: Vec<T>) -> Vec<T> {
    let (length, taken) = (all.len(), all.len().min(POINTS));
    let mut wanted = (0..taken).map(|index| index * length / taken).peekable();
    let numbered = all.into_iter().enumerate();
    numbered.filter(|(index, _)| wanted.next_if_eq(index).is_some()).map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_sampled_evenly_and_none_twice() {
        for length in [0, 1, 39, 40, 41, 80, 1_000] {
            let points = sampled((0..length).collect());
            assert_eq!(points.len(), length.min(POINTS));
            let gaps: Vec<usize> = points.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let (least, most) = (gaps.iter().min().unwrap_or(&1), gaps.iter().max().unwrap_or(&1));
            assert!(*least >= 1 && most - least <= 1, "{length}: {points:?}");
        }
    }
}
