//! The order that the steps of a runbook and of a failback have.

use std::ops::Range;

use blackstart_record::plan::Step;

use super::problems::Problems;
use super::scenario_file::StepFile;

/// Steps that only a failback has.
pub(super) const OF_FAILBACK: [Step; 3] = [Step::Rebuild, Step::CatchUp, Step::Fence];

/// The steps as they are written, each once and in the order that all of them have.
pub(super) fn in_order(file: &[StepFile], problems: &mut Problems<'_>) -> Vec<(Step, Range<usize>)> {
    let steps: Vec<(Step, Range<usize>)> = file.iter().map(|one| (*one.step.get_ref(), one.step.span())).collect();
    for pair in steps.windows(2) {
        let [(earlier, _), (later, span)] = pair else { continue };
        if earlier == later {
            problems.add(span.clone(), format!("the step \"{later}\" comes twice"), "leave one out");
        } else if earlier > later {
            let message = format!("\"{later}\" cannot come after \"{earlier}\"");
            let help = if steps.iter().any(|(step, _)| OF_FAILBACK.contains(step)) {
                "the order is rebuild, stop-application, catch-up, fence, promote, switch, verify"
            } else {
                "the order is detect, decide, stop-application, fetch, restore, replay, promote, rotate, switch, verify"
            };
            problems.add(span.clone(), message, help);
        }
    }
    steps
}
