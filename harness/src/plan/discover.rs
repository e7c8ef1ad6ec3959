//! Which plans and scenarios there are.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::diagnostic::{Diagnostic, Diagnostics};

/// The file that makes a folder a plan.
pub(super) const PLAN: &str = "plan.toml";

/// A scenario that was found; whether it can be loaded is not known yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The plan's name: its folder's.
    pub plan: String,
    /// The scenario's name: its file's stem.
    pub scenario: String,
    /// The scenario's file.
    pub path: PathBuf,
}

impl Found {
    /// `plan/scenario`, which filters look at.
    pub fn drill(&self) -> String {
        format!("{}/{}", self.plan, self.scenario)
    }
}

/// Finds every scenario below `root`: each TOML file but `plan.toml` of each folder, in the order of their names.
/// Nothing is read yet.
///
/// # Errors
/// `root` or a folder in it cannot be listed.
pub fn discover(root: &Path) -> Result<Vec<Found>, Diagnostics> {
    let mut found = Vec::new();
    for folder in listed(root)? {
        let Some(plan) = plain(folder.file_name()) else { continue };
        if !folder.is_dir() {
            continue;
        }
        let scenarios = scenarios(&folder)?.into_iter();
        found.extend(scenarios.map(|(scenario, path)| Found { plan: plan.to_owned(), scenario, path }));
    }
    found.sort();
    Ok(found)
}

/// The scenarios of the plan in `folder`, by name, each with its file.
///
/// # Errors
/// The folder cannot be listed.
pub(super) fn scenarios(folder: &Path) -> Result<BTreeMap<String, PathBuf>, Diagnostics> {
    let named = |path: PathBuf| {
        let is_scenario = path.extension() == Some(OsStr::new("toml")) && !path.ends_with(PLAN);
        let name = plain(path.file_stem()).filter(|_| is_scenario)?.to_owned();
        Some((name, path))
    };
    Ok(listed(folder)?.into_iter().filter_map(named).collect())
}

/// A name that is text and not hidden.
fn plain(name: Option<&OsStr>) -> Option<&str> {
    name.and_then(OsStr::to_str).filter(|name| !name.starts_with('.'))
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, Diagnostics> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| {
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such folder".to_owned(),
            std::io::ErrorKind::NotADirectory => "is no folder; a folder of plans is expected here".to_owned(),
            _ => format!("cannot be listed: {error}"),
        };
        Diagnostic::about(&folder.display().to_string(), message)
            .help("name the folder of plans with `--scenarios DIR` or BLACKSTART_SCENARIOS (default: `scenarios`)")
    })?;
    Ok(entries.iter().map(fs::DirEntry::path).collect())
}
