//! RTA against its definition and against the truth, over generated watches.

use std::collections::BTreeMap;

use blackstart_record::event::{Event, Stream};
use blackstart_record::time::Nanos;
use proptest::prelude::*;

use super::evidence::Evidence;
use super::rta::{Recovery, measure};
use super::rta_definition::{Defined, define};
use super::story::Story;
use super::testing::{BACK, Drill, State, down, ms, up};
use super::watches::{Noise, anything, outages};
use crate::oracle::testing::cases;

fn measured(drill: &Drill) -> Defined {
    let comparison = Err("not of interest".into());
    let (record, observations) = (drill.record.clone(), BTreeMap::new());
    match measure(&Evidence { record, story: Story::new(&drill.events), observations, comparison }) {
        Recovery::Back(rta) => Defined::Back { lower: rta.achieved.lower.0, upper: rta.achieved.upper.0 },
        Recovery::NotBack { at_least, .. } => Defined::NotBack { at_least: at_least.0 },
        Recovery::Censored { at_least, .. } => Defined::Censored { at_least: at_least.0 },
        Recovery::Unmeasured(_) => Defined::Unmeasured,
    }
}

/// The true recovery time of a watch, declared manual time included, and the interval that is reported.
fn truth_and_report(seed: u64, noise: Noise) -> (u64, Defined) {
    let watched = outages(seed, noise);
    let story = Story::new(&watched.drill.events);
    let manual = watched.drill.record.scenario.runbook.iter().filter_map(|step| Some(step.manual.as_ref()?.value.0));
    let truth = watched.back.since(story.fault().unwrap_or(Nanos::ZERO)).0 + manual.sum::<u64>();
    (truth, measured(&watched.drill))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(10_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_rta_is_what_its_definition_says(seed: u64) {
        let drill = anything(seed);
        prop_assert_eq!(measured(&drill), define(&drill));
    }

    /// However the prober itself fares: a beat that it misses widens the interval and never moves it off the truth.
    #[test]
    fn the_true_recovery_lies_inside_the_reported_interval(seed: u64, prober in 0_u64..15) {
        let (truth, report) = truth_and_report(seed, Noise { prober, service: 0 });
        match report {
            Defined::Back { lower, upper } => prop_assert!(lower <= truth && truth <= upper, "{truth} is not in {report:?}"),
            Defined::NotBack { .. } => prop_assert!(false, "the service came back: {report:?}"),
            Defined::Censored { .. } | Defined::Unmeasured => {}
        }
    }
}

/// Found by the definition: the window that begins after a gap was not tried, so one late answer hours later was taken
/// for the end of the outage.
#[test]
fn a_stable_time_can_begin_after_beats_that_nobody_noted() {
    let mut drill = Drill::healthy();
    let state = |at: Nanos| match at {
        at if at < BACK => down(),
        at if at >= ms(25_000) && at < ms(25_020) => State::Up(1, ms(90)),
        _ => up(1),
    };
    drill.probe_as(state, ms(5_000), ms(28_000));
    drill.forget(|event| {
        matches!(event, Event::Probe { stream: Stream::Read, due, .. } if *due >= ms(22_000) && *due < ms(22_200))
    });
    let report = measured(&drill);
    assert!(matches!(report, Defined::Back { upper, .. } if upper < 13_000_000_000), "{report:?}");
    assert_eq!(report, define(&drill));
}

/// Agreement on watches that all end alike would be worth nothing.
#[test]
fn the_generated_watches_reach_every_end() {
    let mut reached: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..1500 {
        let name = match define(&anything(seed)) {
            Defined::Back { lower: 0, .. } => "never away",
            Defined::Back { .. } => "back",
            Defined::NotBack { .. } => "not back",
            Defined::Censored { .. } => "censored",
            Defined::Unmeasured => "unmeasured",
        };
        *reached.entry(name).or_default() += 1;
    }
    for name in ["never away", "back", "not back", "censored", "unmeasured"] {
        assert!(reached.get(name).is_some_and(|watches| *watches >= 20), "{name}: {reached:?}");
    }
    let quiet = Noise { prober: 0, service: 0 };
    let unseen = (0..500).filter(|seed| !matches!(truth_and_report(*seed, quiet).1, Defined::Back { .. })).count();
    assert!(unseen <= 25, "{unseen} of 500 watches without any noise do not see the service come back");
}
