//! A host keeps one contract, whatever it is made of: the same table of promises, natively and in containers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test")]

mod promises;

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use blackstart::host::docker::{self, Fleet, Owner};
use blackstart::host::isolate::{self, Isolation};
use blackstart::host::{Ground, Logs, Spec};
use blackstart::secret::Secrets;

/// How hosts are kept apart, or why they can't be.
type Runtime = fn() -> Result<Isolation, String>;

/// Each runtime, by the name of its test.
const TESTS: [(&str, Runtime); 2] =
    [("a_native_host_keeps_its_promises", native), ("a_host_in_a_container_keeps_its_promises", containers)];
/// Set for the process that the hosts belong to: its test, and the folder for disks.
const INSIDE: [&str; 2] = ["BLACKSTART_HOSTS_TEST", "BLACKSTART_HOSTS_SCRATCH"];
/// Where it is set a runtime that can't be had is a failure.
const REQUIRED: &str = "BLACKSTART_REQUIRE_HOSTS";
/// The host whose network the test itself is in.
const NETWORK: Spec<'_> = Spec { name: "network", index: 9, disk: None, runs: "toxiproxy", image: None };

fn main() -> ExitCode {
    if let [Some(test), Some(scratch)] = INSIDE.map(std::env::var_os) {
        let (_, isolation) = TESTS.iter().find(|(name, _)| test == *name).unwrap();
        return inside(*isolation, Path::new(&scratch));
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    let filters: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let mut all = true;
    for (name, _) in TESTS.into_iter().filter(|(name, _)| wanted(name)) {
        if args.iter().any(|arg| arg == "--list") {
            println!("{name}: test");
        } else {
            let passed = run(name);
            println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
            all &= passed;
        }
    }
    if all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(name: &str) -> bool {
    let scratch = tempfile::Builder::new().prefix("hosts").tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.env(INSIDE[0], name).env(INSIDE[1], scratch.path());
    // Its end of this pipe is its lifeline: all of it ends with this process.
    let mut child = child.stdin(Stdio::piped()).process_group(0).spawn().unwrap();
    let lifeline = child.stdin.take();
    let passed = child.wait().unwrap().success();
    drop(lifeline);
    passed
}

fn native() -> Result<Isolation, String> {
    match isolate::available() {
        Isolation::Plain { why } => Err(format!("namespaces can't be had here: {why}")),
        isolation => Ok(isolation),
    }
}

fn containers() -> Result<Isolation, String> {
    let found = docker::at_once(docker::available());
    let (engine, images) = found.map_err(|error| error.to_string())?;
    let drill = format!("hosts-{}", std::process::id());
    Ok(Isolation::Containers(Fleet::new(engine, Owner { run: "test".into(), drill }, images)))
}

/// Before any thread is started.
fn inside(isolation: Runtime, scratch: &Path) -> ExitCode {
    let mut isolation = match isolation() {
        Ok(isolation) => isolation,
        Err(why) => {
            println!("not tested: {why}");
            return if std::env::var_os(REQUIRED).is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let lifeline = File::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    isolate::enter(&isolation, lifeline, |why| println!("{why}")).unwrap();
    if let Isolation::Containers(fleet) = &mut isolation {
        fleet.enter(NETWORK).unwrap();
    }
    nix::unistd::dup2_stdin(File::open("/dev/null").unwrap()).unwrap();
    let logs = scratch.join("logs");
    std::fs::create_dir(&logs).unwrap();
    let ground = Ground {
        isolation,
        scratch: scratch.join("scratch"),
        tools: scratch.join("none"),
        programs: Arc::default(),
        logs: Logs::new(&logs, Secrets::default()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let kept: BTreeMap<&str, bool> = runtime.block_on(promises::all(&ground));
    kept.iter().filter(|(_, kept)| !**kept).for_each(|(promise, _)| println!("broken: {promise}"));
    if kept.values().all(|kept| *kept) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
