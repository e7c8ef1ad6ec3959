//! STAGE: no stage of a pipe failed behind the back of the program that it belongs to.

use blackstart_record::event::{Processes, ProgramRun, Stage};
use blackstart_record::verdict::{Finding, Verdict};

use super::Checker;
use super::evidence::{Evidence, finding, total};
use super::words::{count, grouped};

/// How every process ended that a program of the pipeline started.
pub const CHECKER: Checker = Checker { name: "STAGE", check };

/// A writer whose reader had enough: the reader's own end tells whether that was right.
const SIGPIPE: i32 = 13;
/// The same, as a shell passes it on.
const EXIT_SIGPIPE: i32 = 128 + SIGPIPE;

fn check(evidence: &Evidence) -> Finding {
    let runs = &evidence.story.programs;
    let seen = runs.iter().flat_map(watched).map(|(_, times)| *times);
    let compared = total(seen.chain([runs.len() as u64]));
    let found = |verdict, says: String| finding(CHECKER.name, verdict, compared, says);
    if runs.is_empty() {
        return found(Verdict::Inconclusive, "no program of a pipeline was run".into());
    }
    let hidden: Vec<String> = runs.iter().flat_map(hidden_in).collect();
    if let [first, ..] = &hidden[..] {
        let more = if hidden.len() > 1 { format!(" (and {} more)", hidden.len() - 1) } else { String::new() };
        let mut finding = found(Verdict::Missed, format!("{first}{more}"));
        finding.cause =
            Some("a pipe ends as its last stage does: without `set -o pipefail` the others fail unseen".into());
        finding.details = hidden;
        finding.details.extend(runs.iter().flat_map(went_on));
        return finding;
    }
    let unseen = runs.iter().find_map(|run| match &run.processes {
        Processes::Unseen { why } => Some(format!("the processes of {} were not seen: {why}", run.program)),
        Processes::Watched(_) => None,
    });
    if let Some(unseen) = unseen {
        return found(Verdict::Inconclusive, unseen);
    }
    let (programs, processes) = (runs.len() as u64, compared - runs.len() as u64);
    let says = format!("{} started {}: none failed behind a pipe", count(programs, "program"), processes_of(processes));
    let mut finding = found(Verdict::Met, says);
    finding.details = runs.iter().flat_map(said).collect();
    finding
}

fn processes_of(number: u64) -> String {
    if number == 1 { "1 process".into() } else { format!("{} processes", grouped(number)) }
}

fn watched(run: &ProgramRun) -> &[(Stage, u64)] {
    match &run.processes {
        Processes::Watched(stages) => stages,
        Processes::Unseen { .. } => &[],
    }
}

/// Stages that failed while the program that they belong to ended well; one that is not at the end of its pipe is seen
/// by nobody.
fn hidden_in(run: &ProgramRun) -> Vec<String> {
    let failed = |stage: &&(Stage, u64)| {
        let piped = stage.0.piped_into.is_some();
        let broken_off = stage.0.signal == Some(SIGPIPE) || stage.0.code == Some(EXIT_SIGPIPE);
        run.code == Some(0) && piped && stage.0.failed() && !broken_off
    };
    let says = |(stage, times): &(Stage, u64)| {
        let into = stage.piped_into.as_deref().unwrap_or_default();
        let times = if *times > 1 { format!(", {times} times") } else { String::new() };
        format!("{stage} into a pipe to {into}{times}; {} on host {} ended with 0 all the same", run.program, run.host)
    };
    watched(run).iter().filter(failed).map(says).collect()
}

/// What a program that ended well was told, and went on from: a test that says no, or an error that it lives with.
fn said(run: &ProgramRun) -> Vec<String> {
    if run.code != Some(0) {
        return Vec::new();
    }
    let failed = watched(run).iter().filter(|(stage, _)| stage.failed());
    let failed =
        failed.map(|(stage, times)| format!("{}: {stage}, {times} x, which the program saw itself", run.program));
    failed.chain(went_on(run)).collect()
}

/// What a program that ended well printed of errors.
fn went_on(run: &ProgramRun) -> impl Iterator<Item = String> {
    let complaints = run.complaints.iter().filter(|_| run.code == Some(0));
    complaints.map(|line| format!("{} went on after: {line}", run.program))
}
