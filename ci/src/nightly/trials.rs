//! The trials of a drill that take too long for every day: backups that are disturbed at each of their steps, and restores from
//! damaged copies, of a shipped archive of each engine.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use blackstart_record::record::Folder;
use blackstart_record::verdict::Verdict;

use super::{Outcome, Step};
use crate::figures::Figure;
use crate::{defects, output};

/// The scenarios, and what is added to the names of their steps.
const SCENARIOS: &[(&str, &str)] = &[
    ("", "fulexo/database-corruption"),
    ("-mariadb", "baraka-logistics/data-corruption-binlog"),
    ("-physical", "baraka-logistics/complete-infrastructure-failure-physical"),
];

/// What `blackstart run` is asked for by that name, and the checker that says what came of it.
const TRIALS: &[(&str, &str)] = &[("crash-points", "CRASH"), ("sabotage", "SABOTAGE")];

/// A step for each.
pub fn steps(root: &Path) -> impl Iterator<Item = Step<'_>> {
    SCENARIOS.iter().flat_map(move |(suffix, scenario)| {
        TRIALS.iter().map(move |(trial, checker)| {
            let (name, what) = (format!("{trial}{suffix}"), format!("blackstart run {scenario} --{trial}"));
            let folder = name.clone();
            Step { name, what, run: Box::new(move |out| run(root, (scenario, trial, checker), &folder, out)) }
        })
    })
}

fn run(
    root: &Path,
    (scenario, trial, checker): (&str, &str, &str),
    folder: &str,
    out: &mut dyn Write,
) -> io::Result<Outcome> {
    let mut blackstart = Command::new(defects::built(root)?);
    let runs = output::target_dir(root).join(folder);
    if runs.exists() {
        std::fs::remove_dir_all(&runs)?;
    }
    blackstart.current_dir(root).envs(output::disks());
    blackstart.args(["run", scenario, "--hosts", "native", "--seed", "1"]).arg(format!("--{trial}"));
    output::follow(blackstart.arg("--out").arg(&runs), out, |_| ())?;
    let verdict = Folder::new(runs.join(scenario.replace('/', "-"))).load_verdict().map_err(io::Error::other)?;
    let found = verdict.findings.iter().find(|finding| finding.checker == checker);
    let figures = found.map(|finding| Figure::new(format!("{checker} of {scenario}"), finding.says.clone()));
    Ok(Outcome { passed: verdict.verdict == Verdict::Met && found.is_some(), figures: figures.into_iter().collect() })
}
