//! Gates: reasons for which nothing better than inconclusive can be said, whatever else was found.

use blackstart_record::verdict::Gate;

use super::calibration;
use super::evidence::{Evidence, total};
use super::story::Fence;
use super::words::{count, grouped};

/// Every gate that the evidence closes, in a fixed order.
pub fn closed(evidence: &Evidence) -> Vec<Gate> {
    GATES.iter().flat_map(|gate| gate(evidence)).collect()
}

/// The gate of a source that may still take writes.
pub const SOURCE_NOT_FENCED: &str = "source-not-fenced";

/// A gate, one function each: the sentences of what it found wrong, with their ids.
type Check = fn(&Evidence) -> Vec<Gate>;

const GATES: &[Check] = &[
    interrupted,
    cut_off,
    setup_failed,
    faults_confirmed,
    runbook_finished,
    source_fenced,
    recovery_point,
    ledger_whole,
    rows_compared,
    calibrated,
];

fn gate(id: &str, says: impl Into<String>) -> Gate {
    Gate { id: id.into(), says: says.into() }
}

fn interrupted(evidence: &Evidence) -> Vec<Gate> {
    let says = |signal| gate("interrupted", format!("the drill was stopped by signal {signal}"));
    evidence.story.interrupted.map(says).into_iter().collect()
}

fn cut_off(evidence: &Evidence) -> Vec<Gate> {
    if evidence.story.finished {
        return Vec::new();
    }
    vec![gate("record-cut-off", "the history has no end: the harness was killed, or is still running")]
}

fn setup_failed(evidence: &Evidence) -> Vec<Gate> {
    let failures = evidence.story.setup_failed.iter();
    let name =
        |phase| serde_json::to_value(phase).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default();
    failures
        .map(|(phase, failure)| {
            let last = failure.lines.last().map(|line| format!(" ({line})")).unwrap_or_default();
            gate(
                "setup-failed",
                format!("the harness failed in its stage \"{}\": {}{last}", name(phase), failure.message),
            )
        })
        .collect()
}

fn faults_confirmed(evidence: &Evidence) -> Vec<Gate> {
    let story = &evidence.story;
    if story.backup_failed.is_some() {
        // There was nothing to recover from, so no disaster was let loose.
        return Vec::new();
    }
    let planned = evidence.record.scenario.faults.iter().enumerate();
    planned
        .filter_map(|(index, fault)| {
            let why = match (story.unconfirmed.get(&index), story.intended.get(&index), story.confirmed.get(&index)) {
                (Some(why), _, _) => why.as_str(),
                (None, None, _) => "it was never injected",
                (None, Some(_), None) => "its effect was never seen",
                (None, Some(_), Some(_)) => return None,
            };
            Some(gate("fault-not-confirmed", format!("fault {} ({}) is not confirmed: {why}", index + 1, fault.name)))
        })
        .collect()
}

/// A runbook that neither broke nor ended was given up by the harness.
fn runbook_finished(evidence: &Evidence) -> Vec<Gate> {
    let story = &evidence.story;
    if story.broken().is_some() {
        return Vec::new();
    }
    let ended = |step| story.steps.iter().any(|run| run.step == step && run.ended.is_some());
    let mut missing: Vec<String> =
        evidence.record.scenario.runbook.iter().filter(|p| !ended(p.step)).map(|p| p.step.to_string()).collect();
    missing.dedup();
    if missing.is_empty() {
        return Vec::new();
    }
    vec![gate("runbook-unfinished", format!("the history has no end of the runbook's steps: {}", missing.join(", ")))]
}

fn source_fenced(evidence: &Evidence) -> Vec<Gate> {
    let needed = evidence.restores() && evidence.story.broken().is_none();
    let says = match &evidence.story.fence {
        Some(Fence::Open(why)) => format!("the source could still be written to: {why}"),
        None if needed => "nobody tried whether the source still takes writes".into(),
        // A runbook that leaves it running is judged, by FENCE.
        Some(Fence::Fenced | Fence::Left(_)) | None => return Vec::new(),
    };
    vec![gate(SOURCE_NOT_FENCED, says)]
}

/// Where the procedure itself broke there need be no restored state to place a cut in.
fn recovery_point(evidence: &Evidence) -> Vec<Gate> {
    if evidence.story.cut.is_some() || evidence.story.broken().is_some() {
        return Vec::new();
    }
    vec![gate("recovery-point-unknown", "nothing says up to which point the restored state claims to reach")]
}

/// What the ledger does not hold is not owed: it must hold all that the clients counted.
fn ledger_whole(evidence: &Evidence) -> Vec<Gate> {
    let Ok(found) = &evidence.comparison else { return Vec::new() };
    let mut gates = Vec::new();
    if found.ledger_torn_bytes > 0 {
        let says = format!("the ledger ends in {} that are no whole entry", count(found.ledger_torn_bytes, "byte"));
        gates.push(gate("ledger-torn", says));
    }
    let counted = total(evidence.story.tallies.iter().map(|(_, tally)| tally.acknowledged));
    if counted > found.acknowledged {
        let (counted, held) = (grouped(counted), grouped(found.acknowledged));
        let says = format!(
            "the clients counted {counted} acknowledgements, the ledger holds {held}: writes may be owed that it lacks"
        );
        gates.push(gate("ledger-incomplete", says));
    }
    gates
}

fn rows_compared(evidence: &Evidence) -> Vec<Gate> {
    if evidence.story.broken().is_some() || evidence.story.cut.is_none() {
        return Vec::new();
    }
    match &evidence.comparison {
        Err(why) => vec![gate("rows-not-compared", format!("the restored rows could not be compared: {why}"))],
        Ok(found) if found.owed() > 0 && evidence.owed_and_looked_at() == 0 => {
            let owed = count(found.owed(), "row");
            vec![gate("nothing-compared", format!("{owed} are owed and not one of them was looked for"))]
        }
        Ok(_) => Vec::new(),
    }
}

/// Every figure comes from the same probes: if they do not show a stall that is known, they show nothing.
fn calibrated(evidence: &Evidence) -> Vec<Gate> {
    calibration::measure(evidence).err().map(|why| gate("not-calibrated", why)).into_iter().collect()
}
