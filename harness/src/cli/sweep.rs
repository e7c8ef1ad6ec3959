//! `blackstart sweep`: removes what killed runs left behind.

use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::layout::count;
use super::output::{self, Format};
use super::problem::{Problem, Result};
use crate::host::docker::{self, Remains};
use crate::host::scratch::{self, Fate, Swept};

/// Removes what killed runs left behind.
///
/// A run that is killed can leave the disks of its hosts below `BLACKSTART_SCRATCH`, and containers, networks and volumes. What carries Blackstart's
/// label is removed if the process that made it is gone; nothing else is touched.
#[derive(Args, Debug)]
pub struct Sweep {}

#[derive(Serialize)]
struct Line<'a> {
    run: &'a str,
    path: String,
    fate: &'static str,
    why: Option<&'a str>,
}

/// Runs `blackstart sweep`.
///
/// # Errors
/// The folder of disks cannot be listed, or the container engine removes nothing.
pub fn run(_: &Sweep, format: Format) -> Result<Exit> {
    let root = scratch::root();
    let swept = scratch::sweep(&root)
        .map_err(|error| Problem::new(Exit::Internal, format!("cannot list {}: {error}", root.display())))?;
    let lines: Vec<Line<'_>> = swept.iter().map(line).collect();
    let containers = docker::at_once(docker::sweep());
    let containers = containers.map_err(|error| Problem::new(Exit::Internal, error.to_string()))?;
    match format {
        Format::Text => {
            for Line { path, fate, why, .. } in &lines {
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                output::data(&format!("{fate}  {path}{why}\n"))?;
            }
            let removed = swept.iter().filter(|one| one.fate == Fate::Removed).count();
            output::data(&format!("{} removed below {}\n", count(removed, "folder"), root.display()))?;
            if let Some(Remains { removed, in_use, engine }) = &containers {
                let what = "containers, networks and volumes";
                output::data(&format!("{removed} {what} removed from {engine}, {in_use} in use\n"))?;
            }
        }
        Format::Json => output::json(&serde_json::json!({ "folders": lines, "containers": containers }))?,
        Format::Jsonl => {
            lines.iter().try_for_each(output::json_line)?;
            containers.iter().try_for_each(output::json_line)?;
        }
    }
    let stuck = swept.iter().any(|one| matches!(one.fate, Fate::Stuck(_)));
    Ok(if stuck { Exit::Internal } else { Exit::Met })
}

fn line(swept: &Swept) -> Line<'_> {
    let (fate, why) = match &swept.fate {
        Fate::Removed => ("removed", None),
        Fate::InUse => ("in use", None),
        Fate::Stuck(why) => ("stuck", Some(why.as_str())),
    };
    Line { run: &swept.run, path: swept.path.display().to_string(), fate, why }
}
