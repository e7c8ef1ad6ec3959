//! The crash points of the shipped archive: a backup for each step that barman-cloud takes, which is half an hour.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use blackstart_record::record::Folder;
use blackstart_record::verdict::Verdict;

use super::{Outcome, Step};
use crate::figures::Figure;
use crate::{defects, output};

const SCENARIO: &str = "fulexo/database-corruption";
const CHECKER: &str = "CRASH";

/// The step.
pub fn step(root: &Path) -> Step<'_> {
    Step {
        name: "crash-points".to_owned(),
        what: format!("blackstart run {SCENARIO} --crash-points"),
        run: Box::new(|out| run(root, out)),
    }
}

fn run(root: &Path, out: &mut dyn Write) -> io::Result<Outcome> {
    let mut blackstart = Command::new(defects::built(root)?);
    let runs = output::target_dir(root).join("crash-points");
    if runs.exists() {
        std::fs::remove_dir_all(&runs)?;
    }
    blackstart.current_dir(root).envs(output::disks());
    blackstart.args(["run", SCENARIO, "--crash-points", "--hosts", "native", "--seed", "1", "--out"]).arg(&runs);
    output::follow(&mut blackstart, out, |_| ())?;
    let verdict = Folder::new(runs.join(SCENARIO.replace('/', "-"))).load_verdict().map_err(io::Error::other)?;
    let found = verdict.findings.iter().find(|finding| finding.checker == CHECKER);
    let figures = found.map(|finding| Figure::new(format!("{CHECKER} of {SCENARIO}"), finding.says.clone()));
    Ok(Outcome { passed: verdict.verdict == Verdict::Met && found.is_some(), figures: figures.into_iter().collect() })
}
