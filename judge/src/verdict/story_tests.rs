//! What a history tells, where it does not go as a history should.

use blackstart_record::event::{Entry, Event, Outcome, ProbeOutcome, Stream};
use blackstart_record::plan::Step;
use blackstart_record::time::Nanos;

use super::story::Story;
use super::testing::ms;

fn story(events: Vec<(Nanos, Event)>) -> Story {
    let entry = |(at, event)| Entry { at, wall: String::new(), event };
    Story::new(&events.into_iter().map(entry).collect::<Vec<_>>())
}

fn begun(step: Step, at: u64) -> (Nanos, Event) {
    (ms(at), Event::StepBegun { step, at: ms(at) })
}

fn ended(step: Step, at: u64) -> (Nanos, Event) {
    (ms(at), Event::StepEnded { step, at: ms(at), outcome: Outcome::Done, bytes: None, says: String::new() })
}

#[test]
fn an_end_belongs_to_the_last_run_of_its_step_that_is_open_or_is_a_run_of_its_own() {
    type Run = (Step, u64, Option<u64>);
    type Case<'a> = (&'a str, Vec<(Nanos, Event)>, &'a [Run]);
    let (fetch, restore) = (Step::Fetch, Step::Restore);
    let cases: [Case<'_>; 4] = [
        (
            "two steps at once",
            vec![begun(fetch, 1), begun(restore, 2), ended(fetch, 3)],
            &[(fetch, 1, Some(3)), (restore, 2, None)],
        ),
        (
            "a step that ran twice",
            vec![begun(fetch, 1), begun(fetch, 2), ended(fetch, 3), ended(fetch, 4)],
            &[(fetch, 1, Some(4)), (fetch, 2, Some(3))],
        ),
        ("an end alone", vec![ended(fetch, 3)], &[(fetch, 3, Some(3))]),
        (
            "an end after the end",
            vec![begun(fetch, 1), ended(fetch, 2), ended(fetch, 3)],
            &[(fetch, 1, Some(2)), (fetch, 3, Some(3))],
        ),
    ];
    for (name, events, expected) in cases {
        let runs = story(events).steps;
        let runs: Vec<_> = runs.iter().map(|run| (run.step, run.begun, run.ended)).collect();
        let expected: Vec<_> = expected.iter().map(|(step, begun, end)| (*step, ms(*begun), end.map(ms))).collect();
        assert_eq!(runs, expected, "{name}");
    }
}

#[test]
fn the_life_before_an_instant_is_that_of_the_last_answer_before_it() {
    let answer = |life, ended: u64| {
        let (due, outcome) = (ms(ended - 1), ProbeOutcome::Answered(life));
        (ms(ended), Event::Probe { stream: Stream::Read, due, sent: due, ended: ms(ended), login: false, outcome })
    };
    let story = story(vec![answer(0, 10), answer(1, 20)]);
    let lives = [10, 11, 20, 21].map(|at| story.life_before(ms(at)));
    assert_eq!(lives, [None, Some(0), Some(0), Some(1)], "an answer at the instant itself is none before it");
}
