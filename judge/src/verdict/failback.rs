//! FAILBACK: what was written where the application went is where it returned to, nobody writes in two places, and the service
//! is stable again. Not a checker like the others: it runs them, on what the way back left in a folder of its own.

use blackstart_record::plan::Step;
use blackstart_record::record::Folder;
use blackstart_record::verdict::{Finding, Gate, Verdict};

use super::evidence::{Evidence, finding, total};
use super::judge::{Gathered, gather};
use super::merge;
use super::rta::{self, Recovery};
use super::words::count;
use super::{Checker, atom, calibration, disturbed, fence, gates, ghost, index, inv, lost, run, write};

/// Its name in findings and reports.
pub const NAME: &str = "FAILBACK";

/// The checks that a way back is judged by. What else a restore can spoil, a replica of the very same server does not.
const CHECKS: &[Checker] =
    &[lost::CHECKER, ghost::CHECKER, atom::CHECKER, inv::CHECKER, write::CHECKER, index::CHECKER, fence::CHECKER];

/// The finding, where the scenario goes back, and how this machine disturbed its measurement, if it did.
pub fn judge(evidence: &Evidence, folder: &Folder) -> Option<(Finding, Option<String>)> {
    if evidence.record.scenario.failback.is_empty() {
        return None;
    }
    let own = folder.failback();
    if !own.history().exists() {
        let says = "the application was not taken back: nobody came to that";
        return Some((finding(NAME, Verdict::Inconclusive, 0, says), None));
    }
    let back = way_back(evidence, &own);
    let recovery = rta::measure(&back.evidence);
    let disturbed = disturbed::why(&back.evidence, &calibration::measure(&back.evidence), &recovery);
    let disturbed = disturbed.map(|why| format!("on the way back, {why}"));
    Some((conclude(&back, &recovery), disturbed))
}

/// The way back as a drill of its own: its planned outage is what the fault is to others.
fn way_back(evidence: &Evidence, own: &Folder) -> Gathered {
    let mut record = evidence.record.clone();
    record.scenario.runbook = std::mem::take(&mut record.scenario.failback);
    record.scenario.faults.clear();
    // What a disaster may take with it, a planned move may not.
    record.scenario.expendable.clear();
    let mut way_back = gather(own, record);
    let story = &mut way_back.evidence.story;
    let begun = story.steps.iter().find(|run| run.step > Step::Rebuild).map(|run| run.begun);
    story.intended.extend(begun.map(|begun| (0, begun)));
    way_back
}

fn conclude(Gathered { evidence: back, broken, notes }: &Gathered, recovery: &Recovery) -> Finding {
    let (findings, panicked) = run(CHECKS, back);
    let mut closed: Vec<Gate> = broken.iter().cloned().chain(gates::closed(back)).chain(panicked).collect();
    // A runbook may forget it; FENCE knocks on every way back, and says what opened.
    closed.retain(|gate| gate.id != gates::SOURCE_NOT_FENCED);
    let conclusion = merge::conclude(&closed, &[], &findings, recovery, back.story.interrupted);
    let rows = findings.iter().filter(|found| found.checker == lost::CHECKER.name).map(|found| found.compared);
    let mut found = finding(NAME, conclusion.verdict, total(rows), conclusion.says);
    if let (Verdict::Met, Recovery::Back(rta)) = (conclusion.verdict, recovery) {
        let rows = count(found.compared, "row");
        found.says = format!(
            "{rows} are where the application returned to, as they were; it was away for {} to {}",
            rta.achieved.lower, rta.achieved.upper
        );
    }
    if let (Verdict::Inconclusive, Recovery::Censored { why, .. }) = (conclusion.verdict, recovery) {
        found.says = why.clone();
    }
    let steps = rta::steps(back).into_iter().map(|step| match step.ended {
        Some(ended) => format!("{}: {}, {}", step.step, ended.since(step.begun), step.says),
        None => format!("{}: never ended", step.step),
    });
    let findings = findings.into_iter();
    let (says, differences): (Vec<_>, Vec<_>) = findings
        .map(|found| (format!("{}: {}: {}", found.checker, found.verdict, found.says), found.differences))
        .unzip();
    found.details = steps.chain(says).chain(notes.iter().cloned()).collect();
    found.differences = differences.into_iter().flatten().collect();
    found
}
