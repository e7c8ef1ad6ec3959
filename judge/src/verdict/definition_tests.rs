//! Each checker and the recovery point, against their definitions on generated final states.

use std::collections::BTreeMap;

use blackstart_record::verdict::{Finding, ObjectiveKind, ObjectiveVerdict, Rpa, Verdict};
use proptest::prelude::*;

use super::definitions::{Truth, Word};
use super::evidence::Evidence;
use super::objectives::{self, Measured};
use super::rta::Recovery;
use super::states::state;
use super::story::Story;
use super::testing::Drill;
use super::{CHECKERS, exposure, rpa, run};
use crate::oracle::testing::cases;

/// The evidence of a drill without writing its record; only rows and ledger take the way over files.
pub(super) fn evidence(drill: &Drill) -> Evidence {
    let story = Story::new(&drill.events);
    let comparison = match &story.cut {
        Some(_) => drill.data.try_compare().map_err(|why| why.to_string()),
        None => Err("no recovery point".into()),
    };
    Evidence { record: drill.record.clone(), story, observations: drill.observations.clone(), comparison }
}

/// What was lost, and the objectives; no state has probes, so that no recovery time is known.
pub(super) fn measured(evidence: &Evidence) -> (Result<Rpa, String>, Vec<ObjectiveVerdict>) {
    let rpa = rpa::measure(evidence);
    let (exposure, recovery) = (exposure::of(evidence), Recovery::Unmeasured("nobody looked".into()));
    let objectives = objectives::judge(evidence, &Measured { recovery: &recovery, rpa: &rpa, exposure: &exposure });
    (rpa, objectives)
}

fn as_word(finding: &Finding) -> Word {
    let differences = finding.differences.iter().map(|found| ((found.table.clone(), found.kind), found.count));
    Word {
        checker: finding.checker.clone(),
        verdict: finding.verdict,
        compared: finding.compared,
        differences: differences.collect(),
        wrong: None,
    }
}

fn agree(seed: u64) -> Result<(), TestCaseError> {
    let drill = state(seed);
    let (truth, evidence) = (Truth::of(&drill), evidence(&drill));
    let (findings, gates) = run(CHECKERS, &evidence);
    prop_assert!(gates.is_empty(), "{gates:?}");
    let words = truth.words();
    prop_assert_eq!(words.len(), findings.len());
    for (mut word, finding) in words.into_iter().zip(&findings) {
        if let Some(wrong) = word.wrong.take().filter(|_| finding.verdict == Verdict::Missed) {
            prop_assert_eq!(finding.details.len() as u64, wrong, "{:?}", finding);
        }
        prop_assert_eq!(as_word(finding), word, "{:?}", finding);
        prop_assert_eq!(finding.cause.is_some(), finding.verdict == Verdict::Missed, "{:?}", finding);
    }
    let (rpa, objectives) = measured(&evidence);
    let parts = rpa.as_ref().ok().map(|rpa| (rpa.before_fault, rpa.after_fault, rpa.manual));
    prop_assert_eq!(parts, truth.rpa(), "{:?}", rpa);
    let rpo = objectives.iter().find(|objective| objective.kind == ObjectiveKind::Rpo).unwrap();
    prop_assert_eq!(rpo.verdict, truth.rpo(), "{:?}", rpo);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(10_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_checker_and_the_rpo_say_what_their_definitions_say(seed: u64) {
        agree(seed)?;
    }
}

/// Agreement on states in which a checker always says the same would be worth nothing.
#[test]
fn the_generated_states_reach_every_verdict_of_every_checker() {
    let mut reached: BTreeMap<(String, Verdict), u64> = BTreeMap::new();
    for seed in 0..1500 {
        let drill = state(seed);
        let truth = Truth::of(&drill);
        let said = truth.words().into_iter().map(|word| (word.checker, word.verdict));
        for word in said.chain([("RPO".to_owned(), truth.rpo())]) {
            *reached.entry(word).or_default() += 1;
        }
    }
    for name in CHECKERS.iter().map(|checker| checker.name).chain(["RPO"]) {
        for verdict in [Verdict::Met, Verdict::Inconclusive, Verdict::Missed] {
            let cases = reached.get(&(name.to_owned(), verdict)).copied().unwrap_or(0);
            assert!(cases >= 20, "{name} is {verdict} in {cases} states: {reached:?}");
        }
    }
}
