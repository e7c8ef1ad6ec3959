//! The steps: one line each. What takes long is a test, a comparison, a fuzz target or a slice of mutants.

use std::io::Write;
use std::path::Path;

use super::{Outcome, Step, comparisons, fuzz, journal, mutants, trials};
use crate::defects::{Wanted, clean};
use crate::figures::Figure;
use crate::{containers, defects, output};

/// Tests that take long read this variable in one place and then do all that they can.
const FULL: (&str, &str) = ("BLACKSTART_FULL", "1");

/// Drills of each planted defect, twin and control.
const SEEDS: u64 = 20;

/// Restarts of the container engine, each at another instant of a drill.
const RESTARTS: u32 = 20;

/// Drills with nothing wrong in them.
pub const DRILLS: u64 = 200;
/// The step of them.
pub const CLEAN: &str = "clean-drills";

const GENERATED: &[&str] = &["test", "--lib", "--test", "damaged_files", "--", "--show-output"];

/// By its name: the peak that it looks at is that of its process.
const LEDGER_MEMORY: &[&str] = &["test", "--workspace", "--lib", "ten_million", "--", "--ignored", "--nocapture"];

const SIDE_BY_SIDE: &[&str] = &["test", "--workspace", "--test", "drills", "side_by_side"];

/// Every step of the repository at `root`, in order.
pub fn all(root: &Path) -> Vec<Step<'_>> {
    let mut steps = vec![
        tests(root, "generated", GENERATED),
        tests(root, "stalls", &["test", "--workspace", "--test", "truth", "--", "--show-output"]),
        tests(root, "ledger-memory", LEDGER_MEMORY),
        tests(root, "side-by-side", SIDE_BY_SIDE),
        clean_drills(root),
        restarts(root),
        kills(root),
        planted_in_containers(root, "", Wanted::all(1)),
        planted_in_containers(root, "-mysql", Wanted::on_mysql()),
    ];
    steps.extend(trials::steps(root));
    steps.extend(comparisons::steps(root));
    steps.extend((1..=SEEDS).map(|seed| planted(root, seed)));
    steps.extend(fuzz::targets(root));
    steps.extend(mutants::slices(root));
    steps
}

/// Tests at their full length. Their figures are the lines in which they print one.
fn tests<'a>(root: &'a Path, name: &str, arguments: &'static [&str]) -> Step<'a> {
    let run = move |out: &mut dyn Write| {
        let mut command = output::cargo(root);
        command.args(arguments).env(FULL.0, FULL.1);
        let (mut figures, mut tests) = (Vec::new(), 0);
        let passed = output::follow(&mut command, out, |line| {
            figures.extend(output::figure(line));
            tests += output::tests_passed(line).unwrap_or(0);
        })?;
        figures.push(Figure::new("tests passed", tests.to_string()));
        // A filter that no test is left for passes without a word.
        Ok(Outcome { passed: passed && tests > 0, figures })
    };
    let what = format!("{}={} cargo {}", FULL.0, FULL.1, arguments.join(" "));
    Step { name: name.to_owned(), what, run: Box::new(run) }
}

/// One seed a step: all of them take hours, and what is done is kept.
fn planted(root: &Path, seed: u64) -> Step<'_> {
    let run = move |out: &mut dyn Write| {
        let summary = defects::all(root, seed, out)?;
        Ok(Outcome { passed: summary.passed(), figures: vec![summary.figure()] })
    };
    let what = format!("cargo ci defects, seed {seed} of {SEEDS}");
    Step { name: format!("defects-{seed}"), what, run: Box::new(run) }
}

fn clean_drills(root: &Path) -> Step<'_> {
    let run = move |out: &mut dyn Write| {
        let journal = journal(root, CLEAN)?;
        let tally = clean::run(root, DRILLS, journal.as_deref(), out)?;
        // Whoever wants the step again wants all of it again.
        if let Some(journal) = journal {
            std::fs::remove_file(journal)?;
        }
        Ok(Outcome { passed: tally.alarms == 0 && tally.judged == DRILLS, figures: tally.figures() })
    };
    Step { name: CLEAN.to_owned(), what: format!("cargo ci clean-drills {DRILLS}"), run: Box::new(run) }
}

fn planted_in_containers<'a>(root: &'a Path, suffix: &str, wanted: Wanted) -> Step<'a> {
    let run = move |out: &mut dyn Write| {
        let summary = containers::defects(root, &wanted, out)?;
        Ok(Outcome { passed: summary.passed(), figures: vec![summary.figure()] })
    };
    let what = format!("cargo ci defects --containers {}", suffix.replacen('-', "--", 1));
    Step { name: format!("containers-defects{suffix}"), what: what.trim_end().to_owned(), run: Box::new(run) }
}

fn kills(root: &Path) -> Step<'_> {
    let run = move |out: &mut dyn Write| {
        let passed = containers::kills(root, FULL, out)?;
        let figure = |tests: u64| Figure::new("tests passed, of runs killed at 200 instants each", tests.to_string());
        Ok(Outcome { passed: passed.is_some(), figures: passed.map(figure).into_iter().collect() })
    };
    let what = "runs killed at 200 instants, natively and in containers".to_owned();
    Step { name: "kills".to_owned(), what, run: Box::new(run) }
}

fn restarts(root: &Path) -> Step<'_> {
    let run = move |out: &mut dyn Write| {
        let passed = containers::restarts(root, RESTARTS, out)?;
        let figure =
            Figure::new("restarts of the container engine in mid-drill that left nothing", RESTARTS.to_string());
        Ok(Outcome { passed, figures: if passed { vec![figure] } else { Vec::new() } })
    };
    let what = format!("{RESTARTS} restarts of the container engine in mid-drill");
    Step { name: "restarts".to_owned(), what, run: Box::new(run) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_step_has_a_name_of_its_own_that_is_a_file_name() {
        let steps = all(Path::new("."));
        let names: BTreeSet<&str> = steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names.len(), steps.len());
        for name in names {
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{name}");
        }
    }
}
