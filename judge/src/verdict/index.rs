//! INDEX: every index says what its table holds.

use blackstart_record::observation::{Agreement, IndexLook};
use blackstart_record::verdict::{Finding, Verdict};

use super::Checker;
use super::evidence::{Evidence, finding};
use super::words::grouped;

/// Each index against its heap.
pub const CHECKER: Checker = Checker { name: "INDEX", check };

fn check(evidence: &Evidence) -> Finding {
    let looks: Vec<&IndexLook> = evidence.indexes().into_iter().flatten().collect();
    let wrong: Vec<String> = told(&looks, |found| match found {
        Agreement::Disagrees { why } => Some(why),
        _ => None,
    });
    let unknown: Vec<String> = told(&looks, |found| match found {
        Agreement::Unknown { why } => Some(why),
        _ => None,
    });
    let compared = (looks.len() - unknown.len()) as u64;
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);
    if let [first, ..] = &wrong[..] {
        let says = format!("{} of {} disagree with their tables; the first: {first}", wrong.len(), indexes(compared));
        let mut finding = found(Verdict::Missed, says);
        finding.cause = Some(cause(&wrong).into());
        finding.details = wrong;
        return finding;
    }
    if looks.is_empty() {
        return found(Verdict::Inconclusive, "no examination looked at the indexes".into());
    }
    if let [first, ..] = &unknown[..] {
        let says =
            format!("{} could not be held against their tables; the first: {first}", indexes(unknown.len() as u64));
        let mut finding = found(Verdict::Inconclusive, says);
        finding.details = unknown;
        return finding;
    }
    found(Verdict::Met, format!("{} agree with their tables", indexes(compared)))
}

fn told(looks: &[&IndexLook], pick: impl Fn(&Agreement) -> Option<&String>) -> Vec<String> {
    looks.iter().filter_map(|look| Some(format!("{} of {}: {}", look.index, look.table, pick(&look.found)?))).collect()
}

fn indexes(number: u64) -> String {
    if number == 1 { "1 index".into() } else { format!("{} indexes", grouped(number)) }
}

fn cause(wrong: &[String]) -> &'static str {
    let any = |words: &str| wrong.iter().any(|wrong| wrong.contains(words));
    if any("order") {
        "built under another collation or locale library: the text sorts otherwise here; REINDEX after a restore elsewhere"
    } else if any("invalid") {
        "the restore ended before it had built all indexes"
    } else {
        "a physical copy that is not of one moment: backup_label removed, log missing, or files copied while they changed"
    }
}
