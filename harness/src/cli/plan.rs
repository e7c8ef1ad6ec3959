//! `blackstart plan`: the resolved plan, every value with its origin.

use std::collections::BTreeSet;

use blackstart_record::plan::{FaultPlan, Origin, Plan, Scenario, Sourced, StepPlan};
use clap::Args;

use super::exit::Exit;
use super::layout::{columns_within, count, grouped, paragraph};
use super::list::limits;
use super::output::{self, Format, Paint};
use super::problem::Result;
use super::select::Scenarios;
use super::verdict_text::said;
use crate::drill::Registry;
use crate::plan::{Asks, Loaded};

/// Shows the resolved plan, every value with its origin.
///
/// The origin of a value is a line of the document, an assumption where the document is silent, or the part of the
/// document that another part stands in for. Then come the document's contradictions, and the scenarios: what breaks,
/// and how one comes back. Nothing is started.
#[derive(Args, Debug)]
pub struct Show {
    /// Parts or patterns (`*`, `?`) of `plan/scenario`.
    #[arg(value_name = "FILTER", required = true)]
    filters: Vec<String>,
}

/// Runs `blackstart plan`.
///
/// # Errors
/// Nothing matches, or what matches is wrong.
pub fn run(args: &Show, scenarios: &Scenarios, format: Format) -> Result<Exit> {
    let found = scenarios.select(&args.filters)?;
    let loaded: Vec<Loaded<Registry>> = found.iter().map(|found| scenarios.load(found)).collect::<Result<_>>()?;
    match format {
        Format::Text => {
            let mut shown: Option<&str> = None;
            for one in &loaded {
                // Scenarios come by plan: the plan is shown before its first.
                let begins = shown != Some(one.plan.name.as_str());
                shown = Some(&one.plan.name);
                output::data(&text(one, begins, Paint::stdout()))?;
            }
        }
        Format::Json => output::json(&loaded)?,
        Format::Jsonl => loaded.iter().try_for_each(output::json_line)?,
    }
    Ok(Exit::Met)
}

fn text(loaded: &Loaded<Registry>, with_plan: bool, paint: Paint) -> String {
    let width = output::width();
    let mut out = String::new();
    if with_plan {
        out += &plan_text(&loaded.plan, paint, width);
    }
    out += &scenario_text(loaded, paint, width);
    out
}

fn plan_text(plan: &Plan, paint: Paint, width: usize) -> String {
    let mut out = format!("{} {}\n", paint.strong("plan"), plan.name);
    if let Some(document) = &plan.document {
        out += &paragraph(&format!("document: {} (SHA-256 {})", document.title, document.sha256), 2, width);
    }
    let size = plan.production_bytes.as_ref().map(|size| format!("{} bytes", size.value));
    out += &format!("  production size: {}\n", size.as_deref().unwrap_or("not stated"));
    for (name, pipeline) in &plan.pipelines {
        let interval = pipeline.schedule.interval.as_ref();
        let worst =
            interval.map_or_else(|| "no schedule stated".to_owned(), |said| format!("at most {} apart", said.value));
        out += &format!(
            "  pipeline {name}: {} from {} to {}, {worst}\n",
            pipeline.method.value, pipeline.source, pipeline.store
        );
    }
    out += &format!("\n{}\n", paint.strong("every value and its origin"));
    out += &values(plan, paint, width);
    out += &findings(plan, paint, width);
    out
}

/// The tables of a plan in the order in which one reads them; what else there is comes after.
const TABLES: [&str; 11] = [
    "title",
    "document",
    "application",
    "objectives",
    "sites",
    "hosts",
    "stores",
    "credentials",
    "pipelines",
    "profiles",
    "health",
];

fn values(plan: &Plan, paint: Paint, width: usize) -> String {
    let table = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
    let others: BTreeSet<String> = plan.values.keys().map(|path| table(path)).collect();
    let others = others.iter().map(String::as_str).filter(|name| !TABLES.contains(name));
    let mut out = String::new();
    for name in TABLES.into_iter().chain(others) {
        let rows: Vec<Vec<String>> = plan
            .values
            .iter()
            .filter(|(path, _)| table(path) == name)
            .map(|(path, value)| value_row(path.strip_prefix(&format!("{name}.")).unwrap_or(path), value, paint))
            .collect();
        match plan.values.get(name) {
            // A value of its own, not a table of them.
            Some(_) => out += &columns_within(&rows, 2, width),
            None if rows.is_empty() => {}
            None => out += &format!("  {name}\n{}", columns_within(&rows, 4, width)),
        }
    }
    out
}

fn value_row(path: &str, said_value: &Sourced<String>, paint: Paint) -> Vec<String> {
    let origin = match &said_value.origin {
        Origin::From { section, line } => format!("line {line}, {section}"),
        other => other.to_string(),
    };
    let origin = match said_value.origin {
        Origin::From { .. } => origin,
        Origin::Assumed(_) | Origin::Substitutes(_) => paint.doubt(&origin).into_owned(),
        Origin::Stated => paint.faint(&origin).into_owned(),
    };
    vec![path.to_owned(), shortened(&said_value.value), origin]
}

/// A digest or a long list would push the origins off the screen.
fn shortened(value: &str) -> String {
    const ROOM: usize = 44;
    if value.chars().count() <= ROOM {
        return value.to_owned();
    }
    value.chars().take(ROOM - 3).chain("...".chars()).collect()
}

fn findings(plan: &Plan, paint: Paint, width: usize) -> String {
    let mut out =
        format!("\n{}\n", paint.strong(&format!("{} about the document", count(plan.findings.len(), "finding"))));
    for finding in &plan.findings {
        out += &format!("  {}\n", paint.doubt(&finding.id));
        out += &paragraph(&finding.says, 4, width);
        for place in &finding.places {
            let line = match &place.origin {
                Origin::From { line, .. } => format!("line {line}"),
                other => other.to_string(),
            };
            out += &paragraph(&format!("- {line}: {}", place.value), 6, width);
        }
        out += &paragraph(&finding.consequence, 4, width);
    }
    out
}

fn scenario_text(loaded: &Loaded<Registry>, paint: Paint, width: usize) -> String {
    let Scenario { title, hypothesis, objectives, pipeline, target, workload, faults, runbook, failback, .. } =
        &loaded.scenario;
    let drill = format!("{}/{}", loaded.plan.name, loaded.scenario.name);
    let mut out = format!("\n{} {drill}\n", paint.strong("scenario"));
    out += &paragraph(title, 2, width);
    out += &paragraph(&format!("to show: {hypothesis}"), 2, width);
    let named = |name: &String| loaded.plan.objectives.get(name).map(|objective| limits(name, objective));
    out += &format!("  judged by: {}\n", objectives.iter().filter_map(named).collect::<Vec<_>>().join(", "));
    let method = loaded.pipeline.method.name();
    out += &format!("  restores with: {pipeline} ({method}), to the host {target}\n");
    let rate = workload.rate.map_or_else(|| "flat out".to_owned(), |rate| format!("{rate} operations a second"));
    let clients = count(workload.clients as usize, "client");
    out += &format!("  workload: {}, {} rows, {clients}, {rate}\n", workload.domain, grouped(workload.rows));
    out += &format!("\n{}\n", paint.strong("faults"));
    out += &columns_within(&faults.iter().map(fault_row).collect::<Vec<_>>(), 2, width);
    out += &format!("\n{}\n", paint.strong("runbook"));
    out += &columns_within(&runbook.iter().map(step_row).collect::<Vec<_>>(), 2, width);
    if !failback.is_empty() {
        out += &format!("\n{}\n", paint.strong("failback"));
        out += &columns_within(&failback.iter().map(step_row).collect::<Vec<_>>(), 2, width);
    }
    out
}

fn fault_row(fault: &FaultPlan) -> Vec<String> {
    let params = fault.params.as_object().into_iter().flatten();
    let params = params
        .map(|(name, value)| format!("{name} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    vec![format!("after {}", fault.after), fault.name.clone(), params.collect::<Vec<_>>().join(", ")]
}

fn step_row(step: &StepPlan) -> Vec<String> {
    let manual = step.manual.as_ref().map(|manual| format!("{} by hand ({})", manual.value, said(&manual.origin)));
    vec![step.step.to_string(), format!("bound {}", step.bound), manual.unwrap_or_else(|| "automatic".to_owned())]
}
