//! FAILBACK: a way back on which nothing is lost, and ways on which something is; each is a drill's folder within a drill's.

use blackstart_record::event::{Event, Failure, Outcome, Phase};
use blackstart_record::observation::Observation;
use blackstart_record::plan::{Step, StepPlan};
use blackstart_record::record::Folder;
use blackstart_record::verdict::Verdict::{self, Inconclusive, Met, Missed};
use blackstart_record::verdict::{DifferenceKind, DrillVerdict};

use super::judge::judge;
use super::testing::{BACK, Drill, down, finding, ms, up};
use crate::oracle::testing::scratch;

const STEPS: [Step; 7] =
    [Step::Rebuild, Step::StopApplication, Step::CatchUp, Step::Fence, Step::Promote, Step::Switch, Step::Verify];

/// What a step of a runbook is on the way back.
fn on_the_way_back(step: Step) -> Option<Step> {
    match step {
        Step::Detect => Some(Step::Rebuild),
        Step::Fetch => Some(Step::CatchUp),
        Step::Restore => Some(Step::Fence),
        Step::Decide | Step::Replay => None,
        other => Some(other),
    }
}

/// A way back that went well.
fn way_back() -> Drill {
    let mut back = Drill::healthy();
    back.forget(|event| match event {
        Event::StepBegun { step, .. } | Event::StepEnded { step, .. } => on_the_way_back(*step).is_none(),
        other => matches!(other, Event::FaultIntended { .. } | Event::FaultConfirmed { .. } | Event::Phase(_)),
    });
    back.change(|event| {
        if let Event::StepBegun { step, .. } | Event::StepEnded { step, .. } = event {
            *step = on_the_way_back(*step).unwrap();
        }
    });
    back
}

fn judged(back: Option<&Drill>) -> DrillVerdict {
    let place = scratch();
    let folder = Folder::new(place.path());
    let mut drill = Drill::healthy();
    drill.record.scenario.failback = STEPS.map(|step| StepPlan { step, manual: None, bound: ms(60_000) }).into();
    drill.write(&folder);
    if let Some(back) = back {
        std::fs::create_dir_all(folder.failback().path()).unwrap();
        back.write(&folder.failback());
    }
    judge(&folder).unwrap()
}

#[test]
fn a_way_back_on_which_nothing_is_lost_is_met() {
    let verdict = judged(Some(&way_back()));
    let found = finding(&verdict, "FAILBACK");
    assert_eq!((verdict.verdict, found.verdict), (Met, Met), "{}", found.says);
    // It holds the rows that the drill itself holds.
    assert_eq!(found.compared, finding(&verdict, "LOST").compared);
    assert!(found.compared > 0 && found.says.contains("it was away for"), "{}", found.says);
    // Away since the application was stopped, at 12 s, and back at 21.5 s.
    assert!(found.says.contains("9.") && found.differences.is_empty(), "{}", found.says);
    for step in STEPS {
        assert!(found.details.iter().any(|line| line.starts_with(&format!("{step}: "))), "{step}: {:?}", found.details);
    }
}

/// What went wrong on the way back.
type Spoil = fn(&mut Drill);

/// Each with what comes of it, and what is said.
const WRONG: &[(Spoil, Verdict, &str)] = &[
    (lose_a_row, Missed, "LOST: "),
    (
        |back| {
            let Some(Observation::Fence(fence)) = back.observations.get_mut("fence") else { panic!("there is one") };
            fence.second_writer = Some("host standby takes writes".into());
        },
        Missed,
        "FENCE: there are two primaries: host standby takes writes",
    ),
    (
        |back| {
            let Some(Observation::Writes(trials)) = back.observations.get_mut("writes") else {
                panic!("there are some")
            };
            trials[0].error = Some("it is read-only".into());
        },
        Missed,
        "WRITE: ",
    ),
    (
        |back| {
            back.change(|event| {
                if let Event::StepEnded { step: Step::Promote, outcome, .. } = event {
                    *outcome = Outcome::Failed(Failure { message: "it follows nobody".into(), lines: vec![] });
                }
            });
        },
        Missed,
        "not recovered: the step \"promote\" failed: it follows nobody",
    ),
    (
        |back| back.probe_as(|at| if at < ms(13_000) { up(0) } else { down() }, ms(5_000), ms(27_000)),
        Missed,
        "not recovered: ",
    ),
    // Who answers is not the host that was gone back to.
    (
        |back| {
            let away = ms(13_000)..BACK;
            back.probe_as(|at| if away.contains(&at) { down() } else { up(0) }, ms(5_000), ms(27_000));
        },
        Missed,
        "not recovered: ",
    ),
    (|back| back.observations.clear(), Inconclusive, "rows"),
    (|back| back.forget(|event| *event == Event::Finished), Inconclusive, "the history has no end"),
    (|back| back.forget(|event| matches!(event, Event::Calibrated { .. })), Inconclusive, ""),
    (|back| back.forget(|event| matches!(event, Event::RecoveryPoint(_))), Inconclusive, "up to which point"),
    (|back| drop(back.observations.remove("fence")), Inconclusive, "FENCE: no examination looked"),
    (
        |back| {
            let failure = Failure { message: "the link could not be opened".into(), lines: vec![] };
            back.add(ms(9_000), Event::SetupFailed { phase: Phase::Failback, failure });
        },
        Inconclusive,
        "the harness failed in its stage \"failback\": the link could not be opened",
    ),
    (|back| back.without.push("ledger.bin"), Inconclusive, "the restored rows could not be compared"),
];

fn lose_a_row(back: &mut Drill) {
    back.data.restored.retain(|(table, row)| (*table, row.key.0) != (0, 7));
    back.recount();
}

#[test]
fn what_went_wrong_on_the_way_back_is_the_drills_result() {
    for (number, (spoil, expected, says)) in WRONG.iter().enumerate() {
        let mut back = way_back();
        spoil(&mut back);
        let verdict = judged(Some(&back));
        let found = finding(&verdict, "FAILBACK");
        assert_eq!((verdict.verdict, found.verdict), (*expected, *expected), "{number}: {}", found.says);
        assert!(found.says.contains(says), "{number}: {}", found.says);
    }
}

#[test]
fn rows_that_did_not_come_back_are_named() {
    let mut back = way_back();
    lose_a_row(&mut back);
    let verdict = judged(Some(&back));
    let [lost] = &finding(&verdict, "FAILBACK").differences[..] else { panic!("one kind of difference") };
    assert_eq!((lost.kind, lost.count, lost.table.as_str()), (DifferenceKind::Missing, 1, "app.t0"));
}

#[test]
fn a_way_back_that_nobody_came_to_is_not_known() {
    let verdict = judged(None);
    let found = finding(&verdict, "FAILBACK");
    assert_eq!((verdict.verdict, found.verdict, found.compared), (Inconclusive, Inconclusive, 0));
    assert!(found.says.contains("nobody came to that"));
}

#[test]
fn a_scenario_without_a_way_back_has_no_such_finding() {
    assert!(Drill::healthy().judge().findings.iter().all(|finding| finding.checker != "FAILBACK"));
}
