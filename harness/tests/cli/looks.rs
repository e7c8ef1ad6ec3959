//! Commands that only look: what they print, in each format.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::support::Place;

/// Arguments and what standard output holds; the exit code is 0.
const LOOKS: &[(&[&str], &[&str])] = &[
    (&["--version"], &["blackstart 0."]),
    (&["--help"], &["Exit codes:", "  99 ", "BLACKSTART_SCENARIOS", "Runs drills"]),
    (&["run", "--help"], &["Ctrl-C", "--profile", "--fail-fast", "blackstart-runs"]),
    (&["judge", "--help"], &["verdict.json", "to the byte"]),
    (&["list"], &["fulexo/database-corruption", "critical RTO 1 h", "database RPO 15 min"]),
    (&["list", "f*/data*"], &["fulexo/database-corruption"]),
    (
        &["plan", "fulexo"],
        &[
            "critical.rto",
            "line 6, 1. Recovery Objectives",
            "assumed: ",
            "WAL-G",
            "production size: not stated",
            "file-mirror-commented-out",
            "line 79",
            "after 3 s",
            "stop the application",
        ],
    ),
    (&["plan", "fulexo"], &["monthly.cadence", "0 3 1 * *", "assumed: monthly (line 307)", "release.drills"]),
    (&["due", "--help"], &["exit code 99", "--runs", "--at", "inconclusive"]),
    (&["health", "--help"], &["Clopper", "exit code 99"]),
    (
        &["schema", "plan"],
        &["\"profiles\"", "\"cadence\"", "\"drill-success\"", "\"archive-timeout\"", "\"barman-cloud\"", "$schema"],
    ),
    (&["schema", "scenario"], &["\"page-corruption\"", "\"stop-application\""]),
    (&["schema", "record"], &["\"profile\"", "\"scenario\"", "\"seed\"", "\"cannot_prove\""]),
    (&["completions", "bash"], &["complete -F", "--fail-fast"]),
    (&["completions", "zsh"], &["#compdef blackstart"]),
    (&["completions", "fish"], &["complete -c blackstart"]),
    (&["man"], &[".TH blackstart", "EXIT STATUS", "sweep"]),
    (&["sweep"], &["0 folders removed"]),
];

#[test]
fn commands_that_look_print_what_they_promise_and_nothing_else() {
    let place = Place::new();
    for (args, expected) in LOOKS {
        let said = place.blackstart(args);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{args:?}: {}", said.all());
        for part in *expected {
            assert!(said.out.contains(part), "{args:?}: {part:?} is not in\n{}", said.out);
        }
        assert!(!said.out.contains('\u{1b}'), "{args:?}: colours where no terminal is");
    }
}

#[test]
fn data_comes_as_json_where_it_is_asked_for() {
    let place = Place::new();
    let listed = place.blackstart(&["list", "--output", "json"]).json();
    assert_eq!(listed[0]["drill"], "fulexo/database-corruption");
    assert_eq!(listed[0]["objectives"]["critical"]["rto"]["value"], 3_600_000_000_000_u64);
    let plan = place.blackstart(&["plan", "fulexo", "--output", "json"]).json();
    assert_eq!(plan[0]["plan"]["values"]["objectives.database.rpo"]["origin"]["from"]["line"], 19);
    let line = place.blackstart(&["--output", "jsonl", "plan", "fulexo"]);
    assert_eq!((line.out.lines().count(), line.json()["scenario"]["faults"].as_array().unwrap().len()), (1, 3));
    assert_eq!(
        place.blackstart(&["sweep", "--output", "json"]).json(),
        serde_json::json!({"folders": [], "containers": null})
    );
    let doctor = place.blackstart(&["doctor", "--output", "json"]);
    let ready = doctor.json()["ready"].as_bool().unwrap();
    assert_eq!(doctor.code, if ready { 0 } else { 105 });
}

#[test]
fn doctor_gives_the_command_that_installs_what_is_missing() {
    let place = Place::new();
    let command = || {
        let mut command = place.command(&["doctor"]);
        command.env("PATH", place.path("nothing")).env("BLACKSTART_CACHE", place.path("cache"));
        command
    };
    let output = command().output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(105), "{said}");
    for part in ["missing  MinIO", "go install github.com/minio/minio@", "barman", "isolation: "] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
    let output = command().arg("--output").arg("json").output().unwrap();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["ready"], false);
    let listed =
        place.command(&["list"]).env("PATH", "").env("BLACKSTART_CACHE", place.path("cache")).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("lacks ") && listed.contains("MinIO"), "{listed}");
}

#[test]
fn a_store_that_a_plan_has_to_choose_may_be_missing() {
    let place = Place::new();
    let (built, bin) = (blackstart_tools::cache_dir().unwrap().join("tools/bin"), place.path("cache/tools/bin"));
    std::fs::create_dir_all(&bin).unwrap();
    for tool in std::fs::read_dir(built).into_iter().flatten().flatten().filter(|tool| tool.file_name() != "versitygw")
    {
        std::os::unix::fs::symlink(tool.path(), bin.join(tool.file_name())).unwrap();
    }
    let mut doctor = place.command(&["doctor", "--output", "json"]);
    doctor.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("BLACKSTART_CACHE", place.path("cache"));
    let output = doctor.output().unwrap();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let missing = said["tools"].as_array().unwrap().iter().filter(|tool| tool["version"].is_null());
    let (chosen, needed): (Vec<_>, Vec<_>) = missing.partition(|tool| tool["chosen"] == true);
    let versitygw = chosen.iter().find(|tool| tool["tool"] == "VersityGW").unwrap();
    assert!(versitygw["install"].as_str().unwrap().contains("versitygw@v1.8.0"), "{said}");
    assert_eq!(said["ready"], needed.is_empty(), "{said}");
    assert_eq!(output.status.code(), Some(if needed.is_empty() { 0 } else { 105 }));
    assert!(said["stores"]["versitygw"].as_array().is_some_and(|lacks| !lacks.is_empty()), "{said}");
}

#[test]
fn colours_are_for_terminals_without_no_color() {
    let place = Place::new();
    let on_terminal = |variable: &str, value: &str| {
        let line = format!("'{}' list", env!("CARGO_BIN_EXE_blackstart"));
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(place.path(""));
        script.env_remove("NO_COLOR").env("TERM", "xterm").env(variable, value).stdin(Stdio::null());
        // No `script` on this machine, no terminal to try it on.
        script.output().ok().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for (variable, value, coloured) in
        [("X", "", true), ("NO_COLOR", "1", false), ("NO_COLOR", "", true), ("TERM", "dumb", false)]
    {
        if let Some(said) = on_terminal(variable, value) {
            assert_eq!(said.contains('\u{1b}'), coloured, "{variable}={value:?}: {said:?}");
        }
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::new();
    let mut child = place.command(&["plan", "fulexo"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
fn manual_pages_are_written_for_every_subcommand() {
    let place = Place::new();
    let folder = place.path("");
    assert_eq!(place.blackstart(&["man", "--out", folder.to_str().unwrap()]).code, 0);
    for name in ["blackstart.1", "blackstart-run.1", "blackstart-judge.1"] {
        assert!(folder.join(name).exists(), "{name}");
    }
    let said = place.blackstart(&["man", "--out", "nowhere"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("nowhere"), "{}", said.err);
}
