//! Comparisons on real servers, each in a process in namespaces of its own, as a drill is: nothing of it reaches
//! further than its own loopback, and the kernel ends every server of it when the process ends.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};

use blackstart::host::isolate;
use blackstart::host::scratch::{self, Scratch};

use crate::Result;
use crate::comparisons::{ALL, Run};

/// The hidden argument of the isolated process.
pub const ALONE: &str = "compare-isolated";

/// Runs a comparison in its process, and removes what it left on disk.
///
/// # Errors
/// It could not be started, or failed; its own words are on standard error.
pub fn start(name: &str) -> Result<()> {
    let scratch = Scratch::create(&scratch::root(), &format!("compare-{name}"))?;
    // The process holds one end: when this program dies, in whatever way, so do the servers.
    let (lifeline, held) = io::pipe()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args([ALONE, name]).arg(scratch.path()).stdin(Stdio::from(lifeline));
    let status = command.status();
    drop(held);
    scratch.remove()?;
    match status?.success() {
        true => Ok(()),
        false => Err("it failed".into()),
    }
}

/// The isolated process. Must be called before any thread is started.
///
/// # Errors
/// No isolation to be had, or that of the comparison.
pub fn inside(name: &str, scratch: &Path) -> Result<()> {
    let lifeline = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let isolation = isolate::available();
    isolate::enter(&isolation, lifeline, |_| ())?;
    let comparison = ALL.iter().find(|comparison| comparison.name == name);
    match comparison.map(|comparison| comparison.run) {
        Some(Run::Isolated(run)) => run(isolation, scratch.to_owned()),
        _ => Err(format!("no isolated comparison has the name {name}").into()),
    }
}
