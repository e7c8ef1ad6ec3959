//! The shares of the RTA. They follow each other without gap and sum to its upper end, to the nanosecond.

use blackstart_record::plan::Step;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::PhaseMeasure;

use super::beats::Stable;
use super::evidence::Evidence;

/// Phases from the fault to the upper end of the recovery. The first step begins at the fault; time between two steps
/// belongs to the later one, and what is left after the first write is `stabilise`.
pub fn of(evidence: &Evidence, fault: Nanos, stable: &Stable) -> Vec<PhaseMeasure> {
    let until = stable.between.upper;
    let mut phases = Phases { until, cursor: fault, list: Vec::new() };
    for (step, ended) in steps(evidence) {
        // The runbook's own look mostly runs beside the first reads and must not swallow the wait for them.
        let own = step != Step::Verify || ended.is_some_and(|ended| ended <= stable.first_read);
        let end = ended.filter(|_| own).unwrap_or(phases.cursor);
        phases.add(step.to_string(), end, evidence.manual_of(step), step != Step::Verify);
    }
    phases.add("first read".into(), stable.first_read, Nanos::ZERO, true);
    phases.add("first write".into(), stable.first_write, Nanos::ZERO, true);
    phases.add("stabilise".into(), until, Nanos::ZERO, false);
    phases.list
}

/// Each step once, in the runbook's order, with the end of its last run; steps outside the runbook follow.
fn steps(evidence: &Evidence) -> Vec<(Step, Option<Nanos>)> {
    let planned = evidence.record.scenario.runbook.iter().map(|planned| planned.step);
    let ran = evidence.story.steps.iter().map(|run| run.step);
    let mut steps: Vec<(Step, Option<Nanos>)> = Vec::new();
    for step in planned.chain(ran) {
        if steps.iter().all(|(other, _)| *other != step) {
            let runs = evidence.story.steps.iter().filter(|run| run.step == step);
            steps.push((step, runs.filter_map(|run| run.ended).max()));
        }
    }
    steps
}

struct Phases {
    until: Nanos,
    cursor: Nanos,
    list: Vec<PhaseMeasure>,
}

impl Phases {
    /// Adds a phase that ends at `end`, or nothing where it would be empty and need not be shown.
    fn add(&mut self, name: String, end: Nanos, manual: Nanos, always: bool) {
        let end = end.clamp(self.cursor, self.until.max(self.cursor));
        let measured = end.since(self.cursor);
        if always || measured > Nanos::ZERO || manual > Nanos::ZERO {
            self.list.push(PhaseMeasure { name, begun: self.cursor, measured, manual });
            self.cursor = end;
        }
    }
}
