//! `cargo ci tidy`: the house rules that neither rustc nor clippy knows.
//!
//! A rule is one function from the [`Tree`] to its violations and one line in [`RULES`]. What
//! clippy sees (`unwrap`, `expect`, `panic!`, `todo!`, `dbg!`, printing) is left to clippy, whose
//! warnings are denied; tidy closes the two doors around it: an `allow` without a reason, and a
//! package that does not take part in the workspace's lints.

mod attributes;
mod dependencies;
mod hygiene;
mod packages;
mod rust;
mod size;
mod stages;
mod tree;

use std::fmt;
use std::io::{self, Write};
use std::path::Path;

pub use tree::Tree;

/// A rule: its name in messages and exceptions, and the function that finds what breaks it.
pub struct Rule {
    name: &'static str,
    check: fn(&Tree) -> Vec<Violation>,
}

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule { name: "rust", check: rust::check },
    Rule { name: "stages", check: stages::check },
    Rule { name: "packages", check: packages::check },
    Rule { name: "dependencies", check: dependencies::check },
    Rule { name: "size", check: size::check },
    Rule { name: "attributes", check: attributes::check },
    Rule { name: "hygiene", check: hygiene::check },
];

/// A file that may break a rule, with the reason. One that breaks it no longer has to go.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// The rule's name.
    pub rule: &'static str,
    /// The file.
    pub path: &'static str,
    /// Why it may.
    pub reason: &'static str,
}

/// The exceptions in force.
pub const EXCEPTIONS: &[Exception] = &[];

/// One place that breaks a rule, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    path: String,
    line: usize,
    what: String,
}

impl Violation {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// What breaks a rule in `tree`, as messages; none if it is tidy.
pub fn check(tree: &Tree, exceptions: &[Exception]) -> Vec<String> {
    let mut messages = Vec::new();
    let mut used = vec![false; exceptions.len()];
    for Rule { name, check } in RULES {
        for violation in check(tree) {
            let excuse = (exceptions.iter()).position(|one| one.rule == *name && one.path == violation.path);
            match excuse {
                Some(excuse) => used[excuse] = true,
                None => messages.push(format!("{violation} [{name}]")),
            }
        }
    }
    for (Exception { rule, path, reason }, used) in exceptions.iter().zip(used) {
        if !used {
            messages.push(format!("{path}: nothing breaks `{rule}` here any more: remove the exception \"{reason}\""));
        }
    }
    messages
}

/// Checks the repository at `root`, writing what breaks a rule; the exit code.
///
/// # Errors
/// When the repository can't be read or the output not be written.
pub fn run(root: &Path, out: &mut dyn Write) -> io::Result<u8> {
    let tree = Tree::load(root)?;
    let messages = check(&tree, EXCEPTIONS);
    for message in &messages {
        writeln!(out, "{message}")?;
    }
    if let Some(note) = dependencies::note(&tree) {
        writeln!(out, "note: {note}")?;
    }
    match messages.len() {
        0 => writeln!(out, "tidy: {} files", tree.files().len())?,
        count => writeln!(out, "tidy: {count} to put right")?,
    }
    Ok(u8::from(!messages.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks a tree of one file by one rule. Each rule's own tests are made of this.
    pub(super) fn broken_by(rule: fn(&Tree) -> Vec<Violation>, path: &str, text: &str) -> Vec<String> {
        let violations = rule(&Tree::of([(path, text)]));
        violations.iter().map(Violation::to_string).collect()
    }

    #[test]
    fn this_repository_is_tidy() {
        let root = crate::workspace_root(&std::env::current_dir().unwrap()).unwrap();
        let mut said = Vec::new();
        let code = run(&root, &mut said).unwrap();
        assert_eq!(code, 0, "\n{}", String::from_utf8(said).unwrap());
    }

    #[test]
    fn an_exception_excuses_its_rule_in_its_file_and_nothing_else() {
        let text = "//! Doc.\n#[allow(dead_code)]\nfn f() {} \n";
        let tree = Tree::of([("a.rs", text), ("b.rs", text)]);
        let exception = Exception { rule: "hygiene", path: "a.rs", reason: "it is a fixture" };
        let all = check(&tree, &[]);
        let left = check(&tree, &[exception]);
        assert_eq!(all.len(), 4, "{all:?}");
        assert_eq!(left.len(), 3, "{left:?}");
        assert!(!left.iter().any(|one| one.starts_with("a.rs") && one.ends_with("[hygiene]")));
    }

    #[test]
    fn an_exception_that_excuses_nothing_has_to_go() {
        let exception = Exception { rule: "size", path: "a.rs", reason: "it was long once" };
        let messages = check(&Tree::of([("a.rs", "//! Doc.\n")]), &[exception]);
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert!(messages[0].contains("it was long once"), "{messages:?}");
    }
}
