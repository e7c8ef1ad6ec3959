//! `blackstart health`: backups and drills over all records, held against what the document says of them.

mod figures;
#[cfg(test)]
mod figures_tests;
mod seen;

use std::collections::BTreeSet;

use blackstart_record::verdict::Verdict;
use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::layout::{bytes, columns, count, paragraph};
use super::output::{self, Format, Paint};
use super::past::{Past, Runs};
use super::problem::{Problem, Result};
use super::profile::upkeep_of;
use super::select::Scenarios;
use super::verdict_text::{said, word};
use crate::plan::Found;

use figures::{Figure, down, figures, up};
use seen::Seen;

/// Holds backups and drills, over all records, against the figures that the document names (`[health]`).
///
/// Each figure says of how many it is, and between which bounds it lies with 95 % confidence (Clopper and Pearson, one-sided).
/// A share is met or missed only where its bound says so: 12 backups out of 12 do not show 99.9 %. A mean and a worst value
/// are of what was drilled; they are met only where more drills than not are shown to keep the limit. An inconclusive drill
/// is no success, and no measurement. Ends with exit code 99 if a figure is missed, 105 if one is inconclusive.
#[derive(Args, Debug)]
pub struct Health {
    /// Parts or patterns (`*`, `?`) of `plan/scenario`; without one, every drill of every plan counts.
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
    #[command(flatten)]
    runs: Runs,
}

/// The figures of a plan.
#[derive(Debug, Serialize)]
struct OfPlan {
    plan: String,
    /// Drills that were looked at.
    drills: usize,
    /// When the first and the last of them began.
    between: Option<[jiff::Timestamp; 2]>,
    /// The least and the most bytes of one.
    bytes: Option<[u64; 2]>,
    /// The plan's own size of production.
    production_bytes: Option<u64>,
    figures: Vec<Figure>,
}

/// Runs `blackstart health`.
///
/// # Errors
/// Nothing is selected, no plan of it names a figure, or a plan is wrong.
pub fn run(args: &Health, scenarios: &Scenarios, format: Format) -> Result<Exit> {
    let found = scenarios.select(&args.filters)?;
    let upkeep = upkeep_of(scenarios, &found)?;
    let past = args.runs.read()?;
    let mut plans = Vec::new();
    for (plan, upkeep) in upkeep.into_iter().filter(|(_, upkeep)| !upkeep.health.is_empty()) {
        let chosen: Vec<&Past> = chosen(&past, &plan, &found, args.filters.is_empty());
        plans.push(of_plan(plan, &chosen, &upkeep.health));
    }
    if plans.is_empty() {
        let problem = Problem::new(Exit::NothingSelected, "no selected plan names a figure to hold its drills against");
        return Err(problem.help("add `[health]` with `drill-success = \"95%\"` or another to plan.toml"));
    }
    match format {
        Format::Text => {
            output::data(&plans.iter().map(|plan| text(plan, Paint::stdout())).collect::<Vec<_>>().join("\n"))?
        }
        Format::Json => output::json(&plans)?,
        Format::Jsonl => plans.iter().try_for_each(output::json_line)?,
    }
    let verdicts = plans.iter().flat_map(|plan| &plan.figures).filter_map(|figure| figure.verdict);
    Ok(match verdicts.max() {
        Some(Verdict::Missed) => Exit::ObjectiveMissed,
        Some(Verdict::Inconclusive) => Exit::Inconclusive,
        Some(Verdict::Met) | None => Exit::Met,
    })
}

/// Without a filter, drills count too whose scenario is no longer there.
fn chosen<'a>(past: &'a [Past], plan: &str, found: &[Found], all: bool) -> Vec<&'a Past> {
    let selected: BTreeSet<String> = found.iter().map(Found::drill).collect();
    past.iter().filter(|past| past.record.plan.name == plan && (all || selected.contains(&past.drill()))).collect()
}

fn of_plan(plan: String, past: &[&Past], health: &crate::plan::Health) -> OfPlan {
    let seen: Vec<Seen> = past.iter().map(|past| Seen::of(past)).collect();
    let drilled = || seen.iter().map(|seen| seen.bytes).filter(|bytes| *bytes > 0);
    let size = past.last().and_then(|past| past.record.plan.production_bytes.as_ref()).map(|size| size.value);
    OfPlan {
        plan,
        drills: past.len(),
        between: past.first().zip(past.last()).map(|(first, last)| [first.started, last.started]),
        bytes: drilled().min().zip(drilled().max()).map(|(least, most)| [least, most]),
        production_bytes: size,
        figures: figures(&seen, health),
    }
}

fn text(plan: &OfPlan, paint: Paint) -> String {
    let width = output::width();
    let mut out = format!("{}: {}", paint.strong(&plan.plan), count(plan.drills, "drill"));
    if let Some([first, last]) = plan.between {
        out += &format!(" from {} to {}", first.strftime("%Y-%m-%d"), last.strftime("%Y-%m-%d"));
    }
    if let Some([least, most]) = plan.bytes {
        let (least, most) = (bytes(least), bytes(most));
        let size = if least == most { most } else { format!("{least} to {most}") };
        out += &format!(", {size} drilled");
    }
    let production = plan.production_bytes.map(|size| format!("{} in production", bytes(size)));
    out += &format!(", {}", production.unwrap_or_else(|| "production size not stated".to_owned()));
    out += "\n\n";
    let head =
        ["figure", "document", "n", "95 % bounds", "verdict", "found"].map(|title| paint.faint(title).into_owned());
    let rows = std::iter::once(head.to_vec()).chain(plan.figures.iter().map(|figure| row(figure, paint)));
    out += &columns(&rows.collect::<Vec<_>>(), 2);
    out.push('\n');
    for figure in &plan.figures {
        let origin = figure.limit.as_ref().map(|limit| format!(" ({})", said(&limit.origin))).unwrap_or_default();
        out += &paragraph(&format!("{}: {}{origin}", figure.name, figure.says), 2, width);
    }
    out
}

fn row(figure: &Figure, paint: Paint) -> Vec<String> {
    let bounds = figure.bounds.map(|[low, high]| format!("{} to {}", down(low), up(high)));
    vec![
        figure.name.to_owned(),
        figure.limit.as_ref().map_or_else(|| "-".to_owned(), |limit| limit.value.clone()),
        figure.n.to_string(),
        bounds.unwrap_or_else(|| "-".to_owned()),
        figure.verdict.map_or_else(|| "-".to_owned(), |verdict| word(paint, verdict)),
        figure.found.clone(),
    ]
}
