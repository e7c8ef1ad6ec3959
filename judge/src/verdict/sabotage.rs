//! SABOTAGE: of each damage to a copy of the backup, whether the pipeline refused it or a check noticed. Not a checker
//! like the others: it runs them, on what each trial restored.

use blackstart_record::observation::{SabotageKind, SabotageOutcome, SabotageTrial};
use blackstart_record::record::Folder;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{Finding, Verdict};

use super::evidence::{Evidence, finding};
use super::words::{count, first_line, list};
use super::{Checker, atom, bytes, ghost, index, inv, lost, run, stage};
use crate::oracle::{self, Declared};

const NAME: &str = "SABOTAGE";

/// The checks that a trial is judged by: those that need no more than what came back.
const CHECKS: &[Checker] =
    &[lost::CHECKER, ghost::CHECKER, atom::CHECKER, bytes::CHECKER, inv::CHECKER, index::CHECKER, stage::CHECKER];

/// What a trial came to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// The pipeline refused it, or could not go on: at which step, and what it said.
    Refused(String),
    /// A check noticed: which.
    Noticed(Vec<String>),
    /// What came back is what came back in the drill.
    Same,
    /// Something else came back, and nothing noticed.
    Survived,
    /// It is not known.
    Unknown(String),
}

/// The finding, where trials were made.
pub fn judge(evidence: &Evidence, folder: &Folder) -> Option<Finding> {
    let trials = evidence.sabotages();
    let trials: Vec<&SabotageTrial> = trials.into_iter().flatten().collect();
    let ends: Vec<(&SabotageTrial, End)> = trials.iter().map(|trial| (*trial, end(evidence, folder, trial))).collect();
    (!ends.is_empty()).then(|| conclude(&ends))
}

fn conclude(ends: &[(&SabotageTrial, End)]) -> Finding {
    let damage = || ends.iter().filter(|(trial, _)| trial.kind == SabotageKind::Damage);
    let compared = damage().filter(|(_, end)| !matches!(end, End::Unknown(_))).count() as u64;
    let mut finding = finding(NAME, Verdict::Inconclusive, compared, String::new());
    finding.details = ends.iter().map(|(trial, end)| told(trial, end)).collect();
    let faithful = |end: &End| matches!(end, End::Same);
    let mut controls = ends.iter().filter(|(trial, _)| trial.kind == SabotageKind::Control).peekable();
    if controls.peek().is_none() {
        finding.says = "no undamaged copy was restored to compare with".into();
        return finding;
    }
    if let Some((_, end)) = controls.find(|(_, end)| !faithful(end)) {
        finding.says = format!("the same restore, done again, did not come out the same: {}", words(end));
        return finding;
    }
    if compared == 0 && damage().next().is_none() {
        finding.says = "no kind of damage was tried".into();
        return finding;
    }
    let survivors: Vec<String> =
        ends.iter().filter(|(_, end)| *end == End::Survived).map(|(trial, _)| trial.what.clone()).collect();
    if !survivors.is_empty() {
        finding.says = format!("this drill would not have noticed: {}", list(&survivors));
        return finding;
    }
    // A disturbed way may be given up, and must not bring back anything else.
    let wrong =
        |trial: &SabotageTrial, end: &End| trial.kind == SabotageKind::Perturbation && matches!(end, End::Noticed(_));
    if let Some((trial, end)) = ends.iter().find(|(trial, end)| wrong(trial, end)) {
        finding.verdict = Verdict::Missed;
        finding.says = format!("{}: the restore said that it was done, and {}", trial.what, words(end));
        finding.cause = Some("a step that goes on after an error of the store".into());
        return finding;
    }
    if let Some((trial, end)) = ends.iter().find(|(_, end)| matches!(end, End::Unknown(_))) {
        finding.says = format!("{}: {}", trial.what, words(end));
        return finding;
    }
    let number = |is: fn(&End) -> bool| damage().filter(|(_, end)| is(end)).count();
    finding.verdict = Verdict::Met;
    finding.says = format!(
        "{} of damage to the backup: {} refused by the restore, {} noticed by a check, {} harmless",
        count(compared, "kind"),
        number(|end| matches!(end, End::Refused(_))),
        number(|end| matches!(end, End::Noticed(_))),
        number(|end| *end == End::Same),
    );
    finding
}

fn end(evidence: &Evidence, folder: &Folder, trial: &SabotageTrial) -> End {
    match &trial.outcome {
        SabotageOutcome::Refused { step, says } => End::Refused(format!("at {step}: {}", first_line(says))),
        SabotageOutcome::Unusable { says } => {
            End::Noticed(vec![format!("the look at what came back ({})", first_line(says))])
        }
        SabotageOutcome::NotTried { why } => End::Unknown(format!("the trial could not be made: {}", first_line(why))),
        SabotageOutcome::Restored => restored(evidence, folder, trial),
    }
}

fn restored(evidence: &Evidence, folder: &Folder, trial: &SabotageTrial) -> End {
    let own = folder.sabotage(&trial.id);
    let observations = match own.load_observations() {
        Ok(observations) => observations,
        Err(_) => return End::Unknown("what was seen of it cannot be read".into()),
    };
    let Some(cut) = &evidence.story.cut else { return End::Unknown("the recovery point is not known".into()) };
    let loaded_at = evidence.story.load.map_or(Nanos::ZERO, |load| load.at);
    let declared = Declared::of(&evidence.record.scenario);
    let is_same = match (std::fs::read(own.restored_rows()), std::fs::read(folder.restored_rows())) {
        (Ok(rows), Ok(drilled)) => rows == drilled,
        _ => return End::Unknown("its rows cannot be read".into()),
    };
    // The same rows, held against the same ledger, are what they were.
    let comparison = if is_same {
        evidence.comparison.clone()
    } else {
        oracle::compare(&own, &evidence.record.tables, cut, loaded_at, declared).map_err(|why| why.to_string())
    };
    let mut story = evidence.story.clone();
    story.programs = trial.programs.clone();
    let of_trial = Evidence { record: evidence.record.clone(), story, observations, comparison };
    let (findings, _) = run(CHECKS, &of_trial);
    let noticed = findings.iter().filter(|finding| finding.verdict == Verdict::Missed);
    let noticed: Vec<String> = noticed.map(|finding| finding.checker.clone()).collect();
    if !noticed.is_empty() {
        return End::Noticed(noticed);
    }
    let unknown =
        findings.iter().find(|finding| finding.verdict == Verdict::Inconclusive && finding.checker != "STAGE");
    if let Some(unknown) = unknown {
        return End::Unknown(format!("{}: {}", unknown.checker, unknown.says));
    }
    if is_same { End::Same } else { End::Survived }
}

fn told(trial: &SabotageTrial, end: &End) -> String {
    format!("{}: {}, after {}", trial.what, words(end), trial.took)
}

fn words(end: &End) -> String {
    match end {
        End::Refused(how) => format!("refused {how}"),
        End::Noticed(by) => format!("noticed by {}", list(by)),
        End::Same => "came out the same".into(),
        End::Survived => "NOT NOTICED".into(),
        End::Unknown(why) => format!("not known: {why}"),
    }
}
