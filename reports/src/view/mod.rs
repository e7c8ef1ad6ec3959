//! The material in words, for the two templates. What is said here is said alike in `report.html` and `report.md`.
//!
//! One file per part of the report. Nothing is escaped here: the templates' formatters escape everything.

mod alerts;
pub(crate) mod evidence;
mod findings;
mod measurement;
pub(crate) mod objectives;
mod plan;
pub(crate) mod recovery;
pub(crate) mod timeline;
pub(crate) mod trials;

use blackstart_record::verdict::{CRASH, SABOTAGE, Verdict};
use serde::Serialize;

#[cfg(test)]
pub(crate) use trials::{GroupView, TrialsView};

use crate::material::Material;
use crate::words;

/// A line of a list of facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is about.
    pub name: String,
    /// What is so.
    pub value: String,
}

impl Fact {
    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// A figure of the first screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Headline {
    /// What it answers.
    pub question: &'static str,
    /// The answer.
    pub answer: String,
    /// What it is held against, or made of.
    pub beside: String,
    /// `met`, `inconclusive`, `missed` or nothing.
    pub verdict: String,
}

/// A reason for inconclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GateView {
    /// Its name.
    pub id: String,
    /// Its sentence.
    pub says: String,
}

/// Everything that a report says.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// The scenario's title.
    pub title: String,
    /// The plan's title.
    pub plan: String,
    /// `plan/scenario`.
    pub drill: String,
    /// What the drill set out to show.
    pub hypothesis: String,
    /// `met`, `inconclusive` or `missed`.
    pub verdict: String,
    /// The same as a sign.
    pub sign: &'static str,
    /// Why, in one sentence.
    pub says: String,
    /// The exit code that the drill asks for.
    pub exit_code: u8,
    /// Start on the wall clock, in whole seconds.
    pub started: String,
    /// The figures of the first screen.
    pub headlines: Vec<Headline>,
    /// Reasons for inconclusive.
    pub gates: Vec<GateView>,
    /// Objectives.
    pub objectives: Vec<objectives::ObjectiveView>,
    /// The recovery's steps and phases.
    pub recovery: recovery::RecoveryView,
    /// The document's alerts, and the lag of a replica, if there are any.
    pub alerts: Option<alerts::AlertsView>,
    /// Whether any of the findings is not met.
    pub has_bad: bool,
    /// Findings of the checkers.
    pub findings: Vec<findings::FindingView>,
    /// Trials of the sabotage, if there were any.
    pub sabotage: Option<trials::TrialsView>,
    /// Disturbed backups, if there are any.
    pub crash_points: Option<trials::TrialsView>,
    /// Faults.
    pub faults: Vec<evidence::FaultView>,
    /// What the verdict rests on.
    pub evidence: Vec<Fact>,
    /// Where the document contradicts itself.
    pub document_findings: Vec<plan::DocumentFindingView>,
    /// How often it does, in words.
    pub contradictions: String,
    /// The document.
    pub document: Vec<Fact>,
    /// Every value of the plan.
    pub values: Vec<plan::ValueView>,
    /// Values that are not the document's own: how many.
    pub not_documented: usize,
    /// What happened, in order.
    pub timeline: Vec<timeline::Moment>,
    /// How it was measured.
    pub measurement: measurement::MeasurementView,
    /// Facts of the record.
    pub record: Vec<Fact>,
    /// Tools, version and digest.
    pub tools: Vec<evidence::ToolView>,
    /// Artifacts and digests.
    pub artifacts: Vec<Fact>,
    /// Drills that were skipped, and why.
    pub skipped: Vec<Fact>,
    /// What the reader should know about the record.
    pub notes: Vec<String>,
}

/// A moment on the wall clock without its fraction of a second.
pub(crate) fn whole_seconds(wall: &str) -> String {
    match wall.split_once('.') {
        Some((seconds, fraction)) => {
            format!("{seconds}{}", fraction.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => wall.to_owned(),
    }
}

impl View {
    /// Puts the material into words.
    pub fn of(material: &Material) -> Self {
        let (record, verdict) = (&material.record, &material.verdict);
        let gates = verdict.gates.iter().map(|gate| GateView { id: gate.id.clone(), says: gate.says.clone() });
        let values = plan::values(material);
        let (sabotage, crash_points) = (trials::sabotage(material), trials::crash_points(material));
        let bad =
            |trials: &Option<trials::TrialsView>| trials.as_ref().map(|trials| trials.bad.clone()).unwrap_or_default();
        let (sabotaged, crashed) = (bad(&sabotage), bad(&crash_points));
        Self {
            title: record.scenario.title.clone(),
            plan: record.plan.title.clone(),
            drill: verdict.drill.clone(),
            hypothesis: record.scenario.hypothesis.clone(),
            verdict: verdict.verdict.to_string(),
            sign: words::sign(verdict.verdict),
            says: verdict.says.clone(),
            exit_code: verdict.exit_code,
            started: whole_seconds(&record.started),
            headlines: objectives::headlines(material),
            gates: gates.collect(),
            objectives: objectives::objectives(material),
            recovery: recovery::recovery(material),
            alerts: alerts::alerts(material),
            has_bad: verdict.findings.iter().any(|finding| finding.verdict != Verdict::Met),
            findings: findings::findings(material, &[(SABOTAGE, &sabotaged), (CRASH, &crashed)]),
            sabotage,
            crash_points,
            faults: evidence::faults(material),
            evidence: evidence::evidence(material),
            document_findings: plan::findings(material),
            contradictions: plan::contradictions(material),
            document: plan::document(material),
            not_documented: values.iter().filter(|value| value.class != "document").count(),
            values,
            timeline: timeline::timeline(material),
            measurement: measurement::measurement(material),
            record: evidence::record(material),
            tools: evidence::tools(material),
            artifacts: record.artifacts.iter().map(|(key, digest)| Fact::new(key, digest)).collect(),
            skipped: record.skipped.iter().map(|(drill, why)| Fact::new(drill, why)).collect(),
            notes: verdict.notes.iter().chain(&material.notes).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_whole_seconds() {
        assert_eq!(whole_seconds("2026-11-22T21:08:22.405529325Z"), "2026-11-22T21:08:22Z");
        assert_eq!(whole_seconds("2026-11-22T21:08:22+01:00"), "2026-11-22T21:08:22+01:00");
    }
}
