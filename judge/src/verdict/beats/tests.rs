//! One stream's beats, each to the millisecond: what is asked of them counts the instants at its ends as it says.

use super::*;

/// A beat is due every 10 ms, so an answer is late after more than 30 ms.
const PACE: Pace = Pace { beat: ms(10), login: ms(100) };

const fn ms(at: u64) -> Nanos {
    Nanos::from_millis(at)
}

/// Probes by when they were sent, how long they took, and whether the expected life answered.
fn rated(probes: &[(u64, u64, bool)]) -> Rated {
    let probe = |(sent, took, answered): &(u64, u64, bool)| Probe {
        due: ms(*sent),
        sent: ms(*sent),
        ended: ms(sent + took),
        login: false,
        outcome: if *answered { ProbeOutcome::Answered(1) } else { ProbeOutcome::TimedOut },
    };
    let probes: Vec<Probe> = probes.iter().map(probe).collect();
    Rated::new(&probes, PACE, 1, Nanos::ZERO)
}

#[test]
fn the_first_answer_is_to_what_was_sent_from_an_instant_on_and_came_after_another() {
    let rated = rated(&[(10, 1, true), (20, 1, false), (30, 5, true), (40, 60, true), (50, 5, true)]);
    for (from, after, answered) in [
        (10, 0, Some(11)),
        (11, 0, Some(35)),
        (30, 0, Some(35)),
        (30, 34, Some(35)),
        (30, 35, Some(55)),
        (40, 0, Some(55)),
        (40, 55, Some(100)),
        (50, 55, None),
    ] {
        assert_eq!(rated.answer(ms(from), ms(after)), answered.map(ms), "sent from {from}, after {after}");
    }
}

#[test]
fn a_good_beat_lies_between_two_instants_and_on_neither() {
    let rated = rated(&[(10, 1, false), (20, 1, true), (30, 1, false), (40, 60, true)]);
    for (from, until, good) in
        [(10, 30, true), (19, 21, true), (10, 20, false), (20, 30, false), (0, 20, false), (20, 100, false)]
    {
        assert_eq!(rated.has_good(ms(from), ms(until)), good, "between {from} and {until}");
    }
}

#[test]
fn a_relapse_is_three_bad_beats_and_more_for_a_window_or_until_the_end() {
    let beats = |bad: &[u64], good: &[u64]| {
        let mut all: Vec<_> =
            bad.iter().map(|at| (*at, 1, false)).chain(good.iter().map(|at| (*at, 1, true))).collect();
        all.sort_unstable();
        rated(&all).relapse(ms(10), 5)
    };
    for (name, bad, good, relapse) in [
        ("for a window", &[20, 30, 40, 50, 60][..], &[10, 70][..], Some(20)),
        ("for less than a window", &[20, 30, 40, 50], &[10, 60], None),
        ("two at either end of a window", &[20, 60], &[10, 70], None),
        ("three in a window without the others", &[20, 40, 60], &[10, 70], Some(20)),
        ("three at the end", &[20, 30, 40], &[10], Some(20)),
        ("two at the end", &[20, 30], &[10], None),
        ("before it is asked for", &[0, 5, 10], &[20], None),
        ("good in between", &[20, 30, 50, 60], &[10, 40, 70], None),
    ] {
        assert_eq!(beats(bad, good), relapse.map(ms), "{name}");
    }
}

/// What became of a probe that was sent at an instant.
#[derive(Clone, Copy)]
enum Then {
    Answered(u64),
    Refused,
    Unsent,
}

/// Beats of reads, writes and logins; five good ones are a stability window of 50 ms.
fn watch(streams: [&[(u64, Then)]; 3]) -> Watch {
    let plan = ProbePlan { beat: ms(10), fresh_beat: ms(100), timeout: ms(1_000), stability: 5 };
    let probe = |(sent, then): &(u64, Then)| {
        let (outcome, took) = match then {
            Then::Answered(took) => (ProbeOutcome::Answered(1), *took),
            Then::Refused => (ProbeOutcome::Failed("connect".into()), 1),
            Then::Unsent => (ProbeOutcome::Dropped, 0),
        };
        Probe { due: ms(*sent), sent: ms(*sent), ended: ms(sent + took), login: false, outcome }
    };
    let streams = streams.map(|probes| probes.iter().map(probe).collect::<Vec<Probe>>());
    let of = |stream| &streams[STREAMS.iter().position(|other| *other == stream).unwrap()][..];
    Watch::new(of, &plan, 1, Nanos::ZERO)
}

/// These beats, and a good one every 10 ms from an instant on.
fn then_good(beats: &[(u64, Then)], from: u64) -> Vec<(u64, Then)> {
    let good = (from..=300).step_by(10).map(|at| (at, Then::Answered(1)));
    beats.iter().copied().chain(good).collect()
}

#[test]
fn a_login_that_fails_breaks_a_stable_time_up_to_its_end_and_not_after_it() {
    let held = then_good(&[], 10);
    for (refused, until) in [(49, 108), (51, 108), (52, 51), (200, 51)] {
        let mut logins = vec![(20, Then::Answered(1)), (refused, Then::Refused), (107, Then::Answered(1))];
        logins.sort_unstable_by_key(|(at, _)| *at);
        let stable = watch([&held, &held, &logins]).stable(Nanos::ZERO).unwrap();
        assert_eq!(stable.until, ms(until), "a login fails at {refused}");
    }
}

#[test]
fn late_answers_show_a_service_down_unless_it_was_up_before_and_they_last_less_than_a_window() {
    let logins = [(5, Then::Refused), (95, Then::Answered(1))];
    let read = then_good(&[(10, Then::Refused)], 20);
    // Reads were answered before the late writes, writes were not: it had not been up.
    let half_up = [
        (10, Then::Refused),
        (20, Then::Unsent),
        (30, Then::Answered(40)),
        (40, Then::Answered(35)),
        (50, Then::Unsent),
        (60, Then::Answered(15)),
    ];
    let was_up =
        |late| [(10, Then::Refused), (20, Then::Answered(1)), (30, Then::Answered(1)), (40, Then::Answered(late))];
    for (name, write, lower) in [
        ("half up", then_good(&half_up, 70), 30),
        ("late for a window", then_good(&was_up(50), 100), 40),
        ("late for less than a window", then_good(&was_up(49), 100), 10),
    ] {
        let stable = watch([&read, &write, &logins]).stable(Nanos::ZERO).unwrap();
        assert_eq!(stable.between.lower, ms(lower), "{name}: {stable:?}");
    }
}

#[test]
fn an_outage_of_which_nobody_saw_anything_begins_with_its_cause() {
    let (held, logins) = (then_good(&[], 10), then_good(&[], 20));
    let outage = watch([&held, &held, &logins]).outage(ms(35), ms(35), false).unwrap();
    assert_eq!(outage.end.between, Interval { lower: ms(35), upper: ms(41) }, "another life was not there before it");
}

#[test]
fn bad_beats_after_an_instant_are_those_that_were_sent_after_it() {
    let (bad, good) = ([(10, Then::Refused), (20, Then::Answered(31))], then_good(&[], 10));
    let watch = watch([&bad, &good, &good]);
    for (after, bad) in [(9, 2), (10, 1), (19, 1), (20, 0)] {
        assert_eq!(watch.bad_after(ms(after)), bad, "after {after}");
    }
}
