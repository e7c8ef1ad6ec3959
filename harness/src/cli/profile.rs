//! Profiles of the selected plans: what each asks for over time.

use std::collections::{BTreeMap, BTreeSet};

use super::exit::Exit;
use super::problem::{Problem, Result};
use super::select::Scenarios;
use crate::drill::Registry;
use crate::plan::{self, Found, Upkeep};

/// What the plans of `found` ask for over time, by plan.
///
/// # Errors
/// Every mistake in those plans.
pub fn upkeep_of(scenarios: &Scenarios, found: &[Found]) -> Result<BTreeMap<String, Upkeep>> {
    let plans: BTreeSet<&str> = found.iter().map(|found| found.plan.as_str()).collect();
    let mut asked = BTreeMap::new();
    let mut wrong = Vec::new();
    for plan in plans {
        match plan::upkeep::<Registry>(&scenarios.scenarios, plan) {
            Ok(upkeep) => {
                asked.insert(plan.to_owned(), upkeep);
            }
            Err(diagnostics) => wrong.extend(diagnostics),
        }
    }
    if wrong.is_empty() { Ok(asked) } else { Err(Problem::Configuration(wrong.into_iter().collect())) }
}

/// Those of `found` that the profile `name` of their plan drills.
///
/// # Errors
/// A plan is wrong, none of them has such a profile, or it drills nothing of what is selected.
pub fn drills_of(scenarios: &Scenarios, found: Vec<Found>, name: &str) -> Result<Vec<Found>> {
    let asked = upkeep_of(scenarios, &found)?;
    let profiles = asked.iter().filter_map(|(plan, upkeep)| Some((plan, upkeep.profiles.get(name)?)));
    let named: Vec<String> = profiles
        .flat_map(|(plan, profile)| profile.drills.iter().map(move |drill| format!("{plan}/{drill}")))
        .collect();
    if named.is_empty() {
        let known: BTreeSet<&str> =
            asked.values().flat_map(|upkeep| upkeep.profiles.keys()).map(String::as_str).collect();
        let plans: Vec<&str> = asked.keys().map(String::as_str).collect();
        let message = format!("there is no profile `{name}` in {}", plans.join(", "));
        return Err(Problem::new(Exit::Usage, message).help(plan::advice(name, known)));
    }
    let chosen: Vec<Found> = found.into_iter().filter(|found| named.contains(&found.drill())).collect();
    if chosen.is_empty() {
        let message = format!("the profile `{name}` drills nothing of what is selected");
        return Err(Problem::new(Exit::NothingSelected, message).help(format!("it drills: {}", named.join(", "))));
    }
    Ok(chosen)
}
