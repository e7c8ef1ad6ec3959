//! Drills side by side, and a machine that disturbs one of them.

use std::fs;
use std::time::Duration;

use blackstart_record::event::Phase;
use blackstart_record::history;
use blackstart_record::record::Folder;
use blackstart_record::verdict::{DrillVerdict, Verdict};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{DUMP, Place, servers, told};

/// The second scenario, a copy of the first.
const TWIN: &str = "twin";

fn record(place: &Place, scenario: &str) -> Folder {
    Folder::new(place.path().join(format!("out/fulexo-{scenario}")))
}

fn verdict(place: &Place, scenario: &str) -> DrillVerdict {
    record(place, scenario).load_verdict().unwrap()
}

/// Whatever else a drill came to: it has missed only what its schedule misses.
fn assert_intact(verdict: &DrillVerdict, told: &str) {
    assert_eq!((verdict.verdict, verdict.exit_code), (Verdict::Missed, 99), "{told}");
    for finding in &verdict.findings {
        assert!(finding.compared > 0 && finding.verdict == Verdict::Met, "{finding:?}\n{told}");
    }
}

#[test]
fn of_two_drills_side_by_side_the_one_that_was_disturbed_is_run_again_alone() {
    let place = Place::of(DUMP, &[]);
    let plans = place.path().join("scenarios/fulexo");
    fs::copy(plans.join(format!("{DUMP}.toml")), plans.join(format!("{TWIN}.toml"))).unwrap();
    let mut child = place.run().args(["--jobs", "2", "--output", "json"]).spawn().unwrap();
    place.wait_for_phase(&mut child, Phase::Recovery);
    let twin = history::read(&record(&place, TWIN).history()).unwrap();
    assert!(!twin.entries.is_empty(), "the other is under way too");
    // Among them the drills' own processes, with their probers.
    let drills: Vec<Pid> = servers(child.id(), "blackstart").into_iter().map(|pid| Pid::from_raw(pid as i32)).collect();
    drills.iter().for_each(|pid| kill(*pid, Signal::SIGSTOP).unwrap());
    std::thread::sleep(Duration::from_millis(400));
    drills.iter().for_each(|pid| kill(*pid, Signal::SIGCONT).unwrap());
    let output = child.wait_with_output().unwrap();
    let told = told(&output);
    assert_eq!(output.status.code(), Some(99), "{told}");

    let disturbed = verdict(&place, &format!("{DUMP}-disturbed"));
    assert!(disturbed.disturbed.is_some(), "{disturbed:?}");
    assert!(told.contains("it is run again, alone; this record is kept in"), "{told}");
    for scenario in [DUMP, TWIN] {
        assert_intact(&verdict(&place, scenario), &told);
    }
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let drills: Vec<_> = said["drills"].as_array().unwrap().iter().map(|one| one["verdict"]["drill"].clone()).collect();
    assert_eq!(drills, [format!("fulexo/{DUMP}"), format!("fulexo/{TWIN}")], "each once, as they were selected");
}
