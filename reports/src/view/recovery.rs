//! The runbook, the shares of the recovery time, the recovery point, and the exposure.

use blackstart_record::event::Outcome;
use blackstart_record::plan::Pace;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{Exposure, StepMeasure};
use serde::Serialize;

use super::Fact;
use crate::material::Material;
use crate::words;

/// A step of the runbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepView {
    /// Its name.
    pub name: String,
    /// When it began, from the first fault.
    pub begun: String,
    /// How long it took.
    pub took: String,
    /// The documented duration of a manual step, and where it is from.
    pub manual: String,
    /// Bytes moved or made.
    pub bytes: String,
    /// `done`, `failed` or `did not end`.
    pub outcome: &'static str,
    /// What it did.
    pub says: String,
    /// The tool's last lines, where it failed.
    pub lines: Vec<String>,
}

/// The recovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecoveryView {
    /// Whether any manual time is declared.
    pub has_manual: bool,
    /// The runbook's steps.
    pub steps: Vec<StepView>,
    /// The recovery time.
    pub time: Vec<Fact>,
    /// The recovery point that was chosen.
    pub chosen: Vec<Fact>,
    /// The same, and what was lost by it: for a report without the chart.
    pub point: Vec<Fact>,
    /// What the schedule allows.
    pub exposure: Vec<Fact>,
}

pub(crate) fn recovery(material: &Material) -> RecoveryView {
    let measures = &material.verdict.measures;
    let declared = measures.steps.iter().map(|step| step.manual).max().unwrap_or(Nanos::ZERO);
    RecoveryView {
        has_manual: declared > Nanos::ZERO || measures.rta.as_ref().is_some_and(|rta| rta.manual > Nanos::ZERO),
        steps: measures.steps.iter().map(|step| step_view(material, step)).collect(),
        time: time(material),
        chosen: chosen(material),
        point: point(material),
        exposure: exposure(material),
    }
}

fn step_view(material: &Material, step: &StepMeasure) -> StepView {
    let planned = material.record.scenario.runbook.iter().find(|planned| planned.step == step.step);
    let origin = planned.and_then(|planned| planned.manual.as_ref()).map(|manual| words::origin(&manual.origin));
    let manual = match (step.manual, origin) {
        (Nanos::ZERO, _) => String::new(),
        (manual, Some(origin)) => format!("{manual} ({origin})"),
        (manual, None) => manual.to_string(),
    };
    let ended = material.story.steps_ended.iter().rfind(|(_, name, _)| *name == step.step);
    let failure = ended.and_then(|(.., outcome)| match outcome {
        Outcome::Done => None,
        Outcome::Failed(failure) | Outcome::Bound(failure) => Some(failure),
    });
    let outcome = match (step.done, step.ended) {
        (true, _) => "done",
        (false, Some(_)) => "failed",
        (false, None) => "did not end",
    };
    let mut says = step.says.clone();
    if let Some(failure) = failure.filter(|failure| !says.contains(&failure.message)) {
        says = format!("{says}{}{}", if says.is_empty() { "" } else { ": " }, failure.message);
    }
    StepView {
        name: step.step.to_string(),
        begun: material.when(step.begun),
        took: step.ended.map_or(String::new(), |ended| ended.since(step.begun).to_string()),
        manual,
        bytes: step.bytes.map(words::bytes).unwrap_or_default(),
        outcome,
        says,
        lines: failure.map(|failure| failure.lines.clone()).unwrap_or_default(),
    }
}

fn time(material: &Material) -> Vec<Fact> {
    let measures = &material.verdict.measures;
    let Some(rta) = &measures.rta else {
        return vec![Fact::new("Achieved (RTA)", "not measured, or never recovered: see the objectives")];
    };
    let mut facts = Vec::new();
    if rta.manual > Nanos::ZERO {
        let (lower, upper) = (material.when(rta.recovered.lower), material.when(rta.recovered.upper));
        facts.push(Fact::new("Recovered, on the clock, between", format!("{lower} and {upper}")));
        facts.push(Fact::new("Declared manual time on top", rta.manual.to_string()));
    }
    facts.push(Fact::new("Resolution", format!("{}: nothing finer was measured", rta.resolution)));
    let rate = |rate: f64| format!("{} operations/s", words::figure(rate));
    facts.extend(measures.throughput_before.map(|before| Fact::new("Throughput before the first fault", rate(before))));
    let back = measures.throughput_back.map_or("not seen".to_owned(), |back| format!("{back} after the recovery"));
    facts.push(Fact::new("Throughput back at 90 %", back));
    facts
}

fn chosen(material: &Material) -> Vec<Fact> {
    let chosen = material.verdict.measures.recovery_point.as_ref().map(|cut| {
        let (earliest, latest) = (material.when(cut.earliest), material.when(cut.latest));
        let at = if earliest == latest { earliest } else { format!("between {earliest} and {latest}") };
        Fact::new("Recovery point R", format!("{at}; claimed by: {}", cut.claimed_by))
    });
    chosen.into_iter().collect()
}

fn point(material: &Material) -> Vec<Fact> {
    let mut facts = chosen(material);
    let Some(rpa) = &material.verdict.measures.rpa else {
        facts.push(Fact::new("Achieved (RPA)", "not measured"));
        return facts;
    };
    let at = |at: Option<Nanos>| at.map_or("none".to_owned(), |at| material.when(at));
    if rpa.manual > Nanos::ZERO {
        facts.push(Fact::new("Lost by declared time to detect and decide", rpa.manual.to_string()));
    }
    facts.extend([
        Fact::new("Lost before the fault", rpa.before_fault.to_string()),
        Fact::new("Lost from the fault until the application was stopped", rpa.after_fault.to_string()),
        Fact::new("First acknowledgement that is gone", at(rpa.first_gone)),
        Fact::new("Last acknowledgement before the recovery", at(rpa.last_acknowledged)),
        Fact::new("Newest recovered acknowledgement", at(rpa.newest_recovered)),
        Fact::new("Tail (after R, lost by its choice)", operations(rpa.tail_operations, rpa.tail_rows)),
        Fact::new("Holes (owed and missing or changed)", operations(rpa.hole_operations, rpa.hole_rows)),
    ]);
    facts
}

fn operations(operations: u64, rows: u64) -> String {
    format!("{}, {}", words::count(operations, "operation"), words::count(rows, "row"))
}

fn exposure(material: &Material) -> Vec<Fact> {
    let pipeline = material.record.plan.pipelines.get(&material.record.scenario.pipeline);
    let mut facts = match &material.verdict.measures.exposure {
        None => vec![Fact::new("Exposure", "not known")],
        Some(Exposure::NotApplicable { why }) => vec![Fact::new("Exposure", format!("not applicable: {why}"))],
        Some(Exposure::Unstated) => {
            vec![Fact::new("Exposure", "unstated: the document has no schedule for this pipeline")]
        }
        Some(Exposure::Stated { worst, interval, until_durable, lag }) => {
            let origin = pipeline.and_then(|pipeline| pipeline.schedule.interval.as_ref());
            let origin = origin.map(|interval| format!(" ({})", words::origin(&interval.origin))).unwrap_or_default();
            vec![
                Fact::new("Exposure: what the schedule allows at worst", worst.to_string()),
                Fact::new("of it the interval", format!("{interval}{origin}")),
                Fact::new("of it the time until an artifact is durable, measured", until_durable.to_string()),
                Fact::new("of it the pipeline\u{2019}s own lag, measured", lag.to_string()),
            ]
        }
    };
    let behind = pipeline.map(|pipeline| pipeline.pace).filter(|pace| *pace != Pace::AtOnce);
    facts.extend(behind.map(|pace| Fact::new("The replica", pace.to_string())));
    let entries = pipeline.into_iter().flat_map(|pipeline| &pipeline.schedule.entries);
    facts.extend(entries.map(|(kind, entry)| {
        Fact::new(format!("Schedule: {kind}"), format!("{} ({})", entry.value, words::origin(&entry.origin)))
    }));
    facts
}
