//! Whether the machine disturbed the measurement: such a drill is worth another run before anything is read from it.

use blackstart_record::verdict::Calibration;

use super::evidence::Evidence;
use super::rta::{self, Recovery};

/// What kept the probes from seeing what they were to see, in one sentence; `None`: nothing did, or the drill did not come
/// so far that it matters.
pub fn why(evidence: &Evidence, calibration: &Result<Calibration, String>, recovery: &Recovery) -> Option<String> {
    let story = &evidence.story;
    if story.interrupted.is_some() || !story.setup_failed.is_empty() || !story.finished {
        return None;
    }
    // A known stall was there, and the probes do not show it.
    let uncalibrated = story.stall.as_ref().and(calibration.as_ref().err()).cloned();
    uncalibrated.or_else(|| late(evidence, recovery))
}

/// The prober itself was late by more than the resolution that its figures are stated with, or answers were.
fn late(evidence: &Evidence, recovery: &Recovery) -> Option<String> {
    match recovery {
        Recovery::Back(rta) => {
            let lateness = rta::lateness(evidence, rta);
            let says = || format!("probes were sent up to {lateness} late, and the resolution is {}", rta.resolution);
            (lateness > rta.resolution).then(says)
        }
        Recovery::Censored { why, busy: true, .. } => Some(why.clone()),
        Recovery::Censored { .. } | Recovery::NotBack { .. } | Recovery::Unmeasured(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use blackstart_record::event::{Event, Failure, Phase};
    use blackstart_record::time::Nanos;
    use blackstart_record::verdict::Verdict;

    use super::super::testing::{BACK, Drill, FAULT, STALL, State, down, ms, up};

    /// What happened to a healthy drill, and what is said of the disturbance.
    type Case = (&'static str, fn(&mut Drill), Option<&'static str>);

    const CASES: &[Case] = &[
        ("nothing", |_| {}, None),
        (
            "probes after the known stall were answered late",
            |drill| slow(drill, STALL.1, FAULT),
            Some("the service was not seen to be stable after the known stall"),
        ),
        (
            "the prober did not get to run in the outage",
            |drill| send_late(drill, ms(15_000), ms(15_200), ms(150)),
            Some("probes were sent up to 150 ms late, and the resolution is 20 ms"),
        ),
        (
            "the prober did not get to run after the recovery",
            |drill| send_late(drill, ms(25_000), ms(25_200), ms(150)),
            None,
        ),
        (
            "every second answer after the recovery was late",
            |drill| drill.probe_as(busy, ms(5_000), ms(27_000)),
            Some("it answered every probe at the end, some of them late"),
        ),
        (
            "the watch ended between late answers",
            |drill| drill.probe_as(busy, ms(5_000), ms(23_300)),
            Some("the watch ended before the service was stable"),
        ),
        (
            "the watch ended while the service refused",
            |drill| drill.probe_as(|at| if at < ms(13_000) { up(0) } else { down() }, ms(5_000), ms(23_300)),
            None,
        ),
        (
            "a signal came and the stall was not seen",
            |drill| {
                slow(drill, STALL.1, FAULT);
                drill.add(ms(26_000), Event::Interrupted { signal: 15 });
            },
            None,
        ),
        (
            "the set-up failed and the stall was not seen",
            |drill| {
                slow(drill, STALL.1, FAULT);
                let failure = Failure { message: "no room".into(), lines: vec![] };
                drill.add(ms(26_000), Event::SetupFailed { phase: Phase::Backup, failure });
            },
            None,
        ),
        (
            "the record was cut off and the stall was not seen",
            |drill| {
                slow(drill, STALL.1, FAULT);
                drill.forget(|event| matches!(event, Event::Finished));
            },
            None,
        ),
        ("there was no known stall", |drill| drill.forget(|event| matches!(event, Event::Calibrated { .. })), None),
    ];

    fn slow(drill: &mut Drill, from: Nanos, until: Nanos) {
        drill.change(|event| {
            if let Event::Probe { sent, ended, .. } = event
                && *sent >= from
                && *sent < until
            {
                *ended = sent.plus(ms(70));
            }
        });
    }

    fn send_late(drill: &mut Drill, from: Nanos, until: Nanos, late: Nanos) {
        drill.change(|event| {
            if let Event::Probe { due, sent, ended, .. } = event
                && *due >= from
                && *due < until
            {
                *sent = due.plus(late);
                *ended = sent.plus(ms(1));
            }
        });
    }

    fn busy(at: Nanos) -> State {
        match at {
            at if at < ms(13_000) => up(0),
            at if at < BACK => down(),
            at if (at.0 / 500_000_000).is_multiple_of(2) => State::Up(1, ms(90)),
            _ => up(1),
        }
    }

    #[test]
    fn a_machine_that_disturbed_the_measurement_is_named_and_a_quiet_one_is_not() {
        for (what, spoil, expected) in CASES {
            let mut drill = Drill::healthy();
            spoil(&mut drill);
            let disturbed = drill.judge().disturbed;
            match (expected, &disturbed) {
                (Some(expected), Some(said)) => assert!(said.contains(expected), "{what}: {said}"),
                (expected, said) => assert_eq!(said.as_deref(), *expected, "{what}"),
            }
        }
    }

    #[test]
    fn probes_may_be_as_late_as_the_resolution_is_and_no_later() {
        let resolution = Drill::healthy().judge().measures.rta.unwrap().resolution;
        for (later, disturbed) in [(0, false), (1, true)] {
            let mut drill = Drill::healthy();
            send_late(&mut drill, ms(15_000), ms(15_200), resolution.plus(Nanos(later)));
            assert_eq!(drill.judge().disturbed.is_some(), disturbed, "{later} ns later than the resolution");
        }
    }

    #[test]
    fn a_disturbance_between_fault_and_recovery_takes_nothing_from_a_measured_verdict() {
        let mut drill = Drill::healthy();
        send_late(&mut drill, ms(15_000), ms(15_200), ms(150));
        assert_eq!(drill.judge().verdict, Verdict::Met, "the interval holds the truth, and says how wide it is");
    }
}
