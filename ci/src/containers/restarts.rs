//! An engine that is started again while a drill runs: every container ends at once. The drill is not met by that, and nothing
//! of it is left.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use blackstart_record::event::{Event, Phase};
use blackstart_record::history;
use blackstart_record::record::Folder;
use blackstart_record::verdict::Verdict;

use crate::engine::Engine;
use crate::{defects, output};

/// The twin whose drills are the shortest.
const SHORTEST: &str = "dump";
/// Where a drill is when the engine is restarted, in this order and again. Torn down, it needs no container any more.
const PHASES: [Phase; 8] = [
    Phase::Backup,
    Phase::Recovery,
    Phase::Environment,
    Phase::Load,
    Phase::Workload,
    Phase::Faults,
    Phase::Aftermath,
    Phase::Examine,
];
/// How much later than the last time, where it is there again.
const LATER: Duration = Duration::from_millis(150);
/// A drill without hosts has to end by itself, and one with hosts to come to its next phase.
const END_BOUND: Duration = Duration::from_secs(180);
/// Within so long nothing is left, once `sweep` has been called.
const SWEEP_BOUND: Duration = Duration::from_secs(30);
/// What the engine lists of ours.
const LISTS: [&[&str]; 3] = [&["ps", "--all"], &["network", "ls"], &["volume", "ls"]];

/// Restarts the engine so many times, each at another point of a drill; whether all went as it has to.
///
/// # Errors
/// The output can't be written, the engine does not come back, or Blackstart can't be run.
pub(super) fn survived(root: &Path, engine: &mut Engine, times: u32, out: &mut dyn Write) -> io::Result<bool> {
    let mut all = true;
    for number in 0..times {
        let (round, at) = (number / PHASES.len() as u32, number as usize % PHASES.len());
        let (phase, later) = (PHASES[at], LATER * round);
        let went = once(root, engine, phase, later)?;
        let says = went.as_ref().err().map_or("nothing is left, and it is not met", String::as_str);
        writeln!(out, "the engine was restarted {} ms into {phase:?} of a drill: {says}", later.as_millis())?;
        all &= went.is_ok();
    }
    Ok(all)
}

fn once(root: &Path, engine: &mut Engine, phase: Phase, later: Duration) -> io::Result<Result<(), String>> {
    let work = output::target_dir(root).join("restarts");
    let (mut blackstart, record) = defects::twin(root, SHORTEST, &work)?;
    blackstart.args(["--hosts", "docker"]).envs(engine.environment());
    let mut drill = blackstart.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let record = Folder::new(record);
    let is_there = || {
        let history = history::read(&record.history()).unwrap_or_default();
        history.entries.iter().any(|entry| entry.event == Event::Phase(phase))
    };
    if !until(|| Ok(is_there() || drill.try_wait()?.is_some()))? || !is_there() {
        return Ok(Err(format!("the drill did not come to {phase:?}")));
    }
    thread::sleep(later);
    engine.restart()?;
    if !until(|| Ok(drill.try_wait()?.is_some()))? {
        drill.kill()?;
        drill.wait()?;
        return Ok(Err(format!("the drill had not ended {} s later", END_BOUND.as_secs())));
    }
    match record.load_verdict() {
        Ok(verdict) if verdict.verdict == Verdict::Met => Ok(Err("the drill was called met".to_owned())),
        _ => swept(&blackstart, engine),
    }
}

/// Whether something comes true in time.
fn until(mut is: impl FnMut() -> io::Result<bool>) -> io::Result<bool> {
    let began = Instant::now();
    while !is()? {
        if began.elapsed() > END_BOUND {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(true)
}

/// Whether `sweep` leaves nothing of it.
fn swept(blackstart: &Command, engine: &Engine) -> io::Result<Result<(), String>> {
    let began = Instant::now();
    loop {
        let mut sweep = Command::new(blackstart.get_program());
        sweep.arg("sweep").envs(output::disks()).envs(engine.environment()).stdout(Stdio::null());
        let status = sweep.status()?;
        let left = labelled(engine)?;
        if left.is_empty() && status.success() {
            return Ok(Ok(()));
        }
        if began.elapsed() > SWEEP_BOUND {
            return Ok(Err(format!("sweep ended with {status} and left {}", left.join(", "))));
        }
    }
}

/// Every container, network and volume of ours.
pub(super) fn labelled(engine: &Engine) -> io::Result<Vec<String>> {
    let mut all = Vec::new();
    for list in LISTS {
        let said = engine.docker().args(list).args(["--quiet", "--filter", "label=blackstart.drill"]).output()?;
        if !said.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&said.stderr).trim().to_owned()));
        }
        all.extend(String::from_utf8_lossy(&said.stdout).lines().map(str::to_owned));
    }
    Ok(all)
}
