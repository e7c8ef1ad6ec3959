//! What verdicts say, to the letter: each way of saying it once, and a few verdicts whole. What is kept in `wording/` was
//! read by a person, and is written anew by `BLACKSTART_BLESS=1 cargo test -p blackstart-judge wording`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use blackstart_record::event::{Event, Failure, Outcome, Processes, ProgramRun};
use blackstart_record::observation::Observation;
use blackstart_record::plan::Step;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::Finding;

use super::definition_tests::{evidence, measured};
use super::states::state;
use super::testing::{Drill, down, ms, up};
use super::{CHECKERS, run};
use crate::oracle::testing::row;

/// Generated states that are looked through for new ways of saying something.
const STATES: u64 = 500;

fn hold_to(name: &str, said: &str) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/verdict/wording").join(name);
    if std::env::var("BLACKSTART_BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(&kept, said).unwrap();
    }
    let expected = std::fs::read_to_string(&kept).unwrap_or_default();
    let differs = expected.lines().zip(said.lines()).find(|(expected, said)| expected != said);
    assert!(expected == said, "{name} is not as it was read; first: {differs:#?}");
}

/// A text without its numbers, and of no time without its unit.
fn shape(text: &str) -> String {
    let text = text.replace("0 us", "0 s");
    let parts = text.split(|c: char| c.is_ascii_digit()).filter(|part| !matches!(*part, "" | "," | "."));
    parts.collect::<Vec<_>>().join("#")
}

fn shown(finding: &Finding) -> String {
    let mut text =
        format!("{} {}, {} compared: {}\n", finding.checker, finding.verdict, finding.compared, finding.says);
    if let Some(cause) = &finding.cause {
        writeln!(text, "    cause: {cause}").unwrap();
    }
    finding.details.iter().for_each(|detail| writeln!(text, "    {detail}").unwrap());
    text
}

#[test]
fn every_way_of_saying_something_of_a_generated_state_is_as_it_was_read() {
    let mut seen = BTreeSet::new();
    let mut said = String::new();
    for seed in 0..STATES {
        let evidence = evidence(&state(seed));
        let (findings, _) = run(CHECKERS, &evidence);
        let (_, objectives) = measured(&evidence);
        let of_objectives = objectives.iter().map(|one| format!("{} {}: {}\n", one.kind, one.verdict, one.says));
        for text in findings.iter().map(shown).chain(of_objectives) {
            if seen.insert(shape(text.lines().next().unwrap_or_default())) {
                write!(said, "state {seed}: {text}").unwrap();
            }
        }
    }
    hold_to("findings.txt", &said);
}

type Spoil = fn(&mut Drill);

/// Drills of which the whole verdict is held to what was read.
const WHOLE: [(&str, Spoil); 6] = [
    ("healthy", |_| {}),
    ("not-recovered", |drill| {
        drill.probe_as(|at| if at < ms(13_000) { up(0) } else { down() }, ms(5_000), ms(27_000));
    }),
    ("a-step-failed", |drill| {
        drill.change(|event| {
            if let Event::StepEnded { step: Step::Restore, outcome, .. } = event {
                let failure =
                    Failure { message: "pg_restore exited with 1".into(), lines: vec!["no such role".into()] };
                *outcome = Outcome::Failed(failure);
            }
        });
    }),
    ("rows-wrong", |drill| {
        drill.data.restored.truncate(170);
        drill.data.restored.extend([row(91, 1, 1_091), row(0, 0, 3)]);
        drill.recount();
    }),
    ("late", |drill| {
        for objective in drill.record.plan.objectives.values_mut() {
            objective.rto.iter_mut().for_each(|rto| rto.value = Nanos::from_secs(5));
            objective.rpo.iter_mut().for_each(|rpo| rpo.value = ms(10));
        }
    }),
    ("little-known", |drill| {
        drill.forget(|event| matches!(event, Event::FaultConfirmed { fault: 1, .. } | Event::Calibrated { .. }));
        drill.change(|event| {
            if let Event::ProgramEnded(ProgramRun { processes, .. }) = event {
                *processes = Processes::Unseen { why: "no tracing here".into() };
            }
        });
        drill.observations.retain(|_, seen| !matches!(seen, Observation::Identity(_) | Observation::Indexes(_)));
    }),
];

#[test]
fn whole_verdicts_are_as_they_were_read() {
    for (name, spoil) in WHOLE {
        let mut drill = Drill::healthy();
        spoil(&mut drill);
        hold_to(&format!("{name}.json"), &(serde_json::to_string_pretty(&drill.judge()).unwrap() + "\n"));
    }
}
