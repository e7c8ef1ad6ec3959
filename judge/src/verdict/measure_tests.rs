//! RPA, exposure, throughput and what their objectives make of them.

use blackstart_record::event::{Event, Tally};
use blackstart_record::ledger::Completion;
use blackstart_record::plan::Damage;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{Exposure, Finding, Gate, ObjectiveKind, ObjectiveVerdict, Rpa, Verdict};

use super::evidence::finding;
use super::merge::conclude;
use super::rta::Recovery;
use super::testing::{Drill, FAULT, ms, sourced};
use super::{exposure, rpa, throughput};

fn rpa_of(spoil: impl Fn(&mut Drill)) -> Result<Rpa, String> {
    let mut drill = Drill::healthy();
    spoil(&mut drill);
    rpa::measure(&drill.evidence())
}

#[test]
fn the_tail_of_a_healthy_recovery_lies_after_the_fault() {
    let rpa = rpa_of(|_| {}).unwrap();
    assert_eq!(rpa.first_gone, Some(Nanos(10_051_000_000)));
    assert_eq!(rpa.last_acknowledged, Some(Nanos(12_942_000_000)));
    assert_eq!(rpa.newest_recovered, Some(Nanos(9_502_000_000)));
    assert_eq!((rpa.before_fault, rpa.after_fault), (Nanos::ZERO, Nanos(2_891_000_000)));
    assert_eq!((rpa.manual, rpa.achieved), (Nanos::ZERO, Nanos(2_891_000_000)));
}

#[test]
fn what_was_lost_before_the_fault_and_after_it_is_told_apart() {
    let rpa = rpa_of(|drill| {
        drill.data.restored.retain(|(table, row)| *table != 1 || row.op != 80);
        drill.recount();
    })
    .unwrap();
    assert_eq!(rpa.first_gone, Some(Nanos(9_002_000_000)), "operation 80's acknowledgement");
    assert_eq!(rpa.before_fault, FAULT.since(Nanos(9_002_000_000)));
    assert_eq!(rpa.after_fault, Nanos(2_942_000_000));
    assert_eq!(rpa.achieved, rpa.before_fault.plus(rpa.after_fault));
    assert_eq!((rpa.hole_operations, rpa.hole_rows), (1, 1));
}

#[test]
fn where_nothing_was_acknowledged_after_the_fault_all_loss_lies_before_it() {
    let rpa = rpa_of(|drill| {
        drill.data.ledger.truncate(180);
        drill.data.restored.retain(|(table, row)| *table != 1 || row.op != 80);
        drill.recount();
    })
    .unwrap();
    assert_eq!((rpa.before_fault, rpa.after_fault), (ms(500), Nanos::ZERO), "from operation 80's to 90's");
}

#[test]
fn a_hole_in_the_load_counts_from_the_load() {
    let rpa = rpa_of(|drill| {
        drill.data.initial.push(crate::oracle::testing::row(0, 0, 999));
        drill.change(|event| {
            if let Event::Loaded { rows, .. } = event {
                *rows += 1;
            }
        });
    })
    .unwrap();
    assert_eq!(rpa.first_gone, Some(ms(1_000)));
    assert_eq!(rpa.achieved, Nanos(12_942_000_000).since(ms(1_000)));
}

#[test]
fn declared_time_to_detect_and_decide_is_added_for_logical_damage_only() {
    let declare = |drill: &mut Drill| {
        drill.record.scenario.runbook[0].manual = Some(sourced(Nanos::from_secs(300)));
        drill.record.scenario.runbook[1].manual = Some(sourced(Nanos::from_secs(60)));
        drill.record.scenario.runbook[4].manual = Some(sourced(Nanos::from_secs(7)));
    };
    let logical = rpa_of(declare).unwrap();
    assert_eq!(logical.manual, Nanos::from_secs(360));
    assert_eq!(logical.achieved, logical.before_fault.plus(logical.after_fault).plus(logical.manual));
    let physical = rpa_of(|drill| {
        declare(drill);
        drill.record.scenario.faults.iter_mut().for_each(|fault| fault.damage = Damage::PhysicalReadable);
    });
    assert_eq!(physical.unwrap().manual, Nanos::ZERO);
}

#[test]
fn nothing_gone_is_zero_and_no_acknowledgement_at_all_is_not() {
    let whole = rpa_of(|drill| {
        drill.data.ledger.truncate(180);
        drill.forget(|event| matches!(event, Event::Tally { .. }));
    });
    let whole = whole.unwrap();
    assert_eq!((whole.achieved, whole.first_gone), (Nanos::ZERO, None));
    let silent = |drill: &mut Drill| {
        drill.data.ledger.clear();
        drill.data.restored = drill.data.initial.clone();
        drill.recount();
    };
    assert!(rpa_of(silent).is_err(), "eight clients, and no write that could have been lost");
    let idle = rpa_of(|drill| {
        silent(drill);
        drill.record.scenario.workload.clients = 0;
    });
    assert_eq!(idle.unwrap().achieved, Nanos::ZERO);
}

#[test]
fn a_repair_that_keeps_every_write_loses_none_for_the_time_until_it_was_decided() {
    let kept = |drill: &mut Drill| {
        drill.record.scenario.runbook[0].manual = Some(sourced(Nanos::from_secs(300)));
        drill.record.plan.pipelines.get_mut("archive").unwrap().repairs = true;
        drill.data.ledger.truncate(180);
        drill.forget(|event| matches!(event, Event::Tally { .. }));
    };
    let whole = rpa_of(kept).unwrap();
    assert_eq!((whole.achieved, whole.manual), (Nanos::ZERO, Nanos::ZERO));
    let beyond_repair = rpa_of(|drill| {
        kept(drill);
        drill.data.restored.retain(|(table, row)| *table != 1 || row.op != 80);
        drill.recount();
    });
    let beyond_repair = beyond_repair.unwrap();
    assert_eq!(
        (beyond_repair.manual, beyond_repair.hole_rows),
        (Nanos::from_secs(300), 1),
        "more may be damaged by then"
    );
}

#[test]
fn an_acknowledged_write_that_straddles_the_cut_and_is_not_there_is_tail() {
    let straddles = |drill: &mut Drill| {
        let effects = [(1, 700, true)];
        drill.data.operation(900, 0, (9_998_000_000, 10_000_000_000), Some(Completion::Acknowledged), &effects);
    };
    let rpa = rpa_of(straddles).unwrap();
    assert_eq!((rpa.tail_operations, rpa.tail_rows, rpa.hole_operations), (61, 61, 0));
    assert_eq!(rpa.first_gone, Some(ms(10_000)));
    let there = rpa_of(|drill| {
        straddles(drill);
        drill.data.restored.push(crate::oracle::testing::row(900, 1, 700));
        drill.recount();
    })
    .unwrap();
    assert_eq!((there.tail_operations, there.newest_recovered), (60, Some(ms(10_000))));
}

fn exposure_of(spoil: impl Fn(&mut Drill)) -> Result<Exposure, String> {
    let mut drill = Drill::healthy();
    spoil(&mut drill);
    exposure::of(&drill.evidence())
}

#[test]
fn exposure_follows_the_fault_and_the_schedule() {
    let stated = Exposure::Stated { worst: ms(62_700), interval: ms(60_000), until_durable: ms(2_000), lag: ms(700) };
    let ships =
        |drill: &mut Drill, ships| drill.record.plan.pipelines.get_mut("archive").unwrap().ships_remainder = ships;
    let damage = |drill: &mut Drill, damage| drill.record.scenario.faults[1].damage = damage;
    assert!(matches!(exposure_of(|_| {}), Ok(Exposure::NotApplicable { .. })));
    assert_eq!(exposure_of(|drill| ships(drill, false)).as_ref(), Ok(&stated));
    assert_eq!(exposure_of(|drill| damage(drill, Damage::PhysicalLost)).as_ref(), Ok(&stated));
    assert_eq!(exposure_of(|drill| damage(drill, Damage::Availability)).as_ref(), Ok(&stated));
    let unstated = exposure_of(|drill| {
        ships(drill, false);
        drill.record.plan.pipelines.get_mut("archive").unwrap().schedule.interval = None;
    });
    assert_eq!(unstated, Ok(Exposure::Unstated));
    let unseen = exposure_of(|drill| {
        ships(drill, false);
        drill.forget(|event| matches!(event, Event::BackedUp { .. }));
    });
    assert!(unseen.is_err(), "nobody saw how long a backup takes to be durable");
    assert!(exposure_of(|drill| drill.record.scenario.pipeline = "other".into()).is_err());
    let nothing = exposure_of(|drill| {
        drill.record.scenario.runbook.clear();
        drill.forget(|event| matches!(event, Event::StepBegun { .. } | Event::StepEnded { .. }));
    });
    assert!(matches!(nothing, Ok(Exposure::NotApplicable { .. })));
}

#[test]
fn the_recovery_point_objective_takes_the_worse_of_lost_and_exposed() {
    type Spoil = fn(&mut Drill);
    let cases: [(&str, Spoil, u64, Verdict, Option<Nanos>); 8] = [
        ("tail within, no exposure", |_| {}, 900_000, Verdict::Met, Some(Nanos(2_891_000_000))),
        ("tail beyond", |_| {}, 2_000, Verdict::Missed, Some(Nanos(2_891_000_000))),
        ("exposure within", |drill| not_shipped(drill, Some(60)), 900_000, Verdict::Met, Some(ms(62_700))),
        (
            "exposure beyond: a day against 15 minutes",
            |drill| not_shipped(drill, Some(86_400)),
            900_000,
            Verdict::Missed,
            Some(Nanos::from_secs(86_400).plus(ms(2_700))),
        ),
        ("no schedule", |drill| not_shipped(drill, None), 900_000, Verdict::Inconclusive, None),
        (
            "no schedule, and the tail is beyond",
            |drill| not_shipped(drill, None),
            2_000,
            Verdict::Missed,
            Some(Nanos(2_891_000_000)),
        ),
        ("nothing compared", |drill| drop(drill.observations.remove("rows")), 900_000, Verdict::Inconclusive, None),
        (
            "nothing compared, exposure beyond",
            |drill| {
                drill.observations.remove("rows");
                not_shipped(drill, Some(86_400));
            },
            900_000,
            Verdict::Missed,
            Some(Nanos::from_secs(86_400).plus(ms(2_700))),
        ),
    ];
    for (name, spoil, limit, verdict, achieved) in cases {
        let mut drill = Drill::healthy();
        spoil(&mut drill);
        drill.record.plan.objectives.get_mut("database").unwrap().rpo.as_mut().unwrap().value = ms(limit);
        let judged = drill.judge();
        let rpo = judged.objectives.iter().find(|objective| objective.kind == ObjectiveKind::Rpo).unwrap();
        assert_eq!(rpo.verdict, verdict, "{name}: {rpo:?}");
        assert_eq!(rpo.achieved.map(|achieved| achieved.upper), achieved, "{name}: {rpo:?}");
    }
}

#[test]
fn a_recovery_time_says_how_much_of_it_was_declared_where_any_was() {
    let says = |manual: Option<u64>| {
        let mut drill = Drill::healthy();
        drill.record.scenario.runbook[1].manual = manual.map(Nanos::from_secs).map(sourced);
        drill.judge().objectives[0].says.clone()
    };
    assert!(says(Some(600)).contains(", 10 min of it declared manual time; "), "{}", says(Some(600)));
    assert!(!says(None).contains("declared manual time"), "{}", says(None));
}

#[test]
fn a_loss_as_long_as_the_objective_is_within_it() {
    let lost = rpa_of(|_| {}).unwrap().achieved;
    for (limit, tolerance, verdict) in [
        (lost, 0, Verdict::Met),
        (Nanos(lost.0 - 1), 0, Verdict::Missed),
        (Nanos(lost.0 - 1), 1, Verdict::Met),
        (Nanos(lost.0 - 2), 1, Verdict::Missed),
    ] {
        let mut drill = Drill::healthy();
        let objective = drill.record.plan.objectives.get_mut("database").unwrap();
        objective.rpo.as_mut().unwrap().value = limit;
        objective.tolerance = Nanos(tolerance);
        assert_eq!(drill.judge().objectives[1].verdict, verdict, "{limit} and {tolerance} ns");
    }
}

fn not_shipped(drill: &mut Drill, interval: Option<u64>) {
    let pipeline = drill.record.plan.pipelines.get_mut("archive").unwrap();
    pipeline.ships_remainder = false;
    pipeline.schedule.interval = interval.map(Nanos::from_secs).map(sourced);
}

#[test]
fn an_objective_that_the_plan_lacks_is_inconclusive() {
    let mut drill = Drill::healthy();
    drill.record.scenario.objectives.push("unheard-of".into());
    assert_eq!(drill.judge().objectives[2].verdict, Verdict::Inconclusive);
}

#[test]
fn a_recovery_time_states_the_sizes_it_speaks_of() {
    let mut drill = Drill::healthy();
    drill.record.plan.production_bytes = Some(sourced(2_000_000_000_000));
    let says = drill.judge().objectives[0].says.clone();
    assert!(says.contains("48.2 MB drilled, production declared at 2.0 TB"), "{says}");
}

#[test]
fn throughput_is_back_at_ninety_percent_of_the_median_second() {
    let evidence = Drill::healthy().evidence();
    assert_eq!(throughput::before(&evidence), Some(20.0));
    assert_eq!(throughput::back(&evidence, ms(21_500)), Some(ms(1_500)), "the whole second from 22 to 23 s");
    let mut slow = Drill::healthy();
    slow.change(|event| {
        if let Event::Tally { until, tally } = event
            && *until > ms(22_000)
        {
            *tally = Tally { acknowledged: if *until >= ms(26_000) { 18 } else { 17 }, ..*tally };
        }
    });
    assert_eq!(throughput::back(&slow.evidence(), ms(21_500)), Some(ms(4_500)));
    let mut idle = slow.clone();
    idle.change(|event| {
        if let Event::Tally { tally, .. } = event {
            tally.acknowledged = 0;
        }
    });
    assert_eq!(throughput::before(&idle.evidence()), Some(0.0));
    assert_eq!(throughput::back(&idle.evidence(), ms(21_500)), None, "90 % of nothing was never away");
    slow.forget(|event| matches!(event, Event::Tally { until, .. } if *until <= FAULT));
    assert_eq!(throughput::before(&slow.evidence()), None);
    assert_eq!(throughput::back(&slow.evidence(), ms(21_500)), None);
}

#[test]
fn the_worst_wins_and_gates_come_first() {
    use Verdict::{Inconclusive, Met, Missed};
    let gate = Gate { id: "setup-failed".into(), says: "no room".into() };
    let objective = |verdict| ObjectiveVerdict {
        objective: "critical".into(),
        kind: ObjectiveKind::Rto,
        covers: vec![],
        limit: sourced(ms(1)),
        achieved: None,
        verdict,
        says: "so it is".into(),
    };
    let check = |verdict| -> Finding { finding("LOST", verdict, 1, "rows") };
    let rta = match super::rta::measure(&Drill::healthy().evidence()) {
        Recovery::Back(rta) => rta,
        other => panic!("{other:?}"),
    };
    let back = Recovery::Back(rta);
    let not_back = Recovery::NotBack { at_least: ms(1), why: "it broke".into() };
    let censored = Recovery::Censored { at_least: ms(1), why: "too short".into(), busy: false };
    let cases = [
        (false, Met, Met, &back, Met, 0),
        (false, Inconclusive, Met, &back, Inconclusive, 105),
        (false, Met, Inconclusive, &back, Inconclusive, 105),
        (false, Met, Met, &censored, Inconclusive, 105),
        (false, Missed, Met, &back, Missed, 99),
        (false, Missed, Inconclusive, &back, Missed, 99),
        (false, Met, Missed, &back, Missed, 100),
        (false, Missed, Missed, &back, Missed, 100),
        (false, Inconclusive, Inconclusive, &not_back, Missed, 100),
        (true, Missed, Missed, &not_back, Inconclusive, 105),
        (true, Met, Met, &back, Inconclusive, 105),
    ];
    for (gated, objective_is, finding_is, recovery, verdict, exit_code) in cases {
        let gates: Vec<Gate> = gated.then(|| gate.clone()).into_iter().collect();
        let concluded = conclude(&gates, &[objective(objective_is)], &[check(finding_is)], recovery, None);
        assert_eq!((concluded.verdict, concluded.exit_code), (verdict, exit_code), "{concluded:?}");
        assert!(!concluded.says.is_empty());
    }
    let unknown = conclude(&[], &[objective(Missed)], &[check(Inconclusive)], &back, None);
    assert!(unknown.says.contains("whether the data is intact is not known"), "{}", unknown.says);
}
