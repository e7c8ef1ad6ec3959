//! The measurement held against a stall of known length: a figure that was never tested is an opinion.

use std::collections::BTreeMap;

use blackstart_record::event::Stream;
use blackstart_record::time::{Interval, Nanos};
use blackstart_record::verdict::Calibration;

use super::beats::Watch;
use super::evidence::Evidence;
use super::story::{Probe, Stall};

/// Measures the known stall as the recovery time is measured, from the probes that ended before the first fault.
///
/// # Errors
/// There was no known stall, or the probes do not show it as it was: nothing else that they show is to be believed.
pub fn measure(evidence: &Evidence) -> Result<Calibration, String> {
    let story = &evidence.story;
    let Some(Stall { before, frozen, thawed, settled }) = story.stall else {
        return Err("no stall of known length was measured before the fault".into());
    };
    if !(before <= frozen && frozen <= thawed.lower && thawed.lower <= thawed.upper) {
        return Err("the known stall's instants contradict each other".into());
    }
    let plan = &evidence.record.scenario.probes;
    // What the backup or a fault does to the service later is not the stall's.
    let window = Nanos(plan.beat.0.saturating_mul(u64::from(plan.stability)));
    let end = story.fault().map_or(settled.plus(window), |fault| fault.min(settled.plus(window)));
    let known = Interval { lower: thawed.lower.since(before), upper: thawed.upper.since(before) };
    let expected = story
        .life_before(before)
        .ok_or_else(|| format!("nobody answered before the known stall of {known}, so it was not measured"))?;
    let seen: BTreeMap<Stream, Vec<Probe>> =
        story.probes.iter().map(|(stream, probes)| (*stream, until(probes, end))).collect();
    let probes = |stream| seen.get(&stream).map_or(&[][..], Vec::as_slice);
    let outage = Watch::new(probes, plan, expected, before)
        .outage(before, before, true)
        .ok_or_else(|| format!("the service was not seen to be stable after the known stall of {known}"))?;
    let end = outage.end.between;
    let reported = Interval { lower: end.lower.since(before), upper: end.upper.since(before) };
    if reported.lower > known.lower || known.upper > reported.upper {
        return Err(format!("a known stall of {known} was reported as {reported}: the probes are not to be believed"));
    }
    Ok(Calibration {
        known,
        reported,
        says: format!("calibrated: a known stall of {known} was reported as {reported}"),
    })
}

fn until(probes: &[Probe], end: Nanos) -> Vec<Probe> {
    probes.iter().filter(|probe| probe.ended < end).cloned().collect()
}
