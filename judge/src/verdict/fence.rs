//! FENCE: the restored copy leaves its source alone, and nobody writes twice.

use blackstart_record::verdict::{Finding, Verdict};

use super::Checker;
use super::evidence::{Evidence, finding, total};
use super::words::{count, list};

/// The source's archive, and the source itself, after the recovery.
pub const CHECKER: Checker = Checker { name: "FENCE", check };

fn check(evidence: &Evidence) -> Finding {
    let looks = evidence.fences();
    // A replica has no archive: what is looked at is whether its source still writes.
    let alone = u64::from(evidence.promotes_a_replica());
    let compared = total(looks.iter().map(|look| look.archived.saturating_add(alone)));
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);
    let mut wrong = Vec::new();
    for look in &looks {
        let artifacts = [("new", &look.added), ("changed", &look.changed), ("gone", &look.removed)];
        for (what, artifacts) in artifacts.iter().filter(|(_, artifacts)| !artifacts.is_empty()) {
            let number = count(artifacts.len() as u64, "artifact");
            wrong.push(format!("{number} {what} in the source's archive since it was stopped: {}", first(artifacts)));
        }
        if look.attempts > 0 {
            let segments = count(look.attempts, "log segment");
            wrong.push(format!("the restored copy archived, or tried to archive, {segments} of its own"));
        }
        wrong.extend(look.second_writer.iter().map(|how| format!("there are two primaries: {how}")));
    }
    if let [says, ..] = &wrong[..] {
        let mut finding = found(Verdict::Missed, says.clone());
        finding.cause = Some(
            "the copy was started with the source's own archive settings, or the source was left running: \
             the next restore mixes two histories"
                .into(),
        );
        finding.details = wrong;
        return finding;
    }
    if looks.is_empty() {
        return found(Verdict::Inconclusive, "no examination looked whether the source was left alone".into());
    }
    if evidence.promotes_a_replica() {
        return found(Verdict::Met, "no second writer: the source takes no writes any more".into());
    }
    found(Verdict::Met, format!("{} of the source as they were, and no second writer", count(compared, "artifact")))
}

fn first(artifacts: &[String]) -> String {
    const SHOWN: usize = 3;
    let mut shown: Vec<String> = artifacts.iter().take(SHOWN).cloned().collect();
    if artifacts.len() > SHOWN {
        shown.push(format!("{} more", artifacts.len() - SHOWN));
    }
    list(&shown)
}
