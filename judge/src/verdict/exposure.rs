//! Exposure: what the documented schedule allows at worst, whatever the drill was lucky enough to lose.

use blackstart_record::plan::Damage;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::Exposure;

use super::evidence::Evidence;

/// The exposure of the scenario's pipeline to the scenario's faults, or why it cannot be told.
pub fn of(evidence: &Evidence) -> Result<Exposure, String> {
    let scenario = &evidence.record.scenario;
    let Some(pipeline) = evidence.record.plan.pipelines.get(&scenario.pipeline) else {
        return Err(format!("the plan has no pipeline \"{}\"", scenario.pipeline));
    };
    if !evidence.restores() {
        return Ok(Exposure::NotApplicable { why: "the runbook brings nothing back from a pipeline".into() });
    }
    let leaves_readable = |damage| matches!(damage, Damage::Logical | Damage::PhysicalReadable);
    let all_readable = !scenario.faults.is_empty() && scenario.faults.iter().all(|fault| leaves_readable(fault.damage));
    if pipeline.ships_remainder && all_readable {
        let why = format!("the faults leave unshipped data readable and \"{}\" ships it", scenario.pipeline);
        return Ok(Exposure::NotApplicable { why });
    }
    let Some(interval) = &pipeline.schedule.interval else { return Ok(Exposure::Unstated) };
    let interval = interval.value;
    let backups = evidence.story.backups.iter().filter(|backup| backup.pipeline == scenario.pipeline);
    let Some(until_durable) = backups.map(|backup| backup.took).max() else {
        return Err(format!(
            "no backup by \"{}\" was seen, so the time until one is durable is not known",
            scenario.pipeline
        ));
    };
    let lags = evidence.story.lags.iter().filter(|(name, _)| *name == scenario.pipeline);
    let lag = lags.map(|(_, lag)| lag.upper).max().unwrap_or(Nanos::ZERO);
    Ok(Exposure::Stated { worst: interval.plus(until_durable).plus(lag), interval, until_durable, lag })
}
