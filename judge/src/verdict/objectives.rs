//! Objectives against measures, each in one sentence that says the sizes it speaks of.

use blackstart_record::plan::{Objective, Origin, Pace, Sourced};
use blackstart_record::time::{Interval, Nanos};
use blackstart_record::verdict::{Exposure, ObjectiveKind, ObjectiveVerdict, Rpa, Verdict};

use super::evidence::Evidence;
use super::rta::Recovery;
use super::words::{bytes, count};

/// What the objectives are held against.
#[derive(Debug)]
pub struct Measured<'a> {
    /// Whether and when the service came back.
    pub recovery: &'a Recovery,
    /// Achieved recovery point.
    pub rpa: &'a Result<Rpa, String>,
    /// What the schedule allows.
    pub exposure: &'a Result<Exposure, String>,
}

/// Judges every objective of the scenario, RTO before RPO.
pub fn judge(evidence: &Evidence, measured: &Measured<'_>) -> Vec<ObjectiveVerdict> {
    let mut verdicts = Vec::new();
    for name in &evidence.record.scenario.objectives {
        let Some(objective) = evidence.record.plan.objectives.get(name) else {
            verdicts.push(unknown(name));
            continue;
        };
        if let Some(limit) = &objective.rto {
            verdicts.push(rto(evidence, measured, name, objective, limit));
        }
        if let Some(limit) = &objective.rpo {
            verdicts.push(rpo(evidence, measured, name, objective, limit));
        }
    }
    verdicts
}

fn rto(
    evidence: &Evidence,
    measured: &Measured<'_>,
    name: &str,
    objective: &Objective,
    limit: &Sourced<Nanos>,
) -> ObjectiveVerdict {
    let allowed = limit.value.plus(objective.tolerance);
    let (achieved, verdict, says) = match measured.recovery {
        Recovery::Back(rta) => {
            let manual = if rta.manual > Nanos::ZERO {
                format!(", {} of it declared manual time", rta.manual)
            } else {
                String::new()
            };
            let says = format!("recovered in {}{manual}", rta.achieved);
            (Some(rta.achieved), within(rta.achieved, allowed), says)
        }
        Recovery::NotBack { at_least, why } => {
            (None, Verdict::Missed, format!("not recovered after {at_least}: {why}"))
        }
        Recovery::Censored { at_least, why, .. } if *at_least > allowed => {
            (None, Verdict::Missed, format!("not recovered after {at_least}: {why}"))
        }
        Recovery::Censored { at_least, why, .. } => {
            (None, Verdict::Inconclusive, format!("known only to be longer than {at_least}: {why}"))
        }
        Recovery::Unmeasured(why) => (None, Verdict::Inconclusive, format!("not measured: {why}")),
    };
    let says = format!("{says}; the objective is {}{}; {}", limit.value, tolerance(objective), sizes(evidence));
    assemble(name, ObjectiveKind::Rto, objective, limit, (achieved, verdict, says))
}

fn rpo(
    evidence: &Evidence,
    measured: &Measured<'_>,
    name: &str,
    objective: &Objective,
    limit: &Sourced<Nanos>,
) -> ObjectiveVerdict {
    let allowed = limit.value.plus(objective.tolerance);
    let (lost, lost_says) = match measured.rpa {
        Ok(rpa) => (Some(rpa.achieved), achieved_point(rpa)),
        Err(why) => (None, format!("what was lost is not known ({why})")),
    };
    let (exposed, applies, exposed_says) = match measured.exposure {
        Ok(Exposure::Stated { worst, interval, until_durable, .. }) if evidence.promotes_a_replica() => {
            (Some(*worst), true, allowed_by_a_replica(evidence.pace(), *worst, [*interval, *until_durable]))
        }
        Ok(Exposure::Stated { worst, interval, until_durable, lag }) => (
            Some(*worst),
            true,
            format!(
                "the schedule allows {worst} ({interval} between two, {until_durable} until durable, {lag} behind)"
            ),
        ),
        Ok(Exposure::NotApplicable { why }) => (None, false, format!("the schedule does not bound it: {why}")),
        Ok(Exposure::Unstated) => (None, true, "the document states no schedule for this pipeline".into()),
        Err(why) => (None, true, format!("what the schedule allows is not known ({why})")),
    };
    let worst = lost.max(exposed);
    let over = worst.is_some_and(|worst| worst > allowed);
    let all_known = lost.is_some() && (exposed.is_some() || !applies);
    let verdict = match (over, all_known) {
        (true, _) => Verdict::Missed,
        (false, true) => Verdict::Met,
        (false, false) => Verdict::Inconclusive,
    };
    let achieved = worst.filter(|_| over || all_known).map(Interval::exactly);
    // A miss by less than is shown of either.
    let by = worst.filter(|worst| over && worst.to_string() == limit.value.to_string());
    let by = by.map_or_else(String::new, |worst| format!(", {} less", worst.since(allowed)));
    let says = format!("{lost_says}; {exposed_says}; the objective is {}{}{by}", limit.value, tolerance(objective));
    assemble(name, ObjectiveKind::Rpo, objective, limit, (achieved, verdict, says))
}

/// What a replica may lack of its source, by what bounds that: the interval of its schedule, and the way.
fn allowed_by_a_replica(pace: Pace, worst: Nanos, [interval, way]: [Nanos; 2]) -> String {
    match pace {
        Pace::AtOnce | Pace::Late(_) => {
            let late = if pace == Pace::AtOnce { String::new() } else { format!(" to a replica that {pace}") };
            format!("the lag alarm allows {worst} ({interval} until it sounds, {way} on the way{late})")
        }
        Pace::Every(_) => {
            format!("a replica that {pace}, allows {worst} ({interval} between two shipments, {way} on the way)")
        }
    }
}

fn achieved_point(rpa: &Rpa) -> String {
    if rpa.first_gone.is_none() && rpa.manual == Nanos::ZERO {
        return "no acknowledged write is lost".into();
    }
    let manual = if rpa.manual > Nanos::ZERO {
        format!(" + {} of declared time to detect and decide", rpa.manual)
    } else {
        String::new()
    };
    format!(
        "{} of acknowledged writes lost ({} before the fault, {} after it{manual}): {} after the recovery point, {} missing before it",
        rpa.achieved,
        rpa.before_fault,
        rpa.after_fault,
        count(rpa.tail_operations, "operation"),
        count(rpa.hole_operations, "operation"),
    )
}

fn within(achieved: Interval, allowed: Nanos) -> Verdict {
    if achieved.upper <= allowed {
        Verdict::Met
    } else if achieved.lower > allowed {
        Verdict::Missed
    } else {
        Verdict::Inconclusive
    }
}

fn tolerance(objective: &Objective) -> String {
    if objective.tolerance == Nanos::ZERO { String::new() } else { format!(" (tolerance {})", objective.tolerance) }
}

/// A recovery time says nothing of another size of data.
fn sizes(evidence: &Evidence) -> String {
    let drilled =
        evidence.story.load.map_or("bytes drilled not known".into(), |load| format!("{} drilled", bytes(load.bytes)));
    match &evidence.record.plan.production_bytes {
        Some(production) => format!("{drilled}, production declared at {}", bytes(production.value)),
        None => format!("{drilled}, production size not stated"),
    }
}

fn assemble(
    name: &str,
    kind: ObjectiveKind,
    objective: &Objective,
    limit: &Sourced<Nanos>,
    (achieved, verdict, says): (Option<Interval>, Verdict, String),
) -> ObjectiveVerdict {
    let (covers, limit) = (objective.covers.clone(), limit.clone());
    ObjectiveVerdict { objective: name.into(), kind, covers, limit, achieved, verdict, says }
}

fn unknown(name: &str) -> ObjectiveVerdict {
    ObjectiveVerdict {
        objective: name.into(),
        kind: ObjectiveKind::Rto,
        covers: Vec::new(),
        limit: Sourced { value: Nanos::ZERO, origin: Origin::Stated },
        achieved: None,
        verdict: Verdict::Inconclusive,
        says: "the plan has no objective of this name".into(),
    }
}
