//! A drill as a test of a team's own, beside its others: the command is run, and its verdict asserted.
//!
//! ```no_run
//! use blackstart::library::{Drill, Hosts};
//!
//! # async fn test() -> blackstart::failure::Result<()> {
//! let outcome = Drill::of("scenarios/fulexo/database-corruption").hosts(Hosts::Docker).seed(7).run().await?;
//! outcome.assert_met();
//! # Ok(())
//! # }
//! ```
//!
//! The command `blackstart` is the one on `PATH`, the one that `BLACKSTART` names, or [`Drill::program`].

use std::path::{Path, PathBuf};
use std::process::Stdio;

use blackstart_record::record::Folder;
use blackstart_record::verdict::{DrillVerdict, Verdict};

pub use crate::cli::run::Hosts;
use crate::failure::{Context, Error, Result};

/// One drill to run. A test that is ended while it runs ends the drill with all that it started.
#[derive(Clone, Debug)]
pub struct Drill {
    scenario: PathBuf,
    program: PathBuf,
    hosts: Hosts,
    seed: Option<u64>,
    keep: Option<PathBuf>,
}

impl Drill {
    /// The drill of `scenario`, which is the path of its file, with or without `.toml`: `FOLDER/PLAN/SCENARIO`.
    pub fn of(scenario: impl AsRef<Path>) -> Self {
        let program = std::env::var_os("BLACKSTART").map_or_else(|| PathBuf::from("blackstart"), PathBuf::from);
        let scenario = scenario.as_ref().with_extension("");
        Self { scenario, program, hosts: Hosts::default(), seed: None, keep: None }
    }

    /// What hosts are made of.
    #[must_use]
    pub fn hosts(self, hosts: Hosts) -> Self {
        Self { hosts, ..self }
    }

    /// The seed of everything random.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Keeps the record and its reports in `folder`, which is new or empty; otherwise they go with the outcome.
    #[must_use]
    pub fn keep(self, folder: impl Into<PathBuf>) -> Self {
        Self { keep: Some(folder.into()), ..self }
    }

    /// The command to run.
    #[must_use]
    pub fn program(self, program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), ..self }
    }

    /// Runs it to its end. What was not met is in the outcome, and no error.
    ///
    /// # Errors
    /// The command could not be run, or left no verdict; its own words say why.
    pub async fn run(self) -> Result<Outcome> {
        let (folder, plan, name) = self.place()?;
        let temporary = tempfile::tempdir().cannot("make a folder for the record")?;
        let out = self.keep.clone().unwrap_or_else(|| temporary.path().join("run"));
        let drill = format!("{plan}/{name}");
        let mut command = tokio::process::Command::new(&self.program);
        command
            .args(["run", &drill, "--hosts", &self.hosts.word()])
            .arg("--scenarios")
            .arg(folder)
            .arg("--out")
            .arg(&out);
        command.args(self.seed.map(|seed| format!("--seed={seed}")));
        command.env("NO_COLOR", "1").stdin(Stdio::null()).kill_on_drop(true);
        let ended = command.output().await.cannot(format_args!("run {}", self.program.display()))?;
        let folder = Folder::new(out.join(format!("{plan}-{name}")));
        let verdict = folder.load_verdict().map_err(|_| {
            let said = String::from_utf8_lossy(&ended.stderr).lines().map(str::to_owned).collect();
            Error::with_lines(format!("{} left no verdict on {drill} ({})", self.program.display(), ended.status), said)
        })?;
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        Ok(Outcome { verdict, folder, said, _temporary: temporary })
    }

    /// The folder of plans, the plan, and the scenario.
    fn place(&self) -> Result<(&Path, &str, &str)> {
        let wrong = || Error::new(format!("{} is no FOLDER/PLAN/SCENARIO", self.scenario.display()));
        let parent = self.scenario.parent().ok_or_else(wrong)?;
        let folder = parent.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (plan, scenario) = (parent.file_name(), self.scenario.file_name());
        let plan = plan.and_then(|name| name.to_str()).ok_or_else(wrong)?;
        let scenario = scenario.and_then(|name| name.to_str()).ok_or_else(wrong)?;
        Ok((folder, plan, scenario))
    }
}

/// What a drill came to.
#[derive(Debug)]
pub struct Outcome {
    /// The verdict.
    pub verdict: DrillVerdict,
    /// The record, with its reports.
    pub folder: Folder,
    said: String,
    _temporary: tempfile::TempDir,
}

impl Outcome {
    /// Asserts that every objective and every check is met.
    ///
    /// # Panics
    /// With all that the command said of the drill, if one is not.
    #[track_caller]
    pub fn assert_met(&self) {
        assert!(self.verdict.verdict == Verdict::Met, "{}", self.said);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_named_by_its_path() {
        let place = |path: &str| {
            Drill::of(path).place().map(|(folder, plan, name)| format!("{} {plan} {name}", folder.display()))
        };
        assert_eq!(place("scenarios/fulexo/database-corruption").unwrap(), "scenarios fulexo database-corruption");
        assert_eq!(place("/a/b/plan/lost.toml").unwrap(), "/a/b plan lost");
        assert_eq!(place("plan/lost").unwrap(), ". plan lost");
        for wrong in ["lost", "", "/"] {
            assert!(place(wrong).unwrap_err().to_string().contains("FOLDER/PLAN/SCENARIO"), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_command_that_is_not_there_is_named() {
        let error = Drill::of("a/b/c").program("/no/such/blackstart").run().await.unwrap_err();
        assert!(error.to_string().contains("/no/such/blackstart"), "{error}");
    }
}
