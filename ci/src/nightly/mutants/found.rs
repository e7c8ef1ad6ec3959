//! What cargo-mutants found.

use std::io;
use std::path::Path;

use crate::figures::Figure;

/// What cargo-mutants wrote down, each mutant as `FILE:LINE:COLUMN: CHANGE`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub caught: Vec<String>,
    /// The tests did not end: as good as caught.
    pub timed_out: Vec<String>,
    pub survived: Vec<String>,
    /// The change does not compile, which says nothing.
    pub unviable: Vec<String>,
}

impl Found {
    pub fn read(folder: &Path) -> io::Result<Self> {
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

    /// This, if it tells of each of these mutants: where the tests fail without any mutant, none is tried.
    pub fn of_all(self, asked: &[String]) -> io::Result<Self> {
        let untold = asked.iter().filter(|name| !self.holds(name) && !self.survived.contains(name));
        let untold: Vec<&String> = untold.collect();
        match untold[..] {
            [] => Ok(self),
            [first, ..] => {
                let says = format!("{} of {} mutants were not tried; the first: {first}", untold.len(), asked.len());
                Err(io::Error::other(says))
            }
        }
    }

    /// What is known when those that were not noticed were tried again.
    pub fn and(self, again: Self) -> Self {
        let both = |mut one: Vec<String>, other: Vec<String>| {
            one.extend(other);
            one.sort_unstable();
            one.dedup();
            one
        };
        let survived = again.survived.into_iter().filter(|name| !self.holds(name)).collect();
        Self {
            caught: both(self.caught, again.caught),
            timed_out: both(self.timed_out, again.timed_out),
            survived,
            unviable: both(self.unviable, again.unviable),
        }
    }

    /// Whether this mutant needs no other try.
    pub fn holds(&self, name: &String) -> bool {
        [&self.caught, &self.timed_out, &self.unviable].iter().any(|names| names.contains(name))
    }

    /// What is known of these mutants.
    pub fn of(&self, names: &[String]) -> Self {
        let of = |known: &[String]| known.iter().filter(|name| names.contains(name)).cloned().collect();
        Self {
            caught: of(&self.caught),
            timed_out: of(&self.timed_out),
            survived: vec![],
            unviable: of(&self.unviable),
        }
    }

    pub fn total(&self) -> usize {
        self.caught.len() + self.timed_out.len() + self.survived.len()
    }

    pub fn figures(&self) -> Vec<Figure> {
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
    fn a_run_that_was_cut_off_is_no_result() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Found::read(folder.path()).is_err());
        std::fs::write(folder.path().join("outcomes.json"), "{\n  \"end_time\": null\n}").unwrap();
        assert!(Found::read(folder.path()).is_err());
    }

    #[test]
    fn a_run_in_which_a_mutant_was_not_tried_is_no_result() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let found = Found { caught: names(&["a"]), survived: names(&["b"]), ..Found::default() };
        assert_eq!(found.clone().of_all(&names(&["a", "b"])).unwrap(), found);
        assert!(found.of_all(&names(&["a", "b", "c"])).is_err());
        assert!(Found::default().of_all(&names(&["a"])).is_err(), "the tests failed without a mutant");
    }

    #[test]
    fn what_was_noticed_once_is_no_survivor_of_another_try() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let first = Found { caught: names(&["a", "b"]), survived: names(&["c", "d"]), ..Found::default() };
        let again = Found { caught: names(&["b", "c"]), survived: names(&["a", "d"]), ..Found::default() };
        let all = first.and(again);
        assert_eq!((all.caught, all.survived), (names(&["a", "b", "c"]), names(&["d"])));
    }
}
