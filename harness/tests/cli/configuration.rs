//! Mistakes end with exit code 2, or 4 if nothing is selected; they are told at their place, and nothing is started.

use std::fs;

use crate::support::Place;

/// What is wrong, how it is made so, and what standard error says of it.
type Mistake = (&'static str, fn(&Place), &'static [&'static str]);

/// What is injected into pages, as the shipped scenario has it.
const PAGES: &str = "{ page-corruption = { host = \"primary\", relation = \"app.orders\", blocks = 16 } }";

const MISTAKES: &[Mistake] = &[
    (
        "an unknown key",
        |place| place.change("database-corruption.toml", "hypothesis =", "hypotesis ="),
        &["database-corruption.toml:4:1]", "unknown key `hypotesis`", "did you mean `hypothesis`?", "hypotesis = "],
    ),
    (
        "a wrong type",
        |place| place.change("database-corruption.toml", "clients = 8", "clients = \"eight\""),
        &["database-corruption.toml:12:11]", "a whole number that is not negative is expected here"],
    ),
    (
        "a unit that is none",
        |place| place.change("plan.toml", "value = \"15m\"", "value = \"15 parsecs\""),
        &["plan.toml:26:20]", "unknown unit `parsecs`", "units are `ms`, `s`, `m`, `h`, `d`, `w`"],
    ),
    (
        "an unknown objective",
        |place| place.change("database-corruption.toml", "\"database\"]", "\"databse\"]"),
        &["database-corruption.toml:5:27]", "there is no objective `databse`", "did you mean `database`?"],
    ),
    (
        "an unknown host",
        |place| place.change("database-corruption.toml", "\"recovery\"", "\"recvery\""),
        &["database-corruption.toml:7:14]", "there is no host `recvery`", "did you mean `recovery`?"],
    ),
    (
        "an unknown fault",
        |place| place.change("database-corruption.toml", "update-without-where", "update-without-were"),
        &["database-corruption.toml:18:12]", "unknown name `update-without-were`", "`update-without-where`?"],
    ),
    (
        "an unknown method",
        |place| place.change("plan.toml", "method.barman-cloud]", "method.barman-clud]"),
        &["plan.toml:", "unknown name `barman-clud`", "`barman-cloud`"],
    ),
    (
        "a log that would be shipped all the time",
        |place| {
            place.change("plan.toml", "method.barman-cloud]", "method.dump-and-binlog]");
            place.change("plan.toml", "archive-timeout = 60 ", "ship-every = \"0s\" ");
        },
        &["plan.toml:", "this `dump-and-binlog` cannot save anything", "`ship-every` is zero"],
    ),
    (
        "an end of a replay that never is",
        |place| {
            place.change("plan.toml", "method.barman-cloud]", "method.physical-copy]");
            place.change("plan.toml", "archive-timeout = 60 ", "until = \"time\" ");
        },
        &["plan.toml:", "this `physical-copy` cannot save anything", "nothing is replayed: add `ship-every`"],
    ),
    (
        "an unknown parameter of a fault",
        |place| place.change("database-corruption.toml", "blocks = 16", "pages = 16"),
        &["database-corruption.toml:23:", "unknown key `pages`", "`blocks`"],
    ),
    (
        "a fault on a link that no drill has",
        |place| place.change("database-corruption.toml", PAGES, "{ link-cut = { link = \"aplication\" } }"),
        &["database-corruption.toml:23:32]", "there is no link `aplication`", "did you mean `application`?"],
    ),
    (
        "a fault on a disk that is the machine's",
        |place| place.change("database-corruption.toml", PAGES, "{ disk-full = { host = \"primary\" } }"),
        &["database-corruption.toml:23:33]", "has no size of its own", "`disk = \"2GiB\"`"],
    ),
    (
        "a fault that could not be seen",
        |place| {
            let slow = "{ link-slowed = { link = \"application\", latency = \"50ms\", jitter = \"50ms\" } }";
            place.change("database-corruption.toml", PAGES, slow);
        },
        &["database-corruption.toml:23:10]", "cannot be seen to work", "a latency is above its jitter"],
    ),
    (
        "a time for a fault that has no end",
        |place| place.change("database-corruption.toml", "after  = \"3s\"", "after  = \"3s\"\nfor    = \"5s\""),
        &["database-corruption.toml:18:10]", "only the recovery undoes it", "leave `for` out"],
    ),
    (
        "an empty file",
        |place| fs::write(place.path("scenarios/fulexo/plan.toml"), "").unwrap(),
        &["plan.toml:1:1", "the file is empty", "blackstart schema plan"],
    ),
    (
        "a folder",
        |place| {
            let path = place.path("scenarios/fulexo/plan.toml");
            fs::remove_file(&path).and_then(|()| fs::create_dir(&path)).unwrap();
        },
        &["plan.toml: is a folder"],
    ),
    (
        "no UTF-8",
        |place| fs::write(place.path("scenarios/fulexo/plan.toml"), b"title = \"\xff\"").unwrap(),
        &["plan.toml:1:10]", "this is not UTF-8 text", "byte 0xff"],
    ),
    (
        "100 MB",
        |place| {
            let file = fs::File::create(place.path("scenarios/fulexo/database-corruption.toml")).unwrap();
            file.set_len(100_000_000).unwrap();
        },
        &["database-corruption.toml: has 100000000 bytes and was not read"],
    ),
    (
        "a plan that is not there",
        |place| fs::remove_file(place.path("scenarios/fulexo/plan.toml")).unwrap(),
        &["plan.toml: there is no such file"],
    ),
];

#[test]
fn a_mistake_is_told_at_its_place_and_nothing_is_started() {
    for (what, make, expected) in MISTAKES {
        for command in [["run", "fulexo"], ["plan", "fulexo"], ["list", "fulexo"]] {
            let place = Place::new();
            make(&place);
            let said = place.blackstart(&command);
            assert_eq!(said.code, 2, "{what}, {command:?}: {}", said.all());
            for part in *expected {
                assert!(said.err.contains(part), "{what}, {command:?}: {part:?} is not in\n{}", said.err);
            }
            assert!(!said.err.contains('\u{1b}'), "{what}: colours where no terminal is");
            assert!(said.out.is_empty() || command[0] == "list", "{what}: {}", said.out);
            assert!(!place.path("blackstart-runs").exists(), "{what}: something was started");
        }
    }
}

#[test]
fn mistakes_of_several_scenarios_are_all_told() {
    let place = Place::new();
    let folder = place.path("scenarios/fulexo");
    fs::write(folder.join("second.toml"), "title = 1").unwrap();
    fs::write(folder.join("third.toml"), "").unwrap();
    let said = place.blackstart(&["run"]);
    assert_eq!(said.code, 2);
    for part in ["second.toml:1:9]", "third.toml:1:1", "2 mistakes in the configuration; nothing was started"] {
        assert!(said.err.contains(part), "{part:?} is not in\n{}", said.err);
    }
}

/// Arguments, exit code, and what standard error says.
const USAGE: &[(&[&str], i32, &str)] = &[
    (&[], 2, "Usage: blackstart"),
    (&["reprot"], 2, "a similar subcommand exists: 'report'"),
    (&["run", "--sed", "1"], 2, "a similar argument exists: '--seed'"),
    (&["run", "--seed", "one"], 2, "invalid digit"),
    (&["run", "--hosts", "vm"], 2, "possible values: auto, native, docker"),
    (&["run", "--hosts", "docker"], 105, "no container engine answers\n  /nowhere/docker.sock"),
    (&["run", "--out", "scenarios"], 2, "scenarios is not empty"),
    (&["run", "--out", "scenarios/fulexo/plan.toml"], 2, "cannot make the run's folder"),
    (&["run", "nothing-like-it"], 4, "there are: fulexo/database-corruption"),
    (&["plan", "nothing-like-it"], 4, "matches `nothing-like-it`"),
    (&["list", "a*", "b*"], 4, "matches `a*` or `b*`"),
    (&["plan"], 2, "<FILTER>..."),
    (&["judge"], 2, "<DIR>..."),
    (&["list", "--scenarios", "nowhere"], 2, "nowhere: there is no such folder"),
    (&["list", "--scenarios", "scenarios/fulexo"], 4, "there is no scenario in scenarios/fulexo"),
    (&["schema", "history"], 2, "possible values: plan, scenario, record"),
    (&["doctor", "now"], 2, "unexpected argument 'now'"),
];

#[test]
fn a_command_that_cannot_be_understood_says_what_can() {
    let place = Place::new();
    for (args, code, expected) in USAGE {
        let said = place.blackstart(args);
        assert_eq!((said.code, said.out.as_str()), (*code, ""), "{args:?}: {}", said.all());
        assert!(said.err.contains(expected), "{args:?}: {expected:?} is not in\n{}", said.err);
    }
    assert!(!place.path("blackstart-runs").exists());
}
