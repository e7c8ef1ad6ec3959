//! Drills side by side: how long a run takes against the longest of its drills, or its even share of all of them.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use blackstart_record::history;
use blackstart_record::record::Folder;

use super::drilled::{QUICKEST, scenarios};
use super::{Comparison, Run};
use crate::Result;
use crate::samples::{Aim, Row, of, shown};

pub(super) const COMPARISON: Comparison = Comparison { name: "suite", run: Run::Here(run) };

const ROW: Row = Row {
    name: "drills side by side",
    against: "the longest, or an even share of all",
    unit: "x",
    aim: Aim::AtMost(1.20),
};
const RUNS: usize = 3;
const DRILLS: usize = 6;
const JOBS: usize = 2;
/// How the command ends: the objective of each is missed, as documented.
const MISSED: i32 = 99;

fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let scenarios = folder.path().join("scenarios");
    copies(&scenarios.join("fulexo"))?;
    let (mut walls, mut least) = (Vec::new(), Vec::new());
    ROW.begin();
    for number in 0..RUNS {
        let out = folder.path().join(number.to_string());
        let wall = wall(&scenarios, &out)?;
        let drills = durations(&out)?;
        let share = drills.iter().sum::<f64>() / JOBS as f64;
        let longest = drills.iter().copied().fold(share, f64::max);
        ROW.sample(wall / longest);
        walls.push(wall);
        least.push(longest);
    }
    ROW.note(&format!("{} s against {} s, medians; {DRILLS} drills, {JOBS} at a time", shown(&walls), shown(&least)));
    Ok(())
}

/// The shipped plan with nothing but copies of one scenario, named so that its profiles find some.
fn copies(plan: &Path) -> Result<()> {
    let shipped = scenarios()?.join("fulexo");
    let programs = Path::new("nightly-dump");
    std::fs::create_dir_all(plan.join(programs))?;
    for entry in shipped.join(programs).read_dir()? {
        let file = programs.join(entry?.file_name());
        std::fs::copy(shipped.join(&file), plan.join(&file))?;
    }
    std::fs::copy(shipped.join("plan.toml"), plan.join("plan.toml"))?;
    for number in 1..=DRILLS {
        std::fs::copy(shipped.join(format!("{QUICKEST}.toml")), plan.join(format!("{QUICKEST}-{number}.toml")))?;
    }
    Ok(())
}

/// Seconds that the command takes for all of them. `cargo ci compare` has built it beside this program.
fn wall(scenarios: &Path, out: &Path) -> Result<f64> {
    let mut blackstart = Command::new(std::env::current_exe()?.with_file_name("blackstart"));
    blackstart.args(["run", "--hosts", "native", "--jobs", &JOBS.to_string(), "--seed", "1"]);
    blackstart.arg("--scenarios").arg(scenarios).arg("--out").arg(out).stdin(Stdio::null()).stdout(Stdio::null());
    let begun = Instant::now();
    let ended = blackstart.status()?;
    match ended.code() {
        Some(MISSED) => Ok(of(begun.elapsed())),
        _ => Err(format!("the drills ended with {ended}").into()),
    }
}

/// Seconds of each drill of a run, those that were disturbed and run again as well.
fn durations(out: &Path) -> Result<Vec<f64>> {
    let mut all = Vec::new();
    for entry in out.read_dir()? {
        let history = Folder::new(entry?.path()).history();
        if history.exists() {
            let entries = history::read(&history)?.entries;
            all.push(entries.last().map_or(0.0, |last| last.at.as_secs_f64()));
        }
    }
    if all.len() < DRILLS { Err("a drill left no history".into()) } else { Ok(all) }
}
