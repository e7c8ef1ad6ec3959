//! BREACH: whoever broke in is out. Accounts that they made and passwords that they may know open the restored copy no more.

use blackstart_record::verdict::{Finding, Verdict};

use super::Checker;
use super::evidence::{Evidence, finding, total};
use super::words::count;

/// Every credential that an intruder held, tried on the restored server.
pub const CHECKER: Checker = Checker { name: "BREACH", check };

fn check(evidence: &Evidence) -> Finding {
    let looks = evidence.credentials();
    let tried = || looks.iter().flat_map(|look| look.iter());
    let compared = total(looks.iter().map(|look| look.len() as u64));
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);
    if looks.is_empty() && !evidence.was_broken_into() {
        return finding(CHECKER.name, Verdict::Met, 1, "nobody broke in");
    }
    let open: Vec<String> =
        tried().filter(|one| one.lets_in == Some(true)).map(|one| format!("{}: {}", one.of, one.says)).collect();
    if let [first, ..] = &open[..] {
        let mut finding = found(Verdict::Missed, format!("the restored copy is open to whoever broke in: {first}"));
        finding.cause =
            Some("passwords were not replaced, or the state that was restored is of after the intrusion".into());
        finding.details = open;
        return finding;
    }
    if let Some(one) = tried().find(|one| one.lets_in.is_none()) {
        return found(
            Verdict::Inconclusive,
            format!("it is not known whether {} is still let in: {}", one.of, one.says),
        );
    }
    if compared == 0 {
        return found(Verdict::Inconclusive, "nobody tried what whoever broke in had got hold of".into());
    }
    let what = count(compared, "credential");
    found(Verdict::Met, format!("none of {what} that whoever broke in had got hold of is let in any more"))
}
