//! `blackstart list`: the scenarios, and what this machine lacks for each.

use std::collections::BTreeMap;

use blackstart_record::plan::Objective;
use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::layout::columns;
use super::needs::Machine;
use super::output::{self, Format, Paint};
use super::problem::{Problem, Result};
use super::select::Scenarios;
use crate::drill::Registry;
use crate::plan::{Found, Loaded};

/// Lists scenarios, and what this machine lacks for each.
#[derive(Args, Debug)]
pub struct List {
    /// Parts or patterns (`*`, `?`) of `plan/scenario`; without one, everything is listed.
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    drill: String,
    title: Option<&'a str>,
    hypothesis: Option<&'a str>,
    pipeline: Option<&'a str>,
    /// The objectives that judge it, by name.
    objectives: BTreeMap<&'a str, &'a Objective>,
    /// Names of the tools that this machine lacks.
    lacks: Vec<&'static str>,
    /// Why it cannot be loaded.
    error: Option<String>,
}

/// Runs `blackstart list`.
///
/// # Errors
/// The folder of plans cannot be listed, or nothing matches.
pub fn run(args: &List, scenarios: &Scenarios, format: Format) -> Result<Exit> {
    let found = scenarios.select(&args.filters)?;
    let loaded: Vec<(Found, Result<Loaded<Registry>>)> =
        found.into_iter().map(|found| (found.clone(), scenarios.load(&found))).collect();
    let mut machine = Machine::default();
    let lines: Vec<Line<'_>> = loaded.iter().map(|(found, loaded)| line(found, loaded, &mut machine)).collect();
    match format {
        Format::Text => output::data(&table(&lines, Paint::stdout()))?,
        Format::Json => output::json(&lines)?,
        Format::Jsonl => lines.iter().try_for_each(output::json_line)?,
    }
    let wrong: Vec<&Problem> = loaded.iter().filter_map(|(_, loaded)| loaded.as_ref().err()).collect();
    wrong.iter().for_each(|problem| problem.tell());
    Ok(if wrong.is_empty() { Exit::Met } else { Exit::Usage })
}

fn line<'a>(found: &Found, loaded: &'a Result<Loaded<Registry>>, machine: &mut Machine) -> Line<'a> {
    let drill = found.drill();
    match loaded {
        Ok(loaded) => {
            let scenario = &loaded.scenario;
            let named = |name: &'a String| Some((name.as_str(), loaded.plan.objectives.get(name)?));
            Line {
                drill,
                title: Some(&scenario.title),
                hypothesis: Some(&scenario.hypothesis),
                pipeline: Some(&scenario.pipeline),
                objectives: scenario.objectives.iter().filter_map(named).collect(),
                lacks: machine.lacks(loaded).into_iter().map(|missing| missing.tool.name).collect(),
                error: None,
            }
        }
        Err(problem) => Line {
            drill,
            title: None,
            hypothesis: None,
            pipeline: None,
            objectives: BTreeMap::new(),
            lacks: Vec::new(),
            error: Some(problem.to_string()),
        },
    }
}

fn table(lines: &[Line<'_>], paint: Paint) -> String {
    let head = ["scenario", "objectives", "this machine"].map(|title| paint.faint(title).into_owned());
    let row = |line: &Line<'_>| {
        let machine = match (&line.error, line.lacks.as_slice()) {
            (Some(_), _) => paint.bad("cannot be loaded: see below").into_owned(),
            (None, []) => paint.good("can run it").into_owned(),
            (None, lacks) => paint.doubt(&format!("lacks {}", lacks.join(", "))).into_owned(),
        };
        let objectives: Vec<String> = line.objectives.iter().map(|(name, objective)| limits(name, objective)).collect();
        vec![line.drill.clone(), objectives.join(", "), machine]
    };
    let mut out = columns(&std::iter::once(head.to_vec()).chain(lines.iter().map(row)).collect::<Vec<_>>(), 0);
    if lines.iter().any(|line| !line.lacks.is_empty()) {
        out += "\n`blackstart doctor` says what installs what is lacking.\n";
    }
    out
}

/// `database RPO 15 min`.
pub fn limits(name: &str, objective: &Objective) -> String {
    let rto = objective.rto.as_ref().map(|rto| format!("RTO {}", rto.value));
    let rpo = objective.rpo.as_ref().map(|rpo| format!("RPO {}", rpo.value));
    let both: Vec<String> = rto.into_iter().chain(rpo).collect();
    format!("{name} {}", both.join(" "))
}
