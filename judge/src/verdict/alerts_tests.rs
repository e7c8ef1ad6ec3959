//! Alerts and lag against looks whose truth is known.

use std::collections::BTreeMap;

use blackstart_record::alert::{Alert, Beat, Look, OwnLag, Seen};
use blackstart_record::event::{Event, Failure, Outcome};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::AlertMeasure;

use super::testing::{Drill, FAULT, ms, sourced};
use super::{alerts, lag};

/// How far behind the truth of a look is, and what the replica says of itself.
fn replica(at: u64, behind: u64, own: Option<u64>) -> Look {
    let own = own.map(|seconds| OwnLag { behind: Nanos::from_secs(seconds), resolution: Nanos::from_secs(1) });
    let beat = Beat { sent: ms(at - behind - 20), next: (behind > 0).then(|| ms(at - behind)) };
    Look { asked: ms(at), answered: ms(at + 2), seen: Seen::Replica { beat: Some(beat), own } }
}

fn seen(at: u64, seen: Seen) -> Look {
    Look { asked: ms(at), answered: ms(at + 2), seen }
}

fn gone(at: u64) -> Look {
    seen(at, Seen::NoReplica { why: "no answer".into() })
}

fn rules(at: u64, broken: u64) -> Look {
    let broken = (broken > 0).then(|| ("every order has an owner".to_owned(), broken));
    seen(at, Seen::Rules(broken.into_iter().collect()))
}

/// What becomes of `alert`, which is to sound from `threshold` ms on in a drill that compresses times 60 times.
fn evaluated(alert: Alert, threshold: u64, looks: &[Look]) -> AlertMeasure {
    let mut drill = Drill::healthy();
    drill.record.scenario.compression = 60;
    drill.record.plan.alerts = BTreeMap::from([(alert, sourced(ms(threshold * 60)))]);
    for look in looks {
        drill.add(look.answered, Event::Monitored(look.clone()));
    }
    let [measure]: [AlertMeasure; 1] = alerts::measure(&drill.evidence()).try_into().unwrap();
    assert_eq!(measure.threshold.value, ms(threshold));
    measure
}

/// What it is, the alert and from when on it sounds in ms, the looks, and when it sounds in ms.
type Case = (&'static str, Alert, u64, Vec<Look>, Option<u64>);

#[test]
fn an_alert_sounds_at_the_first_look_at_which_its_condition_has_held_for_long_enough() {
    let fault = FAULT.0 / 1_000_000;
    let cases: &[Case] = &[
        // 5 s and 1 ms behind is late; 5 s sharp is not, and what nobody can tell is not.
        (
            "late",
            Alert::ReplicationLag,
            5_000,
            vec![replica(8_000, 0, None), replica(15_001, 5_001, None)],
            Some(15_003),
        ),
        ("as late as may be", Alert::ReplicationLag, 5_000, vec![replica(15_000, 5_000, None)], None),
        ("not asked for", Alert::ReplicationLag, 5_000, vec![gone(12_000), rules(12_000, 3)], None),
        ("gone at once", Alert::StandbyGone, 0, vec![replica(9_000, 0, None), gone(11_000)], Some(11_002)),
        ("back in time", Alert::StandbyGone, 500, vec![gone(11_000), replica(11_400, 0, None), gone(11_600)], None),
        (
            "gone for long",
            Alert::StandbyGone,
            500,
            vec![replica(9_000, 0, None), gone(11_000), gone(11_600)],
            Some(11_602),
        ),
        ("broken", Alert::Integrity, 0, vec![rules(9_000, 0), rules(10_700, 7), rules(11_700, 0)], Some(10_702)),
        (
            "broken for long",
            Alert::Integrity,
            800,
            vec![rules(9_000, 0), rules(10_700, 7), rules(11_700, 7)],
            Some(11_702),
        ),
        ("mended in time", Alert::Integrity, 800, vec![rules(9_000, 0), rules(10_700, 7), rules(11_400, 0)], None),
        ("whole", Alert::Integrity, 0, vec![rules(9_000, 0), rules(10_700, 0)], None),
        ("not the replica's", Alert::Integrity, 0, vec![gone(9_000)], None),
    ];
    for (case, alert, threshold, looks, sounded) in cases {
        let measure = evaluated(*alert, *threshold, looks);
        assert_eq!(measure.sounded, sounded.map(ms), "{case}: {}", measure.says);
        assert_eq!(measure.after_fault, sounded.map(|at| ms(at - fault)), "{case}: {}", measure.says);
    }
}

#[test]
fn an_alert_without_a_look_is_not_silent_but_unknown() {
    let unknown = evaluated(Alert::Integrity, 0, &[]);
    assert_eq!((unknown.looks, unknown.says.as_str()), (0, "nothing in this drill tells"));
    let silent = evaluated(Alert::Integrity, 0, &[rules(9_000, 0)]);
    assert_eq!((silent.looks, silent.says.as_str()), (1, "silent at 1 look"));
}

#[test]
fn an_alert_that_sounds_before_any_fault_is_said_to() {
    let late = evaluated(Alert::ReplicationLag, 5_000, &[replica(8_000, 6_000, None), replica(9_000, 6_000, None)]);
    assert_eq!((late.sounded, late.after_fault), (Some(ms(8_002)), None));
    assert_eq!(late.says, "sounded from the first look on: it held at 2 of 2 looks");
    let unprovoked = evaluated(Alert::Integrity, 0, &[rules(7_000, 0), rules(8_000, 2), rules(11_000, 2)]);
    assert_eq!((unprovoked.sounded, unprovoked.after_fault), (Some(ms(8_002)), None));
    assert_eq!(unprovoked.says, "sounded without a fault: it held at 2 of 3 looks");
    // Nobody could tell before the fault.
    let told_late = evaluated(Alert::ReplicationLag, 5_000, &[replica(16_000, 6_000, None)]);
    assert_eq!((told_late.sounded, told_late.after_fault), (Some(ms(16_002)), None));
    assert_eq!(told_late.says, "sounded from the first look on: it held at 1 of 1 look");
}

#[test]
fn a_backup_that_failed_sounds_its_alert() {
    let mut drill = Drill::healthy();
    drill.record.plan.alerts = BTreeMap::from([(Alert::BackupFailed, sourced(Nanos::ZERO))]);
    let good = alerts::measure(&drill.evidence());
    assert_eq!((good[0].looks, good[0].sounded), (1, None));
    drill.forget(|event| matches!(event, Event::BackedUp { .. }));
    let failure = Failure { message: "exited with 1".into(), lines: vec![] };
    let event = Event::BackupFailed { pipeline: "archive".into(), at: ms(4_000), outcome: Outcome::Failed(failure) };
    drill.add(ms(4_000), event);
    let bad = alerts::measure(&drill.evidence());
    assert_eq!((bad[0].sounded, bad[0].says.as_str()), (Some(ms(4_000)), "sounded when the backup ended"));
}

#[test]
fn the_replica_s_own_figure_is_held_against_the_journey_of_a_heartbeat() {
    // How far behind it is in ms, its own figure in s, and whether they agree within a beat of 20 ms and its second.
    let cases =
        [(0, Some(0), true), (0, Some(1), true), (0, Some(2), false), (2_500, Some(2), true), (2_500, Some(3), true)];
    let more = [(2_500, Some(1), false), (2_500, Some(0), false), (2_500, Some(4), false), (2_500, None, false)];
    for (behind, own, agrees) in cases.into_iter().chain(more) {
        let mut drill = Drill::healthy();
        drill.add(ms(9_002), Event::Monitored(replica(9_000, behind, own)));
        let measure = lag::measure(&drill.evidence()).unwrap();
        let case = format!("{behind} {own:?}: {}", measure.says);
        assert_eq!((measure.looks, measure.compared), (1, u64::from(own.is_some())), "{case}");
        assert_eq!(measure.agreed, u64::from(agrees), "{case}");
        assert_eq!(measure.greatest.lower, ms(behind), "{case}");
        assert_eq!(measure.own_greatest, own.map(Nanos::from_secs), "{case}");
    }
    assert_eq!(lag::measure(&Drill::healthy().evidence()), None);
}

#[test]
fn what_is_told_of_a_lag_says_how_coarse_the_replica_s_own_figure_is_and_where_there_was_none() {
    let own = |resolution| Some(OwnLag { behind: ms(2_500), resolution });
    let at = |at: u64, own| Look {
        seen: Seen::Replica { beat: Some(Beat { sent: ms(at - 2_520), next: Some(ms(at - 2_500)) }), own },
        ..seen(at, Seen::Rules(BTreeMap::new()))
    };
    // The probes' beat is 20 ms.
    let cases = [
        (own(ms(1_000)), own(ms(1_000)), " and the 1 s in which it counts at 2 of 2 looks", ""),
        (own(ms(20)), own(ms(20)), "within a beat of 20 ms at 2 of 2 looks", ""),
        (own(ms(1)), own(ms(1)), "within a beat of 20 ms at 2 of 2 looks", ""),
        (own(ms(1)), None, "within a beat of 20 ms at 1 of 1 look", "; at 1 it told none"),
        (None, None, "its own figure was never told", ""),
    ];
    for (first, second, says, ends) in cases {
        let mut drill = Drill::healthy();
        for look in [at(9_000, first), at(9_100, second)] {
            drill.add(look.answered, Event::Monitored(look));
        }
        let measure = lag::measure(&drill.evidence()).unwrap();
        assert!(measure.says.ends_with(&format!("{says}{ends}")), "{} not {says}{ends}", measure.says);
    }
}
