//! Comparisons with the bare tools: a step each, so that a machine that is quiet for minutes only can add to the table.

use std::io::Write;
use std::path::Path;

use super::{Outcome, Step};
use crate::compare;

/// As `benches` names them.
const NAMES: &[&str] = &[
    "junit",
    "html",
    "ledger-check",
    "writer-ledger",
    "writer-pgbench",
    "verify",
    "verify-mariadb",
    "environment",
    "restore",
    "restore-mariadb",
    "suite",
    "sabotage",
    "containers",
];

/// A step for every comparison.
pub fn steps(root: &Path) -> impl Iterator<Item = Step<'_>> {
    NAMES.iter().map(move |name| {
        let run = move |out: &mut dyn Write| {
            let measured = compare::measure(root, &[name], out)?;
            Ok(Outcome { passed: measured.is_some(), figures: measured.unwrap_or_default() })
        };
        Step { name: format!("compare-{name}"), what: format!("cargo ci compare {name}"), run: Box::new(run) }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_comparison_has_a_step() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/src/comparisons");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let comparisons =
            files.filter(|file| std::fs::read_to_string(file).unwrap().contains("COMPARISON: Comparison ="));
        let stem = |file: std::path::PathBuf| file.file_stem().unwrap().to_str().unwrap().replace('_', "-");
        let comparisons: BTreeSet<String> = comparisons.map(stem).collect();
        assert_eq!(comparisons, NAMES.iter().map(|name| (*name).to_owned()).collect());
    }
}
