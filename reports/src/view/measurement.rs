//! How it was measured: beats, resolution, and the probes that were late or not sent.

use blackstart_record::event::{ProbeOutcome, Stream};
use blackstart_record::time::Nanos;
use serde::Serialize;

use super::Fact;
use crate::material::Material;
use crate::words;

/// One stream of probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StreamView {
    /// Its name.
    pub name: &'static str,
    /// Its beat.
    pub beat: String,
    /// Probes that were answered.
    pub answered: String,
    /// Probes that failed.
    pub failed: String,
    /// Probes without an answer in their timeout.
    pub timed_out: String,
    /// Beats that were not sent.
    pub dropped: String,
    /// Probes that were sent more than one beat late.
    pub late: String,
    /// The greatest lateness.
    pub latest: String,
}

/// How it was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MeasurementView {
    /// The streams of probes.
    pub streams: Vec<StreamView>,
    /// Everything else.
    pub facts: Vec<Fact>,
    /// What the hosts' isolation cannot prove.
    pub cannot_prove: Vec<String>,
}

pub(super) fn measurement(material: &Material) -> MeasurementView {
    let streams = [Stream::Read, Stream::Write, Stream::Fresh];
    MeasurementView {
        streams: streams.into_iter().map(|stream| stream_view(material, stream)).collect(),
        facts: facts(material),
        cannot_prove: material.record.isolation.cannot_prove.clone(),
    }
}

fn stream_view(material: &Material, stream: Stream) -> StreamView {
    let plan = &material.record.scenario.probes;
    let beat = if stream == Stream::Fresh { plan.fresh_beat } else { plan.beat };
    let probes = || material.story.probes.iter().filter(move |probe| probe.stream == stream);
    let number =
        |is: fn(&ProbeOutcome) -> bool| words::grouped(probes().filter(|probe| is(&probe.outcome)).count() as u64);
    let sent = || probes().filter(|probe| probe.outcome != ProbeOutcome::Dropped);
    let lateness = || sent().map(|probe| probe.sent.since(probe.due));
    StreamView {
        name: words::stream(stream),
        beat: beat.to_string(),
        answered: number(|outcome| matches!(outcome, ProbeOutcome::Answered(_))),
        failed: number(|outcome| matches!(outcome, ProbeOutcome::Failed(_))),
        timed_out: number(|outcome| matches!(outcome, ProbeOutcome::TimedOut)),
        dropped: number(|outcome| matches!(outcome, ProbeOutcome::Dropped)),
        late: words::grouped(lateness().filter(|late| *late > beat).count() as u64),
        latest: lateness().max().unwrap_or(Nanos::ZERO).to_string(),
    }
}

fn facts(material: &Material) -> Vec<Fact> {
    let plan = &material.record.scenario.probes;
    let mut facts = vec![
        Fact::new("Clock", "one monotonic clock, the harness\u{2019}s; no server\u{2019}s time makes a duration"),
        Fact::new("A probe is given up after", plan.timeout.to_string()),
        Fact::new(
            "Recovered needs",
            format!("{} good beats in a row, on all streams, from the restored incarnation", plan.stability),
        ),
    ];
    if let Some(calibration) = &material.verdict.measures.calibration {
        let says = calibration.says.strip_prefix("calibrated: ").unwrap_or(&calibration.says);
        facts.push(Fact::new("Calibrated", says));
    }
    if let Some(rta) = &material.verdict.measures.rta {
        facts.push(Fact::new("Resolution of the recovery time", rta.resolution.to_string()));
    }
    let figures = material.story.figures.iter();
    facts.extend(figures.map(|(name, value)| Fact::new(name.replace('_', " "), words::figure(*value))));
    facts
}
