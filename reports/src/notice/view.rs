//! A notice's facts in words. Nothing is escaped here: the templates' formatter escapes everything.

use std::collections::BTreeSet;

use blackstart_record::time::Nanos;
use blackstart_record::verdict::Verdict;
use serde::Serialize;

use super::claim::{self, Data, Service};
use crate::material::Material;
use crate::view::Fact;
use crate::view::evidence::{self, FaultView};
use crate::view::objectives::{self, ObjectiveView};
use crate::view::recovery::{self, StepView};
use crate::view::timeline::{self, Moment};
use crate::words;

/// Something that is to be followed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Matter {
    /// What it is about.
    name: String,
    /// What the record says of it.
    says: String,
}

/// Everything that a notice says.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Notice {
    title: String,
    plan: String,
    drill: String,
    /// The drill's id, and that of its run.
    reference: String,
    verdict: String,
    says: String,
    /// What the judged objectives cover.
    covers: String,
    /// When the first thing was broken; nothing was, if it is empty.
    began: String,
    /// In a few words.
    status: &'static str,
    /// The service, for colleagues and for customers.
    service: String,
    customers_service: String,
    /// The data, likewise.
    data: String,
    customers_data: String,
    /// How long, as it was judged.
    duration: String,
    tail: String,
    holes: String,
    exposure: String,
    /// What happened, on the wall clock.
    timeline: Vec<Fact>,
    /// Only what was broken and how it was brought back.
    brief: Vec<Fact>,
    faults: Vec<FaultView>,
    steps: Vec<StepView>,
    objectives: Vec<ObjectiveView>,
    /// What is not met, or not known.
    matters: Vec<Matter>,
    /// Objectives and checks that are met.
    met: String,
    /// What the plan found in its document.
    contradictions: Vec<Matter>,
    notes: Vec<String>,
}

impl Notice {
    pub(super) fn of(material: &Material) -> Self {
        let (record, verdict) = (&material.record, &material.verdict);
        let (service, data) = (claim::service(material), claim::data(material));
        let judged: Vec<&String> = verdict.objectives.iter().flat_map(|objective| &objective.covers).collect();
        let covers: BTreeSet<&str> = judged.into_iter().map(String::as_str).collect();
        let found = record.plan.findings.iter();
        Self {
            title: record.scenario.title.clone(),
            plan: record.plan.title.clone(),
            drill: verdict.drill.clone(),
            reference: format!("drill {} of run {}", record.id, record.run),
            verdict: verdict.verdict.to_string(),
            says: verdict.says.clone(),
            covers: covers.into_iter().collect::<Vec<_>>().join(", "),
            began: if material.has_fault() { material.wall(material.origin()) } else { String::new() },
            status: status(service, verdict.verdict),
            service: of_service(material, service),
            customers_service: to_customers_of_service(material, service, data),
            data: of_data(data),
            customers_data: to_customers_of_data(data),
            duration: duration(service),
            tail: lost(data, verdict.measures.rpa.as_ref().map(|rpa| (rpa.tail_operations, rpa.tail_rows))),
            holes: lost(data, verdict.measures.rpa.as_ref().map(|rpa| (rpa.hole_operations, rpa.hole_rows))),
            exposure: exposure(material),
            timeline: moments(material, &["fault", "step", "good", "bad", "stage"]),
            brief: moments(material, &["fault", "step", "good", "bad"]),
            faults: evidence::faults(material),
            steps: recovery::recovery(material).steps,
            objectives: objectives::objectives(material),
            matters: matters(material),
            met: met(material),
            contradictions: found
                .map(|one| Matter { name: one.id.clone(), says: format!("{} {}", one.says, one.consequence) })
                .collect(),
            notes: verdict.notes.iter().chain(&material.notes).cloned().collect(),
        }
    }
}

fn status(service: Service<'_>, verdict: Verdict) -> &'static str {
    match (service, verdict) {
        (Service::Undisturbed, _) => "the drill ended before anything was broken",
        (Service::Unknown, _) => "not known whether it is over",
        (Service::Gone, _) => "not over: the service did not come back",
        (Service::Back(_), Verdict::Met) => "over: the service is back, as the plan wants it",
        (Service::Back(_), _) => "the service answers again, but not as the plan wants it",
    }
}

fn of_service(material: &Material, service: Service<'_>) -> String {
    match service {
        Service::Undisturbed => "Nothing was broken.".into(),
        Service::Back(rta) => {
            let (from, until) = (material.wall(rta.recovered.lower), material.wall(rta.recovered.upper));
            let when = if from == until { format!("at {until}") } else { format!("between {from} and {until}") };
            let manual = if rta.manual > Nanos::ZERO {
                format!("; the {} that the plan declares for work by hand come on top", rta.manual)
            } else {
                String::new()
            };
            format!("It was answered again, stably, by the restored copy {when} on the drill's clock{manual}.")
        }
        Service::Gone => "It was not answered again by a restored copy for as long as the drill watched.".into(),
        Service::Unknown => format!("The drill does not show whether it came back: {}.", material.verdict.says),
    }
}

fn to_customers_of_service(material: &Material, service: Service<'_>, data: Data<'_>) -> String {
    match (service, data) {
        (Service::Undisturbed, _) => "It was not interrupted.".into(),
        (Service::Back(rta), Data::Whole | Data::Tail(_)) => {
            format!("It has been working again since {}.", material.wall(rta.recovered.upper))
        }
        (Service::Back(rta), Data::Unknown) => {
            let since = material.wall(rta.recovered.upper);
            format!("It has been answering again since {since}; we cannot confirm yet that it is as it was before.")
        }
        (Service::Back(rta), _) => {
            let since = material.wall(rta.recovered.upper);
            format!("It has been answering again since {since}, but it is not yet as it was before.")
        }
        (Service::Gone, _) => "It does not work yet.".into(),
        (Service::Unknown, _) => "We cannot confirm yet that it works again.".into(),
    }
}

fn of_data(data: Data<'_>) -> String {
    match data {
        Data::Undisturbed => "No acknowledged write was put at risk.".into(),
        Data::Whole => "No acknowledged write is gone, and what was restored is as it was acknowledged.".into(),
        Data::Tail(rpa) => format!(
            "{} of acknowledged writes are gone by the choice of the recovery point; the rest is as it was acknowledged.",
            rpa.achieved
        ),
        Data::Wrong => "What was restored is not what was acknowledged.".into(),
        Data::Gone => "Nothing was brought back that could be compared with what was acknowledged.".into(),
        Data::Unknown => "The drill does not show whether acknowledged writes are gone.".into(),
    }
}

fn to_customers_of_data(data: Data<'_>) -> String {
    match data {
        Data::Undisturbed | Data::Whole => "Nothing that was confirmed to you as saved has been lost.".into(),
        Data::Tail(rpa) => format!(
            "What was confirmed to you as saved in the last {} before we stopped the service could not be kept ({}), and has \
             to be entered again.",
            rpa.achieved,
            words::count(rpa.tail_operations, "change")
        ),
        Data::Wrong => "Some of what was confirmed to you as saved is missing, or is not as you saved it.".into(),
        Data::Gone => "What was confirmed to you as saved cannot be reached.".into(),
        Data::Unknown => "We cannot say yet whether anything that was confirmed to you as saved has been lost.".into(),
    }
}

fn duration(service: Service<'_>) -> String {
    match service {
        Service::Undisturbed => "none".into(),
        Service::Back(rta) => rta.achieved.to_string(),
        Service::Gone => "not over".into(),
        Service::Unknown => "not known".into(),
    }
}

fn lost(data: Data<'_>, counted: Option<(u64, u64)>) -> String {
    let Some((operations, rows)) = counted else { return "not known".into() };
    let counted = format!("{}, {}", words::count(operations, "operation"), words::count(rows, "row"));
    if data == Data::Unknown { format!("{counted} were seen, from which nothing can be concluded") } else { counted }
}

/// What the schedule would allow at worst, whatever this drill happened to lose.
fn exposure(material: &Material) -> String {
    let facts = recovery::recovery(material).exposure;
    facts.first().map(|fact| fact.value.clone()).unwrap_or_default()
}

/// In place of the timeline's own word of a recovery stands no more than the drill has shown.
fn moments(material: &Material, classes: &[&str]) -> Vec<Fact> {
    let back = matches!(claim::service(material), Service::Back(_));
    let told = |moment: Moment| match moment.says.as_str() {
        timeline::RECOVERED if !back => None,
        timeline::RECOVERED => Some((moment.at, "the restored copy is answered again, stably".to_owned())),
        _ => Some((moment.at, moment.says)),
    };
    let all = timeline::timeline(material).into_iter().filter(|moment| classes.contains(&moment.class));
    let utc = |at: Nanos| material.wall(at).trim_end_matches(" UTC").to_owned();
    all.filter_map(told).map(|(at, value)| Fact { name: utc(at), value }).collect()
}

/// Gates first, then objectives, then findings.
fn matters(material: &Material) -> Vec<Matter> {
    let verdict = &material.verdict;
    let gates = verdict.gates.iter().map(|gate| Matter { name: gate.id.clone(), says: gate.says.clone() });
    let objectives = verdict.objectives.iter().filter(|one| one.verdict != Verdict::Met);
    let objectives = objectives
        .map(|one| Matter { name: format!("{} {}, {}", one.objective, one.kind, one.verdict), says: one.says.clone() });
    let findings = verdict.findings.iter().filter(|one| one.verdict != Verdict::Met);
    let findings =
        findings.map(|one| Matter { name: format!("{}, {}", one.checker, one.verdict), says: one.says.clone() });
    gates.chain(objectives).chain(findings).collect()
}

/// Of an inconclusive drill nothing is met, whatever was seen.
fn met(material: &Material) -> String {
    let verdict = &material.verdict;
    if verdict.verdict == Verdict::Inconclusive {
        return String::new();
    }
    let objectives = verdict.objectives.iter().filter(|one| one.verdict == Verdict::Met);
    let objectives = objectives.map(|one| format!("{} {}", one.objective, one.kind));
    let findings = verdict.findings.iter().filter(|one| one.verdict == Verdict::Met).map(|one| one.checker.clone());
    objectives.chain(findings).collect::<Vec<_>>().join(", ")
}
