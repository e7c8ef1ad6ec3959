//! Objectives, and the figures of the first screen.

use blackstart_record::time::Nanos;
use blackstart_record::verdict::{Exposure, ObjectiveKind, ObjectiveVerdict, Verdict};
use serde::Serialize;

use super::Headline;
use crate::material::Material;
use crate::words;

/// More checkers than this are not named on the first screen.
const NAMES: usize = 3;

/// An objective beside its measurement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObjectiveView {
    /// Its name in the plan.
    pub name: String,
    /// RTO or RPO.
    pub kind: String,
    /// What it covers.
    pub covers: String,
    /// The limit.
    pub limit: String,
    /// How far past it still counts, if anything.
    pub tolerance: String,
    /// Where the document says it.
    pub origin: String,
    /// `document`, `assumed`, `substitutes` or `stated`.
    pub class: &'static str,
    /// What was achieved.
    pub achieved: String,
    /// The verdict.
    pub verdict: String,
    /// The same as a sign.
    pub sign: &'static str,
    /// Why.
    pub says: String,
}

pub(crate) fn objectives(material: &Material) -> Vec<ObjectiveView> {
    material.verdict.objectives.iter().map(|judged| objective(material, judged)).collect()
}

fn objective(material: &Material, judged: &ObjectiveVerdict) -> ObjectiveView {
    let planned = material.record.plan.objectives.get(&judged.objective);
    let tolerance = planned.map_or(Nanos::ZERO, |planned| planned.tolerance);
    ObjectiveView {
        name: judged.objective.clone(),
        kind: judged.kind.to_string(),
        covers: judged.covers.join(", "),
        limit: judged.limit.value.to_string(),
        tolerance: if tolerance == Nanos::ZERO { String::new() } else { tolerance.to_string() },
        origin: words::origin(&judged.limit.origin),
        class: words::origin_class(&judged.limit.origin),
        achieved: words::achieved(judged),
        verdict: judged.verdict.to_string(),
        sign: words::sign(judged.verdict),
        says: judged.says.clone(),
    }
}

pub(super) fn headlines(material: &Material) -> Vec<Headline> {
    let mut headlines = vec![fast(material), with_what(material), compared(material), size(material)];
    // With a gate closed nothing better than inconclusive is said, not even by a colour.
    let met = Verdict::Met.to_string();
    for headline in
        headlines.iter_mut().filter(|headline| headline.verdict == met && !material.verdict.gates.is_empty())
    {
        headline.verdict = Verdict::Inconclusive.to_string();
        headline.beside.push_str(", but see below");
    }
    headlines
}

/// The worst of the objectives of a kind, and how it is written.
fn worst(material: &Material, kind: ObjectiveKind) -> (String, String) {
    let of_kind: Vec<&ObjectiveVerdict> =
        material.verdict.objectives.iter().filter(|judged| judged.kind == kind).collect();
    let worst = of_kind.iter().max_by_key(|judged| (judged.verdict, std::cmp::Reverse(judged.limit.value)));
    match worst {
        None => (format!("no {kind} is judged here"), String::new()),
        Some(judged) => (format!("{kind} {}, {}", judged.limit.value, judged.verdict), judged.verdict.to_string()),
    }
}

fn fast(material: &Material) -> Headline {
    let (beside, verdict) = worst(material, ObjectiveKind::Rto);
    let never = material.verdict.objectives.iter().map(words::achieved).find(|achieved| achieved == "not recovered");
    let measured = material.verdict.measures.rta.as_ref().map(|rta| rta.achieved.to_string());
    let answer = measured.or(never).unwrap_or_else(|| "not measured".into());
    Headline { question: "How fast", answer, beside, verdict }
}

fn with_what(material: &Material) -> Headline {
    let (mut beside, verdict) = worst(material, ObjectiveKind::Rpo);
    let measures = &material.verdict.measures;
    // What a lucky drill lost is not what the schedule lets be lost.
    if let Some(Exposure::Stated { worst, .. }) = &measures.exposure
        && measures.rpa.as_ref().is_none_or(|rpa| *worst > rpa.achieved)
    {
        beside = format!("{beside}; the schedule allows {worst}");
    }
    let answer = match &measures.rpa {
        None => "not measured".to_owned(),
        Some(rpa) if rpa.achieved == Nanos::ZERO => "nothing lost".to_owned(),
        Some(rpa) => format!("{} lost", rpa.achieved),
    };
    Headline { question: "With what", answer, beside, verdict }
}

fn compared(material: &Material) -> Headline {
    let findings = &material.verdict.findings;
    let worst = findings.iter().map(|finding| finding.verdict).max();
    let with = |verdict| findings.iter().filter(move |finding| finding.verdict == verdict);
    let answer = match worst {
        None => "not checked",
        Some(Verdict::Met) => "as acknowledged",
        Some(Verdict::Inconclusive) => "not known",
        Some(Verdict::Missed) => "wrong",
    };
    let met = with(Verdict::Met).count();
    let mut beside = format!("{met} of {} met", words::count(findings.len() as u64, "check"));
    if let Some(worst) = worst.filter(|worst| *worst != Verdict::Met) {
        let names: Vec<&str> = with(worst).map(|finding| finding.checker.as_str()).collect();
        let more = if names.len() > NAMES { ", ..." } else { "" };
        beside = format!("{}{more}; {beside}", names.iter().take(NAMES).copied().collect::<Vec<_>>().join(", "));
    }
    let verdict = worst.map(|worst| worst.to_string()).unwrap_or_default();
    Headline { question: "Is the data right", answer: answer.into(), beside, verdict }
}

fn size(material: &Material) -> Headline {
    let measures = &material.verdict.measures;
    let answer = if measures.bytes == 0 { "not known".to_owned() } else { words::bytes(measures.bytes) };
    let rows = words::count(measures.rows, "row");
    let beside = match &material.record.plan.production_bytes {
        Some(stated) => format!("{rows}; production {}", words::bytes(stated.value)),
        None => format!("{rows}; production size not stated"),
    };
    Headline { question: "Drilled with", answer, beside, verdict: String::new() }
}
