//! SABOTAGE: of each damage to a copy of the backup, whether the pipeline refused it or a check noticed. Not a checker
//! like the others: it runs them, on what each trial restored.

use blackstart_record::observation::{SabotageKind, SabotageOutcome, SabotageTrial};
use blackstart_record::record::Folder;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{Finding, JudgedTrial, Noticed, SABOTAGE, TrialEnd, Verdict};

use super::evidence::{Evidence, finding};
use super::words::{count, first_and_telling, first_line, list};
use super::{Checker, atom, bytes, ghost, index, inv, lost, run, stage};
use crate::oracle::{self, Declared};

/// The checks that a trial is judged by: those that need no more than what came back.
const CHECKS: &[Checker] =
    &[lost::CHECKER, ghost::CHECKER, atom::CHECKER, bytes::CHECKER, inv::CHECKER, index::CHECKER, stage::CHECKER];

/// The finding and each trial, where any was made.
pub fn judge(evidence: &Evidence, folder: &Folder) -> Option<(Finding, Vec<JudgedTrial>)> {
    let judged = |trial: &SabotageTrial| JudgedTrial {
        what: trial.what.clone(),
        touched: trial.touched.clone(),
        kind: trial.kind,
        took: trial.took,
        end: end(evidence, folder, trial),
    };
    let trials: Vec<JudgedTrial> = evidence.sabotages().into_iter().flatten().map(judged).collect();
    (!trials.is_empty()).then(|| (conclude(&trials), trials))
}

fn conclude(trials: &[JudgedTrial]) -> Finding {
    let damage = || trials.iter().filter(|trial| trial.kind == SabotageKind::Damage);
    let compared = damage().filter(|trial| !matches!(trial.end, TrialEnd::Unknown { .. })).count() as u64;
    let mut finding = finding(SABOTAGE, Verdict::Inconclusive, compared, String::new());
    finding.details = trials.iter().map(told).collect();
    let mut controls = trials.iter().filter(|trial| trial.kind == SabotageKind::Control).peekable();
    if controls.peek().is_none() {
        finding.says = "no undamaged copy was restored to compare with".into();
        return finding;
    }
    if let Some(control) = controls.find(|control| control.end != TrialEnd::Same) {
        finding.says = format!("the same restore, done again, did not come out the same: {}", words(&control.end));
        return finding;
    }
    if compared == 0 && damage().next().is_none() {
        finding.says = "no kind of damage was tried".into();
        return finding;
    }
    let survivors = trials.iter().filter(|trial| trial.end == TrialEnd::Survived);
    let survivors: Vec<String> = survivors.map(JudgedTrial::named).collect();
    if !survivors.is_empty() {
        finding.says = format!("this drill would not have noticed: {}", list(&survivors));
        return finding;
    }
    // A disturbed way may be given up, and must not bring back anything else.
    let wrong = |trial: &&JudgedTrial| {
        trial.kind == SabotageKind::Perturbation && matches!(trial.end, TrialEnd::Noticed { .. })
    };
    if let Some(trial) = trials.iter().find(wrong) {
        finding.verdict = Verdict::Missed;
        finding.says = format!("{}: the restore said that it was done, and {}", trial.named(), words(&trial.end));
        finding.cause = Some("a step that goes on after an error of the store".into());
        return finding;
    }
    if let Some(trial) = trials.iter().find(|trial| matches!(trial.end, TrialEnd::Unknown { .. })) {
        finding.says = format!("{}: {}", trial.named(), words(&trial.end));
        return finding;
    }
    let number = |is: fn(&TrialEnd) -> bool| damage().filter(|trial| is(&trial.end)).count();
    finding.verdict = Verdict::Met;
    finding.says = format!(
        "{} of damage to the backup: {} refused by the restore, {} noticed by a check, {} harmless",
        count(compared, "kind"),
        number(|end| matches!(end, TrialEnd::Refused { .. })),
        number(|end| matches!(end, TrialEnd::Noticed { .. })),
        number(|end| *end == TrialEnd::Same),
    );
    finding
}

fn end(evidence: &Evidence, folder: &Folder, trial: &SabotageTrial) -> TrialEnd {
    match &trial.outcome {
        SabotageOutcome::Refused { step, says } => {
            let (says, telling) = first_and_telling(says);
            TrialEnd::Refused { step: *step, says, telling }
        }
        SabotageOutcome::Unusable { says } => {
            TrialEnd::Noticed { by: vec![Noticed { checker: None, says: first_line(says).to_owned() }] }
        }
        SabotageOutcome::NotTried { why } => {
            TrialEnd::Unknown { why: format!("the trial could not be made: {}", first_line(why)) }
        }
        SabotageOutcome::Restored => {
            restored(evidence, folder, trial).unwrap_or_else(|why| TrialEnd::Unknown { why: why.to_owned() })
        }
    }
}

fn restored(evidence: &Evidence, folder: &Folder, trial: &SabotageTrial) -> Result<TrialEnd, &'static str> {
    let own = folder.sabotage(&trial.id);
    let observations = own.load_observations().map_err(|_| "what was seen of it cannot be read")?;
    let cut = evidence.story.cut.as_ref().ok_or("the recovery point is not known")?;
    let loaded_at = evidence.story.load.map_or(Nanos::ZERO, |load| load.at);
    let declared = Declared::of(&evidence.record.scenario);
    let is_same = match (std::fs::read(own.restored_rows()), std::fs::read(folder.restored_rows())) {
        (Ok(rows), Ok(drilled)) => rows == drilled,
        _ => return Err("its rows cannot be read"),
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
    let noticed = noticed.map(|found| Noticed { checker: Some(found.checker.clone()), says: found.says.clone() });
    let by: Vec<Noticed> = noticed.collect();
    if !by.is_empty() {
        return Ok(TrialEnd::Noticed { by });
    }
    let unknown =
        findings.iter().find(|finding| finding.verdict == Verdict::Inconclusive && finding.checker != "STAGE");
    Ok(match unknown {
        Some(unknown) => TrialEnd::Unknown { why: format!("{}: {}", unknown.checker, unknown.says) },
        None if is_same => TrialEnd::Same,
        None => TrialEnd::Survived,
    })
}

fn told(trial: &JudgedTrial) -> String {
    format!("{}: {}, after {}", trial.named(), words(&trial.end), trial.took)
}

fn words(end: &TrialEnd) -> String {
    match end {
        TrialEnd::Refused { step, says, .. } => format!("refused at {step}: {says}"),
        TrialEnd::Noticed { by } => {
            let name = |by: &Noticed| match &by.checker {
                Some(checker) => checker.clone(),
                None => format!("the look at what came back ({})", by.says),
            };
            format!("noticed by {}", list(&by.iter().map(name).collect::<Vec<_>>()))
        }
        TrialEnd::Same => "came out the same".into(),
        TrialEnd::Survived => "NOT NOTICED".into(),
        TrialEnd::Unknown { why } => format!("not known: {why}"),
    }
}
