//! Which scenarios a command is about.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::problem::{Problem, Result};
use crate::drill::Registry;
use crate::plan::{self, Found, Loaded};

/// Where plans and scenarios are.
#[derive(Args, Clone, Debug)]
pub struct Scenarios {
    /// The folder of plans: in it a folder per plan, with `plan.toml` and a file per scenario.
    #[arg(long, global = true, value_name = "DIR", env = "BLACKSTART_SCENARIOS", default_value = "scenarios")]
    pub scenarios: PathBuf,
}

impl Scenarios {
    /// The scenarios that any of `filters` matches, in the order of their names; all of them without a filter.
    ///
    /// # Errors
    /// The folder cannot be listed, or nothing matches.
    pub fn select(&self, filters: &[String]) -> Result<Vec<Found>> {
        let all = plan::discover(&self.scenarios)?;
        let names: Vec<String> = all.iter().map(Found::drill).collect();
        let chosen = |name: &str| filters.is_empty() || filters.iter().any(|filter| selects(filter, name, &names));
        let selected: Vec<Found> = all.iter().filter(|found| chosen(&found.drill())).cloned().collect();
        if !selected.is_empty() {
            return Ok(selected);
        }
        let folder = self.scenarios.display();
        if all.is_empty() {
            let problem = Problem::new(Exit::NothingSelected, format!("there is no scenario in {folder}"));
            return Err(problem.help("name another folder with `--scenarios DIR` or BLACKSTART_SCENARIOS"));
        }
        let message = format!("no scenario in {folder} matches `{}`", filters.join("` or `"));
        Err(Problem::new(Exit::NothingSelected, message).help(format!("there are: {}", names.join(", "))))
    }

    /// Loads a scenario.
    ///
    /// # Errors
    /// What is wrong with it or with its plan.
    pub fn load(&self, found: &Found) -> Result<Loaded<Registry>> {
        Ok(plan::load(&self.scenarios, &found.plan, &found.scenario)?)
    }
}

/// Whether `filter` selects `name` out of `names`. The whole name of one selects that one alone, though it may be a part of
/// another's.
fn selects(filter: &str, name: &str, names: &[String]) -> bool {
    if names.iter().any(|known| known == filter) { filter == name } else { matches(filter, name) }
}

/// Whether `filter` is a part of `name`, or, with `*` or `?` in it, a pattern for all of it.
fn matches(filter: &str, name: &str) -> bool {
    if filter.contains(['*', '?']) { plan::glob(filter, name) } else { name.contains(filter) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_name_selects_that_one_alone() {
        let names = ["p/corruption", "p/corruption-nightly", "q/other"].map(str::to_owned);
        let cases: [(&str, &[&str]); 4] = [
            ("p/corruption", &["p/corruption"]),
            ("corruption", &["p/corruption", "p/corruption-nightly"]),
            ("p/corruption*", &["p/corruption", "p/corruption-nightly"]),
            ("p/corruption-nightly", &["p/corruption-nightly"]),
        ];
        for (filter, expected) in cases {
            let selected: Vec<_> = names.iter().filter(|name| selects(filter, name, &names)).collect();
            assert_eq!(selected, expected, "{filter}");
        }
    }

    #[test]
    fn a_filter_is_a_part_or_a_pattern() {
        let name = "fulexo/database-corruption";
        for (filter, expected) in [
            ("", true),
            ("fulexo", true),
            ("base-corr", true),
            ("fulexo/database-corruption", true),
            ("Fulexo", false),
            ("fulexo/*", true),
            ("*corruption", true),
            ("*corr", false),
            ("f*/d*-c*n", true),
            ("fulex?/*", true),
            ("fulexo?/*", false),
            ("*", true),
            ("*a*a*a*b", false),
        ] {
            assert_eq!(matches(filter, name), expected, "{filter}");
        }
    }
}
