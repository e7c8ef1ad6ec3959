//! Mutants of the code that must not be wrong: the ledger, the oracle, the checkers and measures. A slice a step.
//!
//! cargo-mutants changes one expression after another and runs the tests of what it changed. A change that no test
//! notices is a survivor; each has to be explained in `ci/mutants.toml`, or be caught by a new test.

mod enough;
mod explained;
mod found;
mod noticed;

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use super::{Outcome, Step, installed};
use crate::figures::Figure;
use crate::output;
use explained::Explained;
use found::Found;
use noticed::Noticed;

const VERSION: &str = "27.1.0";

/// Code that is mutated, and the tests that are to notice.
struct Scope {
    name: &'static str,
    /// Patterns of files.
    files: &'static [&'static str],
    /// For `cargo test` of the package that the mutant is in: few cases, and not the longest tests.
    tests: &'static [&'static str],
    /// A folder, and the tests that are left out at first where no mutant of the slice is in it.
    elsewhere: Option<(&'static str, &'static str)>,
    /// For those that survive these: every test, with all of its cases.
    all_tests: &'static [&'static str],
    /// For cargo, each time: the build of what the tests need and of nothing else.
    cargo: &'static [&'static str],
    /// For cargo, while few cases are run: built in a moment, slow to run.
    cargo_few: &'static [&'static str],
    /// Steps that it is cut into, each of an hour or so.
    slices: usize,
}

impl Scope {
    /// For `cargo test`, at first, in a slice of these mutants.
    fn first_tests(&self, mutants: &[String]) -> Vec<&'static str> {
        let left_out = self.elsewhere.filter(|(folder, _)| !mutants.iter().any(|name| name.starts_with(folder)));
        let left_out = left_out.into_iter().flat_map(|(_, tests)| ["--skip", tests]);
        self.tests.iter().copied().chain(left_out).collect()
    }
}

const SCOPES: &[Scope] = &[
    Scope {
        name: "mutants-record",
        files: &["reports/record/src/ledger.rs", "reports/record/src/history.rs"],
        tests: &[],
        elsewhere: None,
        all_tests: &[],
        cargo: &["--lib"],
        cargo_few: &[],
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
            // Of the generators more than of what is judged.
            "--skip",
            "the_generated",
            "--skip",
            "a_healthy_copy_raises_nothing",
        ],
        elsewhere: Some(("judge/src/oracle/", "oracle::")),
        all_tests: &[],
        // Where the tests spend most of their time, and no mutant is.
        cargo: &["--lib", "--config=profile.dev.package.blackstart-record.opt-level=2"],
        cargo_few: &["--config=profile.dev.package.blackstart-judge.opt-level=0"],
        slices: 8,
    },
    Scope {
        name: "mutants-writer",
        files: &["harness/src/workload/ledger.rs"],
        tests: &["--", "workload::ledger"],
        elsewhere: None,
        all_tests: &["--", "workload::ledger"],
        cargo: &["--lib"],
        cargo_few: &[],
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
    let noticed = Noticed::of(root, &folder);
    let before = noticed.read()?;
    let few = || {
        let mut command = command(root, &program, &folder, scope);
        command.env("BLACKSTART_FEW", "1").env("PROPTEST_CASES", "32");
        command.args(scope.cargo_few.iter().flat_map(|argument| ["--cargo-arg", *argument]));
        command
    };
    let slice = |mut command: Command| {
        command.args(scope.files.iter().flat_map(|file| ["--file", file]));
        command.args(["--shard", &format!("{}/{}", slice - 1, scope.slices)]);
        command
    };
    let pass = |mut command: Command, asked: &[String], tests: &[&str], out: &mut dyn Write| {
        output::follow(command.arg("--").args(tests), out, |_| ())?;
        Found::read(&folder.join("mutants.out"))?.of_all(asked)
    };
    let all = listed(&mut slice(few()))?;
    let tests = scope.first_tests(&all);
    let mut earlier = 0;
    let mut found = match &before {
        None => pass(slice(few()), &all, &tests, out)?,
        Some(before) => {
            let known = before.found.of(&all);
            let rest: Vec<String> = all.into_iter().filter(|name| !known.holds(name)).collect();
            writeln!(out, "{} of them are not noticed yet", rest.len())?;
            earlier = known.total();
            // Nothing that is asked for is everything.
            if rest.is_empty() { known } else { known.and(pass(only_these(few(), &rest), &rest, &tests, out)?) }
        }
    };
    noticed.keep(&found, before.as_ref())?;
    let explained = Explained::read(root)?;
    if !explained.judge(&found.survived, &[]).is_empty() {
        // Few cases may miss what all of them notice.
        let again = only_these(command(root, &program, &folder, scope), &found.survived);
        let survived = found.survived.clone();
        found = found.and(pass(again, &survived, scope.all_tests, out)?);
        noticed.keep(&found, before.as_ref())?;
    }
    let wrong = explained.judge(&found.survived, &found.caught);
    wrong.iter().try_for_each(|wrong| writeln!(out, "{wrong}"))?;
    let passed = wrong.is_empty() && found.total() > 0;
    let mut figures = found.figures();
    if let Some(before) = before {
        figures.push(Figure::new(format!("of those noticed, before, from {} on", before.commit), earlier.to_string()));
    }
    if passed {
        noticed.forget()?;
    }
    Ok(Outcome { passed, figures })
}

fn command(root: &Path, program: &Path, folder: &Path, scope: &Scope) -> Command {
    let mut command = Command::new(program);
    // Kept from slice to slice: in its copy of the tree, cargo-mutants would build the dependencies anew each time.
    command.current_dir(root).env("CARGO_TARGET_DIR", output::target_dir(root).join("mutants"));
    command.env("CARGO_PROFILE_DEV_DEBUG", "false");
    // What failed for one mutant is not tried first on the next, nor kept in the tree.
    command.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1");
    // The tests' files are synced, and a disk takes longer over that than they over everything else.
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        command.env("TMPDIR", memory);
    }
    command.arg("mutants");
    // In a clone that nobody works in, no copy is made, of which all would be built anew.
    if std::env::var("BLACKSTART_MUTANTS_IN_PLACE").is_ok_and(|value| value == "1") {
        command.arg("--in-place");
    } else {
        // One after the other: two copies of the tree would build the same files of that folder, and test each other's.
        command.args(["--jobs", "1"]);
    }
    // A machine that is busy for a while is no test that does not end.
    command.args(["--minimum-test-timeout", "40"]);
    command.args(["--no-shuffle", "--colors", "never", "--output"]).arg(folder);
    command.args(scope.cargo.iter().flat_map(|argument| ["--cargo-arg", *argument]));
    command.arg("--cargo-arg").arg(enough::config());
    command
}

/// The mutants that `command` would try.
fn listed(command: &mut Command) -> io::Result<Vec<String>> {
    let answer = command.arg("--list").output()?;
    if !answer.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&answer.stderr).into_owned()));
    }
    Ok(String::from_utf8_lossy(&answer.stdout).lines().map(str::to_owned).collect())
}

/// Asks for these mutants, and for their files' alone: some kinds come whatever pattern asks for others.
fn only_these(mut command: Command, names: &[String]) -> Command {
    command.args(names.iter().flat_map(|name| ["--file", file_of(name)]));
    command.args(names.iter().flat_map(|name| ["--re".to_owned(), only(name)]));
    command
}

fn file_of(mutant: &str) -> &str {
    mutant.split(':').next().unwrap_or_default()
}

/// A pattern of this one mutant.
fn only(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '<' | '>' | '_');
    let escaped = name.chars().flat_map(|c| (!plain(c)).then_some('\\').into_iter().chain([c]));
    format!("^{}$", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_another_folder_are_left_out_at_first() {
        let judge = SCOPES.iter().find(|scope| scope.name == "mutants-judge").unwrap();
        let skips = |mutants: &[&str]| {
            let mutants: Vec<String> = mutants.iter().map(|name| (*name).to_owned()).collect();
            judge.first_tests(&mutants).ends_with(&["--skip", "oracle::"])
        };
        assert!(skips(&["judge/src/verdict/lost.rs:1:2: delete !"]));
        assert!(!skips(&["judge/src/verdict/lost.rs:1:2: delete !", "judge/src/oracle/sort.rs:1:2: delete !"]));
    }

    #[test]
    fn a_survivor_is_named_by_a_pattern_of_nothing_else() {
        let name = "a/b.rs:31:46: replace <impl Fixed for Effect>::put -> Option<u8> with [Some(1)]";
        let pattern = r"^a\/b\.rs\:31\:46\: replace <impl Fixed for Effect>\:\:put \-> Option<u8> with \[Some\(1\)\]$";
        assert_eq!(only(name), pattern);
    }
}
