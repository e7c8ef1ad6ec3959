//! Drills of any length: charts stay small, and thinning loses no outage.

use blackstart_record::event::{ProbeOutcome, Stream, Tally};
use blackstart_record::time::Nanos;

use super::service::{self, Seen};
use super::{CHARTS, thin};
use crate::material::Material;
use crate::story::Probe;
use crate::support::{self, Sample};

const PROBES: u64 = 30_000;
const BYTES: usize = 200_000;

/// How long the history is, in seconds, and how many outages of a single beat it has, each at an odd place.
const CASES: [(u64, u64); 5] = [(60, 3), (3_600, 20), (86_400, 200), (30 * 86_400, 400), (366 * 86_400, 2_500)];

/// A drill of this many seconds, and when each outage was.
fn drill(seconds: u64, outages: u64) -> (Material, Vec<Nanos>) {
    let place = tempfile::tempdir().unwrap();
    let mut material = Material::load(&support::write(Sample::Healthy, place.path()).unwrap()).unwrap();
    let at = |beat: u64| Nanos(Nanos::from_secs(seconds).0 / PROBES * beat + 1);
    // A prime step: outages fall anywhere in their buckets, the first and the last beat included.
    let struck: Vec<u64> = (0..outages).map(|index| index * 7_919 % PROBES).chain([0, PROBES - 1]).collect();
    let is_struck = |beat: &u64| struck.contains(beat);
    let probe = |beat: u64| {
        let outcome = if is_struck(&beat) { ProbeOutcome::TimedOut } else { ProbeOutcome::Answered(0) };
        Probe { stream: Stream::Read, due: at(beat), sent: at(beat), ended: at(beat).plus(Nanos(1_000_000)), outcome }
    };
    let tally = |beat: u64| {
        let acknowledged = if is_struck(&beat) { 0 } else { 300 + beat % 97 };
        (at(beat), Tally { acknowledged, p50: Nanos(2_000_000), p99: Nanos(9_000_000), ..Tally::default() })
    };
    material.story.probes = (0..PROBES).map(probe).collect();
    material.story.tallies = (0..PROBES).map(tally).collect();
    (material, struck.into_iter().map(at).collect())
}

#[test]
fn charts_of_any_length_stay_small() {
    for (seconds, outages) in CASES {
        let (material, _) = drill(seconds, outages);
        for chart in CHARTS {
            let bytes = chart.draw(&material).unwrap().standalone().len();
            assert!(bytes <= BYTES, "{} of {seconds} s with {outages} outages: {bytes} bytes", chart.file);
        }
    }
}

#[test]
fn every_outage_of_a_single_beat_is_in_its_strip() {
    for (seconds, outages) in CASES {
        let (material, struck) = drill(seconds, outages);
        let range = (material.seconds(Nanos::ZERO), material.seconds(Nanos::from_secs(seconds)));
        let strip = service::strip(&material, Stream::Read, range);
        for at in struck {
            let at = material.seconds(at);
            let shown = strip.iter().any(|one| one.seen == Seen::Failed && (one.from..=one.to).contains(&at));
            assert!(shown, "the outage at {at} s of {seconds} s is gone from {} stretches", strip.len());
        }
    }
}

#[test]
fn every_fall_of_the_throughput_keeps_its_depth() {
    for (seconds, outages) in CASES {
        let (material, struck) = drill(seconds, outages);
        let range = (material.seconds(Nanos::ZERO), material.seconds(Nanos::from_secs(seconds)));
        let figures: Vec<thin::Sample> = (material.story.tallies.iter())
            .map(|(at, tally)| thin::Sample { at: material.seconds(*at), value: tally.acknowledged as f64 })
            .collect();
        // No gaps: what is thinned is a single line.
        let kept: Vec<_> = thin::lines(&figures, range, f64::INFINITY).into_iter().flatten().collect();
        assert!(kept.len() <= 2 * thin::BUCKETS, "{} points", kept.len());
        let width = (range.1 - range.0) / thin::BUCKETS as f64;
        for at in struck {
            let at = material.seconds(at);
            let near = kept.iter().any(|point| point.value == 0.0 && (point.at - at).abs() <= width);
            assert!(near, "the fall at {at} s of {seconds} s is gone");
        }
    }
}
