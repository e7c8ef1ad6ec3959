//! The document's alerts, held against what monitoring saw: whether each would have sounded, and how long after its cause.

use blackstart_record::alert::{Alert, Look, Seen};
use blackstart_record::plan::Sourced;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::AlertMeasure;

use super::evidence::Evidence;
use super::words::count;

/// Every alert that the plan names, in the order of their names.
pub fn measure(evidence: &Evidence) -> Vec<AlertMeasure> {
    evidence.record.plan.alerts.iter().map(|(alert, threshold)| evaluate(evidence, *alert, threshold)).collect()
}

/// Looks at one alert's condition: when each was answered, and whether it held.
type Looks = Vec<(Nanos, bool)>;

fn evaluate(evidence: &Evidence, alert: Alert, threshold: &Sourced<Nanos>) -> AlertMeasure {
    let compressed = Nanos(threshold.value.0 / u64::from(evidence.record.scenario.compression).max(1));
    let looks = match alert {
        Alert::BackupFailed => backups(evidence),
        Alert::ReplicationLag => seen(evidence, |look| look.lag().map(|lag| lag.lower > compressed)),
        Alert::StandbyGone => seen(evidence, |look| match look.seen {
            Seen::Replica { .. } => Some(false),
            Seen::NoReplica { .. } => Some(true),
            Seen::Rules(_) | Seen::NoRules { .. } => None,
        }),
        Alert::Integrity => seen(evidence, |look| match &look.seen {
            Seen::Rules(broken) => Some(!broken.is_empty()),
            Seen::Replica { .. } | Seen::NoReplica { .. } | Seen::NoRules { .. } => None,
        }),
    };
    // A lag has the time in itself; whatever else it is has to last for it.
    let sounded = sounds(&looks, if alert == Alert::ReplicationLag { Nanos::ZERO } else { compressed });
    // What holds from the first look on may have held for long: no fault after it is its cause.
    let fault = evidence.story.fault().filter(|_| !holds_from_the_first(&looks));
    let after_fault = sounded.zip(fault).filter(|(sounded, fault)| sounded >= fault);
    let after_fault = after_fault.map(|(sounded, fault)| sounded.since(fault));
    AlertMeasure {
        alert,
        threshold: Sourced { value: compressed, origin: threshold.origin.clone() },
        looks: looks.len() as u64,
        sounded,
        after_fault,
        says: says(alert, &looks, sounded, after_fault),
    }
}

/// When the condition had held for as long as `patience` asks, from one look to the next.
fn sounds(looks: &Looks, patience: Nanos) -> Option<Nanos> {
    let mut since = None;
    for (at, holds) in looks {
        since = if *holds { since.or(Some(*at)) } else { None };
        if since.is_some_and(|since| at.since(since) >= patience) {
            return Some(*at);
        }
    }
    None
}

fn holds_from_the_first(looks: &Looks) -> bool {
    looks.first().is_some_and(|(_, holds)| *holds)
}

fn seen(evidence: &Evidence, holds: impl Fn(&Look) -> Option<bool>) -> Looks {
    let looks = &evidence.story.looks;
    looks.iter().filter_map(|look| Some((look.answered, holds(look)?))).collect()
}

fn backups(evidence: &Evidence) -> Looks {
    let story = &evidence.story;
    let good = story.backups.iter().map(|backup| (backup.durable, false));
    good.chain(story.backup_failed.iter().map(|(at, _)| (*at, true))).collect()
}

fn says(alert: Alert, looks: &Looks, sounded: Option<Nanos>, after_fault: Option<Nanos>) -> String {
    let looked = count(looks.len() as u64, "look");
    match (looks.is_empty(), sounded, after_fault) {
        (true, ..) => "nothing in this drill tells".to_owned(),
        (false, None, _) => format!("silent at {looked}"),
        (false, Some(_), Some(after)) => format!("sounded {after} after the first fault"),
        (false, Some(_), None) if alert == Alert::BackupFailed => "sounded when the backup ended".to_owned(),
        (false, Some(_), None) => {
            let held = looks.iter().filter(|(_, holds)| *holds).count() as u64;
            let how = if holds_from_the_first(looks) { "from the first look on" } else { "without a fault" };
            format!("sounded {how}: it held at {held} of {looked}")
        }
    }
}
