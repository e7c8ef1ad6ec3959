//! `blackstart inside` (hidden): the isolated process of one drill, started by `run`.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::drill::{self, Request};
use crate::host::isolate;

/// Reads the request from standard input, isolates itself, and drills. Must be called before any thread is started.
pub fn main() -> ExitCode {
    match prepare().and_then(|(request, scratch, isolation)| run(request, scratch, isolation)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            crate::cli::complain(&why);
            ExitCode::FAILURE
        }
    }
}

fn prepare() -> Result<(Request, PathBuf, isolate::Isolation), String> {
    let said = |error: io::Error| format!("cannot read the drill's request: {error}");
    let mut lifeline = File::from(io::stdin().as_fd().try_clone_to_owned().map_err(said)?);
    let mut length = [0; 8];
    lifeline.read_exact(&mut length).map_err(said)?;
    let mut message = vec![0; usize::try_from(u64::from_le_bytes(length)).map_err(|error| error.to_string())?];
    lifeline.read_exact(&mut message).map_err(said)?;
    let (request, scratch): (Request, PathBuf) =
        serde_json::from_slice(&message).map_err(|error| said(error.into()))?;
    let isolation = request.hosts.enter(&request, lifeline, crate::cli::complain).map_err(|error| error.to_string())?;
    // Nothing that the drill starts may read from its lifeline.
    let nothing = File::open("/dev/null").map_err(said)?;
    nix::unistd::dup2_stdin(&nothing).map_err(|errno| errno.to_string())?;
    Ok((request, scratch, isolation))
}

fn run(request: Request, scratch: PathBuf, isolation: isolate::Isolation) -> Result<(), String> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
    runtime.block_on(drill::run(request, isolation, scratch)).map_err(|error| error.to_string())
}
