//! The histories of the samples, with every kind of event.

use std::collections::BTreeMap;

use blackstart_record::event::*;
use blackstart_record::plan::Step;
use blackstart_record::time::{Interval, Nanos};

use super::{HOSTILE, Sample};

/// The first fault, in milliseconds from the drill's origin.
pub const FAULT: u64 = 30_000;

/// When the service is back in the samples, likewise.
pub const RECOVERED: u64 = FAULT + 9_300;

fn ms(at: u64) -> Nanos {
    Nanos::from_millis(at)
}

fn life(start: &str, branch: &str) -> Incarnation {
    Incarnation { identity: "7416209337712345678".into(), branch: branch.into(), started: start.into() }
}

/// The runbook's steps: when each begins and ends, bytes, and what it says.
pub const STEPS: [(Step, u64, u64, Option<u64>, &str); 9] = [
    (Step::Detect, FAULT + 2_600, FAULT + 2_700, None, "a read of app.orders failed: invalid page"),
    (Step::Decide, FAULT + 2_700, FAULT + 2_710, None, "go back to just before the bad deploy"),
    (Step::StopApplication, FAULT + 2_710, FAULT + 3_100, None, "the source is frozen and off its link"),
    (Step::Fetch, FAULT + 3_100, FAULT + 5_200, Some(48_211_968), "base backup 20261122T202101"),
    (Step::Restore, FAULT + 5_200, FAULT + 6_000, Some(112_640_000), "unpacked into the standby's data directory"),
    (Step::Replay, FAULT + 6_000, FAULT + 8_600, Some(50_331_648), "to xid 4711, exclusive"),
    (Step::Promote, FAULT + 8_600, FAULT + 8_900, None, "timeline 2"),
    (Step::Switch, FAULT + 8_900, FAULT + 8_950, None, "the link leads to standby"),
    (Step::Verify, FAULT + 8_950, FAULT + 10_400, None, "rows are counted and an order is placed"),
];

/// The history of a sample, in order.
pub fn entries(sample: Sample) -> Vec<Entry> {
    let mut events = before();
    events.extend(faults(sample));
    events.extend(recovery(sample));
    events.extend(probes(sample));
    events.extend(tallies(sample));
    events.push((57_000, Event::Phase(Phase::Teardown)));
    events.push((58_000, Event::Finished));
    if sample == Sample::CutOff {
        events.retain(|(at, _)| *at < FAULT + 5_000);
        events.push((FAULT + 5_000, Event::Interrupted { signal: 15 }));
    }
    events.sort_by_key(|(at, _)| *at);
    let wall = |at: u64| format!("2026-11-22T20:21:{:02}.{:03}Z", at / 1000 % 60, at % 1000);
    events.into_iter().map(|(at, event)| Entry { at: ms(at), wall: wall(at), event }).collect()
}

fn before() -> Vec<(u64, Event)> {
    let lag = Interval { lower: ms(900), upper: ms(1_150) };
    vec![
        (0, Event::Phase(Phase::Environment)),
        (2_100, Event::Incarnation { host: "primary".into(), incarnation: life("2026-11-22 20:20:48", "1") }),
        (2_200, Event::Phase(Phase::Load)),
        (9_800, Event::Loaded { rows: 200_000, bytes: 112_640_000 }),
        (9_900, Event::Phase(Phase::Backup)),
        (
            14_000,
            Event::BackedUp {
                pipeline: "archive".into(),
                id: "20261122T202101".into(),
                begun: ms(10_000),
                durable: ms(14_000),
                bytes: 48_211_968,
            },
        ),
        (14_100, Event::Phase(Phase::Workload)),
        (14_100, Event::ApplicationStarted { epoch: 0 }),
        (22_000, Event::ShippingLag { pipeline: "archive".into(), lag }),
        (
            29_000,
            Event::Measured {
                figures: BTreeMap::from([("probe_cost_percent".into(), 1.3), ("load_rows_per_s".into(), 26_315.0)]),
            },
        ),
        (29_900, Event::Phase(Phase::Faults)),
    ]
}

fn faults(sample: Sample) -> Vec<(u64, Event)> {
    let bad = sample == Sample::Bad;
    let says = "update app.orders of one tenant without WHERE".to_owned();
    let mut events = vec![
        (FAULT, Event::FaultIntended { fault: 0, at: ms(FAULT), says }),
        (
            FAULT + 40,
            Event::FaultConfirmed { fault: 0, at: ms(FAULT + 40), evidence: "5,120 orders read 'cancelled'".into() },
        ),
        (
            FAULT + 2_000,
            Event::FaultIntended { fault: 1, at: ms(FAULT + 2_000), says: "corrupt 16 blocks of app.orders".into() },
        ),
    ];
    if bad {
        events.push((
            FAULT + 2_500,
            Event::FaultUnconfirmed { fault: 1, why: format!("the page still reads: {HOSTILE}") },
        ));
    } else {
        let evidence = "invalid page in block 3 of relation base/16384/16399".to_owned();
        events.push((FAULT + 2_600, Event::FaultConfirmed { fault: 1, at: ms(FAULT + 2_600), evidence }));
    }
    events.push((FAULT + 3_100, Event::FaultHealed { fault: 1, at: ms(FAULT + 3_100) }));
    events
}

fn recovery(sample: Sample) -> Vec<(u64, Event)> {
    let bad = sample == Sample::Bad;
    let mut events = vec![
        (FAULT + 2_600, Event::Phase(Phase::Recovery)),
        (FAULT + 2_900, Event::ApplicationStopped { epoch: 0 }),
        (FAULT + 8_600, Event::RecoveryPoint(cut())),
        (FAULT + 8_900, Event::Incarnation { host: "standby".into(), incarnation: life("2026-11-22 20:21:24", "2") }),
        (FAULT + 8_905, Event::SnapshotTaken { at: ms(FAULT + 8_905), incarnation: 1 }),
        (FAULT + 11_000, Event::Phase(Phase::Examine)),
        (FAULT + 13_000, Event::Observed { name: "rows".into() }),
        (FAULT + 13_500, Event::Phase(Phase::Aftermath)),
        (FAULT + 13_500, Event::ApplicationStarted { epoch: 1 }),
        (FAULT + 24_000, Event::ApplicationStopped { epoch: 1 }),
    ];
    for (step, begun, ended, bytes, says) in STEPS {
        let failed = bad && step == Step::Verify;
        let lines = vec!["ERROR:  permission denied for sequence orders_id_seq".to_owned(), HOSTILE.to_owned()];
        let failure = Failure { message: "the application's role cannot place an order".into(), lines };
        let outcome = if failed { Outcome::Failed(failure) } else { Outcome::Done };
        events.push((begun, Event::StepBegun { step, at: ms(begun) }));
        events.push((ended, Event::StepEnded { step, at: ms(ended), outcome, bytes, says: says.into() }));
    }
    if bad {
        events.push((
            FAULT + 3_090,
            Event::SourceNotFenced { why: "a session of the application's role could still write".into() },
        ));
        let failure =
            Failure { message: "the disk under the run directory is full".into(), lines: vec!["ENOSPC".into()] };
        events.push((FAULT + 12_000, Event::SetupFailed { phase: Phase::Examine, failure }));
    } else {
        let evidence = "a write through the old address was refused".to_owned();
        events.push((FAULT + 3_090, Event::SourceFenced { at: ms(FAULT + 3_090), evidence }));
    }
    events
}

/// The recovery point of the samples.
pub fn cut() -> Cut {
    Cut { earliest: ms(FAULT - 350), latest: ms(FAULT - 120), claimed_by: "recovery target xid 4711, exclusive".into() }
}

fn probes(sample: Sample) -> Vec<(u64, Event)> {
    let mut events = Vec::new();
    for (stream, beat) in [(Stream::Read, 20), (Stream::Write, 20), (Stream::Fresh, 500)] {
        for due in (14_200..55_000).step_by(beat) {
            let late = if due % 7_000 == 0 { 25 } else { 1 };
            let (outcome, took) = match due {
                _ if due % 9_980 == 0 => (ProbeOutcome::Dropped, 0),
                _ if due > FAULT + 2_200 && due < FAULT + 2_700 && stream != Stream::Fresh => {
                    (ProbeOutcome::Failed("XX001".into()), 3)
                }
                _ if (FAULT + 2_700..FAULT + 6_000).contains(&due) => (ProbeOutcome::TimedOut, 2_000),
                _ if (FAULT + 2_700..FAULT + 9_260).contains(&due) => (ProbeOutcome::Failed("connect".into()), 1),
                _ if due >= FAULT + 9_260 => (ProbeOutcome::Answered(1), 2),
                _ if sample == Sample::Bad && (20_000..20_200).contains(&due) => (ProbeOutcome::Answered(0), 90),
                _ => (ProbeOutcome::Answered(0), 2),
            };
            let event = Event::Probe {
                stream,
                due: ms(due),
                sent: ms(due + late),
                ended: ms(due + late + took),
                login: false,
                outcome,
            };
            events.push((due + late + took, event));
        }
    }
    events
}

fn tallies(sample: Sample) -> Vec<(u64, Event)> {
    let mut events = Vec::new();
    for second in 15..=33_u64 {
        events.push(tally(second, 392 + second * 37 % 23, second >= 33));
    }
    for second in 44..=54_u64 {
        let ramp = if sample == Sample::Bad { 60 } else { 400.min((second - 42) * 120) };
        events.push(tally(second, ramp + second * 31 % 17, false));
    }
    events
}

fn tally(second: u64, acknowledged: u64, broken: bool) -> (u64, Event) {
    let acknowledged = if broken { 12 } else { acknowledged };
    let spike = if second.is_multiple_of(8) { 9 } else { 0 };
    let tally = Tally {
        acknowledged,
        failed: if broken { 48 } else { 0 },
        rolled_back: acknowledged / 20,
        unknown: if broken { 6 } else { 0 },
        p50: Nanos(2_100_000 + second * 130_001 % 700_000),
        p99: Nanos(8_000_000 + second * 1_130_001 % 5_000_000 + spike * 5_000_000),
        max: ms(60),
    };
    (second * 1000, Event::Tally { until: ms(second * 1000), tally })
}
