//! A verdict for people: what was asked, what was found, and where to read on.

use std::path::{Path, PathBuf};

use blackstart_record::plan::{Origin, Plan};
use blackstart_record::verdict::{DrillVerdict, Finding, ObjectiveVerdict, Verdict};

use super::layout::{columns, count, paragraph};
use super::output::{self, Paint};

/// First differences that are shown of each kind; the report has more.
const DIFFERENCES: usize = 3;

/// A judged drill, with what was written about it.
#[derive(Debug)]
pub struct Judged<'a> {
    /// The verdict.
    pub verdict: &'a DrillVerdict,
    /// The plan, for what it found in the document.
    pub plan: &'a Plan,
    /// The record's folder.
    pub folder: &'a Path,
    /// The reports that were written.
    pub reports: &'a [PathBuf],
}

impl Judged<'_> {
    /// The text, for standard output.
    pub fn text(&self, paint: Paint) -> String {
        let width = output::width();
        let Self { verdict, .. } = self;
        let mut out = format!("{}: {}\n", paint.strong(&verdict.drill), word(paint, verdict.verdict));
        out += &paragraph(&verdict.says, 2, width);
        out += "\n";
        out += &objectives(&verdict.objectives, paint, width);
        out += &gates(verdict, paint, width);
        out += &checks(&verdict.findings, paint, width);
        if !self.plan.findings.is_empty() {
            let number = count(self.plan.findings.len(), "finding");
            let name = &self.plan.name;
            out += &format!(
                "\n  {number} about the document itself; `blackstart plan {name}` shows them, as does the report\n"
            );
        }
        if let Some(calibration) = &verdict.measures.calibration {
            out += "\n";
            out += &paragraph(&calibration.says, 2, width);
        }
        for note in &verdict.notes {
            out += &paragraph(&format!("note: {note}"), 2, width);
        }
        out += "\n";
        out += &self.places();
        out
    }

    fn places(&self) -> String {
        let mut rows = vec![vec!["record".to_owned(), self.folder.display().to_string()]];
        let whole = self.reports.iter().find(|path| path.extension().is_some_and(|kind| kind == "html"));
        rows.extend(whole.map(|path| vec!["report".to_owned(), path.display().to_string()]));
        columns(&rows, 2)
    }
}

/// A verdict's word in its colour.
pub fn word(paint: Paint, verdict: Verdict) -> String {
    let text = verdict.to_string();
    match verdict {
        Verdict::Met => paint.good(&text).into_owned(),
        Verdict::Inconclusive => paint.doubt(&text).into_owned(),
        Verdict::Missed => paint.bad(&text).into_owned(),
    }
}

fn objectives(objectives: &[ObjectiveVerdict], paint: Paint, width: usize) -> String {
    let head = ["objective", "", "limit", "achieved", "verdict"].map(|title| paint.faint(title).into_owned());
    let row = |one: &ObjectiveVerdict| {
        vec![
            one.objective.clone(),
            one.kind.to_string(),
            one.limit.value.to_string(),
            one.achieved.map_or_else(|| "-".to_owned(), |achieved| achieved.to_string()),
            word(paint, one.verdict),
        ]
    };
    let rows: Vec<Vec<String>> = std::iter::once(head.to_vec()).chain(objectives.iter().map(row)).collect();
    let table = columns(&rows, 2);
    let mut lines = table.lines();
    let mut out = lines.next().map(|head| format!("{head}\n")).unwrap_or_default();
    for (line, one) in lines.zip(objectives) {
        out += &format!("{line}\n");
        out += &paragraph(&one.says, 6, width);
        out += &paint.faint(paragraph(&format!("limit: {}", said(&one.limit.origin)), 6, width).trim_end());
        out += "\n";
    }
    out
}

/// Where a value comes from, in short.
pub fn said(origin: &Origin) -> String {
    match origin {
        Origin::From { section, line } => format!("line {line} of the document, \"{section}\""),
        other => other.to_string(),
    }
}

fn gates(verdict: &DrillVerdict, paint: Paint, width: usize) -> String {
    if verdict.gates.is_empty() {
        return String::new();
    }
    let mut out = format!("\n  {}\n", paint.faint("gates, because of which nothing better can be said"));
    for gate in &verdict.gates {
        out += &format!("  {}  ", paint.doubt(&gate.id));
        out += paragraph(&gate.says, 4, width.saturating_sub(gate.id.len())).trim_start();
    }
    out
}

fn checks(findings: &[Finding], paint: Paint, width: usize) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let longest = |text: fn(&Finding) -> String| findings.iter().map(|one| text(one).len()).max().unwrap_or(0);
    let (names, verdicts) = (longest(|one| one.checker.clone()), longest(|one| one.verdict.to_string()));
    // The sentence goes on below its own beginning.
    let margin = 2 + names + 2 + verdicts + 2;
    let mut out = format!("\n  {}\n", paint.faint("checks"));
    for finding in findings {
        let gap = " ".repeat(verdicts - finding.verdict.to_string().len());
        out += &format!("  {:names$}  {}{gap}  ", finding.checker, word(paint, finding.verdict));
        out += paragraph(&finding.says, margin, width).trim_start();
        out += &details(finding, paint, margin, width);
    }
    out
}

fn details(finding: &Finding, paint: Paint, margin: usize, width: usize) -> String {
    let mut out = String::new();
    for difference in &finding.differences {
        let first: Vec<&str> = difference.shown.iter().take(DIFFERENCES).map(String::as_str).collect();
        let kind = serde_json::to_value(difference.kind).ok();
        let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default();
        let keys = if first.is_empty() { String::new() } else { format!(": {}", first.join("; ")) };
        let number = count(usize::try_from(difference.count).unwrap_or(usize::MAX), "row");
        out += &paragraph(&format!("{}: {number} {kind}{keys}", difference.table), margin, width);
    }
    if let Some(cause) = &finding.cause {
        out += &paint.faint(paragraph(&format!("usual cause: {cause}"), margin, width).trim_end());
        out += "\n";
    }
    out
}
