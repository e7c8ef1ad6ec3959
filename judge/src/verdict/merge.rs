//! The worst of everything, gates first, and the exit code that follows.

use blackstart_record::verdict::{Finding, Gate, ObjectiveVerdict, Verdict};

use super::rta::Recovery;
use super::words::list;

const MET: u8 = 0;
const OBJECTIVE_MISSED: u8 = 99;
const DATA_WRONG: u8 = 100;
const INCONCLUSIVE: u8 = 105;

/// What everything comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// The verdict.
    pub verdict: Verdict,
    /// The exit code.
    pub exit_code: u8,
    /// One sentence.
    pub says: String,
}

/// Merges gates, objectives, findings and the recovery itself; `signal` is the one that stopped the drill.
pub fn conclude(
    gates: &[Gate],
    objectives: &[ObjectiveVerdict],
    findings: &[Finding],
    recovery: &Recovery,
    signal: Option<i32>,
) -> Conclusion {
    if let [first, rest @ ..] = gates {
        let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
        let exit_code = match signal {
            Some(2) => 130,
            Some(15) => 143,
            _ => INCONCLUSIVE,
        };
        return Conclusion { verdict: Verdict::Inconclusive, exit_code, says: format!("{}{more}", first.says) };
    }
    let missed: Vec<&ObjectiveVerdict> = objectives.iter().filter(|o| o.verdict == Verdict::Missed).collect();
    let objective = |o: &ObjectiveVerdict| format!("{} of \"{}\": {}", o.kind, o.objective, o.says);
    if let Recovery::NotBack { why, .. } = recovery {
        let more = wrong(findings).map(|says| format!("; {says}")).unwrap_or_default();
        let says = format!("not recovered: {why}{more}");
        return Conclusion { verdict: Verdict::Missed, exit_code: DATA_WRONG, says };
    }
    if let Some(says) = wrong(findings) {
        return Conclusion { verdict: Verdict::Missed, exit_code: DATA_WRONG, says };
    }
    let unknown = findings.iter().find(|finding| finding.verdict == Verdict::Inconclusive).map(told);
    if let [first, ..] = missed[..] {
        let data = match &unknown {
            None => "the data is intact".into(),
            Some(unknown) => format!("whether the data is intact is not known ({unknown})"),
        };
        let says = format!("{}; {data}", objective(first));
        return Conclusion { verdict: Verdict::Missed, exit_code: OBJECTIVE_MISSED, says };
    }
    let open = objectives.iter().find(|o| o.verdict == Verdict::Inconclusive).map(objective);
    let censored = match recovery {
        Recovery::Back(_) => None,
        Recovery::NotBack { why, .. } | Recovery::Censored { why, .. } | Recovery::Unmeasured(why) => Some(why.clone()),
    };
    if let Some(says) = unknown.or(open).or(censored) {
        return Conclusion { verdict: Verdict::Inconclusive, exit_code: INCONCLUSIVE, says };
    }
    let says = format!("all {} objectives and {} checks are met", objectives.len(), findings.len());
    Conclusion { verdict: Verdict::Met, exit_code: MET, says }
}

fn told(finding: &Finding) -> String {
    format!("{}: {}", finding.checker, finding.says)
}

/// What the checks found wrong: all of their names, and the first in full.
fn wrong(findings: &[Finding]) -> Option<String> {
    let missed: Vec<&Finding> = findings.iter().filter(|finding| finding.verdict == Verdict::Missed).collect();
    match missed[..] {
        [] => None,
        [only] => Some(told(only)),
        [first, ..] => {
            let names: Vec<String> = missed.iter().map(|finding| finding.checker.clone()).collect();
            Some(format!("{} found the data wrong; {}", list(&names), told(first)))
        }
    }
}

#[cfg(test)]
mod tests {
    use blackstart_record::time::Nanos;

    use super::*;

    #[test]
    fn a_recovery_that_broke_says_what_else_was_found() {
        let not_back = Recovery::NotBack { at_least: Nanos(1), why: "it broke".into() };
        let found = |checker: &str, verdict| super::super::evidence::finding(checker, verdict, 1, "rows");
        for (findings, expected) in [
            (vec![found("LOST", Verdict::Inconclusive)], "not recovered: it broke"),
            (vec![found("LOST", Verdict::Missed)], "not recovered: it broke; LOST: rows"),
            (
                vec![found("LOST", Verdict::Missed), found("INV", Verdict::Missed)],
                "not recovered: it broke; LOST and INV found the data wrong; LOST: rows",
            ),
        ] {
            assert_eq!(conclude(&[], &[], &findings, &not_back, None).says, expected);
        }
    }
}
