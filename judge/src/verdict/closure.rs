//! CLOSURE: the restore reaches for nothing that may be lost.

use blackstart_record::observation::{CleanRestore, Overheard, Reached, SabotageOutcome};
use blackstart_record::verdict::{Finding, Verdict};

use super::Checker;
use super::evidence::{Evidence, finding, total};
use super::words::{count, list};

/// What the restore on a clean host reached for, with everything dead that may be lost.
pub const CHECKER: Checker = Checker { name: "CLOSURE", check };

fn check(evidence: &Evidence) -> Finding {
    let looks = evidence.clean_restores();
    let heard = |look: &&CleanRestore| match &look.overheard {
        Overheard::Heard { connections, reached } => connections.saturating_add(reached.len() as u64),
        Overheard::Deaf { .. } => 0,
    };
    let compared = total(looks.iter().map(heard));
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);
    let reached: Vec<String> = looks.iter().flat_map(|look| reached(look)).map(told).collect();
    let came_back = |look: &&CleanRestore| look.outcome == SabotageOutcome::Restored;
    if !reached.is_empty() && !looks.iter().all(came_back) {
        let says = format!("the restore reached for {}, and did not come to its end without", list(&reached));
        let mut finding = found(Verdict::Missed, says);
        finding.cause = Some("a service that the restore needs is lost together with what it is to restore".into());
        return finding;
    }
    let deaf = looks.iter().find_map(|look| match &look.overheard {
        Overheard::Deaf { why } => Some(why),
        Overheard::Heard { .. } => None,
    });
    if let Some(why) = deaf {
        return found(Verdict::Inconclusive, format!("nobody could listen to what the restore reached for: {why}"));
    }
    if !looks.iter().all(came_back) {
        return found(Verdict::Inconclusive, "the restore on a clean host did not come to its end".into());
    }
    if looks.is_empty() && !evidence.uses_artifacts() {
        return finding(CHECKER.name, Verdict::Met, 1, "the runbook uses no artifact");
    }
    if looks.is_empty() {
        return found(Verdict::Inconclusive, "nobody listened to what a restore reaches for".into());
    }
    let connections = count(compared, "connection");
    if reached.is_empty() {
        return found(Verdict::Met, format!("each of {connections} of the restore led to what survives"));
    }
    let mut finding = found(Verdict::Met, format!("the restore came to its end without {}", list(&reached)));
    finding.details = reached.iter().map(|what| format!("reached for in vain: {what}")).collect();
    finding
}

fn reached(look: &CleanRestore) -> &[Reached] {
    match &look.overheard {
        Overheard::Heard { reached, .. } => reached,
        Overheard::Deaf { .. } => &[],
    }
}

fn told(Reached { to, port, by }: &Reached) -> String {
    format!("{to}, {by} port {port}")
}
