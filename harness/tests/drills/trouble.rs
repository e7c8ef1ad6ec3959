//! When things go wrong: the right exit code by the gates, and the step and the tool's last lines in the record.

use std::process::{Command, Stdio};

use blackstart_record::event::{Event, Outcome, Phase};
use blackstart_record::plan::Step;
use blackstart_record::verdict::Verdict;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getuid};

use crate::support::{Change, Place, servers, told};

/// What went wrong, what the plan was changed to, the exit code, and what the verdict or an output line says.
const CASES: &[(&str, &[Change], i32, &str)] = &[
    (
        "the source's disk is too small for the data",
        &[(
            "note   = { value = \"pg-primary.fulexo.internal\"",
            "disk = \"40MiB\"\nnote   = { value = \"pg-primary.fulexo.internal\"",
        )],
        105,
        "o space left on device",
    ),
    (
        "the recovery host's disk is too small for the backup",
        &[(
            "note   = { value = \"a server of its own\"",
            "disk = \"20MiB\"\nnote   = { value = \"a server of its own\"",
        )],
        100,
        "fetch",
    ),
    ("the bad deploy hits nobody", &[("tenant = 3", "tenant = 4711")], 105, "not confirmed"),
    (
        "a fault names a table that is not there",
        &[("table = \"app.orders\"", "table = \"app.nothing\"")],
        105,
        "app.nothing",
    ),
    (
        "the pipeline may not write",
        &[("[\"put\", \"get\", \"list\"]", "[\"get\", \"list\"]")],
        100,
        "barman-cloud-backup",
    ),
    (
        "the pipeline may not read what it wrote",
        &[("[\"put\", \"get\", \"list\"]", "[\"put\", \"list\"]")],
        100,
        "lists no backup",
    ),
];

#[test]
fn each_trouble_has_its_exit_code_and_is_named() {
    for (what, changes, code, says) in CASES {
        let place = Place::new(changes);
        let output = place.run().output().unwrap();
        assert_eq!(output.status.code(), Some(*code), "{what}: {}", told(&output));
        let verdict = serde_json::to_string(&place.verdict()).unwrap();
        assert!(verdict.contains(says), "{what}: {verdict}");
        assert_ne!(place.verdict().verdict, Verdict::Met, "{what}");
        assert!(place.scratch().is_empty(), "{what} left behind: {:?}", place.scratch());
    }
}

#[test]
fn a_missing_program_is_named_with_the_command_that_installs_it() {
    let place = Place::new(&[]);
    let output = place.run().env("PATH", place.path()).output().unwrap();
    assert!([Some(105), Some(2)].contains(&output.status.code()), "{}", told(&output));
    let said = told(&output);
    assert!(said.contains("barman-cloud") && said.contains("missing"), "{said}");
}

#[test]
fn a_store_that_dies_during_the_backup_is_the_environments_failure() {
    let place = Place::new(&[]);
    let mut child = place.run().spawn().unwrap();
    place.wait_for_phase(&mut child, Phase::Backup);
    signal_store(child.id(), Signal::SIGKILL);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(105), "{}", told(&output));
    assert!(place.verdict().says.contains("backup"), "{}", place.verdict().says);
}

#[test]
fn a_restore_tool_that_hangs_is_given_up_at_its_bound_and_is_no_result() {
    let place = Place::new(&[("step  = \"fetch\"\nbound = \"15m\"", "step  = \"fetch\"\nbound = \"4s\"")]);
    let mut child = place.run().spawn().unwrap();
    place.wait_for(&mut child, "fetch", |event| matches!(event, Event::StepBegun { step: Step::Fetch, .. }));
    signal_store(child.id(), Signal::SIGSTOP);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(105), "{}", told(&output));
    let bounded = place
        .history()
        .entries
        .into_iter()
        .any(|entry| matches!(entry.event, Event::StepEnded { step: Step::Fetch, outcome: Outcome::Bound(_), .. }));
    assert!(bounded, "the history says which step was given up");
}

/// Needs root to make a small file system; a plain user has no other way to fill a disk.
#[test]
fn a_full_disk_under_the_run_directory_is_the_environments_failure() {
    if !getuid().is_root() {
        return;
    }
    let place = Place::new(&[]);
    std::fs::create_dir(place.path().join("out")).unwrap();
    let run = place.run();
    let mount = format!("mount -t tmpfs -o size=120k none '{}' && exec \"$@\"", place.path().join("out").display());
    let mut wrapped = Command::new("unshare");
    wrapped.args(["--mount", "sh", "-c", &mount, "sh"]).arg(run.get_program()).args(run.get_args());
    for (name, value) in run.get_envs() {
        wrapped.env(name, value.unwrap());
    }
    let output = wrapped.stdin(Stdio::null()).output().unwrap();
    assert!([Some(105), Some(110)].contains(&output.status.code()), "{}", told(&output));
    assert!(told(&output).contains("o space left"), "{}", told(&output));
}

fn signal_store(harness: u32, signal: Signal) {
    let store = servers(harness, "minio");
    assert_eq!(store.len(), 1, "one store runs");
    kill(Pid::from_raw(store[0] as i32), signal).unwrap();
}
