//! Runs that are killed at any instant: what they made is removed, and nothing else; what they had recorded is still there.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Place, asks_for_all, text, told};

/// By which engines' things are asked for: all that carry our label.
const LISTS: [&[&str]; 3] = [&["ps", "--all"], &["network", "ls"], &["volume", "ls"]];
/// Within so long after a kill nothing is left, once `sweep` has been called.
const BOUND: Duration = Duration::from_secs(30);
/// A small drill takes about so long.
const DRILL: Duration = Duration::from_secs(14);

/// 20; 200 where `BLACKSTART_FULL=1` asks for all of them.
fn instants() -> u64 {
    if asks_for_all() { 200 } else { 20 }
}

/// An instant of a drill that follows from its number, and from nothing else.
fn drawn(number: u64) -> Duration {
    let mut drawn = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66;
    drawn ^= drawn >> 29;
    DRILL * u32::try_from(drawn % 1000).unwrap() / 1000
}

/// Every labelled container, network and volume; `None`: no engine answers.
fn labelled() -> Option<Vec<String>> {
    let mut all = Vec::new();
    for list in LISTS {
        let mut asked = Command::new("docker");
        asked.args(list).args(["--quiet", "--filter", "label=blackstart.drill"]).stderr(Stdio::null());
        let said = asked.output().ok().filter(|said| said.status.success())?;
        all.extend(String::from_utf8_lossy(&said.stdout).lines().map(str::to_owned));
    }
    Some(all)
}

/// Whether containers can be tried; where they have to be, not being able to is a failure.
pub fn has_containers() -> bool {
    let has = labelled().is_some();
    assert!(has || std::env::var_os("BLACKSTART_REQUIRE_HOSTS").is_none(), "no container engine answers");
    has
}

/// Kills a run at its `number`-th instant, sweeps, and looks what is left.
fn kill_and_sweep(hosts: &str, number: u64) {
    let place = Place::new(&[]);
    let mut child = place.run_on(hosts).spawn().unwrap();
    std::thread::sleep(drawn(number));
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = Instant::now();
    let mut swept = place.blackstart(&["sweep"]).output().unwrap();
    while !place.scratch().is_empty() || labelled().is_some_and(|left| !left.is_empty()) {
        assert!(killed.elapsed() < BOUND, "killed at {:?}: {:?}, {:?}", drawn(number), place.scratch(), labelled());
        swept = place.blackstart(&["sweep"]).output().unwrap();
    }
    assert_eq!(swept.status.code(), Some(0), "{}", told(&swept));
    if place.folder().record().exists() {
        let judged = place.blackstart(&["judge", text(place.folder().path())]).output().unwrap();
        assert_eq!(judged.status.code(), Some(105), "killed at {:?}: {}", drawn(number), told(&judged));
    }
}

#[test]
fn wherever_a_native_run_is_killed_sweep_leaves_nothing_of_it() {
    (0..instants()).for_each(|number| kill_and_sweep("native", number));
}

#[test]
fn wherever_a_run_in_containers_is_killed_sweep_leaves_nothing_of_it() {
    if has_containers() {
        (0..instants()).for_each(|number| kill_and_sweep("docker", number));
    }
}

#[test]
fn sweep_leaves_a_live_run_in_containers_alone() {
    if !has_containers() {
        return;
    }
    let place = Place::new(&[]);
    // What others left is none of this one's.
    assert!(place.blackstart(&["sweep"]).status().unwrap().success());
    let mut child = place.run_on("docker").spawn().unwrap();
    while labelled().unwrap().len() < 9 {
        assert!(child.try_wait().unwrap().is_none(), "the drill ended before its hosts were there");
        std::thread::sleep(Duration::from_millis(50));
    }
    let before = labelled();
    let swept = place.blackstart(&["sweep"]).output().unwrap();
    assert_eq!(swept.status.code(), Some(0), "{}", told(&swept));
    assert_eq!(labelled(), before);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(labelled(), Some(Vec::new()));
}
