//! The runbook's way through a drill: each step timed, the snapshot taken before traffic is let in.

use std::collections::BTreeMap;

use blackstart_record::event::{Cut, Event, Outcome};
use blackstart_record::plan::Step;
use blackstart_record::time::Nanos;

use super::environment::World;
use super::{Drill, GRACE};
use crate::examine::probe::Probes;
use crate::examine::snapshot::Snapshot;
use crate::failure::{Context, Error, Result};
use crate::fault::Transaction;
use crate::pipeline::{Backup, Done, Target, Wanted};
use crate::runbook::Recovery;
use crate::workload::Running as Clients;

/// A recovery that left a copy to look at.
pub(super) struct Recovered {
    /// Whether the runbook came to its end: if not, nobody works on the copy, and what is in it may tell why.
    pub(super) finished: bool,
    /// The restored state before traffic.
    pub(super) snapshot: Snapshot,
    /// The first id for operations of the recovered application.
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
    pub(super) wanted: Option<(Target, String)>,
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
    let (mut snapshot, mut finished, mut archive) = (None, true, BTreeMap::new());
    let mut recovery = Recovery::new(drill.clock, &drill.events, loaded.bounds, clients, backup, transaction);
    for plan in &loaded.scenario.runbook {
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
        if !end(drill, plan.step, performed).await {
            recovery.abandon().await;
            finished = false;
            break;
        }
        if plan.step == Step::StopApplication {
            archive = world.artifacts().await?;
        }
    }
    let wanted = recovery.wanted(loaded.pipeline.method.pipeline()).ok();
    let wanted = wanted.map(|Wanted { target, time, .. }| (target, time));
    if !finished && snapshot.is_none() {
        return Ok(Ended { wanted, recovered: None });
    }
    let next_op = recovery.next_op().ok_or_else(|| Error::new("the runbook has no step that stops the application"))?;
    let snapshot = snapshot.ok_or_else(|| Error::new("the runbook has no step that switches the application"))?;
    let cut = match recovery.cut() {
        Some(cut) => cut.clone(),
        None => end_of_backup(drill, &snapshot, probes, backup).await?,
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

/// Where a backup without a log ends, narrowed by the heartbeat that the restored copy holds.
async fn end_of_backup(drill: &Drill, snapshot: &Snapshot, probes: &Probes, backup: &Backup) -> Result<Cut> {
    snapshot.mark().await?;
    let sql = "SELECT beat FROM blackstart.heartbeat WHERE stream = 'write'";
    let beat: Option<i64> = match snapshot.client().query_opt(sql, &[]).await {
        Ok(row) => row.and_then(|row| row.get(0)),
        // A copy without that table is an answer too.
        Err(_) => snapshot.back().await.map(|()| None)?,
    };
    // Objects are copied one after the other, beside the dump: no instant within the backup is theirs.
    let beat = beat.filter(|_| drill.request.loaded.environment.objects.is_none());
    let written = beat.and_then(|beat| u64::try_from(beat).ok()).and_then(|beat| Some((beat, probes.written(beat)?)));
    let cut = claimed(backup, written.map(|(beat, (sent, _, next))| (beat, sent, next.unwrap_or(drill.clock.now()))));
    drill.emit(Event::RecoveryPoint(cut.clone())).await;
    Ok(cut)
}

/// The backup claims an instant of its own making, and nothing that a copy holds moves it out of that: a copy of another
/// backup owes what this one owes. A heartbeat was written after `sent` and overwritten before `next`.
fn claimed(backup: &Backup, heartbeat: Option<(u64, Nanos, Nanos)>) -> Cut {
    let between = |earliest: Nanos, latest: Nanos, why: &str| Cut {
        earliest,
        latest,
        claimed_by: format!("backup {}, {why}", backup.id),
    };
    let Some((beat, sent, next)) = heartbeat else {
        return between(backup.begun, backup.durable, "somewhere between its beginning and its end");
    };
    let (earliest, latest) = (sent.max(backup.begun), next.min(backup.durable));
    if earliest > latest {
        let why =
            format!("somewhere between its beginning and its end; the copy's heartbeat {beat} is not of that time");
        return between(backup.begun, backup.durable, &why);
    }
    between(earliest, latest, &format!("which holds heartbeat {beat}"))
}

async fn take_snapshot(drill: &Drill, world: &World) -> Result<Snapshot> {
    let database = &drill.request.loaded.environment.database;
    let incarnation = world.target.incarnation(database).await.cannot("ask the restored copy who it is")?;
    let number = drill.incarnations.number(world.target.host().name(), incarnation).await;
    let snapshot = Snapshot::take(&world.target, database).await?;
    drill.emit(Event::SnapshotTaken { at: drill.clock.now(), incarnation: number }).await;
    Ok(snapshot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_narrows_the_backups_own_time_and_never_leaves_it() {
        let at = Nanos::from_millis;
        let backup = Backup { id: "b".into(), begun: at(1_000), durable: at(3_000), lag: None };
        let cases = [
            (None, (1_000, 3_000)),
            (Some((1_500, 1_540)), (1_500, 1_540)),
            (Some((980, 1_020)), (1_000, 1_020)),
            (Some((2_990, 3_030)), (2_990, 3_000)),
            // A copy of another backup, older or newer.
            (Some((100, 140)), (1_000, 3_000)),
            (Some((9_000, 9_040)), (1_000, 3_000)),
        ];
        for (heartbeat, (earliest, latest)) in cases {
            let cut = claimed(&backup, heartbeat.map(|(sent, next)| (7, at(sent), at(next))));
            assert_eq!((cut.earliest, cut.latest), (at(earliest), at(latest)), "{heartbeat:?}");
        }
    }
}
