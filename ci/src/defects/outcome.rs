//! Whether a drill caught what it had to catch, and by what: read from its verdict alone.

use blackstart_record::verdict::{DrillVerdict, Verdict};

use super::known::Case;

/// The only gate that speaks of the machine and not of the drill.
const BUSY: &str = "not-calibrated";

/// How a drill stands to what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// By these of those that were named.
    Caught(Vec<String>),
    /// It raised nothing, as it has to.
    Quiet,
    /// It was called met.
    Missed,
    /// It was noticed, but by none of those that were named.
    WrongReason(String),
    /// It is right, and was not called so.
    FalseAlarm(String),
    /// No note of it holds what tells that it was a drill of its case.
    NotShown(String),
    /// The machine was too busy to measure anything.
    Busy(String),
}

impl Outcome {
    /// Whether it is as it has to be.
    pub fn is_right(&self) -> bool {
        matches!(self, Self::Caught(_) | Self::Quiet)
    }
}

/// What a verdict says of a case that one of those that it names has to catch; none named: of one that must raise nothing.
pub fn of(case: &Case, verdict: Result<&DrillVerdict, &str>) -> Outcome {
    let named = &case.caught_by[..];
    let wrong = |why: String| if named.is_empty() { Outcome::FalseAlarm(why) } else { Outcome::WrongReason(why) };
    let verdict = match verdict {
        Ok(verdict) => verdict,
        Err(why) => return wrong(why.to_owned()),
    };
    if let [first, rest @ ..] = &verdict.gates[..] {
        let only_busy = first.id == BUSY && rest.iter().all(|gate| gate.id == BUSY);
        return if only_busy { Outcome::Busy(first.says.clone()) } else { wrong(verdict.says.clone()) };
    }
    if let Some(text) = case.noted.as_ref().filter(|text| !verdict.notes.iter().any(|note| note.contains(*text))) {
        return Outcome::NotShown(text.clone());
    }
    match (verdict.verdict, named) {
        (Verdict::Met, []) => return Outcome::Quiet,
        (Verdict::Met, _) => return Outcome::Missed,
        (_, []) => return Outcome::FalseAlarm(verdict.says.clone()),
        _ => {}
    }
    let missed = missed(verdict);
    let caught: Vec<String> = named.iter().filter(|name| missed.contains(name)).cloned().collect();
    if caught.is_empty() { wrong(verdict.says.clone()) } else { Outcome::Caught(caught) }
}

/// Checks and objectives that are missed, by the names that a catalogue has for them.
fn missed(verdict: &DrillVerdict) -> Vec<String> {
    let findings = verdict.findings.iter().filter(|finding| finding.verdict == Verdict::Missed);
    let objectives = verdict.objectives.iter().filter(|objective| objective.verdict == Verdict::Missed);
    let names = findings.map(|finding| finding.checker.clone());
    names.chain(objectives.map(|objective| objective.kind.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use blackstart_record::verdict::{Finding, Gate, Measures};

    use super::*;

    fn verdict(word: Verdict, missed: &[&str], gates: &[&str]) -> DrillVerdict {
        let finding = |name: &&str| Finding {
            checker: (*name).to_owned(),
            verdict: Verdict::Missed,
            says: "wrong".to_owned(),
            cause: None,
            compared: 1,
            details: Vec::new(),
            differences: Vec::new(),
        };
        DrillVerdict {
            version: 4,
            drill: "a/b".to_owned(),
            verdict: word,
            says: "says".to_owned(),
            exit_code: 0,
            gates: gates.iter().map(|id| Gate { id: (*id).to_owned(), says: "gate".to_owned() }).collect(),
            objectives: Vec::new(),
            findings: missed.iter().map(finding).collect(),
            sabotage: Vec::new(),
            crash_points: Vec::new(),
            disturbed: None,
            measures: Measures::default(),
            notes: Vec::new(),
        }
    }

    fn case(named: &[&str]) -> Case {
        Case { caught_by: named.iter().map(|name| (*name).to_owned()).collect(), ..Case::twin("dump") }
    }

    #[test]
    fn a_drill_that_does_not_show_what_its_case_is_about_is_not_right() {
        let case = Case { noted: Some("3 operations".to_owned()), ..case(&[]) };
        for (note, expected) in
            [("of 3 operations", Outcome::Quiet), ("none", Outcome::NotShown("3 operations".to_owned()))]
        {
            let verdict = DrillVerdict { notes: vec![note.to_owned()], ..verdict(Verdict::Met, &[], &[]) };
            assert_eq!(of(&case, Ok(&verdict)), expected);
            assert_eq!(expected.is_right(), expected == Outcome::Quiet);
        }
    }

    #[test]
    fn only_a_named_check_of_a_judged_drill_catches() {
        let (says, gate) = ("says".to_owned(), "gate".to_owned());
        let caught = |names: &[&str]| Outcome::Caught(names.iter().map(|name| (*name).to_owned()).collect());
        for (word, missed, gates, expected) in [
            (Verdict::Missed, &["LOST", "ATOM", "INV"][..], &[][..], caught(&["LOST", "INV"])),
            (Verdict::Missed, &["ATOM"], &[], Outcome::WrongReason(says.clone())),
            (Verdict::Missed, &[], &[], Outcome::WrongReason(says.clone())),
            (Verdict::Met, &[], &[], Outcome::Missed),
            (Verdict::Inconclusive, &[], &[], Outcome::WrongReason(says.clone())),
            (Verdict::Inconclusive, &["LOST"], &["fault-not-confirmed"], Outcome::WrongReason(says.clone())),
            (Verdict::Inconclusive, &["LOST"], &["not-calibrated"], Outcome::Busy(gate.clone())),
            (Verdict::Inconclusive, &[], &["not-calibrated", "setup-failed"], Outcome::WrongReason(says.clone())),
        ] {
            let case = case(&["LOST", "INV"]);
            assert_eq!(of(&case, Ok(&verdict(word, missed, gates))), expected, "{word} {missed:?} {gates:?}");
        }
        assert_eq!(of(&case(&["LOST"]), Err("gone")), Outcome::WrongReason("gone".to_owned()));
    }

    #[test]
    fn a_healthy_drill_is_right_only_when_it_is_met() {
        for (word, gates, expected) in [
            (Verdict::Met, &[][..], Outcome::Quiet),
            (Verdict::Missed, &[], Outcome::FalseAlarm("says".to_owned())),
            (Verdict::Inconclusive, &[], Outcome::FalseAlarm("says".to_owned())),
            (Verdict::Inconclusive, &["not-calibrated"], Outcome::Busy("gate".to_owned())),
            (Verdict::Inconclusive, &["setup-failed"], Outcome::FalseAlarm("says".to_owned())),
        ] {
            assert_eq!(of(&case(&[]), Ok(&verdict(word, &[], gates))), expected, "{word} {gates:?}");
        }
        assert!(Outcome::Quiet.is_right() && !Outcome::Busy(String::new()).is_right());
    }
}
