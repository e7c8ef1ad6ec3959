//! CRASH: of each backup that was disturbed at one of its steps, whether it came back where it reported success.

use std::collections::BTreeMap;

use blackstart_record::observation::{CrashOutcome, CrashPoint, CrashPoints, CrashStep, TableDigest};
use blackstart_record::verdict::{Finding, Verdict};

use super::evidence::{Evidence, finding};
use super::words::{count, first_line};

/// Its name in findings.
pub(super) const NAME: &str = "CRASH";

/// The finding, where backups were disturbed.
pub fn judge(evidence: &Evidence) -> Option<Finding> {
    evidence.crash_points().first().map(|found| conclude(found))
}

fn conclude(found: &CrashPoints) -> Finding {
    let source = &found.source;
    let reached = || found.points.iter().filter(|point| point.outcome != CrashOutcome::NotReached);
    let mut finding = finding(NAME, Verdict::Inconclusive, reached().count() as u64, String::new());
    finding.details = found.points.iter().map(|point| told(point, source)).collect();
    let rows: u64 = source.values().fold(0, |sum, table| sum.saturating_add(table.rows));
    if rows == 0 {
        finding.says = "the source had no row that could have come back".into();
        return finding;
    }
    if found.undisturbed.len() < 2 {
        finding.says = "no backup was taken without a disturbance, before and after the others".into();
        return finding;
    }
    let faithful = |outcome: &CrashOutcome| matches!(outcome, CrashOutcome::Restored { tables } if tables == source);
    if let Some(outcome) = found.undisturbed.iter().find(|outcome| !faithful(outcome)) {
        finding.says = format!("a backup that nothing disturbed did not come back: {}", words(outcome, source));
        return finding;
    }
    let broken: Vec<&CrashPoint> = reached().filter(|point| breaks(&point.outcome, source)).collect();
    if let [first, ..] = broken[..] {
        finding.verdict = Verdict::Missed;
        finding.says = format!(
            "{} of {} reported success and did not come back; the first with {}",
            broken.len(),
            count(finding.compared, "disturbed backup"),
            told(first, source)
        );
        finding.cause = Some("a program that goes on, or ends with 0, after a part of it failed".into());
        return finding;
    }
    let not_tried = |point: &&CrashPoint| matches!(point.outcome, CrashOutcome::NotTried { .. });
    if let Some(point) = found.points.iter().find(not_tried) {
        finding.says = told(point, source);
        return finding;
    }
    if finding.compared == 0 {
        finding.says = "no backup was disturbed".into();
        return finding;
    }
    let failed = reached().filter(|point| matches!(point.outcome, CrashOutcome::Failed { .. })).count() as u64;
    finding.verdict = Verdict::Met;
    finding.says = format!(
        "{}: {failed} said that they failed, {} reported success and came back",
        count(finding.compared, "disturbed backup"),
        finding.compared - failed
    );
    finding
}

/// Whether success was reported of what is no backup.
fn breaks(outcome: &CrashOutcome, source: &BTreeMap<String, TableDigest>) -> bool {
    match outcome {
        CrashOutcome::NotRestorable { .. } => true,
        CrashOutcome::Restored { tables } => tables != source,
        CrashOutcome::Failed { .. } | CrashOutcome::NotReached | CrashOutcome::NotTried { .. } => false,
    }
}

fn told(point: &CrashPoint, source: &BTreeMap<String, TableDigest>) -> String {
    let at = match &point.at {
        CrashStep::Request { number } => format!("the connection of request {number} broken"),
        CrashStep::From { request } => format!("the store gone from request {request} on"),
        CrashStep::Program { number, name } => format!("{name}, the {number}. of its name, killed at its start"),
    };
    format!("{at}: {}, after {}", words(&point.outcome, source), point.took)
}

fn words(outcome: &CrashOutcome, source: &BTreeMap<String, TableDigest>) -> String {
    match outcome {
        CrashOutcome::Failed { says } => format!("the backup failed ({})", first_line(says)),
        CrashOutcome::NotRestorable { step: Some(step), says } => {
            format!("reported success, and the restore was refused at {step}: {}", first_line(says))
        }
        CrashOutcome::NotRestorable { step: None, says } => {
            format!("reported success, and what came back cannot be read: {}", first_line(says))
        }
        CrashOutcome::Restored { tables } if tables == source => "reported success, and came back".into(),
        CrashOutcome::Restored { tables } => {
            let other = source.iter().find(|(name, table)| tables.get(*name) != Some(table));
            let name = other.map_or("a table that the source has not", |(name, _)| name);
            format!("reported success, and came back with other rows ({name})")
        }
        CrashOutcome::NotReached => "the backup did not come to it".into(),
        CrashOutcome::NotTried { why } => format!("could not be tried: {}", first_line(why)),
    }
}
