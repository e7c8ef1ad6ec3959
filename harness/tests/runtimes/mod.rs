//! Tests whose body runs inside the isolation of a drill: natively, and in containers.

use std::fs::{File, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use blackstart::host::Spec;
use blackstart::host::docker::{self, Fleet, Owner};
use blackstart::host::isolate::{self, Isolation};

/// A test: its name, how its hosts are kept apart or why they can't be, and what it does, in a folder of its own; true if it
/// passed.
pub struct Test {
    pub name: &'static str,
    pub isolation: fn() -> Result<Isolation, String>,
    /// The host whose network the test itself is in.
    pub network: Spec<'static>,
    pub body: fn(Isolation, &Path) -> bool,
}

/// Set for the process that the hosts belong to: its test, and the folder for disks.
const INSIDE: [&str; 2] = ["BLACKSTART_INSIDE_TEST", "BLACKSTART_INSIDE_SCRATCH"];
/// The exit code of a test of what this machine lacks: it is told apart from one that passed.
const NOT_TESTED: i32 = 77;
/// Where it is set a runtime that can't be had is a failure.
const REQUIRED: &str = "BLACKSTART_REQUIRE_HOSTS";

/// Runs those that the command line names, as other test programs do.
pub fn main(tests: &[Test]) -> ExitCode {
    if let [Some(name), Some(scratch)] = INSIDE.map(std::env::var_os) {
        let test = tests.iter().find(|test| name == test.name).unwrap();
        return inside(test, Path::new(&scratch));
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    let filters: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let mut all = true;
    for Test { name, .. } in tests.iter().filter(|test| wanted(test.name)) {
        if args.iter().any(|arg| arg == "--list") {
            println!("{name}: test");
        } else {
            let ended = run(name);
            let word = match ended {
                Some(0) => "ok",
                Some(NOT_TESTED) => "ignored",
                _ => "FAILED",
            };
            println!("test {name} ... {word}");
            all &= word != "FAILED";
        }
    }
    if all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The exit code of its process; `None`: it was killed.
fn run(name: &str) -> Option<i32> {
    let scratch = tempfile::Builder::new().prefix("inside").tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.env(INSIDE[0], name).env(INSIDE[1], scratch.path());
    // Its end of this pipe is its lifeline: all of it ends with this process.
    let mut child = child.stdin(Stdio::piped()).process_group(0).spawn().unwrap();
    let lifeline = child.stdin.take();
    let ended = child.wait().unwrap().code();
    drop(lifeline);
    ended
}

/// Namespaces on this machine.
pub fn native() -> Result<Isolation, String> {
    match isolate::available() {
        Isolation::Plain { why } => Err(format!("namespaces can't be had here: {why}")),
        isolation => Ok(isolation),
    }
}

/// Containers of the engine that answers here.
#[allow(dead_code, reason = "not every test file has a test in containers")]
pub fn containers() -> Result<Isolation, String> {
    let (engine, images) = docker::at_once(docker::available()).map_err(|error| error.to_string())?;
    let drill = format!("test-{}", std::process::id());
    Ok(Isolation::Containers(Fleet::new(engine, Owner { run: "test".into(), drill }, images)))
}

/// Before any thread is started.
fn inside(test: &Test, scratch: &Path) -> ExitCode {
    let mut isolation = match (test.isolation)() {
        Ok(isolation) => isolation,
        Err(why) => {
            println!("not tested: {why}");
            let is_required = std::env::var_os(REQUIRED).is_some();
            return if is_required { ExitCode::FAILURE } else { ExitCode::from(NOT_TESTED as u8) };
        }
    };
    let lifeline = File::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    isolate::enter(&isolation, lifeline, |why| println!("{why}")).unwrap();
    if let Isolation::Containers(fleet) = &mut isolation {
        fleet.enter(test.network).unwrap();
    }
    nix::unistd::dup2_stdin(File::open("/dev/null").unwrap()).unwrap();
    if (test.body)(isolation, scratch) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
