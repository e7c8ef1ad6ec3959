//! What the probes saw, as stretches of time: one strip per stream, thinned so that the worst of a bucket stays.

use blackstart_record::event::{ProbeOutcome, Stream};
use blackstart_record::plan::{LATE_BEATS, ProbePlan};
use blackstart_record::time::Nanos;

use super::thin;
use crate::material::Material;
use crate::story::Probe;

/// What a probe saw, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// Answered in time by the life of the data that is wanted then.
    Answered,
    /// Not sent: nothing is known.
    Dropped,
    /// Answered after the fault by another life than the restored one.
    Other,
    /// An error, or no answer in time.
    Failed,
}

/// A stretch of time in which a stream saw the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Its beginning, in seconds from the first fault.
    pub from: f64,
    /// Its end.
    pub to: f64,
    /// What was seen.
    pub seen: Seen,
}

/// The strip of one stream between two instants. A beat that is missing leaves a hole.
pub fn strip(material: &Material, stream: Stream, range: (f64, f64)) -> Vec<Stretch> {
    thin::coarser(|buckets| stretches(material, stream, range, buckets))
}

fn stretches(material: &Material, stream: Stream, (low, high): (f64, f64), buckets: usize) -> Vec<Stretch> {
    let plan = &material.record.scenario.probes;
    let beat = beat_of(plan, stream);
    let bucket = ((high - low) / buckets as f64).max(1e-9);
    let mut worst: Vec<Option<Seen>> = vec![None; buckets];
    for probe in material.story.probes.iter().filter(|probe| probe.stream == stream) {
        let seen = seen(material, probe, beat);
        let from = material.seconds(probe.sent);
        let until = material.seconds(probe.ended).max(from + beat.as_secs_f64());
        let (first, last) = ((from - low) / bucket, (until - low) / bucket);
        if last < 0.0 || first >= buckets as f64 {
            continue;
        }
        let range = first.max(0.0) as usize..=(last.ceil() as usize).saturating_sub(1).min(buckets - 1);
        for place in worst.get_mut(range).into_iter().flatten() {
            *place = (*place).max(Some(seen));
        }
    }
    let mut stretches: Vec<Stretch> = Vec::new();
    for (index, seen) in worst.into_iter().enumerate() {
        let (from, to) = (low + index as f64 * bucket, low + (index + 1) as f64 * bucket);
        let Some(seen) = seen else { continue };
        match stretches.last_mut() {
            Some(last) if last.seen == seen && (from - last.to).abs() < bucket / 2.0 => last.to = to,
            _ => stretches.push(Stretch { from, to, seen }),
        }
    }
    stretches
}

fn seen(material: &Material, probe: &Probe, beat: Nanos) -> Seen {
    let late = probe.ended.since(probe.sent).0 > beat.0.saturating_mul(u64::from(LATE_BEATS));
    match &probe.outcome {
        ProbeOutcome::Dropped => Seen::Dropped,
        ProbeOutcome::Failed(_) | ProbeOutcome::TimedOut => Seen::Failed,
        ProbeOutcome::Answered(_) if late => Seen::Failed,
        ProbeOutcome::Answered(life) => {
            let restored = material.story.snapshot.map(|(_, life)| life);
            let after = material.has_fault() && probe.sent >= material.origin();
            if after && restored.is_some_and(|restored| restored != *life) { Seen::Other } else { Seen::Answered }
        }
    }
}

/// The beat of a stream.
pub fn beat_of(plan: &ProbePlan, stream: Stream) -> Nanos {
    if stream == Stream::Fresh { plan.fresh_beat } else { plan.beat }
}
