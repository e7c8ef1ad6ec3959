//! RTA from synthetic services of which the truth is known.

use blackstart_record::event::{Event, ProbeOutcome, Stream};
use blackstart_record::plan::{Step, StepPlan};
use blackstart_record::time::{Interval, Nanos};
use blackstart_record::verdict::{Rta, Verdict};
use proptest::prelude::*;

use super::evidence::Evidence;
use super::rta::{Recovery, measure};
use super::story::Story;
use super::testing::{BACK, Drill, FAULT, State, down, ms, sourced, up};

/// The recovery of a drill whose service behaved like this from 5 s to `until`.
fn watched(spoil: impl Fn(&mut Drill), state: impl Fn(Nanos) -> State, until: Nanos) -> Recovery {
    let mut drill = Drill::healthy();
    drill.probe_as(state, ms(5_000), until);
    spoil(&mut drill);
    judged(drill)
}

fn judged(drill: Drill) -> Recovery {
    let story = Story::new(&drill.events);
    let comparison = Err("not of interest".into());
    measure(&Evidence { record: drill.record, story, observations: drill.observations, comparison })
}

/// Makes a drill one that restores nothing, so that the same incarnation is expected throughout.
fn restores_nothing(drill: &mut Drill) {
    drill.record.scenario.runbook.clear();
    drill.forget(|event| {
        matches!(event, Event::StepBegun { .. } | Event::StepEnded { .. } | Event::SnapshotTaken { .. })
    });
}

fn back(recovery: Recovery) -> Rta {
    match recovery {
        Recovery::Back(rta) => rta,
        other => panic!("not back: {other:?}"),
    }
}

fn contains(interval: Interval, truth: Nanos) -> bool {
    interval.lower <= truth && truth <= interval.upper
}

/// Phases follow each other without gap and sum to the upper end.
fn sums(rta: &Rta) {
    let mut cursor = rta.from;
    for phase in &rta.phases {
        assert_eq!(phase.begun, cursor, "{phase:?}");
        cursor = cursor.plus(phase.measured);
    }
    let total = rta.phases.iter().fold(Nanos::ZERO, |sum, phase| sum.plus(phase.measured).plus(phase.manual));
    assert_eq!(total, rta.achieved.upper, "{:?}", rta.phases);
}

#[test]
fn a_recovery_lies_between_the_last_bad_probe_and_the_first_good_one() {
    let rta = back(judged(Drill::healthy()));
    assert!(contains(rta.achieved, BACK.since(FAULT)), "{:?}", rta.achieved);
    assert!(rta.achieved.width() <= ms(520), "the fresh stream's beat: {:?}", rta.achieved);
    assert_eq!(rta.resolution, ms(20).plus(Nanos(300_000)), "beat and lateness");
    sums(&rta);
    let names: Vec<&str> = rta.phases.iter().map(|phase| phase.name.as_str()).collect();
    let expected = "detect,decide,stop the application,fetch,restore,replay,promote,switch,first read,first write";
    assert!(names.join(",").starts_with(expected), "{names:?}");
    assert_eq!(rta.phases[0].measured, ms(1_500), "detect begins at the fault");
}

#[test]
fn declared_manual_time_is_added_to_both_ends_and_to_its_phase() {
    let mut drill = Drill::healthy();
    let plain = back(judged(drill.clone()));
    drill.record.scenario.runbook[1].manual = Some(sourced(Nanos::from_secs(600)));
    let rta = back(judged(drill));
    assert_eq!(rta.manual, Nanos::from_secs(600));
    assert_eq!(rta.achieved.lower, plain.achieved.lower.plus(rta.manual));
    assert_eq!(rta.achieved.upper, plain.achieved.upper.plus(rta.manual));
    assert_eq!((rta.phases[1].name.as_str(), rta.phases[1].manual), ("decide", Nanos::from_secs(600)));
    sums(&rta);
}

#[test]
fn a_step_outside_its_order_or_without_end_still_leaves_a_sum() {
    let mut drill = Drill::healthy();
    drill.record.scenario.runbook.swap(0, 6);
    drill.record.scenario.runbook.push(StepPlan { step: Step::Verify, manual: Some(sourced(ms(7))), bound: ms(1) });
    drill.forget(|event| matches!(event, Event::StepEnded { step: Step::Fetch, .. }));
    sums(&back(judged(drill)));
}

#[test]
fn a_step_that_outlasts_the_first_read_has_the_time_up_to_the_recovery() {
    let mut drill = Drill::healthy();
    drill.change(|event| match event {
        Event::StepEnded { step: Step::Switch, at, .. } => *at = ms(21_800),
        Event::StepBegun { step: Step::Verify, at } => *at = ms(21_810),
        _ => {}
    });
    let rta = back(judged(drill));
    let switch = rta.phases.iter().find(|phase| phase.name == "switch").unwrap();
    assert_eq!((switch.begun, switch.begun.plus(switch.measured)), (ms(21_000), rta.recovered.upper));
    sums(&rta);
}

#[test]
fn a_fault_that_nobody_noticed_is_zero_within_resolution() {
    let rta = back(watched(restores_nothing, |_| up(0), ms(27_000)));
    assert_eq!(rta.achieved.lower, Nanos::ZERO);
    assert_eq!(rta.achieved.upper, rta.resolution);
    assert!(rta.resolution >= ms(20) && rta.resolution < ms(25), "{:?}", rta.resolution);
    sums(&rta);
}

#[test]
fn a_frozen_service_counts_until_it_answers_in_time() {
    let frozen = |at: Nanos| {
        if at < ms(13_000) {
            up(0)
        } else if at < BACK {
            State::Frozen(1, BACK.since(at))
        } else {
            up(1)
        }
    };
    let rta = back(watched(|_| {}, frozen, ms(27_000)));
    assert!(contains(rta.achieved, BACK.since(FAULT)), "{:?}", rta.achieved);
}

#[test]
fn the_resolution_of_nothing_noticed_covers_the_longest_gap_between_looks() {
    let drop = |drill: &mut Drill| {
        restores_nothing(drill);
        drill.change(|event| {
            if let Event::Probe { due, outcome, .. } = event
                && *due >= ms(15_000)
                && *due < ms(15_400)
            {
                *outcome = ProbeOutcome::Dropped;
            }
        });
    };
    let rta = back(watched(drop, |_| up(0), ms(27_000)));
    assert_eq!(rta.achieved.lower, Nanos::ZERO);
    assert!(rta.achieved.upper >= ms(400), "an outage of 400 ms could hide: {:?}", rta.achieved);
}

#[test]
fn a_fault_that_bites_late_is_not_recovered_from_before_it_bit() {
    let bites = |at: Nanos| if at >= ms(12_000) && at < ms(16_000) { down() } else { up(0) };
    let rta = back(watched(restores_nothing, bites, ms(27_000)));
    assert!(contains(rta.achieved, ms(16_000).since(FAULT)), "{:?}", rta.achieved);
}

/// The pipeline repairs the data where it is: the same incarnation is expected throughout.
fn repairs(drill: &mut Drill) {
    drill.record.plan.pipelines.get_mut("archive").unwrap().repairs = true;
    drill.change(|event| {
        if let Event::SnapshotTaken { incarnation, .. } = event {
            *incarnation = 0;
        }
    });
}

#[test]
fn wrong_data_that_is_answered_until_it_is_repaired_is_no_recovery() {
    // The runbook's restore ends at 17 s.
    let closed = |from, until| move |at: Nanos| if at >= from && at < until { down() } else { up(0) };
    let rta = back(watched(repairs, closed(ms(13_000), BACK), ms(27_000)));
    assert!(contains(rta.achieved, BACK.since(FAULT)), "{:?}", rta.achieved);
    sums(&rta);
    let let_in_early = back(watched(repairs, closed(ms(13_000), ms(14_000)), ms(27_000)));
    assert!(let_in_early.achieved.upper >= ms(17_000).since(FAULT), "{:?}", let_in_early.achieved);
    let never_stopped = back(watched(repairs, |_| up(0), ms(27_000)));
    assert!(never_stopped.achieved.upper >= ms(17_000).since(FAULT), "{:?}", never_stopped.achieved);
    // Not until what comes after it has ended, too: the next step does at 20 s.
    assert!(never_stopped.achieved.upper < ms(20_000).since(FAULT), "{:?}", never_stopped.achieved);
}

#[test]
fn a_short_outage_that_comes_late_is_still_the_outage() {
    let bites = |at: Nanos| if at >= ms(12_000) && at < ms(12_500) { down() } else { up(0) };
    let rta = back(watched(restores_nothing, bites, ms(27_000)));
    assert!(contains(rta.achieved, ms(12_500).since(FAULT)), "{:?}", rta.achieved);
}

#[test]
fn a_login_that_fails_inside_the_stability_window_breaks_it() {
    let breaks = |drill: &mut Drill| {
        drill.change(|event| {
            if let Event::Probe { stream: Stream::Fresh, due, outcome, .. } = event
                && *due == ms(22_000)
            {
                *outcome = ProbeOutcome::TimedOut;
            }
        });
    };
    let rta = back(watched(breaks, |at| if at < BACK { down() } else { up(1) }, ms(27_000)));
    assert!(rta.achieved.lower >= ms(12_000), "{:?}", rta.achieved);
}

#[test]
fn what_fails_while_everything_is_torn_down_does_not_count() {
    let ends = |at: Nanos| if at < BACK || at >= ms(30_010) { down() } else { up(1) };
    let rta = back(watched(|_| {}, ends, ms(31_000)));
    assert!(contains(rta.achieved, BACK.since(FAULT)), "{:?}", rta.achieved);
}

#[test]
fn beats_that_were_dropped_do_not_interrupt_a_relapse() {
    let falls = |at: Nanos| if at < BACK || (at >= ms(24_000) && at < ms(25_300)) { down() } else { up(1) };
    let drops = |drill: &mut Drill| {
        drill.change(|event| {
            if let Event::Probe { due, outcome, .. } = event
                && *due >= ms(24_500)
                && *due < ms(24_540)
            {
                *outcome = ProbeOutcome::Dropped;
            }
        });
    };
    let rta = back(watched(drops, falls, ms(29_000)));
    assert!(contains(rta.achieved, ms(25_300).since(FAULT)), "{:?}", rta.achieved);
}

#[test]
fn a_runbook_that_is_done_without_effect_is_a_miss_only_after_a_proper_look() {
    let dead = |at: Nanos| if at < ms(13_000) { up(0) } else { down() };
    let cases = [(ms(23_300), false), (ms(24_200), true)];
    for (until, missed) in cases {
        let recovery = watched(|_| {}, dead, until);
        assert_eq!(matches!(recovery, Recovery::NotBack { .. }), missed, "watched until {until}: {recovery:?}");
    }
    let open = |drill: &mut Drill| {
        drill.forget(|event| matches!(event, Event::StepEnded { step: Step::Switch, .. }));
    };
    let recovery = watched(open, dead, ms(27_000));
    assert!(matches!(recovery, Recovery::Censored { .. }), "a step is still under way: {recovery:?}");
}

#[test]
fn a_service_that_only_answers_late_in_the_end_is_not_known_to_be_away() {
    let slow = |at: Nanos| match at {
        at if at < BACK => down(),
        at if (at.0 / 500_000_000).is_multiple_of(2) => State::Up(1, ms(90)),
        _ => up(1),
    };
    let recovery = watched(|_| {}, slow, ms(27_000));
    let Recovery::Censored { why, .. } = recovery else { panic!("{recovery:?}") };
    assert!(why.contains("it answered every probe at the end, some of them late"), "{why}");
}

#[test]
fn answers_of_the_source_are_no_recovery() {
    let stays = watched(|_| {}, |at| if at < BACK { up(0) } else { up(1) }, ms(27_000));
    assert!(contains(back(stays).achieved, BACK.since(FAULT)));
    let never = watched(|_| {}, |_| up(0), ms(27_000));
    assert!(matches!(never, Recovery::NotBack { .. }), "{never:?}");
}

#[test]
fn where_nothing_is_restored_the_life_before_the_fault_is_expected_back() {
    let another = |at: Nanos| if at < ms(12_000) { up(0) } else { up(1) };
    let recovery = watched(restores_nothing, another, ms(27_000));
    assert!(!matches!(recovery, Recovery::Back(_)), "another life of the data answers: {recovery:?}");
}

#[test]
fn a_flapping_service_is_recovered_when_it_stays() {
    let flaps = |at: Nanos| {
        let good = at >= BACK && (at.0 / 500_000_000).is_multiple_of(2);
        if at < BACK || (at < ms(24_000) && !good) { down() } else { up(1) }
    };
    let rta = back(watched(|_| {}, flaps, ms(27_000)));
    assert!(contains(rta.achieved, ms(24_000).since(FAULT)), "{:?}", rta.achieved);
}

#[test]
fn a_service_that_falls_again_for_good_is_not_back() {
    let falls = |at: Nanos| if at < BACK || at >= ms(25_000) { down() } else { up(1) };
    let recovery = watched(|_| {}, falls, ms(27_000));
    assert!(matches!(recovery, Recovery::NotBack { .. }), "{recovery:?}");
    let relapses = |at: Nanos| if at < BACK || (at >= ms(23_500) && at < ms(25_000)) { down() } else { up(1) };
    let rta = back(watched(|_| {}, relapses, ms(29_000)));
    assert!(contains(rta.achieved, ms(25_000).since(FAULT)), "a relapse of over a window: {:?}", rta.achieved);
}

#[test]
fn one_late_answer_after_the_recovery_does_not_undo_it() {
    let hiccup = |at: Nanos| {
        if at < BACK {
            down()
        } else if at >= ms(25_000) && at < ms(25_020) {
            State::Up(1, ms(90))
        } else {
            up(1)
        }
    };
    let rta = back(watched(|_| {}, hiccup, ms(27_000)));
    assert!(contains(rta.achieved, BACK.since(FAULT)), "{:?}", rta.achieved);
    let mut drill = Drill::healthy();
    drill.probe_as(|at| if at < FAULT { up(0) } else { hiccup(at) }, ms(5_000), ms(27_000));
    assert_eq!(drill.judge().notes, ["2 probes after the recovery went unanswered or came late"]);
}

#[test]
fn an_answer_later_than_three_beats_is_an_outage() {
    let slow = |took| {
        move |at: Nanos| if at < BACK { down() } else { State::Up(1, if at < ms(23_000) { took } else { ms(1) }) }
    };
    let late = back(watched(|_| {}, slow(ms(61)), ms(27_000)));
    assert!(contains(late.achieved, ms(13_000)), "slow until 23 s: {:?}", late.achieved);
    let just = back(watched(|_| {}, slow(ms(60)), ms(27_000)));
    assert!(just.achieved.upper < ms(12_100), "exactly three beats are in time: {:?}", just.achieved);
}

#[test]
fn recovery_needs_each_of_the_three_streams() {
    for (stream, name) in [(Stream::Read, "read"), (Stream::Write, "write"), (Stream::Fresh, "fresh-connection")] {
        let broken = |drill: &mut Drill| {
            drill.change(|event| {
                if let Event::Probe { stream: s, due, outcome, .. } = event
                    && *s == stream
                    && *due < ms(24_000)
                {
                    *outcome = ProbeOutcome::Failed("42501".into());
                }
            });
        };
        let rta = back(watched(broken, |at| if at < BACK { down() } else { up(1) }, ms(28_000)));
        assert!(contains(rta.achieved, ms(14_000)), "{stream:?} until 24 s: {:?}", rta.achieved);
        let missing = |drill: &mut Drill| {
            drill.forget(|event| matches!(event, Event::Probe { stream: s, .. } if *s == stream));
        };
        let expected = format!("the {name} probes have none after the fault");
        let recovery = watched(missing, |_| up(1), ms(28_000));
        assert!(matches!(&recovery, Recovery::Unmeasured(why) if *why == expected), "{recovery:?}");
    }
}

#[test]
fn dropped_beats_are_neither_an_outage_nor_a_success() {
    let all = |drill: &mut Drill| {
        drill.change(|event| {
            if let Event::Probe { due, outcome, .. } = event
                && *due >= BACK
            {
                *outcome = ProbeOutcome::Dropped;
            }
        });
    };
    let recovery = watched(all, |at| if at < BACK { down() } else { up(1) }, ms(27_000));
    assert!(matches!(recovery, Recovery::Censored { .. }), "nothing was seen: {recovery:?}");
    let some = |drill: &mut Drill| {
        drill.change(|event| {
            if let Event::Probe { due, outcome, .. } = event
                && *due >= BACK
                && *due < ms(22_000)
            {
                *outcome = ProbeOutcome::Dropped;
            }
        });
    };
    let rta = back(watched(some, |at| if at < BACK { down() } else { up(1) }, ms(27_000)));
    assert!(contains(rta.achieved, BACK.since(FAULT)), "{:?}", rta.achieved);
    assert!(rta.achieved.lower < BACK.since(FAULT) && rta.achieved.upper >= ms(12_000), "wide, and true");
}

/// While logins hang, a held stream sends hardly any beat: a relapse is told by its time, not by its beats.
#[test]
fn a_relapse_in_which_logins_hang_is_a_relapse() {
    let hangs = |at: Nanos| at >= ms(24_000) && at < ms(26_500);
    let state = |at: Nanos| {
        if at < BACK {
            down()
        } else if hangs(at) {
            State::Frozen(1, ms(26_500).since(at))
        } else {
            up(1)
        }
    };
    let hardly_any = |drill: &mut Drill| {
        drill.change(|event| {
            if let Event::Probe { stream: Stream::Read | Stream::Write, due, sent, ended, outcome, .. } = event
                && hangs(*due)
                && due.0 % 500_000_000 != 0
            {
                (*ended, *outcome) = (*sent, ProbeOutcome::Dropped);
            }
        });
    };
    let rta = back(watched(hardly_any, state, ms(29_000)));
    assert!(contains(rta.achieved, ms(26_500).since(FAULT)), "{:?}", rta.achieved);
}

/// A few late answers begin the stability window anew; they do not show that the service was not back before.
#[test]
fn late_answers_inside_the_stability_window_widen_the_interval_and_do_not_move_it() {
    let late = |from: u64, length: u64| {
        move |at: Nanos| {
            let into = at.since(BACK);
            if at < BACK {
                down()
            } else if into >= ms(from) && into < ms(from + length) {
                State::Frozen(1, ms(from + length).since(into))
            } else {
                up(1)
            }
        }
    };
    // What had piled up while it was frozen is worked off before anything else.
    let backlog = |at: Nanos| {
        if at < FAULT {
            up(0)
        } else if at < BACK {
            State::Frozen(0, BACK.since(at))
        } else if at < BACK.plus(ms(90)) {
            State::Up(0, ms(70))
        } else {
            up(0)
        }
    };
    let seen = |from, length| back(watched(|_| {}, late(from, length), ms(28_000))).achieved;
    let truth = BACK.since(FAULT);
    for (from, length) in [(600, 80), (600, 250), (100, 80), (950, 300)] {
        let achieved = seen(from, length);
        assert!(contains(achieved, truth), "{length} ms of late answers {from} ms after: {achieved:?}");
        assert!(contains(achieved, truth.plus(ms(from + length))), "what is stable comes after them: {achieved:?}");
    }
    let piled_up = back(watched(restores_nothing, backlog, ms(28_000))).achieved;
    assert!(contains(piled_up, truth) && contains(piled_up, truth.plus(ms(90))), "{piled_up:?}");
    assert!(piled_up.lower.plus(ms(100)) > truth, "{piled_up:?}");
    let again = |at: Nanos| if at < BACK.plus(ms(500)) { late(300, 100)(at) } else { late(1_200, 400)(at) };
    let again = back(watched(|_| {}, again, ms(28_000))).achieved;
    assert!(contains(again, truth) && contains(again, truth.plus(ms(1_600))), "twice: {again:?}");
    let long = seen(600, 1_200);
    assert!(long.lower > truth.plus(ms(600)), "longer than a stability window, it is an outage: {long:?}");
}

/// How long it takes to answer once it is back is told by its later answers.
#[test]
fn a_service_that_is_back_and_slow_is_not_taken_for_one_that_is_still_down() {
    let slow_for = |slow: Nanos| {
        move |at: Nanos| {
            if at < FAULT {
                up(0)
            } else if at < BACK {
                State::Frozen(0, BACK.since(at).plus(slow))
            } else if at < BACK.plus(ms(500)) {
                State::Up(0, slow)
            } else {
                up(0)
            }
        }
    };
    for slow in [70, 150, 250, 400] {
        let seen = back(watched(restores_nothing, slow_for(ms(slow)), ms(28_000))).achieved;
        assert!(contains(seen, BACK.since(FAULT)), "answers take {slow} ms: {seen:?}");
    }
}

#[test]
fn a_watch_that_ends_too_early_is_censored() {
    let recovery = watched(|_| {}, |at| if at < BACK { down() } else { up(1) }, ms(22_000));
    assert!(matches!(recovery, Recovery::Censored { .. }), "{recovery:?}");
}

#[test]
fn without_a_fault_or_a_restored_incarnation_nothing_is_measured() {
    for forget in [
        (|event| matches!(event, Event::FaultIntended { .. })) as fn(&Event) -> bool,
        |event| matches!(event, Event::SnapshotTaken { .. }),
        |event| matches!(event, Event::Probe { .. }),
    ] {
        let mut drill = Drill::healthy();
        drill.forget(forget);
        assert!(matches!(judged(drill), Recovery::Unmeasured(_)));
    }
}

#[test]
fn an_objective_is_met_by_the_upper_end_and_missed_by_the_lower() {
    let rta = back(judged(Drill::healthy())).achieved;
    let middle = Nanos(u64::midpoint(rta.lower.0, rta.upper.0));
    let cases = [
        (rta.upper, ms(0), Verdict::Met, 0),
        (Nanos(rta.upper.0 - 1), ms(0), Verdict::Inconclusive, 105),
        (middle, ms(0), Verdict::Inconclusive, 105),
        (rta.lower, ms(0), Verdict::Inconclusive, 105),
        (Nanos(rta.lower.0 - 1), ms(0), Verdict::Missed, 99),
        (Nanos(rta.lower.0 - 1), ms(600), Verdict::Met, 0),
    ];
    for (limit, tolerance, verdict, exit_code) in cases {
        let mut drill = Drill::healthy();
        let objective = drill.record.plan.objectives.get_mut("critical").unwrap();
        objective.rto.as_mut().unwrap().value = limit;
        objective.tolerance = tolerance;
        let judged = drill.judge();
        assert_eq!((judged.objectives[0].verdict, judged.exit_code), (verdict, exit_code), "limit {limit}");
    }
}

proptest! {
    /// The truth lies inside the interval for stalls of any length and phase, whatever the prober's own lateness.
    #[test]
    fn a_known_stall_lies_inside_the_interval(
        begin in 10_000_000_u64..11_000_000,
        length in prop::sample::select(vec![100_000_u64, 500_000, 1_000_000, 2_000_000, 5_000_000]),
        extra in 0_u64..50_000,
        jitter in prop::collection::vec(0_u64..15_000_000, 64),
        refuses: bool,
    ) {
        let begin = Nanos(begin * 1_000);
        let end = begin.plus(Nanos((length + extra) * 1_000));
        let mut drill = Drill::healthy();
        restores_nothing(&mut drill);
        drill.forget(|event| matches!(event, Event::FaultIntended { fault: 1, .. } | Event::Probe { .. }));
        drill.change(|event| {
            if let Event::FaultIntended { at, .. } = event {
                *at = begin;
            }
        });
        let plan = drill.record.scenario.probes;
        for (stream, beat) in [(Stream::Read, plan.beat), (Stream::Write, plan.beat), (Stream::Fresh, plan.fresh_beat)] {
            for number in 0..(13_000_000_000 / beat.0) {
                let due = ms(5_000).plus(Nanos(number * beat.0));
                let late = jitter[(number as usize * 7 + stream as usize) % jitter.len()];
                let sent = due.plus(Nanos(late));
                let took = Nanos(500_000 + jitter[(number as usize * 13 + 1) % jitter.len()]);
                let stalled = sent >= begin && sent < end;
                let (outcome, ended) = match (stalled, refuses) {
                    (true, true) => (ProbeOutcome::Failed("closed".into()), sent.plus(took)),
                    (true, false) if end.since(sent) > plan.timeout => (ProbeOutcome::TimedOut, sent.plus(plan.timeout)),
                    (true, false) => (ProbeOutcome::Answered(0), end.plus(took)),
                    (false, _) => (ProbeOutcome::Answered(0), sent.plus(took)),
                };
                drill.add_probe(stream, due, sent, ended, outcome);
            }
        }
        let rta = back(judged(drill));
        prop_assert!(contains(rta.achieved, end.since(begin)), "{:?} is not in {:?}", end.since(begin), rta.achieved);
        prop_assert!(rta.achieved.width() <= ms(700), "{:?}", rta.achieved);
        sums(&rta);
    }
}
