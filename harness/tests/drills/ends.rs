//! How drills end early: by a signal, by a kill; and as whom they run.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use blackstart::host::process;
use blackstart_record::event::Phase;
use blackstart_record::verdict::Verdict;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getuid};

use crate::support::{DUMP, Place, assert_intact, text, told};

#[test]
fn a_signal_tears_down_within_ten_seconds_and_keeps_a_record_that_is_inconclusive() {
    for (signal, code, phase) in [(Signal::SIGINT, 130, Phase::Load), (Signal::SIGTERM, 143, Phase::Faults)] {
        let place = Place::new(&[]);
        let mut child = place.run().spawn().unwrap();
        place.wait_for_phase(&mut child, phase);
        let servers = process::descendants(child.id());
        assert!(servers.len() > 3, "the drill has servers");
        let asked = Instant::now();
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
        assert_eq!(output.status.code(), Some(code), "{}", told(&output));
        assert_eq!(place.verdict().verdict, Verdict::Inconclusive);
        assert!(servers.iter().all(|pid| process::start_time(*pid).is_none()), "a server outlived the drill");
        assert!(place.scratch().is_empty(), "left behind: {:?}", place.scratch());
    }
}

#[test]
fn after_a_kill_nothing_runs_a_second_later_and_sweep_removes_the_rest() {
    for phase in [Phase::Environment, Phase::Backup, Phase::Recovery] {
        let place = Place::new(&[]);
        let mut child = place.run().spawn().unwrap();
        place.wait_for_phase(&mut child, phase);
        std::thread::sleep(Duration::from_millis(300));
        let ours = process::descendants(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        std::thread::sleep(Duration::from_secs(1));
        let left: Vec<_> = ours.iter().filter(|pid| process::start_time(**pid).is_some()).collect();
        assert!(left.is_empty(), "killed in {phase:?}, still there: {left:?}");

        assert_eq!(place.scratch().len(), 1);
        let foreign = place.path().join("scratch/foreign");
        std::fs::create_dir(&foreign).unwrap();
        let output = place.blackstart(&["sweep"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        assert_eq!(place.scratch(), [foreign]);
        let output = place.blackstart(&["judge", text(place.folder().path())]).output().unwrap();
        assert_eq!(output.status.code(), Some(105), "{}", told(&output));
    }
}

/// Runs the drill as `nobody`, with `$ROOT` as its root folder; only root can become somebody else, and a plain user has
/// run every other test as one already.
fn as_nobody(place: &Place, become_nobody: &str) -> Output {
    let cache = blackstart_tools::cache_dir().unwrap();
    let home = place.path().join("home");
    std::fs::create_dir_all(home.join("tools")).unwrap();
    std::fs::create_dir_all(place.path().join("root")).unwrap();
    let binary = place.path().join("blackstart");
    std::fs::copy(env!("CARGO_BIN_EXE_blackstart"), &binary).unwrap();
    for open in [place.path(), &home] {
        std::fs::set_permissions(open, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    let script = format!("mount --bind \"$TOOLS\" '{}' && {become_nobody} \"$@\"", home.join("tools").display());
    let mut run = place.run();
    run.env("BLACKSTART_CACHE", &home).env("HOME", &home);
    let mut wrapped = Command::new("unshare");
    wrapped.args(["--mount", "sh", "-c", &script, "sh"]).arg(&binary).args(run.get_args());
    wrapped.env("TOOLS", cache.join("tools")).env("ROOT", place.path().join("root"));
    for (name, value) in run.get_envs() {
        wrapped.env(name, value.unwrap());
    }
    wrapped.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_plain_user_drills_inside_a_user_namespace() {
    if !getuid().is_root() {
        return;
    }
    let place = Place::of(DUMP, &[]);
    let output = as_nobody(&place, "exec setpriv --reuid=65534 --regid=65534 --clear-groups");
    assert_intact(&place, &output, "plain user");
    let record = place.folder().load_record().unwrap();
    assert!(record.isolation.says.contains("user namespace"), "{}", record.isolation.says);
}

/// The kernel makes no user namespace for a process whose root folder is not the root of its mounts.
#[test]
fn without_namespaces_a_drill_says_what_it_cannot_prove_and_is_not_met_by_that() {
    if !getuid().is_root() {
        return;
    }
    let place = Place::new(&[]);
    let output =
        as_nobody(&place, "mount --rbind / \"$ROOT\" && exec chroot --userspec=65534:65534 --groups= \"$ROOT\"");
    let record = place.folder().load_record().unwrap();
    assert!(record.isolation.says.contains("plain processes"), "{}", record.isolation.says);
    assert!(!record.isolation.cannot_prove.is_empty());
    for check in &record.isolation.cannot_prove {
        let found = place.verdict().findings.into_iter().find(|finding| finding.checker == *check);
        assert_eq!(found.map(|finding| finding.verdict), Some(Verdict::Inconclusive), "{check}: {}", told(&output));
    }
    assert!(place.scratch().is_empty(), "left behind: {:?}", place.scratch());
}
