//! Row differences in words, with both values of the first ones.

use std::collections::BTreeMap;

use blackstart_record::observation::Image;
use blackstart_record::verdict::{Difference, DifferenceKind};

use super::evidence::Evidence;
use super::words::{count, list};

/// Lines for people: each table and kind with its first keys, then both values of rows that were kept.
pub fn details(evidence: &Evidence, differences: &[Difference]) -> Vec<String> {
    let mut lines = Vec::new();
    for difference in differences {
        let Difference { table, kind, count: number, first, shown } = difference;
        let more = if *number > shown.len() as u64 { ", ..." } else { "" };
        lines.push(format!("{table}: {} {}: {}{more}", count(*number, "row"), kind.participle(), shown.join(", ")));
        for (key, shown) in first.iter().zip(shown) {
            let image =
                evidence.rows().into_iter().flat_map(|rows| &rows.images).find(|i| i.table == *table && i.key == *key);
            lines.extend(image.map(|image| format!("{table} {shown}: {}", both_values(image))));
        }
    }
    lines
}

/// `7 rows missing from app.orders, 1 row changed in app.stock`, at most three of them.
pub fn summary(differences: &[Difference]) -> String {
    let mut worst: Vec<&Difference> = differences.iter().collect();
    worst.sort_by_key(|difference| (std::cmp::Reverse(difference.count), &difference.table, difference.kind));
    let mut parts: Vec<String> = worst
        .iter()
        .take(3)
        .map(|difference| {
            let place = if difference.kind == DifferenceKind::Missing { "from" } else { "in" };
            format!("{} {} {place} {}", count(difference.count, "row"), difference.kind.participle(), difference.table)
        })
        .collect();
    let rest: u64 = worst.iter().skip(3).map(|difference| difference.count).sum();
    if rest > 0 {
        parts.push(format!("{} more elsewhere", count(rest, "row")));
    }
    list(&parts)
}

fn both_values(image: &Image) -> String {
    match (&image.expected, &image.observed) {
        (Some(expected), Some(observed)) => {
            let names: std::collections::BTreeSet<&String> = expected.keys().chain(observed.keys()).collect();
            let changed: Vec<String> = names
                .into_iter()
                .filter(|name| expected.get(*name) != observed.get(*name))
                .map(|name| format!("{name} should be {}, is {}", shown(expected.get(name)), shown(observed.get(name))))
                .collect();
            if changed.is_empty() { "both values read alike".into() } else { changed.join("; ") }
        }
        (Some(expected), None) => format!("should be {}, is absent", row(expected)),
        (None, Some(observed)) => format!("is {}, the expected value was not kept or is none", row(observed)),
        (None, None) => "is absent, the expected value was not kept".into(),
    }
}

fn row(columns: &BTreeMap<String, Option<String>>) -> String {
    let columns: Vec<String> = columns.iter().map(|(name, value)| format!("{name}={}", shown(Some(value)))).collect();
    columns.join(" ")
}

/// A value as text, cut to a readable length.
fn shown(value: Option<&Option<String>>) -> String {
    const LONGEST: usize = 60;
    match value {
        None => "(no such column)".into(),
        Some(None) => "NULL".into(),
        Some(Some(text)) if text.chars().count() > LONGEST => {
            let head: String = text.chars().take(LONGEST).collect();
            format!("\"{head}...\" ({} characters)", text.chars().count())
        }
        Some(Some(text)) => format!("\"{text}\""),
    }
}
