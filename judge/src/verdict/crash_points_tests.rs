//! CRASH: the invariant, over every pair of outcomes, against a second definition of it.

use std::collections::BTreeMap;

use blackstart_record::observation::{CrashOutcome, CrashPoint, CrashPoints, CrashStep, Observation, TableDigest};
use blackstart_record::plan::Step;
use blackstart_record::verdict::Verdict::{self, Inconclusive, Met, Missed};
use blackstart_record::verdict::{DrillVerdict, PointEnd};

use super::testing::{Drill, finding, ms};

fn table(rows: u64, digest: &str) -> BTreeMap<String, TableDigest> {
    BTreeMap::from([("shop.orders".to_owned(), TableDigest { rows, digest: digest.into() })])
}

fn restored(rows: u64, digest: &str) -> CrashOutcome {
    CrashOutcome::Restored { tables: table(rows, digest) }
}

fn outcomes() -> Vec<CrashOutcome> {
    vec![
        CrashOutcome::Failed { says: "exited with 1\nand more".into() },
        CrashOutcome::NotRestorable { step: Some(Step::Restore), says: "no such object".into() },
        CrashOutcome::NotRestorable { step: None, says: "no such table".into() },
        restored(3, "aa"),
        restored(2, "aa"),
        restored(3, "bb"),
        CrashOutcome::Restored { tables: BTreeMap::new() },
        CrashOutcome::NotReached,
        CrashOutcome::NotTried { why: "no room".into() },
    ]
}

fn found(undisturbed: &[CrashOutcome], points: &[CrashOutcome]) -> CrashPoints {
    let at = |number| CrashStep::Program { number, name: "pg_dump".into() };
    let point = |(number, outcome): (u64, &CrashOutcome)| CrashPoint {
        at: at(number),
        took: ms(1_500),
        outcome: outcome.clone(),
    };
    CrashPoints {
        requests: 4,
        programs: vec!["pg_dump".into()],
        source: table(3, "aa"),
        undisturbed: undisturbed.to_vec(),
        points: (1..).zip(points).map(point).collect(),
    }
}

fn verdict(found: &CrashPoints) -> DrillVerdict {
    let mut drill = Drill::healthy();
    drill.observations.insert("crash-points".into(), Observation::CrashPoints(found.clone()));
    drill.judge()
}

fn judged(found: &CrashPoints) -> (Verdict, Verdict, String) {
    let verdict = verdict(found);
    let crash = finding(&verdict, "CRASH");
    (verdict.verdict, crash.verdict, crash.says.clone())
}

/// Once more, from the words of the invariant: a success is a lie if what it promises is not exactly there.
fn by_definition(found: &CrashPoints) -> Verdict {
    let is_true = |outcome: &CrashOutcome| match outcome {
        CrashOutcome::Restored { tables } => {
            let held: Vec<_> = tables.iter().map(|(name, table)| (name, table.rows, &table.digest)).collect();
            held == found.source.iter().map(|(name, table)| (name, table.rows, &table.digest)).collect::<Vec<_>>()
        }
        _ => false,
    };
    let claims =
        |outcome: &CrashOutcome| matches!(outcome, CrashOutcome::Restored { .. } | CrashOutcome::NotRestorable { .. });
    let believed = found.undisturbed.len() >= 2 && found.undisturbed.iter().all(is_true);
    let outcomes = || found.points.iter().map(|point| &point.outcome);
    if !believed {
        return Inconclusive;
    }
    if outcomes().any(|outcome| claims(outcome) && !is_true(outcome)) {
        return Missed;
    }
    let is_known = |outcome: &CrashOutcome| claims(outcome) || matches!(outcome, CrashOutcome::Failed { .. });
    let is_unknown = |outcome: &CrashOutcome| matches!(outcome, CrashOutcome::NotTried { .. });
    if outcomes().any(is_unknown) || !outcomes().any(is_known) { Inconclusive } else { Met }
}

#[test]
fn reported_success_implies_restorable_over_every_pair_of_outcomes() {
    let good = restored(3, "aa");
    let mut seen = std::collections::BTreeSet::new();
    for first in outcomes() {
        for second in outcomes() {
            for undisturbed in
                [vec![good.clone(), good.clone()], vec![good.clone(), second.clone()], vec![good.clone()]]
            {
                let found = found(&undisturbed, &[first.clone(), second.clone()]);
                let (drill, crash, says) = judged(&found);
                let expected = by_definition(&found);
                assert_eq!((drill, crash), (expected, expected), "{first:?}, {second:?}, {undisturbed:?}: {says}");
                seen.insert(format!("{expected:?}"));
            }
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn the_finding_says_which_step_and_what_came_of_it() {
    let good = restored(3, "aa");
    let both = [good.clone(), good.clone()];
    let failed = CrashOutcome::Failed { says: "exited with 1".into() };
    let lie = CrashOutcome::NotRestorable { step: Some(Step::Restore), says: "no such object".into() };
    let cases = [
        (vec![failed.clone(), good.clone()], "2 disturbed backups: 1 said that they failed, 1 reported success"),
        (
            vec![failed.clone(), lie],
            "1 of 2 disturbed backups reported success and did not come back: with its 2nd pg_dump killed at its start, \
             the backup reported success, and its restore failed at the step restore: no such object",
        ),
        (vec![restored(2, "aa")], "the backup reported success, and its restore brought back other rows (shop.orders)"),
        (
            vec![failed, CrashOutcome::NotTried { why: "no room".into() }],
            "a backup with its 2nd pg_dump killed at its start could not be tried: no room",
        ),
        (Vec::new(), "no backup was disturbed"),
    ];
    for (points, says) in cases {
        let (_, _, told) = judged(&found(&both, &points));
        assert!(told.contains(says), "{told}");
    }
}

#[test]
fn each_outcome_comes_to_one_end_in_the_order_of_the_steps() {
    let good = restored(3, "aa");
    let broken = |says: &str| PointEnd::Broken { says: says.into(), telling: None };
    let expected = [
        PointEnd::Failed { says: "exited with 1".into(), telling: Some("and more".into()) },
        broken("its restore failed at the step restore: no such object"),
        broken("what its restore brought back cannot be read: no such table"),
        PointEnd::Restored,
        broken("its restore brought back other rows (shop.orders)"),
        broken("its restore brought back other rows (shop.orders)"),
        broken("its restore brought back other rows (shop.orders)"),
        PointEnd::NotReached,
        PointEnd::NotTried { why: "no room".into() },
    ];
    let points = verdict(&found(&[good.clone(), good], &outcomes())).crash_points;
    assert_eq!(points.iter().map(|point| point.end.clone()).collect::<Vec<_>>(), expected);
    assert_eq!(points[8].at, CrashStep::Program { number: 9, name: "pg_dump".into() });
}

#[test]
fn backups_before_and_after_the_others_have_to_come_back_undisturbed() {
    let good = || restored(3, "aa");
    let none = "no backup was taken without a disturbance, before and after the others";
    for (undisturbed, verdict, says) in [
        (vec![good()], Inconclusive, none),
        (vec![good(), good()], Met, "1 disturbed backup: "),
        (vec![good(), good(), good()], Met, "1 disturbed backup: "),
        (vec![good(), restored(2, "aa")], Inconclusive, "a backup that nothing disturbed did not come back"),
    ] {
        let (_, judged, told) = judged(&found(&undisturbed, &[good()]));
        assert_eq!(judged, verdict, "{told}");
        assert!(told.starts_with(says), "{told}");
    }
}

#[test]
fn a_source_without_rows_proves_nothing() {
    let empty = CrashOutcome::Restored { tables: BTreeMap::new() };
    let mut found = found(&[empty.clone(), empty.clone()], &[empty]);
    found.source.clear();
    assert_eq!(judged(&found).1, Inconclusive);
}

#[test]
fn a_drill_without_crash_points_has_no_such_finding() {
    let verdict = Drill::healthy().judge();
    assert!(verdict.verdict == Met && verdict.findings.iter().all(|finding| finding.checker != "CRASH"));
    assert!(verdict.crash_points.is_empty());
}
