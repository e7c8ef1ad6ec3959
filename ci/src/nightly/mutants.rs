//! Mutants of the code that must not be wrong: the ledger, the oracle, the checkers and measures. A slice a step.
//!
//! cargo-mutants changes one expression after another and runs the tests of what it changed. A change that no test
//! notices is a survivor; each has to be explained in `ci/mutants.toml`, or be caught by a new test.

mod explained;

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use super::{Outcome, Step, installed};
use crate::figures::Figure;
use crate::output;
use explained::Explained;

const VERSION: &str = "27.1.0";

/// Code that is mutated, and the tests that are to notice.
struct Scope {
    name: &'static str,
    /// Patterns of files.
    files: &'static [&'static str],
    /// For `cargo test` of the package that the mutant is in: few cases, and not the longest tests.
    tests: &'static [&'static str],
    /// For those that survive these: every test, with all of its cases.
    all_tests: &'static [&'static str],
    /// For cargo, each time: the build of what the tests need and of nothing else.
    cargo: &'static [&'static str],
    /// Steps that it is cut into, each of an hour or so.
    slices: usize,
}

const SCOPES: &[Scope] = &[
    Scope {
        name: "mutants-record",
        files: &["reports/record/src/ledger.rs", "reports/record/src/history.rs"],
        tests: &[],
        all_tests: &[],
        cargo: &["--lib"],
        slices: 1,
    },
    Scope {
        name: "mutants-judge",
        files: &["judge/src/**/*.rs"],
        tests: &[
            "--",
            "--skip",
            "damaged_record_tests",
            "--skip",
            "cut_at_any_place",
            "--skip",
            "k_planted",
            "--skip",
            "in_a_million",
            "--skip",
            "every_pair_of_outcomes",
        ],
        all_tests: &[],
        // Where the tests spend most of their time, and no mutant is.
        cargo: &["--lib", "--config=profile.dev.package.blackstart-record.opt-level=2"],
        slices: 8,
    },
    Scope {
        name: "mutants-writer",
        files: &["harness/src/workload/ledger.rs"],
        tests: &["--", "workload::ledger"],
        all_tests: &["--", "workload::ledger"],
        cargo: &["--lib"],
        slices: 1,
    },
];

/// A step for every slice of every scope.
pub fn slices(root: &Path) -> Vec<Step<'_>> {
    let slices = |scope: &'static Scope| {
        (1..=scope.slices).map(move |slice| {
            let Scope { name, slices, .. } = scope;
            let (name, share) = match slices {
                1 => ((*name).to_owned(), String::new()),
                _ => (format!("{name}-{slice:02}"), format!(", slice {slice} of {slices}")),
            };
            Step {
                name: name.clone(),
                what: format!("mutants of {}{share}", scope.files.join(", ")),
                run: Box::new(move |out| run(root, scope, slice, &name, out)),
            }
        })
    };
    SCOPES.iter().flat_map(slices).collect()
}

fn run(root: &Path, scope: &Scope, slice: usize, name: &str, out: &mut dyn Write) -> io::Result<Outcome> {
    let program = installed::program(root, "cargo-mutants", VERSION, out)?;
    let folder = output::target_dir(root).join("nightly").join(name);
    std::fs::create_dir_all(&folder)?;
    let pass = |tests: &[&str], survivors: Option<&[String]>, out: &mut dyn Write| {
        let mut command = command(root, &program, &folder, scope);
        match survivors {
            Some(survivors) => command.args(survivors.iter().flat_map(|name| again(name))),
            // Theirs count from 0.
            None => (command.env("BLACKSTART_FEW", "1").env("PROPTEST_CASES", "32"))
                .args(scope.files.iter().flat_map(|file| ["--file", file]))
                .args(["--shard", &format!("{}/{}", slice - 1, scope.slices)]),
        };
        output::follow(command.arg("--").args(tests), out, |_| ())?;
        Found::read(&folder.join("mutants.out"))
    };
    let mut found = pass(scope.tests, None, out)?;
    let explained = Explained::read(root)?;
    if !explained.judge(&found.survived, &[]).is_empty() {
        // Few cases may miss what all of them notice.
        let again = pass(scope.all_tests, Some(&found.survived), out)?;
        found = found.and(again);
    }
    let wrong = explained.judge(&found.survived, &found.caught);
    wrong.iter().try_for_each(|wrong| writeln!(out, "{wrong}"))?;
    Ok(Outcome { passed: wrong.is_empty() && found.total() > 0, figures: found.figures() })
}

fn command(root: &Path, program: &Path, folder: &Path, scope: &Scope) -> Command {
    let mut command = Command::new(program);
    // Kept from slice to slice: in its copy of the tree, cargo-mutants would build the dependencies anew each time.
    command.current_dir(root).env("CARGO_TARGET_DIR", output::target_dir(root).join("mutants"));
    command.env("CARGO_PROFILE_DEV_DEBUG", "false");
    // The tests' files are synced, and a disk takes longer over that than they over everything else.
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        command.env("TMPDIR", memory);
    }
    // One after the other: two copies of the tree would build the same files of that folder, and test each other's. A
    // machine that is busy for a while is no test that does not end.
    command.args(["mutants", "--jobs", "1", "--minimum-test-timeout", "40"]);
    command.args(["--no-shuffle", "--colors", "never", "--output"]).arg(folder);
    command.args(scope.cargo.iter().flat_map(|argument| ["--cargo-arg", *argument]));
    command
}

/// Asks for this one mutant, and for its file's alone: some kinds come whatever pattern asks for others.
fn again(name: &str) -> [String; 4] {
    let file = name.split(':').next().unwrap_or_default();
    ["--file".to_owned(), file.to_owned(), "--re".to_owned(), only(name)]
}

/// A pattern of this one mutant.
fn only(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '<' | '>' | '_');
    let escaped = name.chars().flat_map(|c| (!plain(c)).then_some('\\').into_iter().chain([c]));
    format!("^{}$", escaped.collect::<String>())
}

/// What cargo-mutants wrote down, each mutant as `FILE:LINE:COLUMN: CHANGE`.
#[derive(Debug, Default)]
struct Found {
    caught: Vec<String>,
    /// The tests did not end: as good as caught.
    timed_out: Vec<String>,
    survived: Vec<String>,
    /// The change does not compile, which says nothing.
    unviable: Vec<String>,
}

impl Found {
    fn read(folder: &Path) -> io::Result<Self> {
        // Written last; without it the run was cut off, or its tests failed before any mutant.
        let ended = std::fs::read_to_string(folder.join("outcomes.json")).is_ok_and(|text| !ends_at_null(&text));
        if !ended {
            return Err(io::Error::other("cargo-mutants did not come to its end; its own words are above"));
        }
        let list = |name: &str| -> io::Result<Vec<String>> {
            Ok(std::fs::read_to_string(folder.join(name))?.lines().map(str::to_owned).collect())
        };
        Ok(Self {
            caught: list("caught.txt")?,
            timed_out: list("timeout.txt")?,
            survived: list("missed.txt")?,
            unviable: list("unviable.txt")?,
        })
    }

    /// What is known when the survivors were tried again.
    fn and(self, again: Self) -> Self {
        let caught = [self.caught, again.caught].concat();
        let timed_out = [self.timed_out, again.timed_out].concat();
        Self { caught, timed_out, survived: again.survived, unviable: self.unviable }
    }

    fn total(&self) -> usize {
        self.caught.len() + self.timed_out.len() + self.survived.len()
    }

    fn figures(&self) -> Vec<Figure> {
        let Self { caught, timed_out, survived, unviable } = self;
        let noticed = format!(
            "{} of {}, {} of them by a test that did not end",
            caught.len() + timed_out.len(),
            self.total(),
            timed_out.len()
        );
        vec![
            Figure::new("mutants noticed", noticed),
            Figure::new("survivors, each explained in `ci/mutants.toml`", survived.len().to_string()),
            Figure::new("mutants that do not compile", unviable.len().to_string()),
        ]
    }
}

/// Whether the run's end time is still open.
fn ends_at_null(outcomes: &str) -> bool {
    outcomes.contains("\"end_time\": null")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_a_run_are_read_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("outcomes.json", "{\n  \"end_time\": \"2026-11-22T23:00:00Z\"\n}"),
            ("caught.txt", "a.rs:1:2: replace f with ()\na.rs:2:2: delete !\n"),
            ("timeout.txt", "a.rs:3:2: replace += with *=\n"),
            ("missed.txt", "a.rs:4:2: replace < with <=\n"),
            ("unviable.txt", ""),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let found = Found::read(folder.path()).unwrap();
        assert_eq!((found.total(), found.survived.len()), (4, 1));
        assert_eq!(found.figures()[0].value, "3 of 4, 1 of them by a test that did not end");
    }

    #[test]
    fn a_survivor_is_named_by_a_pattern_of_nothing_else() {
        let name = "a/b.rs:31:46: replace <impl Fixed for Effect>::put -> Option<u8> with [Some(1)]";
        let pattern = r"^a\/b\.rs\:31\:46\: replace <impl Fixed for Effect>\:\:put \-> Option<u8> with \[Some\(1\)\]$";
        assert_eq!(only(name), pattern);
    }

    #[test]
    fn a_run_that_was_cut_off_is_no_result() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Found::read(folder.path()).is_err());
        std::fs::write(folder.path().join("outcomes.json"), "{\n  \"end_time\": null\n}").unwrap();
        assert!(Found::read(folder.path()).is_err());
    }
}
