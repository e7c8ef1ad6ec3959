//! The user's own programs as a pipeline: the document's nightly dump, and programs that fail.

use blackstart_record::event::{Event, ProgramRun};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{Exposure, Verdict};

use crate::support::{DUMP, Place, told};

const DAY: Nanos = Nanos::from_secs(24 * 60 * 60);

fn runs(place: &Place) -> Vec<ProgramRun> {
    let events = place.history().entries.into_iter().map(|entry| entry.event);
    events.filter_map(|event| if let Event::ProgramEnded(run) = event { Some(run) } else { None }).collect()
}

#[test]
fn the_nightly_dump_misses_its_rpo_by_its_schedule_with_the_data_intact() {
    let place = Place::of(DUMP, &[]);
    let output = place.run().output().unwrap();
    assert_eq!(output.status.code(), Some(99), "{}", told(&output));
    let verdict = place.verdict();
    assert_eq!((verdict.verdict, verdict.gates.len()), (Verdict::Missed, 0), "{}", verdict.says);
    for finding in &verdict.findings {
        assert!(finding.compared > 0 && finding.verdict == Verdict::Met, "{finding:?}");
    }
    let elsewhere = verdict.notes.iter().find(|note| note.starts_with("ART")).unwrap();
    assert!(elsewhere.contains("missed") && elsewhere.contains("restore.sh"), "the dump lacks the roles: {elsewhere}");
    let rpa = verdict.measures.rpa.unwrap();
    assert!(rpa.tail_operations > 0, "what was written after the dump is the tail");
    assert_eq!((rpa.hole_operations, rpa.hole_rows), (0, 0));
    let Some(Exposure::Stated { worst, interval, .. }) = verdict.measures.exposure else {
        panic!("{:?}", verdict.measures.exposure)
    };
    assert!(interval == DAY && worst > DAY, "{worst}");
    assert!(verdict.says.contains("1 d") && verdict.says.contains("15 min"), "{}", verdict.says);

    let runs = runs(&place);
    let ended: Vec<_> = runs.iter().map(|run| (run.program.as_str(), run.host.as_str(), run.code)).collect();
    let expected = [("nightly-dump/backup.sh", "primary", Some(0)), ("nightly-dump/restore.sh", "primary", Some(0))];
    assert_eq!(ended, expected);
    for log in runs.iter().flat_map(|run| &run.logs) {
        assert!(place.folder().logs().join(log).exists(), "{log}");
    }
    let out = std::fs::read_to_string(place.folder().logs().join(&runs[1].logs[0])).unwrap();
    assert!(out.contains("orders: "), "{out}");
    assert!(place.scratch().is_empty(), "left behind: {:?}", place.scratch());
}

/// What a program is replaced by, the exit code of the drill, and what its verdict says.
const FAILURES: &[(&str, &str, i32, &str)] = &[
    (
        "nightly-dump/backup.sh",
        "#!/bin/sh\necho no room >&2\nexit 3\n",
        100,
        "the backup failed: nightly-dump/backup.sh exited with 3",
    ),
    ("nightly-dump/restore.sh", "#!/bin/sh\nkill -TERM $$\n", 100, "nightly-dump/restore.sh was ended by SIGTERM"),
    // It restores nothing: the damaged database stays closed, and nobody is let in.
    ("nightly-dump/restore.sh", "#!/bin/sh\nexit 0\n", 100, "not recovered"),
];

#[test]
fn a_program_that_fails_or_restores_nothing_is_a_miss_and_is_named() {
    for (program, text, code, says) in FAILURES {
        let place = Place::of(DUMP, &[]);
        place.rewrite(program, text);
        let output = place.run().output().unwrap();
        assert_eq!(output.status.code(), Some(*code), "{text}: {}", told(&output));
        assert_eq!(place.verdict().verdict, Verdict::Missed, "{text}");
        assert!(place.verdict().says.contains(says), "{text}: {}", place.verdict().says);
        assert!(place.scratch().is_empty(), "{text} left behind: {:?}", place.scratch());
    }
}
