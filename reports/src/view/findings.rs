//! Findings, with the rows that differ and both of their values.

use std::collections::{BTreeMap, BTreeSet};

use blackstart_record::observation::Image;
use blackstart_record::verdict::{CRASH, Difference, Finding, SABOTAGE, Verdict};
use serde::Serialize;

use super::Fact;
use super::trials::GroupView;
use crate::material::Material;
use crate::words;

/// More rows than this help nobody in a report; the record has them all.
const IMAGES: usize = 10;
/// Longer values than this are cut.
const LONGEST: usize = 240;
/// More lines than this are counted rather than shown.
const LINES: usize = 40;

/// One column of a row that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CellView {
    /// The column.
    pub column: String,
    /// As acknowledged.
    pub expected: String,
    /// As restored.
    pub observed: String,
    /// Whether the two differ.
    pub differs: bool,
}

/// One row that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowView {
    /// Its key, as the database shows it.
    pub key: String,
    /// What is so, where there is no second value to compare with.
    pub says: &'static str,
    /// Its columns with both values, those that differ first.
    pub cells: Vec<CellView>,
    /// Its columns where there is but one value.
    pub values: Vec<Fact>,
}

/// Differences of one kind in one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DifferenceView {
    /// The table.
    pub table: String,
    /// How many rows.
    pub count: String,
    /// What is wrong with them.
    pub kind: &'static str,
    /// The first keys.
    pub keys: String,
    /// The first rows with both values.
    pub rows: Vec<RowView>,
}

/// What a checker concluded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingView {
    /// The checker.
    pub checker: String,
    /// Its verdict.
    pub verdict: String,
    /// The same as a sign.
    pub sign: &'static str,
    /// Where it stands: `met`, `own` (bad, with room of its own), or `unknown` (its sentence is all there is to say).
    pub place: &'static str,
    /// Its sentence.
    pub says: String,
    /// What usually causes it.
    pub cause: String,
    /// How many things were compared.
    pub compared: String,
    /// More lines.
    pub details: Vec<String>,
    /// Lines that are not shown.
    pub more: usize,
    /// Differences.
    pub differences: Vec<DifferenceView>,
    /// The trials for which it is bad, where it is a finding about trials.
    pub trials: Vec<GroupView>,
}

/// Every finding, the worst first, otherwise in the order of the checkers.
pub(super) fn findings(material: &Material, trials: &[(&str, &[GroupView])]) -> Vec<FindingView> {
    let images: Vec<&Image> = material.images().collect();
    let mut findings: Vec<&Finding> = material.verdict.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    let of = |finding: &Finding| trials.iter().find(|(checker, _)| *checker == finding.checker);
    let groups = |finding: &Finding| of(finding).map(|(_, groups)| groups.to_vec()).unwrap_or_default();
    findings.into_iter().map(|finding| view(finding, groups(finding), &images)).collect()
}

fn view(finding: &Finding, trials: Vec<GroupView>, images: &[&Image]) -> FindingView {
    // Trials have a table of their own.
    let is_told = |line: &&String| is_told(line, finding) || [SABOTAGE, CRASH].contains(&finding.checker.as_str());
    let mut details: Vec<String> = finding.details.iter().filter(|line| !is_told(line)).cloned().collect();
    let more = details.len().saturating_sub(LINES);
    details.truncate(LINES);
    let has_more =
        !details.is_empty() || !finding.differences.is_empty() || finding.cause.is_some() || !trials.is_empty();
    let place = match finding.verdict {
        Verdict::Met => "met",
        Verdict::Inconclusive if !has_more => "unknown",
        _ => "own",
    };
    FindingView {
        place,
        trials,
        checker: finding.checker.clone(),
        verdict: finding.verdict.to_string(),
        sign: words::sign(finding.verdict),
        says: finding.says.clone(),
        cause: finding.cause.clone().unwrap_or_default(),
        compared: words::grouped(finding.compared),
        details: details.iter().map(|line| words::cut(line, 4 * LONGEST)).collect(),
        more,
        differences: finding.differences.iter().map(|difference| difference_view(difference, images)).collect(),
    }
}

/// Whether a line of a finding says nothing that the rest of it does not show: it is the frame of a tool's table, the
/// finding's own sentence, or in words what its differences show as tables.
fn is_told(line: &str, finding: &Finding) -> bool {
    let is_frame = !line.chars().any(char::is_alphanumeric);
    if is_frame || line == finding.says {
        return true;
    }
    finding.differences.iter().any(|difference| {
        let table = &difference.table;
        line.starts_with(&format!("{table}: {} ", words::count(difference.count, "row")))
            || difference.shown.iter().any(|key| line.starts_with(&format!("{table} {key}: ")))
    })
}

fn difference_view(difference: &Difference, images: &[&Image]) -> DifferenceView {
    let rows = difference.first.iter().zip(&difference.shown).filter_map(|(key, shown)| {
        let image = images.iter().find(|image| image.table == difference.table && image.key == *key)?;
        Some(row(shown, image))
    });
    let more = difference.count.saturating_sub(difference.shown.len() as u64);
    let mut keys = difference.shown.iter().map(|key| words::cut(key, LONGEST)).collect::<Vec<_>>().join(", ");
    if more > 0 {
        keys.push_str(&format!(" and {} more", words::grouped(more)));
    }
    DifferenceView {
        table: difference.table.clone(),
        count: words::grouped(difference.count),
        kind: difference.kind.participle(),
        keys,
        rows: rows.take(IMAGES).collect(),
    }
}

fn row(shown: &str, image: &Image) -> RowView {
    let none = BTreeMap::new();
    let (expected, observed) = (image.expected.as_ref().unwrap_or(&none), image.observed.as_ref().unwrap_or(&none));
    let says = match (&image.expected, &image.observed) {
        (Some(_), Some(_)) => "",
        (Some(_), None) => "absent from the restored copy",
        (None, Some(_)) => "should be absent, or its value was not kept",
        (None, None) => "absent, and its value was not kept",
    };
    let columns: BTreeSet<&String> = expected.keys().chain(observed.keys()).collect();
    if image.expected.is_none() || image.observed.is_none() {
        let only = |column| expected.get(column).or_else(|| observed.get(column));
        let values = columns.into_iter().map(|column| Fact::new(column, value(only(column)))).collect();
        return RowView { key: shown.to_owned(), says, cells: Vec::new(), values };
    }
    let mut cells: Vec<CellView> = (columns.into_iter())
        .map(|column| CellView {
            column: column.clone(),
            expected: value(expected.get(column)),
            observed: value(observed.get(column)),
            differs: expected.get(column) != observed.get(column),
        })
        .collect();
    cells.sort_by_key(|cell| !cell.differs);
    RowView { key: shown.to_owned(), says, cells, values: Vec::new() }
}

fn value(value: Option<&Option<String>>) -> String {
    match value {
        None => "(no such column)".into(),
        Some(None) => "NULL".into(),
        Some(Some(text)) if text.is_empty() => "'' (empty)".into(),
        Some(Some(text)) => words::cut(text, LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_unless_the_finding_says_it_elsewhere() {
        let finding = Finding {
            checker: "ART".into(),
            verdict: Verdict::Missed,
            says: "the restore fails".into(),
            cause: None,
            compared: 1,
            details: Vec::new(),
            differences: Vec::new(),
        };
        let cases = [
            ("the restore fails", true),
            ("\u{250c}\u{2500}\u{252c}\u{2500}\u{2510}", true),
            ("", true),
            ("\u{2502} 535 B \u{2502}", false),
            ("the restore fails at fetch", false),
        ];
        for (line, told) in cases {
            assert_eq!(is_told(line, &finding), told, "{line:?}");
        }
    }
}
