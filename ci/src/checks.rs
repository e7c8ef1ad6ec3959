//! `cargo ci test`: every check and test, the cheap ones first, so that a slip shows in seconds.
//!
//! A failure does not stop the rest: one run tells all that is wrong.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::{containers, defects, output, tidy};

/// One check: its name, what it is for a person who repeats it, and how it is run.
pub struct Check<'a> {
    /// The name in the summary.
    pub name: &'static str,
    /// The command that repeats it alone.
    pub command: String,
    /// Runs it; true if it passed.
    pub run: Runner<'a>,
}

/// Runs one check, writing what it has to say.
pub type Runner<'a> = Box<dyn Fn(&mut dyn Write) -> io::Result<bool> + 'a>;

/// Every check of the repository at `root`, in order.
pub fn all(root: &Path) -> Vec<Check<'_>> {
    vec![
        cargo(root, "fmt", &["fmt", "--all", "--check"]),
        Check {
            name: "tidy",
            command: "cargo ci tidy".to_owned(),
            run: Box::new(|out| Ok(tidy::run(root, out)? == 0)),
        },
        cargo(root, "clippy", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        cargo(root, "doc", &["doc", "--workspace", "--no-deps"]),
        // One at a time: a drill that is disturbed by another is run again, but a test of it has no third try on a machine
        // that is busy with other things too.
        cargo(root, "test", &["test", "--workspace", "--no-fail-fast", "--", "--test-threads=1"]),
        Check {
            name: "containers",
            command: "cargo ci containers".to_owned(),
            run: Box::new(|out| containers::run(root, out)),
        },
        Check {
            name: "defects",
            command: "cargo ci defects".to_owned(),
            run: Box::new(|out| Ok(defects::all(root, 1, out)?.passed())),
        },
    ]
}

/// Runs all of `checks`, and sums up on the last line; the exit code.
///
/// # Errors
/// When the output can't be written. A check that can't be run is a check that failed.
pub fn run(checks: &[Check<'_>], out: &mut dyn Write) -> io::Result<u8> {
    let mut outcomes = Vec::new();
    for check in checks {
        writeln!(out, "==> {}: {}", check.name, check.command)?;
        out.flush()?;
        let begun = Instant::now();
        let passed = (check.run)(out).unwrap_or_else(|error| {
            // Said in the same stream, in its place; a stream that is gone shows in the next line.
            writeln!(out, "{}: {error}", check.command).ok();
            false
        });
        let took = begun.elapsed();
        let word = if passed { "passed" } else { "FAILED" };
        writeln!(out, "==> {} {word} in {}\n", check.name, seconds(took))?;
        outcomes.push((check, passed, took));
    }
    summarise(&outcomes, out)
}

fn summarise(outcomes: &[(&Check<'_>, bool, Duration)], out: &mut dyn Write) -> io::Result<u8> {
    let total = seconds(outcomes.iter().map(|(_, _, took)| *took).sum());
    let failed: Vec<&str> =
        (outcomes.iter()).filter(|(_, passed, _)| !passed).map(|(check, _, _)| &*check.command).collect();
    if failed.is_empty() {
        let each: Vec<String> =
            (outcomes.iter()).map(|(check, _, took)| format!("{} {}", check.name, seconds(*took))).collect();
        writeln!(out, "all {} checks passed in {total}: {}", outcomes.len(), each.join(", "))?;
        return Ok(0);
    }
    writeln!(out, "{} of {} checks FAILED in {total}; to repeat: {}", failed.len(), outcomes.len(), failed.join("; "))?;
    Ok(1)
}

/// A check that is a cargo command, by the cargo that runs this one.
fn cargo<'a>(root: &'a Path, name: &'static str, arguments: &'static [&str]) -> Check<'a> {
    let run = move |out: &mut dyn Write| {
        out.flush()?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let status = Command::new(cargo)
            .args(arguments)
            .current_dir(root)
            .envs(output::disks())
            .env("BLACKSTART_HOSTS", "native")
            .status()?;
        Ok(status.success())
    };
    Check { name, command: format!("cargo {}", arguments.join(" ")), run: Box::new(run) }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &'static str, result: fn() -> io::Result<bool>) -> Check<'static> {
        Check { name, command: format!("do {name}"), run: Box::new(move |_| result()) }
    }

    fn outcome(checks: &[Check<'_>]) -> (u8, String) {
        let mut out = Vec::new();
        let code = run(checks, &mut out).unwrap();
        (code, String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_last_line_says_that_all_passed_and_how_long_each_took() {
        let (code, said) = outcome(&[check("a", || Ok(true)), check("b", || Ok(true))]);
        assert_eq!(code, 0);
        assert_eq!(said.lines().last(), Some("all 2 checks passed in 0.0 s: a 0.0 s, b 0.0 s"));
    }

    #[test]
    fn a_failure_does_not_stop_the_rest_and_the_last_line_says_how_to_repeat_it() {
        let (code, said) = outcome(&[
            check("a", || Ok(false)),
            check("b", || Err(io::Error::other("no such program"))),
            check("c", || Ok(true)),
        ]);
        assert_eq!(code, 1);
        assert!(said.contains("do b: no such program"), "{said}");
        assert!(said.contains("==> c passed"), "{said}");
        assert_eq!(said.lines().last(), Some("2 of 3 checks FAILED in 0.0 s; to repeat: do a; do b"));
    }

    #[test]
    fn the_tests_come_after_what_is_cheap_and_the_drills_of_planted_defects_last() {
        let checks = all(Path::new("."));
        let names: Vec<&str> = checks.iter().map(|check| check.name).collect();
        assert_eq!(names, ["fmt", "tidy", "clippy", "doc", "test", "containers", "defects"]);
    }
}
