//! The runbook's way through a drill: each step timed, the snapshot taken before traffic is let in.

use std::collections::BTreeMap;

use blackstart_record::event::{Cut, Event, Outcome};
use blackstart_record::plan::Step;

use super::environment::World;
use super::{Drill, GRACE, point};
use crate::engine::Transaction;
use crate::examine::probe::Probes;
use crate::examine::snapshot::Snapshot;
use crate::failure::{Context, Error, Result};
use crate::pipeline::{Backup, Done, Goal};
use crate::runbook::Recovery;
use crate::workload::{self, Running as Clients};

/// A recovery that left a copy to look at.
pub(super) struct Recovered {
    /// Whether the runbook came to its end: if not, nobody works on the copy, and what is in it may tell why.
    pub(super) finished: bool,
    /// The restored state before traffic.
    pub(super) snapshot: Snapshot,
    /// The first id for operations that are still to come.
    pub(super) next_op: u64,
    /// The recovery point.
    pub(super) cut: Cut,
    /// The source's archive when the application was stopped and the source was out: key to ETag.
    pub(super) archive: BTreeMap<String, String>,
}

/// What a runbook came to.
#[derive(Default)]
pub(super) struct Ended {
    /// Where the pipeline's restore was to end; `None`: it did not come to that.
    pub(super) wanted: Option<Goal>,
    /// `None`: it left no copy that could be looked at.
    pub(super) recovered: Option<Recovered>,
}

/// Performs the runbook, up to a step that fails or passes its bound; that is in the history.
pub(super) async fn run(
    drill: &Drill,
    world: &mut World,
    clients: Clients,
    backup: &Backup,
    transaction: Option<Transaction>,
    probes: &Probes,
) -> Result<Ended> {
    let loaded = &drill.request.loaded;
    let (mut snapshot, mut finished, mut archive, mut last) = (None, true, BTreeMap::new(), None);
    let measures = (loaded.bounds, loaded.scenario.compression);
    let mut recovery = Recovery::new(drill.clock, &drill.events, measures, clients, backup, transaction);
    for plan in &loaded.scenario.runbook {
        // Until then it tells what somebody detects and decides by.
        if !matches!(plan.step, Step::Detect | Step::Decide) {
            world.monitor.stop().await;
        }
        drill.emit(Event::StepBegun { step: plan.step, at: drill.clock.now() }).await;
        // A copy that cannot be looked at is nothing to switch to.
        let looked = if plan.step == Step::Switch {
            take_snapshot(drill, world).await.map(|taken| snapshot = Some(taken))
        } else {
            Ok(())
        };
        let performed = match (looked, &plan.manual) {
            (Err(error), _) => Err(error),
            // A documented duration is added to the measured time; the harness never waits for it.
            (Ok(()), Some(_)) if plan.step == Step::Detect => Ok(Done { bytes: None, says: "declared".to_owned() }),
            (Ok(()), _) => {
                let mut parts = world.parts(loaded);
                let bound = plan.bound.into();
                let step = recovery.perform(plan.step, bound, &mut parts);
                tokio::time::timeout(plan.bound.plus(GRACE).into(), step)
                    .await
                    .unwrap_or_else(|_| Err(Error::bound(&format!("step {}", plan.step), bound, Vec::new())))
            }
        };
        if plan.step == Step::Rotate {
            probes.log_in_as(world.login.clone());
        }
        if !end(drill, plan.step, performed).await {
            recovery.abandon().await;
            finished = false;
            break;
        }
        if plan.step == Step::StopApplication {
            archive = world.artifacts(loaded).await?;
            // Later ones the restored copy acknowledges.
            last = probes.last_written();
            let (ledger, erasures) = (drill.folder.ledger(), &loaded.scenario.erasures);
            recovery.erased(workload::erased(&ledger, &drill.domain.recorded(), erasures)?);
        }
    }
    let wanted = recovery.wanted(loaded.pipeline.method.pipeline()).ok();
    let wanted = wanted.map(|wanted| wanted.goal);
    if !finished && snapshot.is_none() {
        return Ok(Ended { wanted, recovered: None });
    }
    let next_op = recovery.next_op().ok_or_else(|| Error::new("the runbook has no step that stops the application"))?;
    let snapshot = snapshot.ok_or_else(|| Error::new("the runbook has no step that switches the application"))?;
    let cut = match recovery.cut() {
        Some(cut) => cut.clone(),
        None => {
            let target = wanted.as_ref().map(|goal| &goal.target);
            point::read_off(drill, (&snapshot, target), (probes, last), backup).await?
        }
    };
    Ok(Ended { wanted, recovered: Some(Recovered { finished, snapshot, next_op, cut, archive }) })
}

/// Tells the history how a step ended; whether it did what it says.
async fn end(drill: &Drill, step: Step, performed: Result<Done>) -> bool {
    let is_done = performed.is_ok();
    let (outcome, done) = match performed {
        Ok(done) => (Outcome::Done, done),
        Err(error) => (error.into_outcome(), Done::default()),
    };
    let Done { bytes, says } = done;
    drill.emit(Event::StepEnded { step, at: drill.clock.now(), outcome, bytes, says }).await;
    is_done
}

async fn take_snapshot(drill: &Drill, world: &World) -> Result<Snapshot> {
    let database = &drill.request.loaded.environment.database;
    let incarnation = world.target.incarnation(database).await.cannot("ask the restored copy who it is")?;
    let number = drill.incarnations.number(world.target.host().name(), incarnation).await;
    let snapshot = Snapshot::take(&world.target, database).await?;
    drill.emit(Event::SnapshotTaken { at: drill.clock.now(), incarnation: number }).await;
    Ok(snapshot)
}
