//! Throughput: what it was before the first fault, and when it was back at 90 % of that.

use blackstart_record::time::Nanos;

use super::evidence::Evidence;

const SECOND: Nanos = Nanos::from_secs(1);

/// Operations a second before the first fault: the median over whole seconds; `None`: no whole second was counted.
pub fn before(evidence: &Evidence) -> Option<f64> {
    let fault = evidence.story.fault()?;
    let stall = evidence.story.stall;
    // A second in which the harness itself held the source up says nothing of its throughput.
    let held_up = |until: Nanos| stall.is_some_and(|s| until > s.before && until.since(SECOND) < s.thawed.upper);
    let whole = evidence.story.tallies.iter().filter(|(until, _)| *until <= fault && !held_up(*until));
    let mut counts: Vec<u64> = whole.map(|(_, tally)| tally.acknowledged).collect();
    counts.sort_unstable();
    let (low, high) = (counts.get(counts.len().checked_sub(1)? / 2)?, counts.get(counts.len() / 2)?);
    Some((*low as f64 + *high as f64) / 2.0)
}

/// From the recovery until the end of the first whole second at 90 % of what it was; `None`: not seen.
pub fn back(evidence: &Evidence, recovered: Nanos) -> Option<Nanos> {
    let enough = before(evidence)? * 0.9;
    let mut whole = evidence.story.tallies.iter().filter(|(until, _)| until.since(SECOND) >= recovered);
    let (until, _) = whole.find(|(_, tally)| enough > 0.0 && tally.acknowledged as f64 >= enough)?;
    Some(until.since(recovered))
}
