//! From a scenario as written to the scenario as resolved, within its plan.

use std::time::Duration;

use blackstart_record::plan::{Damage, FaultPlan, Pace, ProbePlan, Scenario, Step, StepPlan, WorkloadPlan};
use blackstart_record::time::Nanos;

use super::diagnostic::{Diagnostics, Source};
use super::problems::Problems;
use super::resolve_plan::ResolvedPlan;
use super::scenario_file::{BoundsFile, FaultFile, ProbesFile, ScenarioFile, StepFile, WorkloadFile};
use super::sourced::Said;
use super::units::Lapse;
use super::{Asks, Bounds, Fault, Loaded, Method, PipelineSpec, Vocabulary, failback, needs, steps};

/// The steps that a pipeline may perform; which of them it does is its method's to say.
const OF_PIPELINE: [Step; 4] = [Step::Fetch, Step::Restore, Step::Replay, Step::Promote];
const STEP_BOUND: Nanos = Nanos::from_secs(15 * 60);

pub(super) fn resolve<V: Vocabulary>(
    name: &str,
    source: &Source,
    mut file: ScenarioFile<V::Fault>,
    mut plan: ResolvedPlan<V>,
) -> Result<Loaded<V>, Diagnostics> {
    let mut problems = Problems::of(source);
    check_objectives(&file, &plan, &mut problems);
    let pipeline = check_pipeline(&file, &plan, &mut problems);
    let method = pipeline.as_ref().and_then(|pipeline| pipeline.method.method());
    check_target(&file, &plan, method.as_ref(), &mut problems);
    check_workload::<V>(&file.workload, &mut problems);
    check_engine(&file, &plan, method.as_ref(), &mut problems);
    check_objects(&file, &plan, &mut problems);
    if !V::domains_with_objects().contains(&file.workload.domain.value.as_str()) {
        plan.environment.objects = None;
    }
    needs::check(&file, &plan, &mut problems);
    check_runbook(&file, method.as_ref(), &mut problems);
    check_leaving(&file, &plan, &mut problems);
    failback::check(&file, &plan, &mut problems);
    let probes = probes(&file.probes, &mut problems);
    let bounds = bounds(&file.bounds, &mut problems);
    let compression = at_least_one(file.compression.as_ref(), 1, &mut problems);
    check_delay(&file, method.as_ref(), compression, &mut problems);
    problems.none()?;
    let Some(pipeline) = pipeline else { return Err(source.wrong(0..0, "there is no pipeline").into()) };
    file.faults.sort_by_key(|fault| fault.after.value.0);
    let scenario = Scenario {
        name: name.to_owned(),
        title: file.title,
        hypothesis: file.hypothesis,
        objectives: file.objectives.get_ref().iter().map(|name| name.get_ref().clone()).collect(),
        pipeline: file.pipeline.value,
        target: file.target.value,
        workload: workload(&file.workload),
        faults: file.faults.iter().map(fault_plan).collect(),
        runbook: file.runbook.iter().map(step_plan).collect(),
        failback: file.failback.iter().map(step_plan).collect(),
        probes,
        compression,
        expendable: plan.expendable,
        erasures: plan.erasures,
    };
    let fault = |fault: FaultFile<V::Fault>| Fault {
        inject: fault.inject.into_inner(),
        lasts: fault.lasts.map(|lasts| lasts.value.0),
    };
    let faults = file.faults.into_iter().map(fault).collect();
    let leaves_source = file.runbook.iter().any(|step| step.leaves_source.as_ref().is_some_and(|said| said.value));
    Ok(Loaded { plan: plan.plan, scenario, environment: plan.environment, faults, pipeline, leaves_source, bounds })
}

fn check_objectives<V: Vocabulary>(file: &ScenarioFile<V::Fault>, plan: &ResolvedPlan<V>, problems: &mut Problems<'_>) {
    let known = &plan.plan.objectives;
    if file.objectives.get_ref().is_empty() {
        problems.add(file.objectives.span(), "no objective judges this scenario", "name at least one of the plan's");
    }
    for (index, name) in file.objectives.get_ref().iter().enumerate() {
        problems.refer("objective", name.get_ref(), name.span(), known.keys().map(String::as_str));
        if file.objectives.get_ref()[..index].iter().any(|other| other.get_ref() == name.get_ref()) {
            problems.add(name.span(), format!("the objective `{}` is named twice", name.get_ref()), "name it once");
        }
        let judges =
            known.get(name.get_ref()).is_none_or(|objective| objective.rto.is_some() || objective.rpo.is_some());
        if !judges {
            let message = format!("the objective `{}` has neither an RTO nor an RPO to judge by", name.get_ref());
            problems.add(name.span(), message, "leave it out of this scenario");
        }
    }
}

fn check_pipeline<V: Vocabulary>(
    file: &ScenarioFile<V::Fault>,
    plan: &ResolvedPlan<V>,
    problems: &mut Problems<'_>,
) -> Option<PipelineSpec<V>> {
    problems.refer_to("pipeline", &file.pipeline, plan.pipelines.keys().map(String::as_str));
    plan.pipelines.get(&file.pipeline.value).cloned()
}

fn check_target<V: Vocabulary>(
    file: &ScenarioFile<V::Fault>,
    plan: &ResolvedPlan<V>,
    method: Option<&Method<'_>>,
    problems: &mut Problems<'_>,
) {
    let (hosts, target) = (&plan.environment.hosts, &file.target);
    problems.refer_to("host", target, hosts.keys().map(String::as_str));
    let source = plan.plan.pipelines.get(&file.pipeline.value).map(|pipeline| &pipeline.source);
    let (Some(to), Some(source)) = (hosts.get(&target.value), source) else { return };
    if *source == target.value {
        if method.is_some_and(|method| method.in_place) {
            return;
        }
        let message =
            format!("`{}` is the host that the pipeline saves, and its method cannot restore in place", target.value);
        problems.add(target.span.clone(), message, "restore to another host");
    } else if method.is_some_and(|method| method.repairs) {
        let message = format!("`{}` has nothing to repair: this pipeline repairs the data where it is", target.value);
        problems.add(target.span.clone(), message, format!("the data is on `{source}`"));
    } else if method.is_some_and(|method| method.through.contains(&target.value)) {
        let message =
            format!("`{}` would follow through itself: this pipeline's replica has it on its way", target.value);
        problems.add(target.span.clone(), message, "let another host take over, or leave it out of `through`");
    } else if hosts.get(source).is_some_and(|from| from.engine != to.engine) {
        let message = format!("`{}` does not run the server that `{source}` runs", target.value);
        problems.add(target.span.clone(), message, "give both hosts the same `engine`");
    }
}

fn check_workload<V: Vocabulary>(workload: &WorkloadFile, problems: &mut Problems<'_>) {
    problems.refer_to("domain", &workload.domain, V::domains().iter().copied());
    at_least_one(Some(&workload.clients), 1, problems);
    if let Some(rate) = workload.rate.as_ref().filter(|rate| !(rate.value.is_finite() && rate.value > 0.0)) {
        problems.add(rate.span.clone(), "the rate is no number above 0", "leave it out to run flat out");
    }
}

/// The server that the pipeline saves is of the engine that its method and the domain are for.
fn check_engine<V: Vocabulary>(
    file: &ScenarioFile<V::Fault>,
    plan: &ResolvedPlan<V>,
    method: Option<&Method<'_>>,
    problems: &mut Problems<'_>,
) {
    let Some(pipeline) = plan.plan.pipelines.get(&file.pipeline.value) else { return };
    let source = &pipeline.source;
    let Some(engine) = plan.environment.hosts.get(source).and_then(|host| host.engine) else { return };
    let domain = &file.workload.domain;
    if V::domains().contains(&domain.value.as_str()) && V::engine_of(&domain.value) != engine {
        let message = format!("the domain `{}` is for {}", domain.value, V::engine_of(&domain.value));
        let others = V::domains().iter().filter(|domain| V::engine_of(domain) == engine);
        let others = others.map(|domain| format!("`{domain}`")).collect::<Vec<_>>().join(", ");
        problems.add(domain.span.clone(), message, format!("`{source}` runs {engine}, which {others} is for"));
    }
    if let Some(saves) = method.and_then(|method| method.engine).filter(|saves| *saves != engine) {
        let message = format!("the method of `{}` saves {saves}, and `{source}` runs {engine}", file.pipeline.value);
        problems.add(file.pipeline.span.clone(), message, "use a pipeline whose method is `command`");
    }
}

/// A domain that keeps objects needs a place for them, which a drill starts.
fn check_objects<V: Vocabulary>(file: &ScenarioFile<V::Fault>, plan: &ResolvedPlan<V>, problems: &mut Problems<'_>) {
    let domain = &file.workload.domain;
    if !V::domains().contains(&domain.value.as_str()) {
        return;
    }
    let keeps = V::domains_with_objects().contains(&domain.value.as_str());
    match &plan.environment.objects {
        None if keeps => {
            let message = format!("the domain `{}` keeps objects, and the plan has no place for them", domain.value);
            let help = "give [application] `objects = { store = \"..\", bucket = \"..\", credential = \"..\" }`";
            problems.add(domain.span.clone(), message, help);
        }
        Some(objects) if keeps => {
            let store = plan.plan.pipelines.get(&file.pipeline.value).map(|pipeline| &pipeline.store);
            if let Some(store) = store.filter(|store| **store != objects.store) {
                let message =
                    format!("the application's objects are in `{}`, which this drill does not start", objects.store);
                problems.add(file.pipeline.span.clone(), message, format!("the pipeline saves to `{store}`"));
            }
        }
        // What it keeps is of other scenarios.
        _ => {}
    }
}

fn check_runbook<F: Asks>(file: &ScenarioFile<F>, method: Option<&Method<'_>>, problems: &mut Problems<'_>) {
    let steps = steps::in_order(&file.runbook, problems);
    for (step, span) in steps.iter().filter(|(step, _)| steps::OF_FAILBACK.contains(step)) {
        let message = format!("\"{step}\" is a step of a failback");
        problems.add(
            span.clone(),
            message,
            "write it as a [[failback]] entry, which the scenario comes to after its runbook",
        );
    }
    // An unknown pipeline has been told; which steps it would perform is not known.
    let Some(method) = method else { return };
    for (step, span) in steps.iter().filter(|(step, _)| OF_PIPELINE.contains(step) && !method.steps.contains(step)) {
        let message = format!("the method of `{}` has no step \"{step}\"", file.pipeline.value);
        problems.add(span.clone(), message, "leave it out: the method's other steps do all that it does");
    }
    let needed = [Step::StopApplication].into_iter().chain(method.steps.iter().copied()).chain([Step::Switch]);
    let missing = needed.filter(|needed| !steps.iter().any(|(step, _)| step == needed));
    let missing: Vec<String> = missing.map(|step| format!("\"{step}\"")).collect();
    if !missing.is_empty() {
        let at = steps.first().map_or(0..0, |(_, span)| span.clone());
        let message = format!("this runbook brings nothing back: it lacks {}", missing.join(", "));
        problems.add(at, message, "add a [[runbook]] entry for each");
    }
    // A late replica has something to apply whatever happened, and so has who replays all that there is.
    let has_something = method.replays_all || matches!(method.pace, Pace::Late(_));
    let replay = steps.iter().find(|(step, _)| *step == Step::Replay && !has_something);
    let logical = file.faults.iter().any(|fault| fault.inject.get_ref().damage() == Some(Damage::Logical));
    if let Some((_, span)) = replay.filter(|_| !logical) {
        let message = "there is nothing to go back before: no fault of this scenario writes wrong data";
        let help = "the runbook replays to just before a bad write; add such a fault, as `update-without-where`";
        problems.add(span.clone(), message, help);
    }
}

/// Servers count a replica's delay in whole seconds.
fn check_delay<F: Asks>(
    file: &ScenarioFile<F>,
    method: Option<&Method<'_>>,
    compression: u32,
    problems: &mut Problems<'_>,
) {
    let pace = method.map(|method| method.pace).unwrap_or_default();
    let (Pace::Late(delay), Pace::Late(here)) = (pace, pace.compressed(compression)) else { return };
    if Duration::from(here).subsec_nanos() == 0 {
        return;
    }
    let place = file.compression.as_ref().map_or_else(|| file.pipeline.span.clone(), |said| said.span.clone());
    let message = format!("the replica's delay of {delay}, {compression} times compressed, is no whole seconds");
    problems.add(place, message, "choose a `compression` that leaves whole seconds of it: 1h by 900 is 4s");
}

/// A source can be left running only by the step that would stop it, and not where it is itself the target.
fn check_leaving<V: Vocabulary>(file: &ScenarioFile<V::Fault>, plan: &ResolvedPlan<V>, problems: &mut Problems<'_>) {
    let source = plan.plan.pipelines.get(&file.pipeline.value).map(|pipeline| &pipeline.source);
    for step in &file.runbook {
        let Some(leaves) = step.leaves_source.as_ref().filter(|leaves| leaves.value) else { continue };
        if *step.step.get_ref() != Step::StopApplication {
            let message = format!("the step \"{}\" stops no source that it could leave running", step.step.get_ref());
            problems.add(leaves.span.clone(), message, "write it at the step \"stop-application\"");
        } else if source == Some(&file.target.value) {
            let message = format!("`{}` takes over from itself: there is no other server to leave", file.target.value);
            problems.add(leaves.span.clone(), message, "leave it out");
        }
    }
}

fn workload(file: &WorkloadFile) -> WorkloadPlan {
    WorkloadPlan {
        domain: file.domain.value.clone(),
        rows: file.rows.value,
        clients: file.clients.value,
        rate: file.rate.as_ref().map(|rate| rate.value),
        after_recovery: file.after_recovery.as_ref().map_or(Nanos::from_secs(5), |time| time.value.0),
    }
}

fn fault_plan<F: Asks>(fault: &FaultFile<F>) -> FaultPlan {
    let spec = fault.inject.get_ref();
    // Written `{ name = { parameters } }`; the name has a field of its own.
    let written = serde_json::to_value(spec).unwrap_or_default();
    let mut params = written.get(spec.name()).cloned().unwrap_or(written);
    if let (Some(lasts), Some(params)) = (&fault.lasts, params.as_object_mut()) {
        params.insert("for".to_owned(), serde_json::to_value(lasts.value).unwrap_or_default());
    }
    let damage = spec.damage().unwrap_or(Damage::Availability);
    FaultPlan { after: fault.after.value.0, name: spec.name().to_owned(), damage, params }
}

fn step_plan(file: &StepFile) -> StepPlan {
    StepPlan {
        step: *file.step.get_ref(),
        manual: file.manual.as_ref().map(|manual| manual.sourced(|manual| manual.0)),
        bound: file.bound.as_ref().map_or(STEP_BOUND, |bound| bound.value.0),
    }
}

fn probes(file: &ProbesFile, problems: &mut Problems<'_>) -> ProbePlan {
    ProbePlan {
        beat: some_time(file.beat.as_ref(), Nanos::from_millis(20), problems),
        fresh_beat: some_time(file.fresh.as_ref(), Nanos::from_millis(500), problems),
        timeout: some_time(file.timeout.as_ref(), Nanos::from_secs(2), problems),
        stability: at_least_one(file.stability.as_ref(), 50, problems),
    }
}

fn bounds(file: &BoundsFile, problems: &mut Problems<'_>) -> Bounds {
    Bounds {
        server: some_time(file.server.as_ref(), Nanos::from_secs(60), problems),
        backup: some_time(file.backup.as_ref(), Nanos::from_secs(5 * 60), problems),
        operation: some_time(file.operation.as_ref(), Nanos::from_secs(5), problems),
        examine: some_time(file.examine.as_ref(), Nanos::from_secs(5 * 60), problems),
    }
}

/// A time that must not be zero.
fn some_time(said: Option<&Said<Lapse>>, default: Nanos, problems: &mut Problems<'_>) -> Nanos {
    let Some(said) = said else { return default };
    if said.value.0 == Nanos::ZERO {
        problems.add(
            said.span.clone(),
            "this time cannot be zero",
            format!("leave it out for the default of {default}"),
        );
    }
    said.value.0
}

fn at_least_one(said: Option<&Said<u32>>, default: u32, problems: &mut Problems<'_>) -> u32 {
    let Some(said) = said else { return default };
    if said.value == 0 {
        problems.add(said.span.clone(), "this number cannot be zero", "1 is the least");
    }
    said.value
}
