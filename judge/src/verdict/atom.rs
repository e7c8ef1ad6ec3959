//! ATOM: transactions are there whole or not at all, and business rules hold.

use blackstart_record::observation::Invariant;
use blackstart_record::verdict::{DifferenceKind, Finding, Verdict};

use super::Checker;
use super::differences::details;
use super::evidence::{Evidence, finding, total};
use super::words::count;

/// Torn transactions and broken invariants.
pub const CHECKER: Checker = Checker { name: "ATOM", check };

fn check(evidence: &Evidence) -> Finding {
    let rules: Vec<&Invariant> = evidence.invariants().into_iter().flatten().collect();
    let examined = total(rules.iter().map(|rule| rule.examined));
    let untold = evidence.no_comparison();
    let told = evidence.comparison.as_ref().ok().filter(|_| untold.is_none());
    let (torn, either, unverifiable) = told.map_or((0, 0, 0), |found| (found.torn, found.either, found.unverifiable));
    let compared = examined.saturating_add(either);
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);

    let broken: Vec<&Invariant> = rules.iter().filter(|rule| rule.violations.unwrap_or(0) > 0).copied().collect();
    if torn > 0 || !broken.is_empty() {
        return missed(evidence, torn, &broken, compared);
    }
    if let Some(why) = untold {
        return found(Verdict::Inconclusive, why);
    }
    if evidence.invariants().is_empty() {
        return found(Verdict::Inconclusive, "no examination looked at the business rules".into());
    }
    if let Some(failed) = rules.iter().find(|rule| rule.violations.is_none()) {
        let mut finding = found(Verdict::Inconclusive, format!("\"{}\" could not be asked", failed.rule));
        finding.details.clone_from(&failed.first);
        return finding;
    }
    if unverifiable > 0 {
        let rows = count(unverifiable, "row");
        return found(
            Verdict::Inconclusive,
            format!("{rows} of operations that never ended in the ledger: whole or not is unknown"),
        );
    }
    if examined == 0 && !evidence.is_rightly_empty() {
        return found(Verdict::Inconclusive, "the business rules looked at nothing".into());
    }
    let operations = if either == 0 {
        String::new()
    } else {
        format!(", {} around the recovery point whole", count(either, "operation"))
    };
    found(
        Verdict::Met,
        format!(
            "{} {} over {} looked at{operations}",
            count(rules.len() as u64, "rule"),
            if rules.len() == 1 { "holds" } else { "hold" },
            count(examined, "case")
        ),
    )
}

fn missed(evidence: &Evidence, torn: u64, broken: &[&Invariant], compared: u64) -> Finding {
    let mut says = Vec::new();
    if torn > 0 {
        says.push(format!("{} restored in part", count(torn, "transaction")));
    }
    if let [first, rest @ ..] = broken {
        let more =
            if rest.is_empty() { String::new() } else { format!(", and {} more", count(rest.len() as u64, "rule")) };
        says.push(format!("\"{}\" is broken {}{more}", first.rule, count(first.violations.unwrap_or(0), "time")));
    }
    let mut finding = finding(CHECKER.name, Verdict::Missed, compared, says.join("; "));
    let cause = "a dump without one snapshot over all tables, a copy of files without its log, a restore that stopped \
                 between tables, or a bad change that came back with the data";
    finding.cause = Some(cause.into());
    if torn > 0 {
        finding.differences = evidence.differences(&[DifferenceKind::Torn]);
    }
    finding.details = details(evidence, &finding.differences);
    for Invariant { rule, examined, violations, first } in broken {
        let number = count(violations.unwrap_or(0), "violation");
        finding.details.push(format!("{rule}: {number} in {examined} looked at: {}", first.join(", ")));
    }
    finding
}
