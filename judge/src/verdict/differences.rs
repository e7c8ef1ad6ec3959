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

#[cfg(test)]
mod tests {
    use blackstart_record::rows::Key;

    use super::*;

    #[test]
    fn the_three_greatest_differences_are_named_and_the_others_counted() {
        let difference = |(table, kind, count): &(&str, DifferenceKind, u64)| Difference {
            table: (*table).to_owned(),
            kind: *kind,
            count: *count,
            first: vec![],
            shown: vec![],
        };
        let all = [
            ("app.a", DifferenceKind::Changed, 2),
            ("app.b", DifferenceKind::Missing, 7),
            ("app.c", DifferenceKind::Missing, 2),
            ("app.d", DifferenceKind::Missing, 1),
            ("app.e", DifferenceKind::Missing, 1),
        ];
        let three = "7 rows missing from app.b, 2 rows changed in app.a";
        for (number, expected) in [
            (1, "2 rows changed in app.a".to_owned()),
            (3, format!("{three} and 2 rows missing from app.c")),
            (4, format!("{three}, 2 rows missing from app.c and 1 row more elsewhere")),
            (5, format!("{three}, 2 rows missing from app.c and 2 rows more elsewhere")),
        ] {
            let differences: Vec<Difference> = all[..number].iter().map(difference).collect();
            assert_eq!(summary(&differences), expected);
        }
    }

    /// Columns of a row, as they were kept.
    type Columns = BTreeMap<String, Option<String>>;

    fn columns(all: &[(&str, Option<&str>)]) -> Columns {
        all.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
    }

    #[test]
    fn of_two_values_is_told_where_they_differ() {
        let (paid, new) = (columns(&[("id", Some("7")), ("status", Some("paid"))]), columns(&[("id", Some("7"))]));
        let null = columns(&[("id", Some("7")), ("status", None)]);
        let cases: [(Option<&Columns>, Option<&Columns>, &str); 6] = [
            (Some(&paid), Some(&null), "status should be \"paid\", is NULL"),
            (Some(&paid), Some(&new), "status should be \"paid\", is (no such column)"),
            (Some(&paid), Some(&paid), "both values read alike"),
            (Some(&null), None, "should be id=\"7\" status=NULL, is absent"),
            (None, Some(&new), "is id=\"7\", the expected value was not kept or is none"),
            (None, None, "is absent, the expected value was not kept"),
        ];
        for (expected, observed, says) in cases {
            let image =
                Image { table: "app.t".into(), key: Key(7), expected: expected.cloned(), observed: observed.cloned() };
            assert_eq!(both_values(&image), says);
        }
    }

    #[test]
    fn a_long_value_is_cut_and_says_how_long_it_is() {
        let whole = "ä".repeat(60);
        assert_eq!(shown(Some(&Some(whole.clone()))), format!("\"{whole}\""));
        assert_eq!(shown(Some(&Some(format!("{whole}b")))), format!("\"{whole}...\" (61 characters)"));
    }
}
