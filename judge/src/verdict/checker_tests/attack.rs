//! ATTACK: backups that their own key can take away.

use blackstart_record::observation::{Attack, Observation};
use blackstart_record::verdict::Verdict::{Inconclusive, Met, Missed};

use super::{check, edit};
use crate::verdict::testing::Drill;

#[test]
fn attack_catches_backups_that_their_own_key_can_take_away() {
    check(
        "ATTACK",
        &[
            (
                "destroyed",
                |drill| edit!(drill, Attack, |seen: Attack| seen.lost = vec!["base/1".into(), "base/2".into()]),
                Missed,
                "2 of 12 artifacts could be destroyed with the key of \"pipeline\"",
            ),
            (
                "disarmed",
                |drill| edit!(drill, Attack, |seen: Attack| seen.disarmed = vec!["versioning of saved".into()]),
                Missed,
                "versioning of saved could be taken off",
            ),
            (
                "hidden, and still there",
                |drill| edit!(drill, Attack, |seen: Attack| seen.hidden = vec!["base/1".into()]),
                Met,
                "1 artifact could be hidden behind a newer version",
            ),
            (
                "no artifact",
                |drill| edit!(drill, Attack, |seen: Attack| seen.artifacts = 0),
                Inconclusive,
                "nothing was",
            ),
            (
                "destroyed by the application",
                |drill| by_application(drill, 7, &["documents/1"]),
                Missed,
                "1 of 7 artifacts could be destroyed with the key of \"shop\"",
            ),
            (
                "whole after both keys",
                |drill| by_application(drill, 7, &[]),
                Met,
                "none of 19 artifacts could be destroyed with the keys of \"pipeline\" and \"shop\"",
            ),
            (
                "nothing there for one of them",
                |drill| by_application(drill, 0, &[]),
                Inconclusive,
                "nothing was there to attack with the key of \"shop\"",
            ),
            ("no examination", |drill| drop(drill.observations.remove("attack")), Inconclusive, "nobody tried"),
        ],
    );
}

/// The application's key tries too, and destroys these of so many.
fn by_application(drill: &mut Drill, artifacts: u64, lost: &[&str]) {
    let lost = lost.iter().map(|key| (*key).to_owned()).collect();
    let attack = Attack { credential: "shop".into(), artifacts, lost, ..Attack::default() };
    drill.observations.insert("attack-application".into(), Observation::Attack(attack));
}

#[test]
fn what_the_plan_does_not_promise_is_a_note_and_no_finding() {
    let mut drill = Drill::healthy();
    edit!(drill, Attack, |seen: Attack| seen.lost = vec!["base/1".into()]);
    assert_eq!(drill.judge().verdict, Missed, "the plan promises a lock of 30 days");
    drill.record.plan.pipelines.get_mut("archive").unwrap().immutable_days = None;
    let verdict = drill.judge();
    assert_eq!(verdict.verdict, Met, "{}", verdict.says);
    assert!(verdict.findings.iter().all(|finding| !["ATTACK", "CLOSURE", "FENCE"].contains(&finding.checker.as_str())));
    let note = verdict.notes.iter().find(|note| note.starts_with("ATTACK")).unwrap();
    assert!(note.contains("missed: 1 of 12 artifacts could be destroyed"), "{note}");
}
