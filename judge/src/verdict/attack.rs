//! ATTACK: whoever holds the pipeline's key, or the application's, cannot take the backups away.

use blackstart_record::observation::Attack;
use blackstart_record::verdict::{Finding, Verdict};

use super::Checker;
use super::evidence::{Evidence, finding, total};
use super::words::{count, list};

/// What a key could do to the artifacts, and the application's own to the versions of its objects.
pub const CHECKER: Checker = Checker { name: "ATTACK", check };

fn check(evidence: &Evidence) -> Finding {
    let looks = evidence.attacks();
    let compared = total(looks.iter().map(|look| look.artifacts));
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);
    let mut wrong = Vec::new();
    for look in &looks {
        let with = format!("with the key of \"{}\"", look.credential);
        if !look.lost.is_empty() {
            let lost = look.lost.len();
            wrong.push(format!("{lost} of {} could be destroyed {with}", count(look.artifacts, "artifact")));
        }
        wrong.extend(look.disarmed.iter().map(|what| format!("{what} could be taken off {with}")));
    }
    if let [says, ..] = &wrong[..] {
        let mut finding = found(Verdict::Missed, says.clone());
        finding.cause = Some(
            "the key that writes backups may delete them too, in a store that keeps no old versions under a lock: \
             whoever steals it takes the backups along"
                .into(),
        );
        finding.details = wrong;
        finding
            .details
            .extend(looks.iter().flat_map(|look| &look.lost).take(20).map(|key| format!("destroyed: {key}")));
        return finding;
    }
    if !evidence.uses_artifacts() && compared == 0 {
        return finding(CHECKER.name, Verdict::Met, 1, "the runbook uses no artifact");
    }
    if looks.is_empty() {
        return found(Verdict::Inconclusive, "nobody tried to take the backups away".into());
    }
    if let Some(look) = looks.iter().find(|look| look.artifacts == 0) {
        let says = format!("nothing was there to attack with the key of \"{}\"", look.credential);
        return found(Verdict::Inconclusive, says);
    }
    let mut finding =
        found(Verdict::Met, format!("none of {} could be destroyed {}", count(compared, "artifact"), with(&looks)));
    let hidden = total(looks.iter().map(|look| look.hidden.len() as u64));
    if hidden > 0 {
        let number = count(hidden, "artifact");
        finding
            .details
            .push(format!("{number} could be hidden behind a newer version: a restore has to name the older one"));
    }
    finding
}

/// Whose keys were tried.
fn with(looks: &[&Attack]) -> String {
    match looks {
        [_] => "with the pipeline's own key".to_owned(),
        _ => {
            let keys: Vec<String> = looks.iter().map(|look| format!("\"{}\"", look.credential)).collect();
            format!("with the keys of {}", list(&keys))
        }
    }
}
