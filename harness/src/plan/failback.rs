//! What a failback needs: a host to go back to, and the steps that bring the application there.

use blackstart_record::plan::Step;

use super::Vocabulary;
use super::problems::Problems;
use super::resolve_plan::ResolvedPlan;
use super::scenario_file::ScenarioFile;
use super::steps::{OF_FAILBACK, in_order};

/// Steps of a runbook that a failback may have, too.
const SHARED: [Step; 4] = [Step::StopApplication, Step::Promote, Step::Switch, Step::Verify];
/// Without these nothing goes back. What else a runbook leaves out, the drill shows.
const NEEDED: [Step; 3] = [Step::Rebuild, Step::Promote, Step::Switch];

pub(super) fn check<V: Vocabulary>(file: &ScenarioFile<V::Fault>, plan: &ResolvedPlan<V>, problems: &mut Problems<'_>) {
    let steps = in_order(&file.failback, problems);
    let Some((_, first)) = steps.first() else { return };
    for (step, span) in steps.iter().filter(|(step, _)| !OF_FAILBACK.contains(step) && !SHARED.contains(step)) {
        let help = "a failback has rebuild, stop-application, catch-up, fence, promote, switch, verify";
        problems.add(span.clone(), format!("a failback has no step \"{step}\""), help);
    }
    let missing = NEEDED.iter().filter(|needed| !steps.iter().any(|(step, _)| step == *needed));
    let missing: Vec<String> = missing.map(|step| format!("\"{step}\"")).collect();
    if !missing.is_empty() {
        let message = format!("this failback does not go back: it lacks {}", missing.join(", "));
        problems.add(first.clone(), message, "add a [[failback]] entry for each");
    }
    for leaves in file.failback.iter().filter_map(|step| step.leaves_source.as_ref()) {
        let help = "leave it out: the step \"fence\" is what stops the host that took over";
        problems.add(leaves.span.clone(), "a failback leaves the source running up to its step \"fence\"", help);
    }
    let source = plan.plan.pipelines.get(&file.pipeline.value).map(|pipeline| &pipeline.source);
    if source == Some(&file.target.value) {
        let message = format!("there is nothing to go back to: `{}` takes over from itself", file.target.value);
        problems.add(first.clone(), message, "leave the [[failback]] entries out, or let another host take over");
    }
    // A replica brings back what is in the database.
    if V::domains_with_objects().contains(&file.workload.domain.value.as_str()) {
        let message =
            format!("the domain `{}` keeps objects, which no failback brings back", file.workload.domain.value);
        problems.add(first.clone(), message, "leave the [[failback]] entries out");
    }
}
