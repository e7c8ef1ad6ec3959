//! Outages of known length, seen by the real probes through a real link: the truth lies inside the reported interval.

use std::sync::Arc;
use std::time::Duration;

use blackstart::clock::{Clock, wall};
use blackstart::drill::calibration;
use blackstart::examine::probe::{Incarnations, Probes};
use blackstart::verdict;
use blackstart::workload::Settings;
use blackstart_record::event::{Entry, Event};
use blackstart_record::history::Writer;
use blackstart_record::record::Folder;
use blackstart_record::time::{Interval, Nanos};
use blackstart_record::verdict::DrillVerdict;
use tokio::sync::mpsc;

use crate::full;
use crate::server::{Server, begin_record, shipped};

/// What holds the service up.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The server, frozen whole.
    Frozen,
    /// The link, cut.
    Cut,
}

const LENGTHS: [u64; 5] = [100, 500, 1_000, 2_000, 5_000];
const BOUND: Duration = Duration::from_secs(10);

/// Of each length and kind: this many, or six every night.
fn each() -> u64 {
    if full() { 6 } else { 1 }
}

impl Server {
    /// Holds the service up for `length`; between which instants it could be reached again.
    async fn hold_up(&self, kind: Kind, length: Duration, clock: Clock) -> Interval {
        match kind {
            Kind::Frozen => {
                let frozen = self.postgres.freeze(BOUND).await.unwrap();
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

    /// A drill with nothing but probes, the calibration and `fault`: its verdict, and what the fault made of it.
    async fn watch<T>(&self, trial: u64, fault: impl AsyncFnOnce(Clock, Nanos) -> T) -> (DrillVerdict, T) {
        let (clock, loaded) = (Clock::start(), shipped());
        let plan = loaded.scenario.probes;
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
        let calibrated = calibration::stall(clock, &self.postgres, &probes, BOUND).await.unwrap();
        events.send(calibrated).await.unwrap();
        // Stalls begin anywhere between two beats, of the held sessions and of the fresh ones.
        tokio::time::sleep(Duration::from_millis(trial * 89 % 500)).await;
        let before = clock.now();
        events.send(Event::FaultIntended { fault: 0, at: before, says: "hold it up".into() }).await.unwrap();
        let made = fault(clock, before).await;
        events.send(Event::FaultConfirmed { fault: 0, at: clock.now(), evidence: String::new() }).await.unwrap();
        probes.steady(BOUND).await;
        probes.stop().await;
        events.send(Event::Finished).await.unwrap();
        drop(events);

        let directory = tempfile::tempdir().unwrap();
        let folder = Folder::new(directory.path());
        begin_record(&folder, &loaded);
        let mut writer = Writer::create(&folder.history()).unwrap();
        history.await.unwrap().iter().for_each(|entry| writer.append(entry).unwrap());
        writer.sync().unwrap();
        let verdict = verdict::judge(&folder).unwrap();
        if let Ok(keep) = std::env::var("KEEP") {
            let to = format!("{keep}/{}", before.0);
            std::fs::create_dir_all(&to).unwrap();
            std::fs::copy(folder.history(), format!("{to}/history.jsonl")).unwrap();
            std::fs::write(format!("{to}/what"), format!("{:?}", verdict.measures.rta.as_ref().map(|r| r.achieved)))
                .unwrap();
        }
        (verdict, made)
    }
}

/// What was injected and what was reported; the sentence says whether the truth lies inside.
async fn trial(server: &Server, number: u64, kind: Kind, length: u64) -> Result<String, String> {
    let (verdict, truth) = server
        .watch(number, async |clock, before| {
            let back = server.hold_up(kind, Duration::from_millis(length), clock).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn every_known_stall_lies_inside_the_reported_interval() {
    let _alone = crate::ALONE.lock().await;
    let mut lanes = tokio::task::JoinSet::new();
    // Side by side, one server for each length: what stands still costs nothing.
    for (lane, length) in LENGTHS.into_iter().enumerate() {
        lanes.spawn(async move {
            let settings = Settings { rows: 200, ..Settings::default() };
            let initial = tempfile::tempdir().unwrap();
            let server = Arc::new(Server::start(lane as u8, &settings, &initial.path().join("initial.rows")).await);
            let mut told = Vec::new();
            for number in 0..each() {
                for kind in [Kind::Frozen, Kind::Cut] {
                    told.push(trial(&server, number, kind, length).await);
                }
            }
            told
        });
    }
    let told: Vec<_> = lanes.join_all().await.into_iter().flatten().collect();
    for says in told.iter() {
        println!("{says:?}");
    }
    let outside: Vec<_> = told.iter().filter_map(|told| told.as_ref().err()).collect();
    assert!(outside.is_empty(), "{} of {} outside: {outside:#?}", outside.len(), told.len());
    assert_eq!(told.len() as u64, LENGTHS.len() as u64 * 2 * each());
}
