//! Runs of several drills: which are ways to recover from the same, and that nothing is said of one that it did not show.

use std::fs;
use std::path::Path;

use blackstart_record::record::{Folder, Record};
use blackstart_record::time::{Interval, Nanos};
use blackstart_record::verdict::{Difference, DifferenceKind, DrillVerdict, Exposure, Verdict};

use super::{view, write};
use crate::support::{self, HOSTILE, Sample};

/// What is changed of a sample.
type Edit = fn(&mut Record, &mut DrillVerdict);

/// A drill of the scenario `name`, out of a sample.
fn drill(run: &Path, name: &str, sample: Sample, edit: Edit) -> Folder {
    let folder = support::write(sample, &run.join(format!("fulexo-{name}"))).unwrap();
    let (mut record, mut verdict) = (folder.load_record().unwrap(), folder.load_verdict().unwrap());
    record.scenario.name = name.to_owned();
    record.scenario.title = format!("Database corruption, recovered by {name}");
    verdict.drill = format!("fulexo/{name}");
    edit(&mut record, &mut verdict);
    folder.store(&folder.record(), &record).unwrap();
    folder.store(&folder.verdict(), &verdict).unwrap();
    folder
}

/// What a dump would have come to where the archive met everything.
fn from_a_dump(record: &mut Record, verdict: &mut DrillVerdict) {
    record.scenario.pipeline = "dump".into();
    record.scenario.faults[0].after = Nanos::from_secs(3);
    (verdict.verdict, verdict.exit_code, verdict.says) = (Verdict::Missed, 100, "LOST: 2 rows are gone".into());
    verdict.objectives[1].verdict = Verdict::Missed;
    let until_durable = Nanos::from_secs(1);
    let interval = Nanos::from_secs(86_400);
    verdict.measures.exposure =
        Some(Exposure::Stated { worst: interval.plus(until_durable), interval, until_durable, lag: Nanos::ZERO });
    let rpa = verdict.measures.rpa.as_mut().unwrap();
    (rpa.hole_operations, rpa.hole_rows) = (2, 2);
    let lost = verdict.findings.iter_mut().find(|finding| finding.checker == "LOST").unwrap();
    (lost.verdict, lost.says) = (Verdict::Missed, "2 rows are gone".into());
    let (table, kind) = ("app.orders".to_owned(), DifferenceKind::Missing);
    lost.differences = vec![Difference { table, kind, count: 2, first: vec![], shown: vec![] }];
}

fn unchanged(_: &mut Record, _: &mut DrillVerdict) {}

#[test]
fn drills_are_ways_to_recover_from_the_same_where_faults_and_objectives_are() {
    let cases: [(&str, Edit, bool); 9] = [
        ("nothing but the name", unchanged, true),
        ("another pipeline, and faults at other times", from_a_dump, true),
        ("objectives in another order", |record, _| record.scenario.objectives.reverse(), true),
        ("another target", |record, _| record.scenario.target = "recovery".into(), true),
        ("a fault less", |record, _| drop(record.scenario.faults.pop()), false),
        ("another fault", |record, _| record.scenario.faults[1].name = "file-deleted".into(), false),
        ("the same fault of another table", |record, _| record.scenario.faults[1].params = "stock".into(), false),
        ("an objective less", |record, _| drop(record.scenario.objectives.pop()), false),
        ("another plan", |record, _| record.plan.name = "another".into(), false),
    ];
    for (case, edit, same) in cases {
        let run = tempfile::tempdir().unwrap();
        let folders = [
            drill(run.path(), "archive", Sample::Healthy, unchanged),
            drill(run.path(), "other", Sample::Healthy, edit),
        ];
        let seen = view(&folders);
        assert_eq!(seen.groups.len(), usize::from(same), "{case}");
        assert_eq!(seen.drills.len(), 2, "{case}: each is told of in any case");
        for group in &seen.groups {
            assert_eq!((group.disaster.as_str(), group.ways.len()), ("database corruption", 2), "{case}");
        }
    }
}

#[test]
fn the_limits_are_part_of_what_is_drilled() {
    let run = tempfile::tempdir().unwrap();
    let tighter: Edit = |record, _| {
        let database = record.plan.objectives.get_mut("database").unwrap();
        database.rpo.as_mut().unwrap().value = Nanos::from_secs(1);
    };
    let folders =
        [drill(run.path(), "a", Sample::Healthy, unchanged), drill(run.path(), "b", Sample::Healthy, tighter)];
    assert!(view(&folders).groups.is_empty());
}

#[test]
fn each_way_is_held_against_the_objectives_by_its_own_figures() {
    let run = tempfile::tempdir().unwrap();
    let folders = [
        drill(run.path(), "nightly-dump", Sample::Healthy, from_a_dump),
        drill(run.path(), "archive", Sample::Healthy, unchanged),
    ];
    let paths = write(run.path(), &folders).unwrap();
    let names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["report.html", "report.md"]);
    let seen = view(&folders);
    assert_eq!(seen.says, "2 drills: 1 missed, 1 met");
    assert_eq!((seen.verdict.as_str(), seen.groups.len()), ("missed", 1));
    let group = &seen.groups[0];
    let ways: Vec<_> = group.ways.iter().map(|way| way.scenario.as_str()).collect();
    assert_eq!(ways, ["archive", "nightly-dump"], "in order of names, the missed one in its place");
    assert_eq!(group.faults, "update-without-where, page-corruption");
    let rpo = group.objectives.iter().find(|row| row.name == "database RPO").unwrap();
    let verdicts: Vec<_> = rpo.cells.iter().map(|cell| cell.verdict.as_str()).collect();
    assert_eq!((rpo.beside.as_str(), &verdicts[..]), ("15 min", &["met", "missed"][..]));
    let [archive, dump] = &group.ways[..] else { panic!("two ways") };
    assert_eq!((archive.missing.as_str(), dump.missing.as_str()), ("none", "2 operations, 2 rows"));
    assert_eq!(dump.rows, ["app.orders: 2 rows missing"]);
    assert_eq!((archive.allowed.value.as_str(), dump.allowed.value.as_str()), ("1 min 5 s", "1 d"));
    let checks: Vec<_> = group.checks.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(checks, ["LOST"], "of the checks only what some way does not meet");
    assert_eq!((group.checks[0].cells[0].verdict.as_str(), group.checks[0].cells[0].value.as_str()), ("met", ""));
    assert!(
        group.shares.iter().any(|row| row.name == "restore" && row.cells.iter().all(|cell| !cell.value.is_empty()))
    );
    for (path, escape) in paths.iter().zip([crate::escape::html as fn(&str) -> String, crate::escape::markdown]) {
        let text = fs::read_to_string(path).unwrap();
        for way in &group.ways {
            for part in [
                &way.says,
                &way.drill,
                &way.by,
                &way.recovered.value,
                &way.lost.value,
                &way.allowed.value,
                &way.given_up,
                &way.missing,
                &way.met.value,
                &way.point,
                &way.size,
                &way.throughput,
                &way.fault_after,
            ] {
                assert!(text.contains(&escape(part)), "{} lacks {part}", path.display());
            }
            way.shares.iter().for_each(|share| assert!(text.contains(&escape(&share.took)), "{share:?}"));
        }
        assert!(text.contains("Ways to recover from database corruption"));
    }
}

#[test]
fn a_miss_that_reads_like_its_limit_says_by_how_much() {
    let run = tempfile::tempdir().unwrap();
    let barely: Edit = |_, verdict| {
        let rpo = &mut verdict.objectives[1];
        (rpo.verdict, rpo.limit.value) = (Verdict::Missed, Nanos::from_secs(86_400));
        rpo.achieved = Some(Interval::exactly(Nanos::from_secs(86_407)));
    };
    let seen = view(&[drill(run.path(), "a", Sample::Healthy, barely)]);
    assert_eq!((seen.drills[0].rpo.value.as_str(), seen.drills[0].rpo.beside.as_str()), ("1 d and 7 s", "RPO 1 d"));
}

#[test]
fn what_a_gate_leaves_in_doubt_is_met_nowhere() {
    let run = tempfile::tempdir().unwrap();
    let folders = [drill(run.path(), "a", Sample::Bad, unchanged), drill(run.path(), "b", Sample::Bad, unchanged)];
    let seen = view(&folders);
    assert_eq!(seen.says, "2 drills: 2 inconclusive");
    let group = &seen.groups[0];
    for way in &group.ways {
        assert_eq!((way.verdict.as_str(), way.doubts.len()), ("inconclusive", 3));
        for figure in [&way.rto, &way.rpo, &way.recovered, &way.lost, &way.allowed, &way.met] {
            assert_ne!(figure.verdict, "met", "{figure:?}");
        }
    }
    let cells = group.objectives.iter().chain(&group.checks).flat_map(|row| &row.cells);
    cells.for_each(|cell| assert_ne!(cell.verdict, "met", "{cell:?}"));
    for path in write(run.path(), &folders).unwrap() {
        let text = fs::read_to_string(path).unwrap();
        assert!(!text.contains("<script") && !text.contains(HOSTILE), "hostile names stay text");
    }
}

#[test]
fn a_drill_that_this_machine_disturbed_says_so() {
    let run = tempfile::tempdir().unwrap();
    let disturbed: Edit = |_, verdict| verdict.disturbed = Some("a probe was sent 300 ms late".into());
    let folder = drill(run.path(), "a", Sample::Healthy, disturbed);
    assert_eq!(view(&[folder]).drills[0].doubts, ["disturbed by this machine: a probe was sent 300 ms late"]);
}

#[test]
fn a_drill_of_which_nothing_can_be_read_is_not_known_and_not_left_out() {
    let run = tempfile::tempdir().unwrap();
    let good = drill(run.path(), "good", Sample::Healthy, unchanged);
    let torn = drill(run.path(), "torn", Sample::Healthy, unchanged);
    fs::write(torn.record(), "{").unwrap();
    let empty = run.path().join("fulexo-empty");
    fs::create_dir(&empty).unwrap();
    let folders = [good, torn, Folder::new(empty)];
    let seen = view(&folders);
    assert_eq!(seen.says, "3 drills: 1 met, 2 without a record that can be read");
    assert_eq!(seen.verdict, "inconclusive");
    for path in write(run.path(), &folders).unwrap() {
        let text = fs::read_to_string(path).unwrap();
        for name in ["fulexo-empty", "fulexo-torn"] {
            assert!(text.contains(name), "{name}");
        }
        assert!(!text.contains(run.path().to_str().unwrap()), "it names its place");
    }
}

#[test]
fn the_same_records_give_the_same_bytes_in_whatever_order_they_are_listed() {
    let write_in = |reversed: bool| {
        let run = tempfile::tempdir().unwrap();
        let mut folders = vec![
            drill(run.path(), "b", Sample::Bad, unchanged),
            drill(run.path(), "a", Sample::Healthy, unchanged),
            drill(run.path(), "c", Sample::CutOff, unchanged),
        ];
        if reversed {
            folders.reverse();
        }
        let texts = write(run.path(), &folders).unwrap().into_iter().map(|path| fs::read_to_string(path).unwrap());
        texts.collect::<Vec<_>>()
    };
    assert_eq!(write_in(false), write_in(true));
}

#[test]
fn what_they_recover_from_is_named_by_the_faults_where_titles_differ() {
    let other: Edit = |record, _| record.scenario.title = "Wrong orders, recovered otherwise".into();
    let twice: Edit = |record, _| record.scenario.faults[1] = record.scenario.faults[0].clone();
    for (edits, disaster, faults) in [
        ([unchanged as Edit, unchanged], "database corruption", "update-without-where, page-corruption"),
        ([unchanged, other], "update-without-where, page-corruption", "update-without-where, page-corruption"),
        ([twice, twice], "database corruption", "2 \u{d7} update-without-where"),
    ] {
        let run = tempfile::tempdir().unwrap();
        let ways = ["a", "b"].iter().zip(edits);
        let folders: Vec<Folder> = ways.map(|(name, edit)| drill(run.path(), name, Sample::Healthy, edit)).collect();
        let seen = view(&folders);
        assert_eq!((seen.groups[0].disaster.as_str(), seen.groups[0].faults.as_str()), (disaster, faults));
    }
}
