//! ART: the artifacts alone bring the data back, on a host that has only what survives.

use blackstart_record::observation::{CleanRestore, SabotageOutcome};
use blackstart_record::verdict::{Finding, Verdict};
use blackstart_record::words::bytes;

use super::Checker;
use super::evidence::{Evidence, finding, total};
use super::words::{count, first_line, list};

/// The artifact and its whole chain, fetched and read on a clean host.
pub const CHECKER: Checker = Checker { name: "ART", check };

fn check(evidence: &Evidence) -> Finding {
    let looks = evidence.clean_restores();
    let compared = total(looks.iter().map(|look| look.rows));
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);
    if let Some((says, cause)) = looks.iter().find_map(|look| wrong(look)) {
        let mut finding = found(Verdict::Missed, says);
        finding.cause = Some(cause.into());
        finding.details = looks.iter().flat_map(|look| said(look)).collect();
        return finding;
    }
    if looks.is_empty() && !evidence.uses_artifacts() {
        return finding(CHECKER.name, Verdict::Met, 1, "the runbook uses no artifact");
    }
    if looks.is_empty() {
        return found(Verdict::Inconclusive, "nobody tried to restore on a clean host".into());
    }
    let why = looks.iter().find_map(|look| match &look.outcome {
        SabotageOutcome::NotTried { why } => Some(why),
        _ => None,
    });
    if let Some(why) = why {
        return found(Verdict::Inconclusive, format!("the restore on a clean host could not be tried: {why}"));
    }
    if looks.iter().any(|look| look.same.is_none()) {
        let rows = count(compared, "row");
        let says = format!(
            "{rows} came back on a clean host, and the drill's own restore brought back nothing to hold them against"
        );
        return found(Verdict::Inconclusive, says);
    }
    let artifacts = count(total(looks.iter().map(|look| look.artifacts)), "artifact");
    let size = bytes(total(looks.iter().map(|look| look.bytes)));
    let rows = count(compared, "row");
    found(Verdict::Met, format!("{artifacts} ({size}) brought back the same {rows} on a clean host"))
}

/// What the tool said besides.
fn said(look: &CleanRestore) -> Vec<String> {
    match &look.outcome {
        SabotageOutcome::Refused { says, .. } | SabotageOutcome::Unusable { says } => {
            says.lines().skip(1).map(|line| line.trim().to_owned()).collect()
        }
        SabotageOutcome::Restored | SabotageOutcome::NotTried { .. } => Vec::new(),
    }
}

fn wrong(look: &CleanRestore) -> Option<(String, &'static str)> {
    let without = match &look.without[..] {
        [] => String::new(),
        hosts => format!(" without {}", list(hosts)),
    };
    match &look.outcome {
        SabotageOutcome::Refused { step, says } => Some((
            format!("on a clean host{without} the restore fails at {step}: {}", first_line(says)),
            "a key, a password, a program or a file that the restore needs is kept on the host that is lost, or the \
             artifact cannot be read",
        )),
        SabotageOutcome::Unusable { says } => Some((
            format!("what was restored on a clean host{without} cannot be looked at: {}", first_line(says)),
            "the artifact holds less than the restore on the old host needed",
        )),
        SabotageOutcome::Restored if look.same == Some(false) => Some((
            format!("on a clean host{without} the same artifacts gave other rows: {}", count(look.rows, "row")),
            "the first restore found data that the artifacts do not hold",
        )),
        SabotageOutcome::Restored | SabotageOutcome::NotTried { .. } => None,
    }
}
