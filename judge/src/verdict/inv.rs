//! INV: objects, roles, grants and settings are as they were.

use std::collections::BTreeMap;

use blackstart_record::verdict::{Finding, Verdict};

use super::Checker;
use super::evidence::{Evidence, finding};
use super::words::{count, list};

/// Inventory of objects, roles, grants, configuration.
pub const CHECKER: Checker = Checker { name: "INV", check };

/// More lines than this help nobody.
const LINES: usize = 50;

type Objects = BTreeMap<String, BTreeMap<String, String>>;

fn check(evidence: &Evidence) -> Finding {
    let inventories = evidence.inventories();
    let compared: usize = inventories.iter().flat_map(|inventory| inventory.before.values()).map(BTreeMap::len).sum();
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared as u64, says);
    if inventories.is_empty() {
        return found(Verdict::Inconclusive, "no examination took an inventory".into());
    }
    if compared == 0 {
        return found(Verdict::Inconclusive, "the inventory of the source is empty, so nothing was compared".into());
    }
    let mut totals: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut lines = Vec::new();
    for inventory in inventories {
        compare(&inventory.before, &inventory.after, &mut totals, &mut lines);
    }
    if totals.is_empty() {
        return found(Verdict::Met, format!("all {} are as they were", count(compared as u64, "object")));
    }
    let parts: Vec<String> = totals.iter().map(|((word, kind), number)| format!("{number} {kind} {word}")).collect();
    let mut finding = found(Verdict::Missed, format!("the inventory differs: {}", list(&parts)));
    finding.cause = Some(cause(&totals).into());
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    finding.details = lines;
    if more > 0 {
        finding.details.push(format!("and {more} more"));
    }
    finding
}

fn compare<'a>(
    before: &'a Objects,
    after: &'a Objects,
    totals: &mut BTreeMap<(&'static str, &'a str), u64>,
    lines: &mut Vec<String>,
) {
    let none = BTreeMap::new();
    for (kind, expected) in before {
        let restored = after.get(kind).unwrap_or(&none);
        for (name, definition) in expected {
            match restored.get(name) {
                Some(same) if same == definition => {}
                Some(other) => {
                    *totals.entry(("changed", kind)).or_default() += 1;
                    lines.push(format!("{kind} {name} is changed: was {definition:?}, is {other:?}"));
                }
                None => {
                    *totals.entry(("missing", kind)).or_default() += 1;
                    lines.push(format!("{kind} {name} is missing"));
                }
            }
        }
    }
    for (kind, restored) in after {
        let expected = before.get(kind);
        for name in restored.keys().filter(|name| expected.is_none_or(|expected| !expected.contains_key(*name))) {
            *totals.entry(("extra", kind)).or_default() += 1;
            lines.push(format!("{kind} {name} was not there before"));
        }
    }
}

fn cause(totals: &BTreeMap<(&str, &str), u64>) -> &'static str {
    let any = |word: &str, part: &str| totals.keys().any(|(w, kind)| *w == word && kind.contains(part));
    if any("missing", "role") || any("missing", "grant") || any("changed", "grant") {
        "roles and grants live outside the database: a dump of one database does not hold them"
    } else if any("missing", "routine")
        || any("missing", "function")
        || any("missing", "trigger")
        || any("missing", "event")
    {
        "routines, triggers and events need options of their own in the dump"
    } else if totals.keys().any(|(word, _)| *word == "missing") {
        "the restore met an error and went on (no stop on error), or the dump left these kinds out"
    } else if totals.keys().any(|(word, _)| *word == "extra") {
        "the target was not empty before the restore"
    } else {
        "another server version, or settings and definitions edited by hand after the backup"
    }
}
