//! Checkers and measures: pure, from the record alone.
//!
//! [`judge`] gathers the evidence of a record's folder and concludes; it looks at nothing else, and twice the same
//! folder gives twice the same bytes. A checker is one file and one line in [`CHECKERS`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use blackstart_record::verdict::{Finding, Gate, Verdict};

mod alerts;
mod art;
mod atom;
mod attack;
mod beats;
mod breach;
mod bytes;
mod calibration;
mod closure;
mod crash_points;
mod differences;
mod disturbed;
mod evidence;
mod exposure;
mod failback;
mod fence;
mod gates;
mod ghost;
mod ident;
mod index;
mod inv;
mod judge;
mod lag;
mod lost;
mod merge;
mod objectives;
mod phases;
mod rpa;
mod rta;
mod sabotage;
mod stage;
mod story;
mod throughput;
mod words;
mod write;

#[cfg(test)]
mod alerts_tests;
#[cfg(test)]
mod calibration_tests;
#[cfg(test)]
mod checker_tests;
#[cfg(test)]
mod crash_points_tests;
#[cfg(test)]
mod damaged_record_tests;
#[cfg(test)]
mod definition_tests;
#[cfg(test)]
mod definitions;
#[cfg(test)]
mod definitions_around;
#[cfg(test)]
mod failback_tests;
#[cfg(test)]
mod judge_tests;
#[cfg(test)]
mod k_defects_tests;
#[cfg(test)]
mod measure_tests;
#[cfg(test)]
mod metamorphic_tests;
#[cfg(test)]
mod rta_definition;
#[cfg(test)]
mod rta_definition_tests;
#[cfg(test)]
mod rta_tests;
#[cfg(test)]
mod sabotage_tests;
#[cfg(test)]
mod saying_tests;
#[cfg(test)]
mod states;
#[cfg(test)]
mod story_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod watches;
#[cfg(test)]
mod wording_tests;

pub use evidence::Evidence;
pub use judge::{JudgeError, VERSION, judge};
pub use story::Story;

/// A checker: evidence in, finding out. It reads nothing else and keeps no state.
#[derive(Clone, Copy, Debug)]
pub struct Checker {
    /// Its name in findings and reports.
    pub name: &'static str,
    /// What it does. Without its observation it says *inconclusive*, never *met*.
    pub check: fn(&Evidence) -> Finding,
}

/// Every checker, in the order of reports.
pub const CHECKERS: &[Checker] = &[
    lost::CHECKER,
    ghost::CHECKER,
    atom::CHECKER,
    bytes::CHECKER,
    inv::CHECKER,
    write::CHECKER,
    index::CHECKER,
    ident::CHECKER,
    stage::CHECKER,
    art::CHECKER,
    closure::CHECKER,
    fence::CHECKER,
    attack::CHECKER,
    breach::CHECKER,
];

/// Whether a checker counts towards the verdict: some do only where the plan promises what they look at, or the scenario
/// puts it to the test. Elsewhere they are reported.
fn counts(checker: &str, evidence: &Evidence) -> bool {
    let at_stake = || evidence.promises_immutability() || evidence.loses_a_site() || evidence.has_an_attacker();
    // Where the data is restored on the host that had it, what is on that host is there.
    if checker == art::CHECKER.name {
        evidence.restores_elsewhere()
    } else if checker == closure::CHECKER.name {
        evidence.restores_elsewhere() && at_stake()
    } else if checker == fence::CHECKER.name {
        // A promoted replica leaves two that can write, unless its source is kept from it.
        at_stake() || evidence.promotes_a_replica()
    } else if checker == breach::CHECKER.name {
        evidence.was_broken_into()
    } else if checker == stage::CHECKER.name {
        // A replica may be made and promoted without any program.
        !evidence.promotes_a_replica() || !evidence.story.programs.is_empty()
    } else {
        checker != attack::CHECKER.name || at_stake()
    }
}

/// What counts towards the verdict, and notes of what was only looked at.
fn counting(findings: Vec<Finding>, evidence: &Evidence) -> (Vec<Finding>, Vec<String>) {
    let (counting, mut reported): (Vec<Finding>, Vec<Finding>) =
        findings.into_iter().partition(|finding| counts(&finding.checker, evidence));
    // Nobody broke in: of that nothing is to be told.
    reported.retain(|finding| finding.checker != breach::CHECKER.name);
    let note = |Finding { checker, verdict, says, .. }: Finding| {
        format!("{checker}, which does not count here: {verdict}: {says}")
    };
    (counting, reported.into_iter().map(note).collect())
}

/// Runs checkers. One that panics is inconclusive and closes a gate; one that is content without having compared
/// anything is not believed; one that the hosts' isolation cannot support is not believed either.
fn run(checkers: &[Checker], evidence: &Evidence) -> (Vec<Finding>, Vec<Gate>) {
    let (mut findings, mut gates) = (Vec::new(), Vec::new());
    for checker in checkers {
        let finding = catch_unwind(AssertUnwindSafe(|| (checker.check)(evidence))).unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            let says = format!("the checker panicked: {}", words.unwrap_or("it does not say why"));
            gates.push(Gate { id: "checker-panicked".into(), says: format!("{}: {says}", checker.name) });
            evidence::finding(checker.name, Verdict::Inconclusive, 0, says)
        });
        findings.push(doubted(finding, evidence));
    }
    let known = |name: &String| checkers.iter().any(|checker| checker.name == name);
    for name in evidence.record.isolation.cannot_prove.iter().filter(|name| !known(name)) {
        findings.push(evidence::finding(name, Verdict::Inconclusive, 0, unprovable(evidence)));
    }
    (findings, gates)
}

fn doubted(mut finding: Finding, evidence: &Evidence) -> Finding {
    if finding.verdict == Verdict::Met && finding.compared == 0 && !evidence.is_rightly_empty() {
        finding.verdict = Verdict::Inconclusive;
        finding.says = format!("nothing was compared ({})", finding.says);
    }
    if finding.verdict == Verdict::Met && evidence.record.isolation.cannot_prove.contains(&finding.checker) {
        finding.verdict = Verdict::Inconclusive;
        finding.details.push(finding.says);
        finding.says = unprovable(evidence);
    }
    finding
}

fn unprovable(evidence: &Evidence) -> String {
    format!("these hosts cannot prove it: {}", evidence.record.isolation.says)
}
