//! GHOST: nothing is there that should not be.

use blackstart_record::observation::Identity;
use blackstart_record::verdict::{Difference, DifferenceKind, Finding, Verdict};

use super::Checker;
use super::differences::{details, summary};
use super::evidence::{Evidence, finding};
use super::words::count;

/// Rolled-back, duplicate, invoked-after-R or deleted data that is there.
pub const CHECKER: Checker = Checker { name: "GHOST", check };

const KINDS: [DifferenceKind; 5] = [
    DifferenceKind::Duplicate,
    DifferenceKind::Resurrected,
    DifferenceKind::RolledBack,
    DifferenceKind::AfterCut,
    DifferenceKind::Unexplained,
];

fn check(evidence: &Evidence) -> Finding {
    if let Some(why) = evidence.no_comparison() {
        return finding(CHECKER.name, Verdict::Inconclusive, 0, why);
    }
    let Ok(comparison) = &evidence.comparison else {
        return finding(CHECKER.name, Verdict::Inconclusive, 0, "the rows could not be compared");
    };
    let compared = comparison.read();
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);
    let differences = evidence.differences(&KINDS);
    let poisoned = is_poisoned(evidence);
    if poisoned || !differences.is_empty() {
        let rows: u64 = differences.iter().map(|difference| difference.count).sum();
        let mut wrong = Vec::new();
        if !differences.is_empty() {
            wrong.push(format!("{} should not be there: {}", count(rows, "row"), summary(&differences)));
        }
        if poisoned {
            wrong.push("the row that only the source got, after the application was stopped, is there".to_owned());
        }
        let mut finding = found(Verdict::Missed, wrong.join("; "));
        finding.cause = Some(if poisoned { PAST_THE_TARGET } else { cause(&differences) }.into());
        finding.details = details(evidence, &differences);
        finding.differences = differences;
        return finding;
    }
    let unseen: Vec<&str> = comparison
        .tables
        .iter()
        .filter(|table| !table.expendable && (table.read.is_none() || evidence.unreadable(&table.table).is_some()))
        .map(|table| table.table.as_str())
        .collect();
    if !unseen.is_empty() {
        let says = format!("{} could not be read, so what is in there is not known", unseen.join(", "));
        return found(Verdict::Inconclusive, says);
    }
    if compared == 0 && !evidence.is_rightly_empty() {
        return found(Verdict::Inconclusive, "no row was read, so nothing was compared".into());
    }
    if compared == 0 {
        return found(Verdict::Met, "the database was loaded empty and was found empty".into());
    }
    let mut finding = found(Verdict::Met, format!("each of {} read has its right to be there", count(compared, "row")));
    if comparison.unverifiable > 0 {
        let rows = count(comparison.unverifiable, "row");
        finding.details.push(format!("{rows} of operations that never ended in the ledger were taken as they are"));
    }
    finding
}

/// Whether a restored copy holds what was written to the source after everything else.
fn is_poisoned(evidence: &Evidence) -> bool {
    let is_copy = |identity: &&Identity| identity.restored.as_ref() != Some(&identity.source);
    evidence.identities().into_iter().filter(is_copy).any(|identity| identity.poison_found)
}

const PAST_THE_TARGET: &str = "replay went past the recovery target, had no target (a server that refuses one, asked again without), or followed another timeline";

fn cause(differences: &[Difference]) -> &'static str {
    let kind = |kind| differences.iter().any(|difference| difference.kind == kind);
    if kind(DifferenceKind::AfterCut) {
        PAST_THE_TARGET
    } else if kind(DifferenceKind::RolledBack) {
        "files were copied without the log that undoes them (a backup label removed, a snapshot that is not atomic)"
    } else if kind(DifferenceKind::Resurrected) {
        "the artifact is older than the deletion, later log or erasures were not replayed, or the replay followed another timeline"
    } else if kind(DifferenceKind::Duplicate) {
        "data was restored twice over, or a unique index is damaged or missing"
    } else {
        "the target was not empty before the restore, rows come from another system, or a bad change left rows of its own \
         behind, as its triggers write them"
    }
}
