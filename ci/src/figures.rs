//! `ci/figures.md`: what long runs measured, as one table. A step that runs again replaces its own rows.

use std::io;
use std::path::Path;

/// Where it is, below the repository's root.
pub const FILE: &str = "ci/figures.md";

const HEAD: &str = "\
# Figures

Written by `cargo ci nightly`; `cargo ci nightly --again STEP` measures a step's rows again. The machine is told with its
load average before the step: above 0 it was busy with something else, and intervals are wide. *met*, *missed* and
*inconclusive* judge an interval against the aim: on its right side, on its wrong side, or over it.

| step | figure | value | aim | commit | date | machine |
| --- | --- | --- | --- | --- | --- | --- |
";

/// One figure as its step gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// What came out, with its unit.
    pub value: String,
    /// What it was to be, and whether it is; empty where nothing was set.
    pub aim: String,
}

impl Figure {
    /// A figure without an aim.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), aim: String::new() }
    }
}

/// What was measured, when, and on what: the same for every figure of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The commit; with a word more if the tree had changes.
    pub commit: String,
    /// The day, UTC.
    pub date: String,
    /// Cores, processor and load.
    pub machine: String,
}

/// The rows of one step, as they stand in the table.
pub fn rows(step: &str, stamp: &Stamp, figures: &[Figure]) -> String {
    let row = |figure: &Figure| {
        let Figure { name, value, aim } = figure;
        let Stamp { commit, date, machine } = stamp;
        let cells = [step, name, value, aim, commit, date, machine].map(cell);
        format!("| {} |\n", cells.join(" | "))
    };
    figures.iter().map(row).collect()
}

/// Text as one cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The file's text with the rows of `step` in place of those that it had. Steps stand in the order of `steps`; rows of
/// steps that are no more go.
pub fn replaced(text: &str, steps: &[&str], step: &str, rows: &str) -> String {
    let mut whole = HEAD.to_owned();
    for known in steps {
        if *known == step {
            whole += rows;
            continue;
        }
        let start = format!("| {known} |");
        for row in text.lines().filter(|line| line.starts_with(&start)) {
            whole = whole + row + "\n";
        }
    }
    whole
}

/// Replaces the rows of `step` in the repository at `root`.
///
/// # Errors
/// When the file can't be read or written; one that is missing is begun.
pub fn replace(root: &Path, steps: &[&str], step: &str, rows: &str) -> io::Result<()> {
    let path = root.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        other => other?,
    };
    let whole = replaced(&text, steps, step, rows);
    if whole == text { Ok(()) } else { std::fs::write(&path, whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(commit: &str) -> Stamp {
        Stamp { commit: commit.to_owned(), date: "2026-11-22".to_owned(), machine: "2 cores".to_owned() }
    }

    fn of(step: &str, commit: &str, values: &[&str]) -> String {
        let figures: Vec<Figure> = values.iter().map(|value| Figure::new("speed", *value)).collect();
        rows(step, &stamp(commit), &figures)
    }

    const STEPS: [&str; 3] = ["a", "b", "b-2"];

    #[test]
    fn a_step_that_runs_again_replaces_its_rows_and_no_others() {
        let mut text = String::new();
        for (step, commit, values) in
            [("b-2", "1", &["7"][..]), ("b", "1", &["1", "2"]), ("a", "1", &["3"]), ("b", "2", &["4"])]
        {
            text = replaced(&text, &STEPS, step, &of(step, commit, values));
        }
        let expected = [of("a", "1", &["3"]), of("b", "2", &["4"]), of("b-2", "1", &["7"])].concat();
        assert_eq!(text, format!("{HEAD}{expected}"));
    }

    #[test]
    fn the_same_rows_give_the_same_bytes_in_whatever_order_steps_ran() {
        let write = |order: [&str; 3]| {
            order.iter().fold(String::new(), |text, step| replaced(&text, &STEPS, step, &of(step, "1", &["1", "2"])))
        };
        let once = write(["a", "b", "b-2"]);
        assert_eq!(once, write(["b-2", "b", "a"]));
        assert_eq!(once, replaced(&once, &STEPS, "b", &of("b", "1", &["1", "2"])));
    }

    #[test]
    fn rows_of_a_step_that_is_no_more_go() {
        let text = replaced("", &STEPS, "b", &of("b", "1", &["1"]));
        assert_eq!(replaced(&text, &["a"], "a", &of("a", "1", &["2"])), format!("{HEAD}{}", of("a", "1", &["2"])));
    }

    #[test]
    fn a_figure_stays_in_its_cell() {
        let figure = Figure::new("a | b", "two\nlines");
        let row = rows("s", &stamp("1"), &[figure]);
        assert_eq!(row.lines().count(), 1);
        assert!(row.contains("| a \\| b | two lines |"), "{row}");
    }
}
