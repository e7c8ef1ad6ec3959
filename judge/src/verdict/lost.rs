//! LOST: every owed row is there, with the value that was acknowledged.

use blackstart_record::verdict::{DifferenceKind, Finding, Verdict};

use super::Checker;
use super::differences::{details, summary};
use super::evidence::{Evidence, finding};
use super::words::{count, grouped};

/// Owed writes missing or changed.
pub const CHECKER: Checker = Checker { name: "LOST", check };

fn check(evidence: &Evidence) -> Finding {
    if let Some(why) = evidence.no_comparison() {
        return finding(CHECKER.name, Verdict::Inconclusive, 0, why);
    }
    let Ok(comparison) = &evidence.comparison else {
        return finding(CHECKER.name, Verdict::Inconclusive, 0, "the rows could not be compared");
    };
    let (owed, compared) = (comparison.owed(), evidence.owed_and_looked_at());
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);
    let differences = evidence.differences(&[DifferenceKind::Missing, DifferenceKind::Changed, DifferenceKind::Stale]);
    let unseen: Vec<&str> = comparison
        .tables
        .iter()
        .filter(|table| !table.expendable && (table.read.is_none() || evidence.unreadable(&table.table).is_some()))
        .map(|table| table.table.as_str())
        .collect();
    if compared == 0 && owed > 0 {
        return found(Verdict::Inconclusive, format!("none of {} was looked for", count(owed, "owed row")));
    }
    if !differences.is_empty() {
        let rows: u64 = differences.iter().map(|difference| difference.count).sum();
        let mut finding = found(
            Verdict::Missed,
            format!(
                "{} of {} owed are not as acknowledged: {}",
                count(rows, "row"),
                grouped(owed),
                summary(&differences)
            ) + &first_unreadable(evidence, &unseen),
        );
        finding.cause = Some(cause(evidence, &differences).into());
        finding.details = details(evidence, &differences);
        finding.details.extend(unreadable(evidence, &unseen));
        if comparison.open > 0 {
            let open = count(comparison.open, "operation");
            finding.details.push(format!("{open} never ended in the ledger; what they deleted would show as missing"));
        }
        finding.differences = differences;
        return finding;
    }
    if !unseen.is_empty() {
        let mut finding = found(Verdict::Inconclusive, format!("{} could not be read", unseen.join(", ")));
        finding.details = unreadable(evidence, &unseen);
        return finding;
    }
    if owed == 0 && !evidence.is_rightly_empty() {
        return found(Verdict::Inconclusive, "no row is owed, so nothing was compared".into());
    }
    if owed == 0 {
        return found(Verdict::Met, "the database was loaded empty, is owed empty and was found empty".into());
    }
    found(Verdict::Met, format!("all {} are there as acknowledged", count(owed, "owed row")))
}

fn cause(evidence: &Evidence, differences: &[blackstart_record::verdict::Difference]) -> &'static str {
    let kind = |kind| differences.iter().any(|difference| difference.kind == kind);
    let emptied = |table: &crate::oracle::TableCount| table.owed > 0 && table.read.unwrap_or(0) == 0;
    let tables = evidence.comparison.as_ref().map_or(&[][..], |comparison| &comparison.tables);
    let unreadable =
        |part: &str| tables.iter().any(|table| evidence.unreadable(&table.table).is_some_and(|why| why.contains(part)));
    if unreadable("large object") {
        "large objects were left out of the dump: rows are there that name them, and their contents are not"
    } else if tables.iter().any(emptied) {
        "a whole table is empty or absent: a dump cut short or excluded it, it is unlogged, or the restore stopped early"
    } else if kind(DifferenceKind::Changed) {
        "damaged pages, a copy of files that is not of one moment, an encoding or type changed on the way, or a bad change \
         that the restore did not leave behind"
    } else if kind(DifferenceKind::Stale) {
        "the log ends before the recovery point that the restore claims (archiving stopped, or said done and stored nothing), \
         or a replica that lagged was promoted"
    } else {
        "the artifact is older or smaller than its name says, log is missing, or the restore stopped early"
    }
}

/// The first table that is there and cannot be read: to most people that says more than the rows.
fn first_unreadable(evidence: &Evidence, tables: &[&str]) -> String {
    let first = tables.iter().find_map(|table| Some((table, evidence.unreadable(table)?)));
    first.map(|(table, why)| format!("; {table} cannot be read: {why}")).unwrap_or_default()
}

fn unreadable(evidence: &Evidence, tables: &[&str]) -> Vec<String> {
    let why = |table: &&str| {
        format!("{table}: {}", evidence.unreadable(table).unwrap_or("not among the tables that were read"))
    };
    tables.iter().map(why).collect()
}
