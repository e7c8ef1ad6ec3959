//! RPA: how far back the oldest acknowledged write lies that is gone.

use blackstart_record::plan::{Damage, Step};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::Rpa;

use super::evidence::Evidence;

/// Measures the recovery point, or says why it cannot be measured.
pub fn measure(evidence: &Evidence) -> Result<Rpa, String> {
    if let Some(why) = evidence.no_comparison() {
        return Err(why);
    }
    let found = evidence.comparison.as_ref().map_err(Clone::clone)?;
    let idle = found.last_acknowledged.is_none();
    if idle && (evidence.record.scenario.workload.clients > 0 || found.first_gone().is_some()) {
        return Err("the old incarnation acknowledged no write, so there is nothing to measure from".into());
    }
    let last = found.last_acknowledged.unwrap_or(Nanos::ZERO);
    let first_gone = found.first_gone();
    let fault = evidence.story.fault();
    let (before_fault, after_fault) = match (first_gone, fault) {
        (None, _) => (Nanos::ZERO, Nanos::ZERO),
        (Some(gone), None) => (last.since(gone), Nanos::ZERO),
        (Some(gone), Some(fault)) => (fault.min(last).since(gone), last.since(gone.max(fault))),
    };
    // Whoever needs an hour to notice wrong data discards the good writes of that hour with it.
    let logical = evidence.record.scenario.faults.iter().any(|fault| fault.damage == Damage::Logical);
    let declared = evidence.manual_of(Step::Detect).plus(evidence.manual_of(Step::Decide));
    // Where they are kept, and nothing else is gone, it costs none.
    let costs = logical && !idle && (first_gone.is_some() || !evidence.repairs());
    let manual = if costs { declared } else { Nanos::ZERO };
    Ok(Rpa {
        achieved: before_fault.plus(after_fault).plus(manual),
        before_fault,
        after_fault,
        manual,
        first_gone,
        last_acknowledged: found.last_acknowledged,
        newest_recovered: found.newest_recovered,
        tail_operations: found.tail.operations,
        tail_rows: found.tail.rows,
        hole_operations: found.holes.operations,
        hole_rows: found.holes.rows,
    })
}
