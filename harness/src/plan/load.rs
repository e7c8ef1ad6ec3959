//! From the files of a plan and a scenario to what a drill needs.

use std::fs;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::discover::PLAN;
use super::nearest::advice;
use super::plan_file::PlanFile;
use super::resolve_plan::{self, ResolvedPlan};
use super::scenario_file::ScenarioFile;
use super::upkeep::Upkeep;
use super::{Loaded, Vocabulary, read, resolve_scenario};

/// Loads `plan/scenario` from below `root` and checks all that can be known without starting anything.
///
/// # Errors
/// What is wrong, by file, line and column. Independent mistakes are all told; those of a plan and of its scenario
/// together, as far as the scenario can be understood without the plan.
pub fn load<V: Vocabulary>(root: &Path, plan: &str, scenario: &str) -> Result<Loaded<V>, Diagnostics> {
    let folder = existing(root, plan, "plan", |path| path.is_dir().then(|| name_of(path)).flatten())?;
    let scenario_path = {
        let named = |path: &Path| is_scenario(path).then(|| name_of(&path.with_extension(""))).flatten();
        existing(&folder, scenario, "scenario", named).map(|path| path.with_extension("toml"))
    };
    let resolved_plan = load_plan::<V>(&folder, plan);
    let file = scenario_path.and_then(|path| {
        let source = read::source(&path)?;
        let file: ScenarioFile<V::Fault> = read::parse(&source)?;
        Ok((source, file))
    });
    match (resolved_plan, file) {
        (Ok(plan), Ok((source, file))) => resolve_scenario::resolve(scenario, &source, file, plan),
        (Err(of_plan), Err(of_scenario)) => Err(of_plan.into_iter().chain(of_scenario).collect()),
        (Err(wrong), _) | (_, Err(wrong)) => Err(wrong),
    }
}

/// What the plan `name` below `root` asks for over time.
///
/// # Errors
/// What is wrong with the plan, by file, line and column.
pub fn upkeep<V: Vocabulary>(root: &Path, name: &str) -> Result<Upkeep, Diagnostics> {
    load_plan::<V>(&root.join(name), name).map(|plan| plan.upkeep)
}

fn load_plan<V: Vocabulary>(folder: &Path, name: &str) -> Result<ResolvedPlan<V>, Diagnostics> {
    let source = read::source(&folder.join(PLAN))?;
    let file: PlanFile<V::Method, V::Provider> = read::parse(&source)?;
    resolve_plan::resolve(name, folder, &source, file)
}

fn is_scenario(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml") && !path.ends_with(PLAN)
}

fn name_of(path: &Path) -> Option<String> {
    path.file_name()?.to_str().map(str::to_owned)
}

/// `name` in `folder`, if it is among what `named` finds there; else the nearest that is.
fn existing(
    folder: &Path,
    name: &str,
    kind: &str,
    named: impl Fn(&Path) -> Option<String>,
) -> Result<std::path::PathBuf, Diagnostics> {
    let entries = fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    let entries: Vec<_> = entries.unwrap_or_default();
    let mut names: Vec<String> = entries.iter().filter_map(|path| named(path)).collect();
    names.sort();
    if names.iter().any(|known| known == name) {
        return Ok(folder.join(name));
    }
    let said = Diagnostic::about(&folder.display().to_string(), format!("there is no {kind} `{name}` in this folder"));
    Err(said.help(advice(name, names.iter().map(String::as_str))).into())
}

/// The JSON Schema of `plan.toml`.
pub fn plan_schema<V: Vocabulary>() -> Schema {
    schema::<PlanFile<V::Method, V::Provider>>()
}

/// The JSON Schema of a scenario.
pub fn scenario_schema<V: Vocabulary>() -> Schema {
    schema::<ScenarioFile<V::Fault>>()
}

fn schema<T: JsonSchema>() -> Schema {
    SchemaGenerator::default().into_root_schema_for::<T>()
}
