//! `cargo ci setup`: brings a machine to where it can run a drill, and says what for.
//!
//! It looks first and changes only what is missing, so a second run is a look. What it may not do,
//! it spells out as commands and stops: only root on Debian has packages installed, and nothing on
//! the machine but those packages and Blackstart's own cache is changed.
//!
//! - [`Survey`]: what is here, and what the machine lets us do
//! - [`Plan`]: what to do about it; pure, so that every kind of machine is a test case
//! - [`apt`], [`go`] and [`wheel`]: the three ways of doing it

pub mod apt;
pub mod go;
pub mod plan;
mod staging;
pub mod survey;
pub mod wheel;

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

use blackstart_tools::{Missing, Rejected, Search};

use plan::{Plan, Step};
use survey::Survey;

/// Whether to change the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Install what is missing.
    Install,
    /// Only say what would be installed.
    DryRun,
}

/// Why set-up stopped.
#[derive(Debug)]
pub enum Stop {
    /// A person has to do something first; exit code 2.
    ByHand(String),
    /// Something that should have worked did not; exit code 1.
    Failed(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::ByHand(what) | Self::Failed(what)) = self;
        f.write_str(what)
    }
}

impl Stop {
    fn code(&self) -> u8 {
        match self {
            Self::ByHand(_) => 2,
            Self::Failed(_) => 1,
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Runs set-up on this machine; the exit code.
///
/// # Errors
/// When the output can't be written.
pub fn run(mode: Mode, out: &mut dyn Write) -> io::Result<u8> {
    let search = Search::from_env();
    let survey = Survey::of_machine(&search);
    for located in &survey.found {
        writeln!(out, "found    {} {}, {}", located.tool.name, located.version, located.path.display())?;
    }
    for missing in &survey.missing {
        writeln!(out, "missing  {}: {}", missing.tool.name, missing.tool.why)?;
        for Rejected { path, reason } in &missing.rejected {
            writeln!(out, "         {} will not do: {reason}", path.display())?;
        }
    }
    let plan = plan::of(&survey);
    let changes = plan != Plan::Nothing;
    let done = match plan {
        Plan::Nothing => Ok(()),
        Plan::ByHand(commands) => Err(by_hand(&commands)),
        Plan::Do(steps) => act(mode, &steps, &search, out),
    };
    match done {
        Err(stop) => {
            writeln!(out, "\n{stop}")?;
            Ok(if mode == Mode::DryRun { 0 } else { stop.code() })
        }
        Ok(()) if changes && mode == Mode::DryRun => {
            writeln!(out, "\nnothing was changed: this was a dry run")?;
            Ok(0)
        }
        Ok(()) => {
            writeln!(out, "\nthis machine has all that a drill needs")?;
            Ok(0)
        }
    }
}

fn by_hand(commands: &[String]) -> Stop {
    Stop::ByHand(format!(
        "set-up installs packages only as root on Debian; here, please run\n\n    {}\n\nand then \
         `cargo ci setup` again",
        commands.join("\n    ")
    ))
}

fn act(mode: Mode, steps: &[Step], search: &Search, out: &mut dyn Write) -> Result<(), Stop> {
    for step in steps {
        writeln!(out, "install  {step}")?;
        out.flush()?;
        match (mode, step) {
            (Mode::DryRun, _) => {}
            (Mode::Install, Step::Packages(packages)) => {
                apt::Apt::of_machine().install(packages)?;
            }
            (Mode::Install, Step::Build(tool, module)) => {
                go::install(&go::compiler(), tool, module, cache(search)?)?;
            }
            (Mode::Install, Step::Unpack(tool, wheel)) => {
                wheel::install(&wheel::python(), tool, wheel, cache(search)?)?;
            }
        }
    }
    if mode == Mode::DryRun {
        return Ok(());
    }
    verify(Survey::of_machine(search).missing)
}

fn cache(search: &Search) -> Result<&Path, Stop> {
    search.cache_bin.as_deref().ok_or_else(|| {
        Stop::ByHand("there is no place for tools: set HOME, or BLACKSTART_CACHE to a directory".to_owned())
    })
}

/// An installer's word is not enough: what was installed has to be found, and will have to do.
fn verify(missing: Vec<Missing>) -> Result<(), Stop> {
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<String> = missing.iter().map(Missing::to_string).collect();
    Err(Stop::Failed(format!("everything was installed, and still {}", missing.join("\nand "))))
}

#[cfg(test)]
mod test_support {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// A program that is a shell script. A child process writes it: were it this one, another
    /// test's fork could hold the file open for writing at the moment in which it is started.
    pub(super) fn script(dir: &Path, name: &str, body: &str) -> PathBuf {
        let path = dir.join(name);
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod +x "$2""#;
        let mut command = Command::new("sh");
        let written = command.args(["-c", write, "sh", body]).arg(&path).status();
        assert!(written.unwrap().success());
        path
    }
}
