//! Outages of known length, seen by the real probes through a real link: the truth lies inside the reported interval.

use std::time::Duration;

use blackstart::clock::{Clock, wall};
use blackstart::drill::calibration;
use blackstart::examine::probe::{Incarnations, Probes};
use blackstart::examine::rows;
use blackstart::examine::snapshot::Snapshot;
use blackstart::workload::{Ledger, Settings, Workload};
use blackstart_judge::verdict;
use blackstart_record::event::{Cut, Entry, Event, ProbeOutcome, Stream};
use blackstart_record::history::{self, Writer};
use blackstart_record::observation::Observation;
use blackstart_record::plan::LATE_BEATS;
use blackstart_record::record::Folder;
use blackstart_record::time::{Interval, Nanos};
use blackstart_record::verdict::{DrillVerdict, Verdict};
use tokio::sync::mpsc;

use crate::engine::{Engine, of_each_engine};
use crate::full;
use crate::world::{DATABASE, World, begin_record, shipped};

of_each_engine! {
    every_known_stall_lies_inside_the_reported_interval,
    a_fault_that_does_nothing_is_recovered_from_at_once_and_loses_nothing,
}

/// What holds the service up.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The server, frozen whole.
    Frozen,
    /// The link, cut.
    Cut,
}

/// In milliseconds.
const LENGTHS: [u64; 5] = [100, 500, 1_000, 2_000, 5_000];
const FEW: [u64; 2] = [100, 2_000];
const BOUND: Duration = Duration::from_secs(10);

/// Of each length and kind: this many, or six every night.
fn each() -> u64 {
    if full() { 6 } else { 1 }
}

impl World {
    /// Holds the service up for `length`; between which instants it could be reached again.
    async fn hold_up(&self, kind: Kind, length: Duration, clock: Clock) -> Interval {
        match kind {
            Kind::Frozen => {
                let frozen = self.server.freeze(BOUND).await.unwrap();
                tokio::time::sleep(length).await;
                frozen.thaw(clock)
            }
            Kind::Cut => {
                self.links.set_enabled(&self.link, false).await.unwrap();
                tokio::time::sleep(length).await;
                let lower = clock.now();
                self.links.set_enabled(&self.link, true).await.unwrap();
                Interval { lower, upper: clock.now() }
            }
        }
    }

    /// A drill with nothing but probes, the calibration and `fault`, which is told its clock and its beginning: its
    /// verdict, and what the fault made of it. Its record is kept in `folder`.
    async fn watch<T>(
        &self,
        folder: &Folder,
        trial: u64,
        fault: impl AsyncFnOnce(Clock, Nanos, &mpsc::Sender<Event>) -> T,
    ) -> (DrillVerdict, T) {
        let (clock, plan) = (Clock::start(), shipped(self.engine).scenario.probes);
        let (events, mut queue) = mpsc::channel(10_000);
        let history = tokio::spawn(async move {
            let mut entries = Vec::new();
            while let Some(event) = queue.recv().await {
                entries.push(Entry { at: clock.now(), wall: wall(), event });
            }
            entries
        });
        let incarnations = Incarnations::new(events.clone());
        let probes = Probes::start(clock, self.application.clone(), plan, events.clone(), incarnations);
        let calibrated = calibration::stall(clock, &self.server, &probes, BOUND).await.unwrap();
        events.send(calibrated).await.unwrap();
        // Stalls begin anywhere between two beats, of the held sessions and of the fresh ones.
        tokio::time::sleep(Duration::from_millis(trial * 89 % 500)).await;
        let before = clock.now();
        events.send(Event::FaultIntended { fault: 0, at: before, says: "hold it up".into() }).await.unwrap();
        let made = fault(clock, before, &events).await;
        events.send(Event::FaultConfirmed { fault: 0, at: clock.now(), evidence: String::new() }).await.unwrap();
        probes.steady(BOUND).await;
        probes.stop().await;
        events.send(Event::Finished).await.unwrap();
        drop(events);

        begin_record(folder, self.engine);
        let mut writer = Writer::create(&folder.history()).unwrap();
        history.await.unwrap().iter().for_each(|entry| writer.append(entry).unwrap());
        writer.sync().unwrap();
        (verdict::judge(folder).unwrap(), made)
    }
}

/// What was injected and what was reported; the sentence says whether the truth lies inside.
async fn trial(world: &World, number: u64, kind: Kind, length: u64) -> Result<String, String> {
    let record = tempfile::tempdir().unwrap();
    let (verdict, truth) = world
        .watch(&Folder::new(record.path()), number, async |clock, before, _| {
            let back = world.hold_up(kind, Duration::from_millis(length), clock).await;
            Interval { lower: back.lower.since(before), upper: back.upper.since(before) }
        })
        .await;
    let calibrated = verdict.measures.calibration.as_ref().map(|calibration| calibration.says.clone());
    let gates: Vec<_> = verdict.gates.iter().filter(|gate| gate.id == "not-calibrated").collect();
    let rta = verdict.measures.rta.as_ref().map(|rta| rta.achieved);
    // The instant at which it could be reached again is known to lie in `truth`.
    let inside = rta.is_some_and(|rta| rta.lower <= truth.upper && truth.lower <= rta.upper);
    let says = format!("{kind:?} {length} ms: truth {truth:?}, reported {rta:?}, {calibrated:?} {gates:?}");
    if inside && gates.is_empty() { Ok(says) } else { Err(says) }
}

async fn every_known_stall_lies_inside_the_reported_interval(engine: &'static Engine) {
    let lengths: &[u64] = if engine.whole() { &LENGTHS } else { &FEW };
    let mut lanes = tokio::task::JoinSet::new();
    // Side by side, one server for each length: what stands still costs nothing.
    for (lane, length) in lengths.iter().copied().enumerate() {
        lanes.spawn(async move {
            let settings = Settings { rows: 200, ..Settings::default() };
            let initial = tempfile::tempdir().unwrap();
            let world = World::start(engine, lane as u8, &settings, &initial.path().join("initial.rows")).await;
            let mut told = Vec::new();
            for number in 0..each() {
                for kind in [Kind::Frozen, Kind::Cut] {
                    told.push(trial(&world, number, kind, length).await);
                }
            }
            told
        });
    }
    let told: Vec<_> = lanes.join_all().await.into_iter().flatten().collect();
    for says in &told {
        println!("{says:?}");
    }
    let outside: Vec<_> = told.iter().filter_map(|told| told.as_ref().err()).collect();
    let inside = told.len() - outside.len();
    println!("figure: known stalls of {} inside their interval: {inside} of {}", engine.name, told.len());
    assert!(outside.is_empty(), "{} of {} outside: {outside:#?}", outside.len(), told.len());
    assert_eq!(told.len() as u64, lengths.len() as u64 * 2 * each());
}

/// Whether a probe after the fault was not answered in time.
fn noticed(folder: &Folder, beat: Nanos) -> bool {
    let entries = history::read(&folder.history()).unwrap().entries;
    let fault = entries.iter().position(|entry| matches!(entry.event, Event::FaultIntended { .. })).unwrap();
    let patience = Nanos(beat.0 * u64::from(LATE_BEATS));
    entries.iter().skip(fault).any(|entry| match &entry.event {
        Event::Probe { stream: Stream::Read | Stream::Write, sent, ended, outcome, .. } => {
            !matches!(outcome, ProbeOutcome::Answered(_)) || ended.since(*sent) > patience
        }
        _ => false,
    })
}

/// The domain's clients at work for a second, and the database as they left it.
async fn work_a_second(world: &World, folder: &Folder, settings: &Settings, clock: Clock) -> Vec<Event> {
    let ledger = Ledger::open(&folder.ledger(), &folder.ledger_rows()).unwrap();
    let workload = Workload {
        domain: world.engine.domain(),
        login: world.application.clone(),
        objects: None,
        settings: settings.clone(),
        epoch: 0,
        first_op: 1,
        ledger: ledger.handle(),
        clock,
        tallies: mpsc::channel(1).0,
    };
    let running = workload.start();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stopped = running.stop().await;
    assert!(stopped.last_acknowledged.is_some());
    ledger.close().await.unwrap();
    let now = clock.now();
    let cut = Cut { earliest: now, latest: now, claimed_by: "nothing was restored".into() };
    let snapshot = Snapshot::take(&world.server, DATABASE).await.unwrap();
    let read = rows::observe(&snapshot, world.engine.domain(), None, &folder.restored_rows()).await.unwrap();
    folder.store(&folder.observation("rows"), &Observation::Rows(read)).unwrap();
    vec![
        Event::Loaded { rows: settings.rows, bytes: 1 },
        Event::ApplicationStopped { epoch: 0 },
        Event::RecoveryPoint(cut),
        Event::Observed { name: "rows".into() },
    ]
}

async fn a_fault_that_does_nothing_is_recovered_from_at_once_and_loses_nothing(engine: &'static Engine) {
    let beat = shipped(engine).scenario.probes.beat;
    let settings = Settings { rows: 1_000, rate: Some(50.0), ..Settings::default() };
    // A late answer is an outage, whoever is to blame: on a machine that is busy elsewhere, it is tried again.
    for attempt in 0..5 {
        let record = tempfile::tempdir().unwrap();
        let folder = Folder::new(record.path());
        let world = World::start(engine, 40 + attempt, &settings, &folder.initial_rows()).await;
        let (verdict, ()) = world
            .watch(&folder, 0, async |clock, _, events| {
                for event in work_a_second(&world, &folder, &settings, clock).await {
                    events.send(event).await.unwrap();
                }
            })
            .await;
        let rpa = verdict.measures.rpa.as_ref().unwrap();
        assert_eq!((rpa.achieved, rpa.hole_rows, rpa.tail_rows), (Nanos::ZERO, 0, 0));
        for finding in verdict.findings.iter().filter(|finding| ["LOST", "GHOST"].contains(&finding.checker.as_str())) {
            assert_eq!(finding.verdict, Verdict::Met, "{finding:?}");
        }
        if !noticed(&folder, beat) {
            let rta = verdict.measures.rta.unwrap();
            assert_eq!(rta.achieved, Interval { lower: Nanos::ZERO, upper: rta.resolution });
            return;
        }
    }
    panic!("no probe was ever left alone for as long as a drill without a fault takes");
}
