//! What a verdict says besides: what is odd about a record, and what closed a gate.

use blackstart_record::event::{Event, Failure, Phase, Tally};
use blackstart_record::ledger::Completion;
use blackstart_record::plan::Step;
use blackstart_record::record::Folder;

use super::judge::judge;
use super::testing::{Drill, ms};

fn failure(message: &str) -> Failure {
    Failure { message: message.into(), lines: vec!["last words".into()] }
}

#[test]
fn what_is_odd_about_a_record_is_noted() {
    type Spoil = fn(&mut Drill);
    let cases: [(Spoil, &str); 5] = [
        (
            |drill| {
                let times = (9_900_000_000, 9_900_000_001);
                drill.data.operation(900, 0, times, Some(Completion::Unknown), &[(1, 900, true)]);
            },
            "1 operation broke off before the answer to what commits: each may be there or not",
        ),
        (
            |drill| drill.data.operation(900, 0, (9_900_000_000, 0), None, &[]),
            "1 operation began before the recovery point and never ended in the ledger: taken as unknown",
        ),
        (
            |drill| drill.record.scenario.compression = 2,
            "delays and schedules were compressed 2 times; no measured figure was multiplied",
        ),
        (
            |drill| drill.record.scenario.expendable = vec!["app.t0".into(), "app.t9".into()],
            "the plan lets these tables be lost: app.t0, app.t9",
        ),
        (
            |drill| drill.record.scenario.erasures = vec!["app.t0".into()],
            "deletions from app.t0 are erasures: they hold wherever the recovery point lies",
        ),
    ];
    for (spoil, note) in cases {
        let mut drill = Drill::healthy();
        spoil(&mut drill);
        assert_eq!(drill.judge().notes, [note]);
    }
}

#[test]
fn a_gate_says_what_closed_it() {
    type Spoil = fn(&mut Drill);
    let cases: [(Spoil, &[&str]); 6] = [
        (
            |drill| drill.add(ms(3_000), Event::SetupFailed { phase: Phase::Backup, failure: failure("no room") }),
            &["the harness failed in its stage \"backup\": no room (last words)"],
        ),
        (|drill| drill.forget(|event| matches!(event, Event::FaultConfirmed { .. })), &["fault 1 (", "fault 2 ("]),
        (
            |drill| {
                drill.forget(|event| {
                    matches!(event, Event::StepEnded { step: Step::Verify | Step::Switch | Step::Promote, .. })
                });
            },
            &["the history has no end of the runbook's steps: promote, switch, verify"],
        ),
        (
            |drill| {
                let missing = drill.data.ledger.len() as u64 / 2 - drill.counted();
                let tally = Tally { acknowledged: missing, ..Tally::default() };
                drill.add(ms(28_000), Event::Tally { until: ms(28_000), tally });
            },
            &[],
        ),
        (
            |drill| drill.data.ledger.truncate(200),
            &["the clients counted 399 acknowledgements, the ledger holds 100: writes may be owed that it lacks"],
        ),
        (|drill| drill.forget(|event| matches!(event, Event::SourceFenced { .. })), &["nobody tried"]),
    ];
    for (spoil, expected) in cases {
        let mut drill = Drill::healthy();
        spoil(&mut drill);
        let gates = drill.judge().gates;
        assert_eq!(gates.len(), expected.len(), "{gates:?}");
        for (gate, says) in gates.iter().zip(expected) {
            assert!(gate.says.starts_with(says), "{}", gate.says);
        }
    }
}

#[test]
fn an_observation_that_cannot_be_read_is_named_without_its_folder() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::new(directory.path());
    Drill::healthy().write(&folder);
    std::fs::write(folder.observation("writes"), "{").unwrap();
    let gates = judge(&folder).unwrap().gates;
    let says = &gates.iter().find(|gate| gate.id == "observations-unreadable").unwrap().says;
    assert!(says.starts_with("an observation cannot be read: writes.json, line 1, column "), "{says}");
}
