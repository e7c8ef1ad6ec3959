//! Profiles, what is due by them, and the figures over all records.

use std::fs;

use blackstart_record::record::OLDEST;
use blackstart_record::verdict::Verdict;

use crate::recorded::{ended, loaded};
use crate::support::Place;

/// A Sunday between two firsts of a month.
const NOW: &str = "2026-11-29T12:00:00Z";

/// When the drill was run, what it came to, and then: exit code, state, due since, next.
type Case = (&'static [(&'static str, Verdict)], i32, &'static str, Option<&'static str>);

const CASES: &[Case] = &[
    (&[], 99, "due", Some("2026-11-01T03:00:00Z")),
    (&[("2026-11-01T03:00:01Z", Verdict::Met)], 0, "done", None),
    (&[("2026-11-20T12:00:00.5Z", Verdict::Missed)], 0, "done", None),
    (&[("2026-10-31T12:00:00Z", Verdict::Met)], 99, "due", Some("2026-11-01T03:00:00Z")),
    (&[("2026-09-30T12:00:00Z", Verdict::Met)], 99, "overdue", Some("2026-10-01T03:00:00Z")),
    (&[("2026-11-20T12:00:00Z", Verdict::Inconclusive)], 99, "due", Some("2026-11-01T03:00:00Z")),
    (
        &[("2026-09-30T12:00:00Z", Verdict::Met), ("2026-11-20T12:00:00Z", Verdict::Inconclusive)],
        99,
        "overdue",
        Some("2026-10-01T03:00:00Z"),
    ),
    // What comes later than the time that is asked about is not known then.
    (&[("2026-11-29T12:00:01Z", Verdict::Met)], 99, "due", Some("2026-11-01T03:00:00Z")),
];

/// The only profile of the shipped plan in the folder: a month's.
fn place() -> Place {
    let place = Place::new();
    let path = place.path("scenarios/fulexo/plan.toml");
    let text = fs::read_to_string(&path).unwrap();
    let (before, profiles) = text.split_once("[profiles.monthly]").unwrap();
    let (monthly, _) = profiles.split_once("[profiles.quarterly]").unwrap();
    let after = &text[text.find("[facts.").unwrap()..];
    fs::write(path, format!("{before}[profiles.monthly]{monthly}{after}")).unwrap();
    place
}

fn due(place: &Place, more: &[&str]) -> crate::support::Said {
    place.blackstart(&[&["due", "--at", NOW], more].concat())
}

#[test]
fn a_drill_is_due_by_its_profile_until_it_was_run_and_has_shown_something() {
    for (runs, code, state, since) in CASES {
        let place = place();
        for (index, (started, verdict)) in runs.iter().enumerate() {
            ended(&place, &format!("blackstart-runs/{index}/fulexo-database-corruption"), started, *verdict);
        }
        let said = due(&place, &["--output", "json"]);
        assert_eq!((said.code, said.err.as_str()), (*code, ""), "{runs:?}: {}", said.all());
        let line = &said.json()[0];
        assert_eq!(
            (line["drill"].as_str(), line["profile"].as_str()),
            (Some("fulexo/database-corruption"), Some("monthly"))
        );
        assert_eq!((line["state"].as_str(), line["since"].as_str()), (Some(*state), *since), "{runs:?}");
        assert_eq!(line["next"], "2026-12-01T03:00:00Z", "{runs:?}");
        let text = due(&place, &[]);
        for part in [*state, "monthly", "0 3 1 * *", "2026-12-01 03:00 UTC", " overdue, "] {
            assert!(text.out.contains(part), "{runs:?}: {part:?} is not in\n{}", text.out);
        }
    }
}

#[test]
fn a_run_that_does_not_count_is_told_with_its_reason() {
    let place = place();
    ended(&place, "blackstart-runs/1/fulexo-database-corruption", "2026-11-20T12:00:00Z", Verdict::Met);
    assert_eq!(due(&place, &[]).code, 0);
    // Nothing that a drill depends on.
    place.change("plan.toml", "assumed = \"monthly (line 307)", "assumed = \"every month (line 307)");
    assert_eq!(due(&place, &[]).code, 0);
    // An objective and a pipeline that the scenario does not name.
    place.change("plan.toml", "value = \"4h\"", "value = \"5h\"");
    place.change(
        "plan.toml",
        "[pipelines.nightly-dump.schedule]\nfull      = { value = \"0 2",
        "[pipelines.nightly-dump.schedule]\nfull      = { value = \"0 1",
    );
    assert_eq!(due(&place, &[]).code, 0);
    place.change("database-corruption.toml", "clients = 8", "clients = 9");
    ended(&place, "blackstart-runs/2/fulexo-database-corruption", "2026-11-21T12:00:00Z", Verdict::Inconclusive);
    let said = due(&place, &[]);
    assert_eq!(said.code, 99, "{}", said.all());
    for part in [
        "the run of 2026-11-20 12:00 UTC does not count: its scenario, or what it depends on of its plan,",
        "the run of 2026-11-21 12:00 UTC does not count: it was inconclusive",
    ] {
        assert!(said.out.contains(part), "{part:?} is not in\n{}", said.out);
    }
}

#[test]
fn a_run_with_other_programs_does_not_count() {
    let place = place();
    // Restored from the dump that the plan's own programs take.
    place.change("database-corruption.toml", "= \"archive\"", "= \"nightly-dump\"");
    let path = place.path("scenarios/fulexo/database-corruption.toml");
    let text = fs::read_to_string(&path).unwrap();
    let others: Vec<&str> = text
        .split("[[runbook]]")
        .filter(|step| !["fetch", "replay", "promote"].iter().any(|name| step.contains(&format!("\"{name}\""))))
        .collect();
    fs::write(path, others.join("[[runbook]]")).unwrap();
    let drilled = ended(&place, "blackstart-runs/1/one", "2026-11-20T12:00:00Z", Verdict::Met);
    assert_eq!(due(&place, &[]).code, 99, "the record does not tell");
    let mut record = drilled.load_record().unwrap();
    record.programs = loaded(&place).programs(&place.path("scenarios/fulexo"));
    assert_eq!(record.programs.len(), 2);
    drilled.store(&drilled.record(), &record).unwrap();
    assert_eq!(due(&place, &[]).code, 0, "{}", due(&place, &[]).all());
    place.change("nightly-dump/restore.sh", "#!/usr/bin/env bash", "#!/usr/bin/env bash\n# Otherwise.");
    let said = due(&place, &[]);
    assert!(said.code == 99 && said.out.contains("a program of its plan has changed since"), "{}", said.all());
}

#[test]
fn records_that_cannot_be_read_are_named_and_older_ones_can() {
    let place = place();
    let old = ended(&place, "blackstart-runs/1/fulexo-database-corruption", "2026-11-20T12:00:00Z", Verdict::Met);
    let mut record: serde_json::Value = serde_json::from_slice(&fs::read(old.record()).unwrap()).unwrap();
    record.as_object_mut().unwrap().remove("profile");
    record["version"] = OLDEST.into();
    fs::write(old.record(), record.to_string()).unwrap();
    assert_eq!((due(&place, &[]).code, due(&place, &[]).err.as_str()), (0, ""));
    for (name, text) in [("torn", "{\"version\": 5,"), ("foreign", "{\"tracks\": 12}")] {
        fs::create_dir_all(place.path("blackstart-runs").join(name).join("one")).unwrap();
        fs::write(place.path("blackstart-runs").join(name).join("one/record.json"), text).unwrap();
    }
    let said = due(&place, &[]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.err.contains("torn/one/record.json, line 1") && said.err.contains("foreign/one/record.json"),
        "{}",
        said.err
    );
    fs::remove_file(old.verdict()).unwrap();
    let said = due(&place, &[]);
    assert_eq!(said.code, 99, "{}", said.all());
    assert!(said.err.contains("verdict.json") && said.err.contains("blackstart judge"), "{}", said.err);
    assert!(said.out.contains("it was not judged"), "{}", said.out);
}

#[test]
fn records_are_found_wherever_they_are_said_to_be() {
    let place = place();
    ended(&place, "elsewhere/fulexo-database-corruption", "2026-11-20T12:00:00Z", Verdict::Met);
    assert_eq!(due(&place, &[]).code, 99);
    for folder in ["elsewhere", "elsewhere/fulexo-database-corruption", "."] {
        assert_eq!(due(&place, &["--runs", folder]).code, 0, "{folder}");
    }
    let said = due(&place, &["--runs", "nowhere"]);
    assert_eq!((said.code, said.err.contains("nowhere cannot be listed")), (2, true), "{}", said.all());
}

/// Arguments, exit code, and what standard error says.
const REFUSED: &[(&[&str], i32, &str)] = &[
    (&["run", "--profile", "montly"], 2, "there is no profile `montly` in fulexo\n  help: did you mean `monthly`?"),
    (&["run", "nothing-like-it", "--profile", "monthly"], 4, "matches `nothing-like-it`"),
    (&["run", "other", "--profile", "monthly"], 4, "help: it drills: fulexo/database-corruption"),
    (&["due", "--profile", "montly"], 2, "did you mean `monthly`?"),
    (&["due", "other"], 4, "no profile with a cadence drills what is selected"),
    (&["due", "--at", "Monday"], 2, "invalid value 'Monday' for '--at <TIME>'"),
    (&["health"], 4, "add `[health]`"),
];

#[test]
fn what_no_profile_asks_for_is_refused_and_nothing_is_started() {
    let place = place();
    let folder = place.path("scenarios/fulexo");
    fs::copy(folder.join("database-corruption.toml"), folder.join("other.toml")).unwrap();
    for (args, code, expected) in REFUSED {
        let said = place.blackstart(args);
        assert_eq!((said.code, said.out.as_str()), (*code, ""), "{args:?}: {}", said.all());
        assert!(said.err.contains(expected), "{args:?}: {expected:?} is not in\n{}", said.err);
    }
    assert!(!place.path("blackstart-runs").exists());
}

/// Drills that were met, inconclusive and missed; exit code and verdict where 40 % of them have to be met.
const FIGURES: &[([usize; 3], i32, &str)] = &[
    ([0, 0, 0], 105, "inconclusive"),
    ([3, 0, 0], 105, "inconclusive"),
    ([4, 0, 0], 0, "met"),
    ([4, 5, 0], 105, "inconclusive"),
    ([0, 0, 5], 105, "inconclusive"),
    ([0, 0, 6], 99, "missed"),
    ([0, 1, 6], 105, "inconclusive"),
];

#[test]
fn figures_over_all_records_are_held_against_the_plan() {
    for (counts, code, verdict) in FIGURES {
        let place = place();
        place.change("plan.toml", "[profiles.monthly]", "[health]\ndrill-success = \"40%\"\n\n[profiles.monthly]");
        let each = [Verdict::Met, Verdict::Inconclusive, Verdict::Missed].into_iter().zip(counts);
        let drills = each.flat_map(|(verdict, number)| std::iter::repeat_n(verdict, *number));
        for (index, came_to) in drills.enumerate() {
            ended(&place, &format!("blackstart-runs/{index}/drill"), "2026-11-20T12:00:00Z", came_to);
        }
        let said = place.blackstart(&["health", "--output", "json"]);
        let figure = &said.json()[0]["figures"][1];
        let found = format!("{} met, {} missed, {} inconclusive", counts[0], counts[2], counts[1]);
        assert_eq!((said.code, figure["verdict"].as_str()), (*code, Some(*verdict)), "{counts:?}: {}", said.all());
        assert_eq!(figure["found"], found);
        let text = place.blackstart(&["health"]);
        for part in ["drill success", "40 %", "production size not stated", &found] {
            assert!(counts.iter().sum::<usize>() == 0 || text.out.contains(part), "{part:?} is not in\n{}", text.out);
        }
    }
}
