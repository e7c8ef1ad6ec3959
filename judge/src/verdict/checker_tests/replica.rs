//! A replica that was promoted: it keeps nothing in a store, and its source may write on.

use blackstart_record::event::Event;
use blackstart_record::observation::{Attack, Fence, Observation};
use blackstart_record::plan::{Pace, Step};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::Verdict::{Inconclusive, Met, Missed};

use super::check;
use crate::verdict::testing::{Drill, ms};

/// Its runbook promotes, and nothing of it is archived.
fn promoted(drill: &mut Drill) {
    drill.record.scenario.runbook.retain(|planned| !matches!(planned.step, Step::Fetch | Step::Restore | Step::Replay));
    drill.record.plan.pipelines.values_mut().for_each(|pipeline| pipeline.immutable_days = None);
    drill.observations.remove("clean-restore");
    drill.observations.remove("attack");
    drill.observations.insert("fence".into(), Observation::Fence(Fence::default()));
}

fn source_left(drill: &mut Drill) {
    promoted(drill);
    drill.add(ms(14_000), Event::SourceLeftRunning { at: ms(14_000), evidence: "host primary lets it in".into() });
}

fn second_writer(drill: &mut Drill) {
    source_left(drill);
    let second_writer = Some("host primary takes writes".into());
    drill.observations.insert("fence".into(), Observation::Fence(Fence { second_writer, ..Fence::default() }));
}

#[test]
fn a_second_writer_counts_though_nothing_is_archived() {
    check(
        "FENCE",
        &[
            ("promoted", promoted, Met, "no second writer"),
            ("two primaries", second_writer, Missed, "two primaries: host primary takes writes"),
            (
                "no look",
                |drill| {
                    promoted(drill);
                    drill.observations.remove("fence");
                },
                Inconclusive,
                "no examination looked",
            ),
        ],
    );
}

#[test]
fn a_source_that_the_runbook_leaves_running_is_judged_and_never_met() {
    check("IDENT", &[("left running", source_left, Inconclusive, "leaves the source running: host primary")]);
    for (case, spoil, expected) in [
        ("promoted", promoted as fn(&mut Drill), Met),
        ("left running, and nobody saw it write", source_left, Inconclusive),
        ("two primaries", second_writer, Missed),
    ] {
        let mut drill = Drill::healthy();
        spoil(&mut drill);
        let verdict = drill.judge();
        assert_eq!(verdict.verdict, expected, "{case}: {}", verdict.says);
        assert!(verdict.gates.is_empty(), "{case}: {:?}", verdict.gates);
    }
}

#[test]
fn there_is_no_artifact_to_attack_unless_one_was() {
    let attacked = |drill: &mut Drill| {
        promoted(drill);
        let attack =
            Attack { credential: "pipeline".into(), artifacts: 1, lost: vec!["a".into()], ..Attack::default() };
        drill.observations.insert("attack".into(), Observation::Attack(attack));
    };
    // It counts where the store is at stake.
    let at_stake = |drill: &mut Drill| {
        promoted(drill);
        drill.record.scenario.faults[0].name = "object-deleted".into();
    };
    let mut drill = Drill::healthy();
    at_stake(&mut drill);
    let finding = |drill: &Drill| drill.judge().findings.into_iter().find(|finding| finding.checker == "ATTACK");
    let found = finding(&drill).unwrap();
    assert_eq!((found.verdict, found.says.as_str()), (Met, "the runbook uses no artifact"));
    attacked(&mut drill);
    assert_eq!(finding(&drill).unwrap().verdict, Missed);
}

#[test]
fn a_replica_that_needs_no_program_is_not_asked_for_one() {
    let mut drill = Drill::healthy();
    promoted(&mut drill);
    let staged = |drill: &Drill| drill.judge().findings.iter().any(|finding| finding.checker == "STAGE");
    assert!(staged(&drill), "a program was run for it");
    drill.events.retain(|entry| !matches!(entry.event, Event::ProgramEnded(_)));
    let verdict = drill.judge();
    assert_eq!(verdict.verdict, Met, "{}", verdict.says);
    assert!(!staged(&drill));
    // A restore from artifacts runs programs: none was seen.
    let mut drill = Drill::healthy();
    drill.events.retain(|entry| !matches!(entry.event, Event::ProgramEnded(_)));
    assert_eq!(drill.judge().verdict, Inconclusive);
}

#[test]
fn what_a_replica_may_lack_is_told_by_its_alarm_or_by_its_shipments() {
    let mut drill = Drill::healthy();
    let says = |drill: &Drill| drill.judge().objectives.iter().map(|one| one.says.clone()).collect::<String>();
    drill.record.plan.pipelines.values_mut().for_each(|pipeline| pipeline.ships_remainder = false);
    assert!(says(&drill).contains("between two"), "{}", says(&drill));
    promoted(&mut drill);
    assert!(says(&drill).contains("until it sounds") && !says(&drill).contains("between two"), "{}", says(&drill));
    let hour = Nanos::from_secs(3600);
    for (pace, told) in [
        (Pace::Late(hour), "on the way to a replica that receives at once, and applies 1 h late)"),
        (Pace::Every(hour), "a replica that receives once in 1 h, and applies that at once, allows 1 min"),
    ] {
        drill.record.plan.pipelines.values_mut().for_each(|pipeline| pipeline.pace = pace);
        assert!(says(&drill).contains(told), "{}", says(&drill));
    }
}
