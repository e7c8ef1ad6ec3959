//! An engine that is started again while a drill runs: every container ends at once. The drill is not met by that, and nothing
//! of it is left.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use blackstart_record::record::Folder;
use blackstart_record::verdict::Verdict;

use crate::engine::Engine;
use crate::{defects, output};

/// The twin whose drills are the shortest, and about how long one takes in containers.
const SHORTEST: &str = "dump";
const DRILL: Duration = Duration::from_secs(16);
/// A drill without hosts has to end by itself.
const END_BOUND: Duration = Duration::from_secs(180);
/// Within so long nothing is left, once `sweep` has been called.
const SWEEP_BOUND: Duration = Duration::from_secs(30);
/// What the engine lists of ours.
const LISTS: [&[&str]; 3] = [&["ps", "--all"], &["network", "ls"], &["volume", "ls"]];

/// Restarts the engine so many times, each at another instant of a drill; whether all went as it has to.
///
/// # Errors
/// The output can't be written, the engine does not come back, or Blackstart can't be run.
pub(super) fn survived(root: &Path, engine: &mut Engine, times: u32, out: &mut dyn Write) -> io::Result<bool> {
    let mut all = true;
    for number in 0..times {
        // Spread over a drill, the first and the last instants left out.
        let after = DRILL * (2 * number + 1) / (2 * times);
        let went = once(root, engine, after)?;
        let says = went.as_ref().err().map_or("nothing is left, and it is not met", String::as_str);
        writeln!(out, "the engine was restarted {:.1} s into a drill: {says}", after.as_secs_f64())?;
        all &= went.is_ok();
    }
    Ok(all)
}

fn once(root: &Path, engine: &mut Engine, after: Duration) -> io::Result<Result<(), String>> {
    let work = output::target_dir(root).join("restarts");
    let (mut blackstart, record) = defects::twin(root, SHORTEST, &work)?;
    blackstart.args(["--hosts", "docker"]).envs(engine.environment());
    let mut drill = blackstart.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    thread::sleep(after);
    let under_way = drill.try_wait()?.is_none();
    engine.restart()?;
    if !ended(&mut drill)? {
        drill.kill()?;
        drill.wait()?;
        return Ok(Err(format!("the drill had not ended {} s later", END_BOUND.as_secs())));
    }
    let verdict = Folder::new(record).load_verdict().map(|verdict| verdict.verdict);
    if !under_way {
        return Ok(Err("the drill had ended before, which shows nothing".to_owned()));
    }
    if matches!(verdict, Ok(Verdict::Met)) {
        return Ok(Err("the drill was called met".to_owned()));
    }
    swept(&blackstart, engine)
}

fn ended(drill: &mut Child) -> io::Result<bool> {
    let began = Instant::now();
    while drill.try_wait()?.is_none() {
        if began.elapsed() > END_BOUND {
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(100));
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
fn labelled(engine: &Engine) -> io::Result<Vec<String>> {
    let mut all = Vec::new();
    for list in LISTS {
        let mut asked = Command::new("docker");
        asked.args(list).args(["--quiet", "--filter", "label=blackstart.drill"]).envs(engine.environment());
        let said = asked.output()?;
        if !said.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&said.stderr).trim().to_owned()));
        }
        all.extend(String::from_utf8_lossy(&said.stdout).lines().map(str::to_owned));
    }
    Ok(all)
}
