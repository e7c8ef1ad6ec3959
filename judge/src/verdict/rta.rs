//! RTA: from the instant just before the first fault until the service was stable again, seen from outside.

use blackstart_record::plan::Step;
use blackstart_record::time::{Interval, Nanos};
use blackstart_record::verdict::{Rta, StepMeasure};

use super::beats::{STREAMS, Watch};
use super::evidence::Evidence;
use super::phases;
use super::story::Broken;
use super::words::{count, telling};

/// Whether and when the service came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Recovery {
    /// It did.
    Back(Rta),
    /// It did not: the procedure broke, or was done without bringing the service back.
    NotBack {
        /// The outage lasted at least this long, declared manual time included.
        at_least: Nanos,
        /// One sentence.
        why: String,
    },
    /// The harness stopped watching, or stopped a step, before it was known.
    Censored {
        /// The outage lasted at least this long, declared manual time included.
        at_least: Nanos,
        /// One sentence.
        why: String,
        /// Every probe was answered at the end of the watch, some of them late.
        busy: bool,
    },
    /// Nothing can be said.
    Unmeasured(String),
}

/// Measures the recovery time.
pub fn measure(evidence: &Evidence) -> Recovery {
    let story = &evidence.story;
    let manual = evidence.manual_total();
    if let Some(broken) = story.broken() {
        let at_least = broken.ended.since(story.fault().unwrap_or(broken.begun)).plus(manual);
        return match broken.how {
            Broken::Failed(failure) => {
                let told = telling(&failure.lines).map(|line| format!(" ({line})")).unwrap_or_default();
                Recovery::NotBack { at_least, why: format!("{broken} failed: {}{told}", failure.message) }
            }
            Broken::Bound(failure) => Recovery::Censored {
                at_least,
                why: format!("the harness stopped {broken} at its bound: {}", failure.message),
                busy: false,
            },
        };
    }
    let Some(fault) = story.fault() else { return Recovery::Unmeasured("no fault was injected".into()) };
    let Some(expected) = expected(evidence, fault) else {
        return Recovery::Unmeasured("the history does not say which incarnation was restored".into());
    };
    let watch = watch(evidence, expected, fault);
    if let Some((_, stream)) = watch.streams().iter().zip(STREAMS).find(|(rated, _)| rated.beats.is_empty()) {
        return Recovery::Unmeasured(format!("the {} probes have none after the fault", stream_name(stream)));
    }
    let last_fault = story.intended.values().copied().max().unwrap_or(fault);
    // The same life answered before its data was repaired, and what it answered was wrong.
    let last_cause = last_fault.max(repaired(evidence).unwrap_or(last_fault));
    let continues = !evidence.repairs() && story.life_before(fault) == Some(expected);
    let Some(outage) = watch.outage(fault, last_cause, continues) else {
        return not_back(evidence, &watch, fault, manual);
    };
    let recovered = outage.end.between;
    let achieved =
        Interval { lower: recovered.lower.since(fault).plus(manual), upper: recovered.upper.since(fault).plus(manual) };
    let phases = phases::of(evidence, fault, &outage.end);
    Recovery::Back(Rta { achieved, from: fault, recovered, manual, resolution: outage.resolution, phases })
}

fn not_back(evidence: &Evidence, watch: &Watch, fault: Nanos, manual: Nanos) -> Recovery {
    let story = &evidence.story;
    let plan = &evidence.record.scenario.probes;
    let (Some(last_bad), Some(last)) = (watch.last_bad(), watch.last()) else {
        return Recovery::Unmeasured(
            "no stable time was seen and no outage either: too few probes, or late ones".into(),
        );
    };
    let at_least = last_bad.since(fault).plus(manual);
    let planned = &evidence.record.scenario.runbook;
    let all_done =
        planned.iter().all(|step| story.steps.iter().any(|run| run.step == step.step && run.ended.is_some()));
    let done = story.steps.iter().filter_map(|run| run.ended).max().unwrap_or(fault);
    let window = Nanos(plan.beat.0.saturating_mul(u64::from(plan.stability)));
    let watched = last.since(done);
    let still = |bad: Option<Nanos>| bad.is_some_and(|bad| bad.plus(window) >= last);
    let refused = still(watch.last_refused());
    if !(all_done && still(Some(last_bad)) && watched >= window.plus(window)) {
        let why = "the watch ended before the service was stable".into();
        return Recovery::Censored { at_least, why, busy: all_done && !refused };
    }
    let why = format!("the runbook is done and the service was still not stable {watched} later");
    if refused {
        return Recovery::NotBack { at_least, why };
    }
    // A machine that is busy, or a service that is slow, does not show that the data did not come back.
    let why = format!("{why}: it answered every probe at the end, some of them late");
    Recovery::Censored { at_least, why, busy: true }
}

/// The incarnation whose answers count: the restored one; where nothing is restored, the one before the fault.
fn expected(evidence: &Evidence, fault: Nanos) -> Option<u32> {
    if evidence.story.restored.is_some() || evidence.restores() {
        return evidence.story.restored;
    }
    evidence.story.life_before(fault)
}

/// When the data was repaired, where it is repaired where it is.
fn repaired(evidence: &Evidence) -> Option<Nanos> {
    let runs = evidence.story.steps.iter().filter(|run| run.step == Step::Restore && evidence.repairs());
    runs.filter_map(|run| run.ended).max()
}

fn watch(evidence: &Evidence, expected: u32, fault: Nanos) -> Watch {
    let probes = |stream| evidence.story.probes.get(&stream).map_or(&[][..], Vec::as_slice);
    Watch::new(probes, &evidence.record.scenario.probes, expected, fault)
}

/// Probes that were bad after the recovery, in one sentence: too few in a row to undo it, and worth knowing.
pub fn unsteady(evidence: &Evidence, rta: &Rta) -> Option<String> {
    let bad = watch(evidence, expected(evidence, rta.from)?, rta.from).bad_after(rta.recovered.upper);
    (bad > 0).then(|| format!("{} after the recovery went unanswered or came late", count(bad, "probe")))
}

/// How late the prober itself was, at most, between the first fault and the end of the outage.
pub fn lateness(evidence: &Evidence, rta: &Rta) -> Nanos {
    expected(evidence, rta.from)
        .map_or(Nanos::ZERO, |life| watch(evidence, life, rta.from).lateness(rta.from, rta.recovered.upper))
}

/// The runbook's steps as they were measured.
pub fn steps(evidence: &Evidence) -> Vec<StepMeasure> {
    let measured = |run: &super::story::StepRun| StepMeasure {
        step: run.step,
        begun: run.begun,
        ended: run.ended,
        manual: evidence.manual_of(run.step),
        bytes: run.bytes,
        says: run.says.clone(),
        done: run.outcome == Some(blackstart_record::event::Outcome::Done),
    };
    evidence.story.steps.iter().map(measured).collect()
}

fn stream_name(stream: blackstart_record::event::Stream) -> &'static str {
    match stream {
        blackstart_record::event::Stream::Read => "read",
        blackstart_record::event::Stream::Write => "write",
        blackstart_record::event::Stream::Fresh => "fresh-connection",
    }
}
