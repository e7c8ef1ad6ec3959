//! The crash points of shipped methods: a backup for each step that one takes, which is half an hour for barman-cloud.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use blackstart_record::record::Folder;
use blackstart_record::verdict::Verdict;

use super::{Outcome, Step};
use crate::figures::Figure;
use crate::{defects, output};

/// A step each: its name, and the scenario whose method is disturbed.
const SCENARIOS: [(&str, &str); 2] = [
    ("crash-points", "fulexo/database-corruption"),
    ("crash-points-physical", "baraka-logistics/complete-infrastructure-failure-physical"),
];
const CHECKER: &str = "CRASH";

/// The steps.
pub fn steps(root: &Path) -> impl Iterator<Item = Step<'_>> {
    SCENARIOS.into_iter().map(move |(name, scenario)| Step {
        name: name.to_owned(),
        what: format!("blackstart run {scenario} --crash-points"),
        run: Box::new(move |out| run(root, (name, scenario), out)),
    })
}

fn run(root: &Path, (name, scenario): (&str, &str), out: &mut dyn Write) -> io::Result<Outcome> {
    let mut blackstart = Command::new(defects::built(root)?);
    let runs = output::target_dir(root).join(name);
    if runs.exists() {
        std::fs::remove_dir_all(&runs)?;
    }
    blackstart.current_dir(root).envs(output::disks());
    blackstart.args(["run", scenario, "--crash-points", "--hosts", "native", "--seed", "1", "--out"]).arg(&runs);
    output::follow(&mut blackstart, out, |_| ())?;
    let verdict = Folder::new(runs.join(scenario.replace('/', "-"))).load_verdict().map_err(io::Error::other)?;
    let found = verdict.findings.iter().find(|finding| finding.checker == CHECKER);
    let figures = found.map(|finding| Figure::new(format!("{CHECKER} of {scenario}"), finding.says.clone()));
    Ok(Outcome { passed: verdict.verdict == Verdict::Met && found.is_some(), figures: figures.into_iter().collect() })
}
