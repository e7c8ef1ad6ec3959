//! `ci/mutants.toml`: why a change that no test notices changes nothing that matters.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use toml::{Table, Value};

const FILE: &str = "ci/mutants.toml";

/// Explained survivors: how many of each.
#[derive(Debug, Default)]
pub struct Explained(BTreeMap<String, usize>);

impl Explained {
    /// The list of the repository at `root`.
    ///
    /// # Errors
    /// It can't be read, or an entry lacks the mutant or the reason.
    pub fn read(root: &Path) -> io::Result<Self> {
        Self::parse(&std::fs::read_to_string(root.join(FILE))?).map_err(io::Error::other)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let table: Table = text.parse().map_err(|error| format!("{FILE}: {error}"))?;
        let survivors = table.get("survivor").and_then(Value::as_array).into_iter().flatten();
        let mut explained = Self::default();
        for entry in survivors {
            let text =
                |key: &str| entry.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
            let (Some(mutant), Some(_)) = (text("mutant"), text("why")) else {
                return Err(format!("{FILE}: a survivor needs `mutant` and `why`: {entry}"));
            };
            *explained.0.entry(mutant.to_owned()).or_default() += 1;
        }
        Ok(explained)
    }

    /// What is wrong with the survivors of a run: those that nobody explained, and explanations of what is caught.
    pub fn judge(&self, survived: &[String], caught: &[String]) -> Vec<String> {
        let mut left = self.0.clone();
        let mut wrong = Vec::new();
        for mutant in survived {
            match left.get_mut(&unplaced(mutant)) {
                Some(count) if *count > 0 => *count -= 1,
                _ => wrong.push(format!("survives and is not explained: {mutant}")),
            }
        }
        let survives = |mutant: &String| survived.iter().any(|other| unplaced(other) == *mutant);
        let caught = caught.iter().map(|mutant| unplaced(mutant));
        let stale = caught.filter(|mutant| self.0.contains_key(mutant) && !survives(mutant));
        wrong.extend(stale.map(|mutant| format!("is explained in {FILE} and caught: remove it: {mutant}")));
        wrong
    }
}

/// A mutant without its line and column, which move with every edit above it.
fn unplaced(mutant: &str) -> String {
    let mut parts = mutant.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(_), Some(_), Some(change)) => format!("{file}:{change}"),
        _ => mutant.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(list: &str, survived: &[&str], caught: &[&str]) -> Vec<String> {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        Explained::parse(list).unwrap().judge(&owned(survived), &owned(caught))
    }

    const ONE: &str = "[[survivor]]\nmutant = \"a.rs: replace < with <= in f\"\nwhy = \"equal keys do not occur\"\n";

    #[test]
    fn an_explained_survivor_is_fine_wherever_its_line_has_moved() {
        assert_eq!(judge(ONE, &["a.rs:7:9: replace < with <= in f"], &[]), Vec::<String>::new());
        assert_eq!(judge(ONE, &[], &[]), Vec::<String>::new(), "of another slice");
    }

    #[test]
    fn an_unexplained_survivor_is_named_with_its_place() {
        let wrong = judge(ONE, &["a.rs:7:9: replace < with == in f"], &[]);
        assert_eq!(wrong, ["survives and is not explained: a.rs:7:9: replace < with == in f"]);
        let twice = ["a.rs:7:9: replace < with <= in f", "a.rs:8:9: replace < with <= in f"];
        assert_eq!(judge(ONE, &twice, &[]).len(), 1, "an explanation is of one survivor");
    }

    #[test]
    fn an_explanation_of_what_is_caught_has_to_go() {
        let wrong = judge(ONE, &[], &["a.rs:7:9: replace < with <= in f"]);
        assert!(wrong[0].contains("remove it"), "{wrong:?}");
        let half = judge(ONE, &["a.rs:7:9: replace < with <= in f"], &["a.rs:9:9: replace < with <= in f"]);
        assert_eq!(half, Vec::<String>::new(), "one of two places is caught");
    }

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        for list in ["[[survivor]]\nmutant = \"a\"\n", "[[survivor]]\nmutant = \"a\"\nwhy = \" \"\n", "[[survivor]]\n"]
        {
            assert!(Explained::parse(list).is_err(), "{list}");
        }
    }

    #[test]
    fn the_list_of_this_repository_can_be_read() {
        let root = crate::workspace_root(&std::env::current_dir().unwrap()).unwrap();
        Explained::read(&root).unwrap();
    }
}
