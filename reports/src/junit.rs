//! `junit.xml`, in the dialect that Jenkins reads: a suite per scenario and pipeline.
//!
//! Only *met* passes. *Missed* is a failure; *inconclusive*, and every gate, is an error: the drill has not shown what
//! it set out to show. Each trial of the sabotage and each disturbed backup is a case, named by what was done and not by
//! keys that change from drill to drill. The case `verdict` repeats the drill's own conclusion, so that a suite is green only if it is met.

use blackstart_record::verdict::{CRASH, Finding, JudgedPoint, JudgedTrial, ObjectiveVerdict, SABOTAGE, Verdict};
use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use crate::material::Material;
use crate::view::trials;
use crate::words;
use crate::{Report, ReportError};

const FILE: &str = "junit.xml";

/// `junit.xml`.
pub const REPORT: Report = Report { file: FILE, make };

fn make(material: &Material) -> Result<String, ReportError> {
    let mut junit = Junit::new("blackstart");
    junit.add_test_suite(suite(material));
    junit.time = Some(material.story.last.into());
    junit.to_string().map_err(|why| ReportError::Make { report: FILE, why: why.to_string() })
}

fn suite(material: &Material) -> TestSuite {
    let (record, verdict) = (&material.record, &material.verdict);
    let mut suite = TestSuite::new(format!("{} x {}", verdict.drill, record.scenario.pipeline));
    suite.timestamp = record.started.parse().ok();
    suite.set_time(material.story.last.into());
    for (name, value) in properties(material) {
        suite.add_property((name, value));
    }
    let class = format!("{}.{}", record.plan.name, record.scenario.name);
    let mut add = |mut case: TestCase| {
        case.set_classname(class.clone());
        suite.add_test_case(case);
    };
    add(TestCase::new("verdict", status(verdict.verdict, "drill", &verdict.says, "")));
    verdict.objectives.iter().map(objective).for_each(&mut add);
    verdict.findings.iter().map(finding).for_each(&mut add);
    let worst = |checker: &str| {
        let found = verdict.findings.iter().find(|finding| finding.checker == checker);
        found.map_or(Verdict::Missed, |finding| finding.verdict)
    };
    verdict.sabotage.iter().map(|trial| trial_case(trial, worst(SABOTAGE))).for_each(&mut add);
    verdict.crash_points.iter().map(|point| point_case(point, worst(CRASH))).for_each(&mut add);
    for gate in &verdict.gates {
        let says = status(Verdict::Inconclusive, &gate.id, &gate.says, "A closed gate: nothing better can be said.");
        add(TestCase::new(format!("gate {}", gate.id), says));
    }
    suite.set_system_out(words_for_the_log(material));
    suite
}

/// The one place that decides what passes.
fn status(verdict: Verdict, kind: &str, message: &str, description: &str) -> TestCaseStatus {
    let failed = match verdict {
        Verdict::Met => return TestCaseStatus::success(),
        Verdict::Inconclusive => NonSuccessKind::Error,
        Verdict::Missed => NonSuccessKind::Failure,
    };
    let mut status = TestCaseStatus::non_success(failed);
    status.set_message(format!("{verdict}: {message}")).set_type(format!("{kind} {verdict}"));
    let description = if description.is_empty() { message } else { description };
    status.set_description(description);
    status
}

fn objective(judged: &ObjectiveVerdict) -> TestCase {
    let achieved = words::achieved(judged);
    let description = format!(
        "{}\nlimit: {} ({})\nachieved: {achieved}\ncovers: {}",
        judged.says,
        judged.limit.value,
        judged.limit.origin,
        judged.covers.join(", ")
    );
    let name = format!("{} {}", judged.objective, judged.kind);
    let mut case = TestCase::new(name, status(judged.verdict, &judged.kind.to_string(), &judged.says, &description));
    if let Some(achieved) = judged.achieved {
        case.set_time(achieved.upper.into());
    }
    case.add_property(("limit", judged.limit.value.to_string().as_str()));
    case.add_property(("origin", judged.limit.origin.to_string().as_str()));
    case.add_property(("achieved", achieved.as_str()));
    case
}

fn finding(finding: &Finding) -> TestCase {
    let mut lines = vec![finding.says.clone()];
    lines.extend(finding.cause.iter().map(|cause| format!("usual cause: {cause}")));
    lines.push(format!("compared: {}", words::grouped(finding.compared)));
    lines.extend(finding.details.iter().cloned());
    for difference in &finding.differences {
        let (rows, kind) = (words::count(difference.count, "row"), difference.kind.participle());
        lines.push(format!("{}: {rows} {kind}: {}", difference.table, difference.shown.join(", ")));
    }
    let mut case = TestCase::new(
        finding.checker.as_str(),
        status(finding.verdict, &finding.checker, &finding.says, &lines.join("\n")),
    );
    case.add_property(("compared", finding.compared.to_string().as_str()));
    if finding.verdict == Verdict::Met {
        case.set_system_out(finding.says.as_str());
    }
    case
}

/// A trial; nothing worse is said of it than the finding that sums all of them up, which may not believe any.
fn trial_case(trial: &JudgedTrial, worst: Verdict) -> TestCase {
    let (judged, says) = trials::conclusion(trial);
    let message = format!("{}: {says}", trial.named());
    let mut case =
        TestCase::new(format!("{SABOTAGE}: {}", trial.what), status(judged.min(worst), SABOTAGE, &message, ""));
    case.set_time(trial.took.into());
    case.set_system_out(message);
    case
}

/// A disturbed backup, likewise. One that ended before its step shows nothing.
fn point_case(point: &JudgedPoint, worst: Verdict) -> TestCase {
    let (judged, says) = trials::point_conclusion(point);
    let message = format!("with {}, {says}", point.at);
    let status = match judged {
        Some(judged) => status(judged.min(worst), CRASH, &message, ""),
        None => TestCaseStatus::skipped(),
    };
    let mut case = TestCase::new(format!("{CRASH}: {}", point.at), status);
    case.set_time(point.took.into());
    case.set_system_out(message);
    case
}

fn properties(material: &Material) -> Vec<(String, String)> {
    let (record, measures) = (&material.record, &material.verdict.measures);
    let production = record.plan.production_bytes.as_ref();
    let mut properties = vec![
        ("run".to_owned(), record.run.clone()),
        ("drill".to_owned(), record.id.clone()),
        ("blackstart".to_owned(), record.blackstart.clone()),
        ("started".to_owned(), record.started.clone()),
        ("seed".to_owned(), record.seed.to_string()),
        ("pipeline".to_owned(), record.scenario.pipeline.clone()),
        ("hosts".to_owned(), record.isolation.hosts.clone()),
        ("rows".to_owned(), measures.rows.to_string()),
        ("bytes".to_owned(), measures.bytes.to_string()),
        ("production bytes".to_owned(), production.map_or("not stated".to_owned(), |stated| stated.value.to_string())),
        ("exit code".to_owned(), material.verdict.exit_code.to_string()),
    ];
    properties.extend(record.profile.iter().map(|profile| ("profile".to_owned(), profile.clone())));
    let tools = record.tools.iter();
    properties
        .extend(tools.map(|(name, tool)| (format!("tool {name}"), format!("{} ({})", tool.version, tool.sha256))));
    properties
}

fn words_for_the_log(material: &Material) -> String {
    let verdict = &material.verdict;
    let mut lines = vec![format!("{}: {}", verdict.verdict, verdict.says)];
    lines.extend(verdict.notes.iter().chain(&material.notes).map(|note| format!("note: {note}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_record::plan::{Origin, Sourced};
    use blackstart_record::time::{Interval, Nanos};
    use blackstart_record::verdict::ObjectiveKind;

    fn judged(verdict: Verdict, kind: ObjectiveKind) -> TestCaseStatus {
        let limit = Sourced { value: Nanos::from_secs(60), origin: Origin::Stated };
        let achieved = Some(Interval::exactly(Nanos::from_secs(1)));
        let case = ObjectiveVerdict {
            objective: "database".into(),
            kind,
            covers: Vec::new(),
            limit,
            achieved,
            verdict,
            says: "why".into(),
        };
        objective(&case).status
    }

    fn checked(verdict: Verdict) -> TestCaseStatus {
        let (checker, says) = ("LOST".into(), "why".into());
        let (details, differences) = (Vec::new(), Vec::new());
        finding(&Finding { checker, verdict, says, cause: None, compared: 1, details, differences }).status
    }

    #[test]
    fn only_met_passes_and_the_rest_says_why() {
        let table = [
            (Verdict::Met, None),
            (Verdict::Inconclusive, Some(NonSuccessKind::Error)),
            (Verdict::Missed, Some(NonSuccessKind::Failure)),
        ];
        for (verdict, expected) in table {
            let states = [
                judged(verdict, ObjectiveKind::Rto),
                judged(verdict, ObjectiveKind::Rpo),
                checked(verdict),
                status(verdict, "drill", "why", ""),
            ];
            for state in states {
                match (&state, expected) {
                    (TestCaseStatus::Success { .. }, None) => {}
                    (TestCaseStatus::NonSuccess { kind, message, .. }, Some(expected)) => {
                        assert_eq!(*kind, expected, "{verdict}");
                        assert!(message.as_ref().is_some_and(|message| message.as_str().contains("why")));
                    }
                    other => panic!("{verdict}: {other:?}"),
                }
            }
        }
    }
}
