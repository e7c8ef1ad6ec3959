//! Drills side by side, and a machine that disturbs one of them.

use std::fs;
use std::time::Duration;

use blackstart_record::event::Phase;
use blackstart_record::history;
use blackstart_record::record::Folder;
use blackstart_record::verdict::{DrillVerdict, Verdict};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{DUMP, Place, asks_for_all, servers, told};

/// The scenario and copies of it: two in all, ten where `BLACKSTART_FULL=1` asks for all that can be asked.
fn scenarios() -> Vec<String> {
    let number = if asks_for_all() { 10 } else { 2 };
    let copies = (2..=number).map(|number| format!("{DUMP}-{number:02}"));
    [DUMP.to_owned()].into_iter().chain(copies).collect()
}

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
fn drills_run_side_by_side_and_those_that_were_disturbed_again_and_alone() {
    let (place, scenarios) = (Place::of(DUMP, &[]), scenarios());
    let plans = place.path().join("scenarios/fulexo");
    for copy in &scenarios[1..] {
        fs::copy(plans.join(format!("{DUMP}.toml")), plans.join(format!("{copy}.toml"))).unwrap();
    }
    let jobs = scenarios.len().to_string();
    let mut child = place.run().args(["--jobs", &jobs, "--output", "json"]).spawn().unwrap();
    place.wait_for_phase(&mut child, Phase::Recovery);
    for scenario in &scenarios {
        assert!(history::read(&record(&place, scenario).history()).is_ok(), "{scenario} is not under way too");
    }
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
    scenarios.iter().for_each(|scenario| assert_intact(&verdict(&place, scenario), &told));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let drills: Vec<_> = said["drills"].as_array().unwrap().iter().map(|one| one["verdict"]["drill"].clone()).collect();
    let selected: Vec<_> = scenarios.iter().map(|scenario| format!("fulexo/{scenario}")).collect();
    assert_eq!(drills, selected, "each once, as they were selected");
    let reports: Vec<_> = said["reports"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    assert_eq!(reports.len(), 2, "{reports:?}");
    let brief = fs::read_to_string(place.path().join("out/report.md")).unwrap();
    assert!(brief.contains(&format!("{} drills: {} missed", scenarios.len(), scenarios.len())), "{brief}");
    assert!(!brief.contains("disturbed by this machine"), "only the second record of a drill counts");
    assert!(place.scratch().is_empty(), "left behind: {:?}", place.scratch());
}
