//! The runbook's way through a drill: each step timed, the snapshot taken before traffic is let in.

use blackstart_record::event::{Cut, Event, Outcome};
use blackstart_record::plan::Step;

use super::environment::World;
use super::{Drill, GRACE};
use crate::examine::probe::Probes;
use crate::examine::snapshot::Snapshot;
use crate::failure::{Context, Error, Result};
use crate::fault::Transaction;
use crate::pipeline::{Backup, Done};
use crate::runbook::Recovery;
use crate::workload::Running as Clients;

/// A recovery that came to its end.
pub(super) struct Recovered {
    /// The restored state before traffic.
    pub(super) snapshot: Snapshot,
    /// The first id for operations of the recovered application.
    pub(super) next_op: u64,
    /// The recovery point.
    pub(super) cut: Cut,
}

/// Performs the runbook. `None`: a step failed or passed its bound; that is in the history, and nothing follows.
pub(super) async fn run(
    drill: &Drill,
    world: &mut World,
    clients: Clients,
    backup: &Backup,
    transaction: Option<Transaction>,
    probes: &Probes,
) -> Result<Option<Recovered>> {
    let loaded = &drill.request.loaded;
    let mut snapshot = None;
    let mut recovery = Recovery::new(drill.clock, &drill.events, loaded.bounds, clients, backup, transaction);
    for plan in &loaded.scenario.runbook {
        if plan.step == Step::Switch {
            snapshot = Some(take_snapshot(drill, world).await?);
        }
        drill.emit(Event::StepBegun { step: plan.step, at: drill.clock.now() }).await;
        let performed = match plan.manual {
            // A documented duration is added to the measured time; the harness never waits for it.
            Some(_) if matches!(plan.step, Step::Detect) => Ok(Done { bytes: None, says: "declared".to_owned() }),
            _ => {
                let mut parts = world.parts(loaded);
                let bound = plan.bound.into();
                let step = recovery.perform(plan.step, bound, &mut parts);
                tokio::time::timeout(plan.bound.plus(GRACE).into(), step)
                    .await
                    .unwrap_or_else(|_| Err(Error::bound(&format!("step {}", plan.step), bound, Vec::new())))
            }
        };
        let failed = performed.is_err();
        let (outcome, done) = match performed {
            Ok(done) => (Outcome::Done, done),
            Err(error) => (error.into_outcome(), Done::default()),
        };
        let Done { bytes, says } = done;
        drill.emit(Event::StepEnded { step: plan.step, at: drill.clock.now(), outcome, bytes, says }).await;
        if failed {
            recovery.abandon().await;
            return Ok(None);
        }
    }
    let next_op = recovery.next_op().ok_or_else(|| Error::new("the runbook has no step that stops the application"))?;
    let snapshot = snapshot.ok_or_else(|| Error::new("the runbook has no step that switches the application"))?;
    let cut = match recovery.cut() {
        Some(cut) => cut.clone(),
        None => end_of_backup(drill, &snapshot, probes, backup).await?,
    };
    Ok(Some(Recovered { snapshot, next_op, cut }))
}

/// Where a backup without a log ends, read off the heartbeat that it holds: after that beat was sent, and before the next
/// one was acknowledged.
async fn end_of_backup(drill: &Drill, snapshot: &Snapshot, probes: &Probes, backup: &Backup) -> Result<Cut> {
    snapshot.mark().await?;
    let sql = "SELECT beat FROM blackstart.heartbeat WHERE stream = 'write'";
    let row = snapshot.client().query_opt(sql, &[]).await.cannot("read the heartbeat of the restored copy")?;
    let beat: i64 = row.ok_or_else(|| Error::new("the restored copy holds no heartbeat"))?.get(0);
    let written = u64::try_from(beat).ok().and_then(|beat| probes.written(beat));
    let (sent, _, next_ended) =
        written.ok_or_else(|| Error::new(format!("the restored copy holds heartbeat {beat}, which no probe wrote")))?;
    let cut = Cut {
        earliest: sent,
        latest: next_ended.unwrap_or(drill.clock.now()),
        claimed_by: format!("backup {}, which holds heartbeat {beat}", backup.id),
    };
    drill.emit(Event::RecoveryPoint(cut.clone())).await;
    Ok(cut)
}

async fn take_snapshot(drill: &Drill, world: &World) -> Result<Snapshot> {
    let database = &drill.request.loaded.environment.database;
    let incarnation = world.target.incarnation(database).await.cannot("ask the restored copy who it is")?;
    let number = drill.incarnations.number(world.target.host().name(), incarnation).await;
    let snapshot = Snapshot::take(&world.target, database).await?;
    drill.emit(Event::SnapshotTaken { at: drill.clock.now(), incarnation: number }).await;
    Ok(snapshot)
}
