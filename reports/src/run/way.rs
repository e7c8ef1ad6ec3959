//! One drill among others: its figures as they stand in a column.

use blackstart_record::time::Nanos;
use blackstart_record::verdict::{DrillVerdict, Exposure, Finding, ObjectiveKind, ObjectiveVerdict, Rpa, Verdict};
use serde::Serialize;

use super::Drilled;
use crate::words;

/// A figure, and what is held against it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// The figure.
    pub value: String,
    /// What belongs to it.
    pub beside: String,
    /// The verdict on it; empty: it is not judged by itself.
    pub verdict: String,
    /// The same as a sign.
    pub sign: &'static str,
}

/// A check that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The checker.
    pub checker: String,
    /// What it says, where it is not met.
    pub figure: Figure,
}

/// A share of the recovery time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Its name.
    pub name: String,
    /// How long it took, with the declared manual time, where there is some.
    pub took: String,
}

/// A drill as one way among others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    /// The scenario's name.
    pub scenario: String,
    /// `plan/scenario`.
    pub drill: String,
    /// The scenario's title.
    pub title: String,
    /// Its folder, from the run's.
    pub folder: String,
    /// By which pipeline, and where to.
    pub by: String,
    /// `met`, `inconclusive` or `missed`.
    pub verdict: String,
    /// The same as a sign.
    pub sign: &'static str,
    /// Why, in one sentence.
    pub says: String,
    /// Why nothing better than inconclusive can be said, or why the figures are not worth much.
    pub doubts: Vec<String>,
    /// The worst verdict on a recovery time.
    pub rto: Figure,
    /// The worst verdict on a recovery point: on the worse of what was lost and what the schedule allows.
    pub rpo: Figure,
    /// The recovery time, as it was measured.
    pub recovered: Figure,
    /// How far back what was lost reaches, as it was measured.
    pub lost: Figure,
    /// What the schedule allows to be lost.
    pub allowed: Figure,
    /// Writes that the choice of the recovery point gave up.
    pub given_up: String,
    /// Writes that are gone, or wrong, though they were owed.
    pub missing: String,
    /// The rows that differ, a line for each table and kind.
    pub rows: Vec<String>,
    /// How many of the checks are met.
    pub met: Figure,
    /// The checks.
    pub checks: Vec<Check>,
    /// The shares of the recovery time, in order.
    pub shares: Vec<Share>,
    /// The recovery point, and who claims it.
    pub point: String,
    /// When the service was as fast as before.
    pub throughput: String,
    /// The size, and what was compressed.
    pub size: String,
    /// When the first fault came.
    pub fault_after: String,
}

impl Way {
    pub(super) fn of(drilled: &Drilled) -> Self {
        let (record, verdict) = (&drilled.record, &drilled.verdict);
        let (scenario, measures) = (&record.scenario, &verdict.measures);
        let disturbed = verdict.disturbed.iter().map(|why| format!("disturbed by this machine: {why}"));
        let rpa = measures.rpa.as_ref();
        let fault_after = scenario.faults.first().map(|fault| format!("{} after the backup", fault.after));
        Self {
            scenario: scenario.name.clone(),
            drill: verdict.drill.clone(),
            title: scenario.title.clone(),
            folder: drilled.folder.clone(),
            by: format!("{}, on {}", scenario.pipeline, scenario.target),
            verdict: verdict.verdict.to_string(),
            sign: words::sign(verdict.verdict),
            says: verdict.says.clone(),
            doubts: verdict.gates.iter().map(|gate| gate.says.clone()).chain(disturbed).collect(),
            rto: worst(verdict, ObjectiveKind::Rto),
            rpo: worst(verdict, ObjectiveKind::Rpo),
            recovered: recovered(verdict),
            lost: lost(rpa),
            allowed: allowed(measures.exposure.as_ref()),
            given_up: writes(rpa, |rpa| (rpa.tail_operations, rpa.tail_rows)),
            missing: writes(rpa, |rpa| (rpa.hole_operations, rpa.hole_rows)),
            rows: rows(&verdict.findings),
            met: met(verdict),
            checks: checks(verdict),
            shares: shares(verdict),
            point: measures.recovery_point.as_ref().map_or("not known".to_owned(), |cut| cut.claimed_by.clone()),
            throughput: measures.throughput_back.map_or("not seen".to_owned(), |back| format!("{back} later")),
            size: size(drilled),
            fault_after: fault_after.unwrap_or_else(|| "no fault".to_owned()),
        }
    }
}

impl Figure {
    fn plain(value: impl Into<String>) -> Self {
        Self { value: value.into(), ..Self::default() }
    }

    /// A figure under a verdict of its own. With a gate closed nothing better than inconclusive is said of any.
    fn judged(value: String, verdict: Verdict, drill: &DrillVerdict) -> Self {
        let doubtful = verdict == Verdict::Met && !drill.gates.is_empty();
        let verdict = if doubtful { Verdict::Inconclusive } else { verdict };
        Self { value, beside: String::new(), verdict: verdict.to_string(), sign: words::sign(verdict) }
    }

    fn beside(self, beside: impl Into<String>) -> Self {
        Self { beside: beside.into(), ..self }
    }
}

/// An objective of the drill, as it was judged; `None`: the drill does not judge it.
pub(super) fn objective(drilled: &Drilled, name: &str, kind: ObjectiveKind) -> Option<Figure> {
    let verdict = &drilled.verdict;
    let judged = verdict.objectives.iter().find(|judged| judged.objective == name && judged.kind == kind)?;
    Some(Figure::judged(achieved(judged), judged.verdict, verdict).beside(judged.says.clone()))
}

/// What was achieved; a miss by less than the figure shows says by how much.
fn achieved(judged: &ObjectiveVerdict) -> String {
    let (text, limit) = (words::achieved(judged), judged.limit.value);
    match judged.achieved.filter(|_| judged.verdict == Verdict::Missed && text == limit.to_string()) {
        Some(achieved) => format!("{text} and {}", achieved.lower.since(limit)),
        None => text,
    }
}

/// The worst verdict on the objectives of a kind, with its limit beside it.
fn worst(verdict: &DrillVerdict, kind: ObjectiveKind) -> Figure {
    let of_kind = verdict.objectives.iter().filter(|judged| judged.kind == kind);
    match of_kind.max_by_key(|judged| (judged.verdict, std::cmp::Reverse(judged.limit.value))) {
        Some(judged) => {
            Figure::judged(achieved(judged), judged.verdict, verdict).beside(format!("{kind} {}", judged.limit.value))
        }
        None => Figure::plain(format!("no {kind} is judged here")),
    }
}

fn recovered(verdict: &DrillVerdict) -> Figure {
    let never = || verdict.objectives.iter().map(words::achieved).find(|achieved| achieved == "not recovered");
    match &verdict.measures.rta {
        Some(rta) if rta.manual > Nanos::ZERO => {
            Figure::plain(rta.achieved.to_string()).beside(format!("{} of it declared", rta.manual))
        }
        Some(rta) => Figure::plain(rta.achieved.to_string()),
        None => Figure::plain(never().unwrap_or_else(|| "not measured".to_owned())),
    }
}

fn lost(rpa: Option<&Rpa>) -> Figure {
    let Some(rpa) = rpa else { return Figure::plain("not measured") };
    if rpa.achieved == Nanos::ZERO {
        return Figure::plain("nothing");
    }
    let declared = if rpa.manual > Nanos::ZERO { format!(", {} declared", rpa.manual) } else { String::new() };
    let parts = format!("{} before the fault, {} after it{declared}", rpa.before_fault, rpa.after_fault);
    Figure::plain(rpa.achieved.to_string()).beside(parts)
}

fn allowed(exposure: Option<&Exposure>) -> Figure {
    match exposure {
        Some(Exposure::Stated { worst, interval, until_durable, lag }) => Figure::plain(worst.to_string())
            .beside(format!("{interval} scheduled, {until_durable} until durable, {lag} behind")),
        Some(Exposure::NotApplicable { why }) => Figure::plain("does not apply").beside(why.clone()),
        Some(Exposure::Unstated) => Figure::plain("not stated").beside("the document has no schedule for it"),
        None => Figure::plain("not known"),
    }
}

fn writes(rpa: Option<&Rpa>, of: impl Fn(&Rpa) -> (u64, u64)) -> String {
    match rpa.map(of) {
        None => "not measured".to_owned(),
        Some((0, 0)) => "none".to_owned(),
        Some((operations, rows)) => {
            format!("{}, {}", words::count(operations, "operation"), words::count(rows, "row"))
        }
    }
}

fn rows(findings: &[Finding]) -> Vec<String> {
    let differences = findings.iter().flat_map(|finding| &finding.differences);
    let line = |table: &str, count: u64, kind: &str| format!("{table}: {} {kind}", words::count(count, "row"));
    differences.map(|found| line(&found.table, found.count, found.kind.participle())).collect()
}

fn met(verdict: &DrillVerdict) -> Figure {
    let findings = &verdict.findings;
    let met = findings.iter().filter(|finding| finding.verdict == Verdict::Met).count();
    match findings.iter().map(|finding| finding.verdict).max() {
        None => Figure::plain("none"),
        Some(worst) => Figure::judged(format!("{met} of {} met", findings.len()), worst, verdict),
    }
}

fn checks(verdict: &DrillVerdict) -> Vec<Check> {
    let told = |finding: &Finding| if finding.verdict == Verdict::Met { String::new() } else { finding.says.clone() };
    let findings = verdict.findings.iter();
    let check = findings.map(|finding| Check {
        checker: finding.checker.clone(),
        figure: Figure::judged(told(finding), finding.verdict, verdict),
    });
    check.collect()
}

/// The shares of the recovery time; of a service that did not come back, the steps as far as they went.
fn shares(verdict: &DrillVerdict) -> Vec<Share> {
    let took = |measured: Nanos, manual: Nanos| match manual {
        Nanos::ZERO => measured.to_string(),
        manual => format!("{measured} + {manual} declared"),
    };
    if let Some(rta) = &verdict.measures.rta {
        let share = |name: &str, took| Share { name: name.to_owned(), took };
        return rta.phases.iter().map(|phase| share(&phase.name, took(phase.measured, phase.manual))).collect();
    }
    let steps = verdict.measures.steps.iter();
    let share = steps.map(|step| {
        let took = step.ended.map_or("never ended".to_owned(), |ended| took(ended.since(step.begun), step.manual));
        Share { name: step.step.to_string(), took: if step.done { took } else { format!("{took}, failed") } }
    });
    share.collect()
}

fn size(drilled: &Drilled) -> String {
    let (measures, scenario) = (&drilled.verdict.measures, &drilled.record.scenario);
    let size = format!("{}, {}", words::count(measures.rows, "row"), words::bytes(measures.bytes));
    match scenario.compression {
        0 | 1 => size,
        times => format!("{size}; delays compressed {times} times"),
    }
}
