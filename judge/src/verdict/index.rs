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
        let number = wrong.len() as u64;
        let disagree = if number == 1 { "disagrees" } else { "disagree" };
        let says = format!("{number} of {} {disagree} with {}; the first: {first}", indexes(compared), tables(number));
        let mut finding = found(Verdict::Missed, says);
        finding.cause = Some(cause(&wrong).into());
        finding.details = wrong;
        return finding;
    }
    if looks.is_empty() {
        return found(Verdict::Inconclusive, "no examination looked at the indexes".into());
    }
    if let [first, ..] = &unknown[..] {
        let number = unknown.len() as u64;
        let says = format!("{} could not be held against {}; the first: {first}", indexes(number), tables(number));
        let mut finding = found(Verdict::Inconclusive, says);
        finding.details = unknown;
        return finding;
    }
    let agree = if compared == 1 { "agrees" } else { "agree" };
    found(Verdict::Met, format!("{} {agree} with {}", indexes(compared), tables(compared)))
}

/// Theirs.
fn tables(indexes: u64) -> &'static str {
    if indexes == 1 { "its table" } else { "their tables" }
}

fn told(looks: &[&IndexLook], pick: impl Fn(&Agreement) -> Option<&String>) -> Vec<String> {
    looks.iter().filter_map(|look| Some(format!("{} of {}: {}", look.index, look.table, pick(&look.found)?))).collect()
}

fn indexes(number: u64) -> String {
    if number == 1 { "1 index".into() } else { format!("{} indexes", grouped(number)) }
}

fn cause(wrong: &[String]) -> &'static str {
    let any = |words: &str| wrong.iter().any(|wrong| wrong.contains(words));
    if wrong.iter().all(|wrong| wrong.contains("order invariant")) {
        "built under another collation or locale library: the text sorts otherwise here; REINDEX after a restore elsewhere"
    } else if any("invalid") {
        "the restore ended before it had built all indexes"
    } else {
        "a physical copy that is not of one moment: backup_label removed, log missing, or files copied while they changed"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_goes_by_what_the_server_says_and_not_by_names() {
        let order = r#"app.a of app.b: ERROR: item order invariant violated for index "a""#;
        let lacks = r#"app.orders_key of app.orders: ERROR: heap tuple (4,1) from table "orders" lacks an entry"#;
        for (wrong, expected) in [
            (&[order][..], "another collation"),
            (&[lacks], "not of one moment"),
            (&[order, lacks], "not of one moment"),
            (&["app.orders_key of app.orders: it is marked invalid"], "built all indexes"),
        ] {
            let wrong: Vec<String> = wrong.iter().map(|wrong| (*wrong).to_owned()).collect();
            assert!(cause(&wrong).contains(expected), "{wrong:?}: {}", cause(&wrong));
        }
    }
}
