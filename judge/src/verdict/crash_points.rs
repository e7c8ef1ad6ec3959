//! CRASH: of each backup that was disturbed at one of its steps, whether it came back where it reported success.

use std::collections::BTreeMap;

use blackstart_record::observation::{CrashOutcome, CrashPoint, CrashPoints, TableDigest};
use blackstart_record::verdict::{CRASH, Finding, JudgedPoint, PointEnd, Verdict};

use super::evidence::{Evidence, finding};
use super::words::{count, first_and_telling, first_line};

/// The finding and each disturbed backup, where there are any.
pub fn judge(evidence: &Evidence) -> Option<(Finding, Vec<JudgedPoint>)> {
    let found = *evidence.crash_points().first()?;
    let judged = |point: &CrashPoint| JudgedPoint {
        at: point.at.clone(),
        took: point.took,
        end: end(&point.outcome, &found.source),
    };
    let points: Vec<JudgedPoint> = found.points.iter().map(judged).collect();
    Some((conclude(found, &points), points))
}

fn conclude(found: &CrashPoints, points: &[JudgedPoint]) -> Finding {
    let source = &found.source;
    let reached = || points.iter().filter(|point| point.end != PointEnd::NotReached);
    let mut finding = finding(CRASH, Verdict::Inconclusive, reached().count() as u64, String::new());
    finding.details = points.iter().map(|point| format!("{}, after {}", told(point), point.took)).collect();
    let rows: u64 = source.values().fold(0, |sum, table| sum.saturating_add(table.rows));
    if rows == 0 {
        finding.says = "the source had no row that could have come back".into();
        return finding;
    }
    if found.undisturbed.len() < 2 {
        finding.says = "no backup was taken without a disturbance, before and after the others".into();
        return finding;
    }
    let mut undisturbed = found.undisturbed.iter().map(|outcome| end(outcome, source));
    if let Some(end) = undisturbed.find(|end| *end != PointEnd::Restored) {
        finding.says = format!("a backup that nothing disturbed did not come back: {}", words(&end));
        return finding;
    }
    let broken: Vec<&JudgedPoint> = reached().filter(|point| matches!(point.end, PointEnd::Broken { .. })).collect();
    if let [first, ..] = broken[..] {
        finding.verdict = Verdict::Missed;
        finding.says = format!(
            "{} of {} reported success and did not come back: {}",
            broken.len(),
            count(finding.compared, "disturbed backup"),
            told(first)
        );
        finding.cause = Some("a program that goes on, or ends with 0, after a part of it failed".into());
        return finding;
    }
    if let Some(point) = points.iter().find(|point| matches!(point.end, PointEnd::NotTried { .. })) {
        finding.says = told(point);
        return finding;
    }
    if finding.compared == 0 {
        finding.says = "no backup was disturbed".into();
        return finding;
    }
    let failed = reached().filter(|point| matches!(point.end, PointEnd::Failed { .. })).count() as u64;
    finding.verdict = Verdict::Met;
    finding.says = format!(
        "{}: {failed} said that they failed, {} reported success and came back",
        count(finding.compared, "disturbed backup"),
        finding.compared - failed
    );
    finding
}

fn end(outcome: &CrashOutcome, source: &BTreeMap<String, TableDigest>) -> PointEnd {
    match outcome {
        CrashOutcome::Failed { says } => {
            let (says, telling) = first_and_telling(says);
            PointEnd::Failed { says, telling }
        }
        CrashOutcome::NotRestorable { step, says } => {
            let (says, telling) = first_and_telling(says);
            let says = match step {
                Some(step) => format!("its restore failed at the step {step}: {says}"),
                None => format!("what its restore brought back cannot be read: {says}"),
            };
            PointEnd::Broken { says, telling }
        }
        CrashOutcome::Restored { tables } if tables == source => PointEnd::Restored,
        CrashOutcome::Restored { tables } => {
            let other = source.iter().find(|(name, table)| tables.get(*name) != Some(table));
            let name = other.map_or("a table that the source has not", |(name, _)| name);
            PointEnd::Broken { says: format!("its restore brought back other rows ({name})"), telling: None }
        }
        CrashOutcome::NotReached => PointEnd::NotReached,
        CrashOutcome::NotTried { why } => PointEnd::NotTried { why: first_line(why).to_owned() },
    }
}

/// Which step was disturbed how, and what came of it.
fn told(point: &JudgedPoint) -> String {
    match &point.end {
        PointEnd::NotTried { why } => format!("a backup with {} could not be tried: {why}", point.at),
        PointEnd::NotReached => format!("a backup ended before it was disturbed, with {}", point.at),
        end => format!("with {}, {}", point.at, words(end)),
    }
}

fn words(end: &PointEnd) -> String {
    match end {
        PointEnd::Failed { says, .. } => format!("the backup failed: {says}"),
        PointEnd::Restored => "the backup reported success, and came back to the row".into(),
        PointEnd::Broken { says, .. } => format!("the backup reported success, and {says}"),
        PointEnd::NotReached => "the backup did not come to it".into(),
        PointEnd::NotTried { why } => format!("could not be tried: {why}"),
    }
}
