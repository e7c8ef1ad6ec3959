//! The calibration: a known stall that is reported as it was, and everything that makes it untrue.

use blackstart_record::event::{Event, ProbeOutcome, Stream};
use blackstart_record::time::{Interval, Nanos};
use blackstart_record::verdict::Verdict;

use super::calibration::measure;
use super::testing::{BACK, Drill, FAULT, STALL, State, down, ms, up};
use super::{rta, throughput};

fn holds(interval: Interval, truth: Nanos) -> bool {
    interval.lower <= truth && truth <= interval.upper
}

#[test]
fn a_known_stall_is_reported_as_it_was_and_the_verdict_says_so() {
    let verdict = Drill::healthy().judge();
    let calibration = verdict.measures.calibration.unwrap();
    let known = STALL.1.since(STALL.0);
    assert_eq!(calibration.known, Interval { lower: known, upper: known.plus(Nanos(20_000)) });
    assert!(holds(calibration.reported, known), "{calibration:?}");
    assert!(calibration.reported.lower >= ms(200), "a late answer is an outage: {calibration:?}");
    assert_eq!(
        calibration.says,
        format!("calibrated: a known stall of 300 ms was reported as {}", calibration.reported)
    );
}

/// What it was spoilt with, and how: the known stall then does not lie where the probes say that one was.
type Spoilt = (&'static str, fn(&mut Drill));

const SPOILT: &[Spoilt] = &[
    ("the probes saw nothing of it", |drill| {
        drill.change(|event| {
            if let Event::Probe { sent, ended, .. } = event
                && *sent < FAULT
            {
                *ended = sent.plus(Nanos(900_000));
            }
        });
    }),
    ("the stall lasted longer than the probes saw", |drill| {
        drill.change(|event| {
            if let Event::Calibrated { thawed, .. } = event {
                *thawed = Interval { lower: ms(6_500), upper: ms(6_500) };
            }
        });
    }),
    ("the probes saw more than the stall", |drill| {
        drill.change(|event| {
            if let Event::Probe { sent, outcome, .. } = event
                && *sent >= STALL.1
                && *sent < STALL.1.plus(ms(400))
            {
                *outcome = ProbeOutcome::TimedOut;
            }
        });
    }),
    ("nobody had answered before it", |drill| {
        drill.forget(|event| matches!(event, Event::Probe { ended, .. } if *ended < STALL.0));
    }),
    ("another life answered after it", |drill| {
        drill.change(|event| {
            if let Event::Probe { sent, outcome: ProbeOutcome::Answered(life), .. } = event
                && *sent >= STALL.0
                && *sent < ms(13_000)
            {
                *life = 1;
            }
        });
    }),
    ("the watch ended before it was stable again", |drill| {
        drill.forget(
            |event| matches!(event, Event::Probe { sent, .. } if *sent > STALL.1.plus(ms(300)) && *sent < ms(9_980)),
        );
    }),
    ("the fault came before it was stable again", |drill| {
        drill.change(|event| {
            if let Event::FaultIntended { at, .. } | Event::FaultConfirmed { at, .. } = event {
                *at = STALL.1.plus(ms(600));
            }
        });
    }),
    ("its instants contradict each other", |drill| {
        drill.change(|event| {
            if let Event::Calibrated { before, frozen, .. } = event {
                *frozen = Nanos(before.0 - 1);
            }
        });
    }),
    ("there was none", |drill| drill.forget(|event| matches!(event, Event::Calibrated { .. }))),
];

#[test]
fn a_known_stall_that_is_not_where_the_probes_say_makes_the_drill_inconclusive() {
    for (what, spoil) in SPOILT {
        let mut drill = Drill::healthy();
        spoil(&mut drill);
        let verdict = drill.judge();
        let gates: Vec<&str> = verdict.gates.iter().map(|gate| gate.id.as_str()).collect();
        assert_eq!(gates, ["not-calibrated"], "{what}: {:?}", verdict.gates);
        assert_eq!((verdict.verdict, verdict.exit_code), (Verdict::Inconclusive, 105), "{what}");
        assert_eq!(verdict.measures.calibration, None, "{what}");
    }
}

#[test]
fn a_known_stall_may_be_as_long_as_what_was_reported_and_no_longer_at_either_end() {
    let reported = measure(&Drill::healthy().evidence()).unwrap().reported;
    for (sooner, later, believed) in [(0, 0, true), (1, 0, false), (0, 1, false)] {
        let mut drill = Drill::healthy();
        drill.change(|event| {
            if let Event::Calibrated { before, thawed, .. } = event {
                thawed.lower = Nanos(before.0 + reported.lower.0 - sooner);
                thawed.upper = Nanos(before.0 + reported.upper.0 + later);
            }
        });
        assert_eq!(measure(&drill.evidence()).is_ok(), believed, "{sooner} ns sooner, {later} ns later");
    }
}

#[test]
fn a_probe_that_ended_with_the_look_at_the_stall_is_none_of_its_probes() {
    let reported = |ended: Option<Nanos>| {
        let mut drill = Drill::healthy();
        let sent = STALL.1.plus(ms(700));
        ended.iter().for_each(|ended| drill.add_probe(Stream::Fresh, sent, sent, *ended, ProbeOutcome::TimedOut));
        measure(&drill.evidence()).map(|calibration| calibration.reported)
    };
    let story = Drill::healthy().evidence().story;
    let plan = Drill::healthy().record.scenario.probes;
    let end = story.stall.unwrap().settled.plus(Nanos(plan.beat.0 * u64::from(plan.stability)));
    assert_eq!(reported(Some(end)), reported(None));
    assert_ne!(reported(Some(Nanos(end.0 - 1))), reported(None), "a login that failed while it became stable");
}

#[test]
fn an_outage_between_the_calibration_and_the_fault_does_not_spoil_it() {
    let mut drill = Drill::healthy();
    drill.change(|event| {
        if let Event::Probe { sent, outcome, .. } = event
            && *sent >= ms(8_400)
            && *sent < ms(9_900)
        {
            *outcome = ProbeOutcome::TimedOut;
        }
    });
    assert_eq!(drill.judge().gates, []);
}

#[test]
fn the_fault_itself_does_not_spoil_the_calibration() {
    let reported = |state: fn(Nanos) -> State| {
        let mut drill = Drill::healthy();
        drill.probe_as(state, ms(5_000), ms(27_000));
        measure(&drill.evidence()).unwrap().reported
    };
    let late = reported(|at| {
        if at < ms(13_000) {
            up(0)
        } else if at < BACK {
            down()
        } else {
            up(1)
        }
    });
    // Probes that were out when the fault came were answered by nobody.
    let at_once = reported(|at| {
        if at < ms(9_999) {
            up(0)
        } else if at < BACK {
            State::Frozen(1, BACK.since(at))
        } else {
            up(1)
        }
    });
    assert_eq!(late, at_once);
}

/// A drill is judged as if there had been no stall.
#[test]
fn the_stall_pollutes_no_other_figure() {
    let (mut with, without) = (Drill::healthy(), Drill::healthy());
    // Of the second in which the stall lies, most is gone; of the others before the fault, a little.
    with.change(|event| {
        if let Event::Tally { until, tally } = event
            && *until <= FAULT
        {
            tally.acknowledged = if *until == ms(6_000) { 1 } else { tally.acknowledged };
        }
    });
    for drill in [&with, &without] {
        assert_eq!(throughput::before(&drill.evidence()), Some(20.0));
    }
    let mut only = with.clone();
    only.forget(|event| matches!(event, Event::Tally { until, .. } if *until <= FAULT && *until != ms(6_000)));
    assert_eq!(throughput::before(&only.evidence()), None, "the stall's own second says nothing");
    for (from, to, why) in
        [(6_000, 6_300, "it ends where the stall begins"), (4_700, 5_000, "it begins where that ends")]
    {
        only.change(|event| {
            if let Event::Calibrated { before, frozen, thawed } = event {
                (*before, *frozen) = (ms(from), ms(from + 2));
                *thawed = Interval { lower: ms(to - 1), upper: ms(to) };
            }
        });
        assert_eq!(throughput::before(&only.evidence()), Some(1.0), "{why}");
    }
    let evidence = with.evidence();
    let rta::Recovery::Back(rta) = rta::measure(&evidence) else { panic!("it came back") };
    assert!(holds(rta.achieved, BACK.since(FAULT)), "{rta:?}");
    assert_eq!(rta::unsteady(&evidence, &rta), None);
}
