//! For each checker: defects that it catches, twins without the defect that it passes, and what it cannot know.

mod atom;
mod attack;
mod breach;
mod bytes;
mod clean_restore;
mod fence;
mod ghost;
mod ident;
mod index;
mod inv;
mod lost;
mod replica;
mod stage;
mod write;

use blackstart_record::verdict::Finding;
use blackstart_record::verdict::Verdict::{self, Inconclusive, Met, Missed};

use super::testing::Drill;
use super::{CHECKERS, Checker, evidence, run};

/// A defect: what it does to a healthy drill.
type Spoil = fn(&mut Drill);

/// Edits the observation of one kind.
macro_rules! edit {
    ($drill:expr, $kind:ident, |$seen:ident: $type:ty| $edit:expr) => {
        for observation in $drill.observations.values_mut() {
            if let blackstart_record::observation::Observation::$kind(seen) = observation {
                let $seen: &mut $type = seen;
                $edit;
            }
        }
    };
}
use edit;

fn check(checker: &str, cases: &[(&str, Spoil, Verdict, &str)]) {
    let healthy = verdict_of(checker, |_| {});
    assert_eq!(healthy.verdict, Met, "the healthy twin: {healthy:?}");
    assert!(healthy.compared > 0 && healthy.cause.is_none());
    for (name, spoil, verdict, words) in cases {
        let finding = verdict_of(checker, spoil);
        assert_eq!(finding.verdict, *verdict, "{checker}, {name}: {finding:?}");
        let text = format!("{} {}", finding.says, finding.details.join(" "));
        assert!(text.contains(words), "{checker}, {name}: {text:?} lacks {words:?}");
        assert_eq!(finding.cause.is_some(), *verdict == Missed, "{checker}, {name}: a miss names its usual cause");
    }
}

fn verdict_of(checker: &str, spoil: impl Fn(&mut Drill)) -> Finding {
    let mut drill = Drill::healthy();
    spoil(&mut drill);
    let (findings, _) = run(CHECKERS, &drill.evidence());
    findings.into_iter().find(|finding| finding.checker == checker).unwrap()
}

#[test]
fn a_checker_that_panics_is_inconclusive_and_closes_a_gate() {
    let broken = Checker { name: "BROKEN", check: |_| panic!("index out of bounds") };
    let (findings, gates) = run(&[broken], &Drill::healthy().evidence());
    assert_eq!(findings[0].verdict, Inconclusive);
    assert!(findings[0].says.contains("index out of bounds"));
    assert_eq!(gates[0].id, "checker-panicked");
}

#[test]
fn a_checker_that_is_content_with_nothing_is_not_believed() {
    let content =
        Checker { name: "CONTENT", check: |_| evidence::finding("CONTENT", Met, 0, "all of no rows are right") };
    let (findings, _) = run(&[content], &Drill::healthy().evidence());
    assert_eq!(findings[0].verdict, Inconclusive);
}
