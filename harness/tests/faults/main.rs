//! Each fault is absent before, seen while it is on, and gone after it is healed: by a probe from outside, on real servers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test")]

mod table;
mod world;

use std::fs::{File, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use blackstart::host::isolate::{self, Isolation};

const NAME: &str = "each_fault_is_absent_before_seen_while_on_and_gone_after_heal";
/// Set for the process inside its namespaces: the folder for its hosts' disks.
const INSIDE: &str = "BLACKSTART_FAULTS_INSIDE";

fn main() -> ExitCode {
    if let Some(scratch) = std::env::var_os(INSIDE) {
        return inside(Path::new(&scratch));
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--list") {
        println!("{NAME}: test");
        return ExitCode::SUCCESS;
    }
    let mut filters = args.iter().filter(|arg| !arg.starts_with('-')).peekable();
    if filters.peek().is_some() && !filters.any(|filter| NAME.contains(filter.as_str())) {
        return ExitCode::SUCCESS;
    }
    let scratch = tempfile::Builder::new().prefix("faults").tempdir_in("/var/tmp").unwrap();
    std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    // Its end of this pipe is its lifeline: all of it ends with this process.
    let mut child = child.env(INSIDE, scratch.path()).stdin(Stdio::piped()).process_group(0).spawn().unwrap();
    let lifeline = child.stdin.take();
    let passed = child.wait().unwrap().success();
    drop(lifeline);
    println!("test {NAME} ... {}", if passed { "ok" } else { "FAILED" });
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Before any thread is started.
fn inside(scratch: &Path) -> ExitCode {
    let isolation = isolate::available();
    if let Isolation::Plain { why } = &isolation {
        println!("not tested, because namespaces cannot be had here: {why}");
        return ExitCode::SUCCESS;
    }
    let lifeline = File::from(std::io::stdin().as_fd().try_clone_to_owned().unwrap());
    isolate::enter(&isolation, lifeline, |_| ()).unwrap();
    nix::unistd::dup2_stdin(File::open("/dev/null").unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(table::run(isolation, scratch));
    ExitCode::SUCCESS
}
