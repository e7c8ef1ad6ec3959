//! `judge` and `report` on records that are whole, cut off, foreign or damaged.

use std::fs;
use std::path::Path;

use crate::recorded::killed;
use crate::support::Place;

fn tear(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() - 7]).unwrap();
}

#[test]
fn a_record_that_was_cut_off_is_judged_as_far_as_it_goes_and_twice_alike() {
    let place = Place::new();
    let folder = killed(&place, "run/fulexo-database-corruption");
    tear(&folder.history());
    let first = place.blackstart(&["judge", "run"]);
    assert_eq!(first.code, 105, "{}", first.all());
    for part in
        ["fulexo/database-corruption: inconclusive", "critical", "line 6 of the document", "15 findings", "torn"]
    {
        assert!(first.out.contains(part), "{part:?} is not in\n{}", first.out);
    }
    let bytes = fs::read(folder.verdict()).unwrap();
    let again = place.blackstart(&["judge", "run/fulexo-database-corruption"]);
    assert_eq!((again.code, again.err.as_str()), (105, ""), "{}", again.all());
    assert_eq!(fs::read(folder.verdict()).unwrap(), bytes);
    let json = place.blackstart(&["judge", "run", "--output", "json"]);
    assert_eq!(json.json()[0]["verdict"]["exit_code"], 105);
}

#[test]
fn reports_are_written_from_the_record_alone_and_twice_alike() {
    let place = Place::new();
    let folder = killed(&place, "run/one");
    let written = |said: &crate::support::Said| -> Vec<(String, Vec<u8>)> {
        said.out.lines().map(|path| (path.to_owned(), fs::read(place.path(path)).unwrap())).collect()
    };
    let first = place.blackstart(&["report", "run"]);
    assert_eq!((first.code, first.err.as_str()), (0, ""), "{}", first.all());
    assert!(folder.verdict().exists(), "judged first");
    let before = written(&first);
    assert!(before.iter().any(|(path, _)| path.ends_with("report.html")), "{}", first.out);
    assert_eq!(written(&place.blackstart(&["report", "run/one"])), before);
}

#[test]
fn a_run_of_several_drills_has_reports_of_its_own_and_a_drill_without_a_record_is_told_of() {
    let place = Place::new();
    killed(&place, "run/one");
    assert!(!place.blackstart(&["report", "run"]).out.contains("run/report."), "one drill is held against nothing");
    killed(&place, "run/two");
    fs::create_dir(place.path("run/three")).unwrap();
    let said = place.blackstart(&["report", "run"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{}", said.all());
    for page in ["run/report.html", "run/report.md"] {
        assert!(said.out.lines().any(|line| line == page), "{}", said.out);
        let text = fs::read_to_string(place.path(page)).unwrap();
        assert!(text.contains("3 drills: 2 inconclusive, 1 without a record that can be read"), "{text}");
        assert!(text.contains("Ways to recover from"), "{text}");
    }
    let json = place.blackstart(&["report", "run", "--output", "json"]).json();
    assert!(json.as_array().unwrap().iter().any(|path| path == "run/report.html"), "{json}");
}

#[test]
fn a_stored_verdict_that_the_record_does_not_bear_out_is_replaced_and_that_is_said() {
    let place = Place::new();
    let folder = killed(&place, "one");
    place.blackstart(&["judge", "one"]);
    let text = fs::read_to_string(folder.verdict()).unwrap();
    fs::write(folder.verdict(), text.replacen("inconclusive", "met", 1)).unwrap();
    let said = place.blackstart(&["judge", "one"]);
    assert!(
        said.err.contains("verdict.json said met before; replaced") || said.err.contains("replaced"),
        "{}",
        said.all()
    );
    assert_eq!(fs::read_to_string(folder.verdict()).unwrap(), text);
}

#[test]
fn what_is_no_record_is_refused_by_name() {
    let place = Place::new();
    killed(&place, "version");
    let record = place.path("version/record.json");
    let text = fs::read_to_string(&record).unwrap();
    let own = format!("\"version\": {}", blackstart_record::record::VERSION);
    assert!(text.contains(&own), "{text}");
    fs::write(&record, text.replacen(&own, "\"version\": 99", 1)).unwrap();
    killed(&place, "torn");
    tear(&place.path("torn/record.json"));
    fs::create_dir(place.path("foreign")).unwrap();
    fs::write(place.path("foreign/record.json"), "{\"tracks\": 12}").unwrap();
    fs::create_dir(place.path("empty")).unwrap();
    for command in ["judge", "report"] {
        for (folder, expected) in [
            ("version", "version 99"),
            ("torn", "torn/record.json, line "),
            ("foreign", "foreign/record.json, line 1"),
            ("empty", "empty holds no record"),
            ("nowhere", "nowhere cannot be listed"),
            ("scenarios/fulexo/plan.toml", "plan.toml cannot be listed"),
        ] {
            let said = place.blackstart(&[command, folder]);
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{command} {folder}: {}", said.all());
            assert!(said.err.contains(expected), "{command} {folder}: {}", said.err);
        }
    }
}
