//! The tables of the sabotage and of the crash points: everything is in them, what is bad comes first, and nothing that
//! a tool said breaks a row.

use std::fs;

use blackstart_record::record::Folder;
use blackstart_record::verdict::{CRASH, SABOTAGE};

use crate::support::{self, ALL, HOSTILE, Sample};
use crate::view::View;
use crate::{Material, escape, write_all};

struct Shown {
    material: Material,
    page: String,
    brief: String,
}

fn shown(sample: Sample) -> Shown {
    let place = tempfile::tempdir().unwrap();
    let folder: Folder = support::write(sample, place.path()).unwrap();
    write_all(&folder).unwrap();
    let text = |name: &str| fs::read_to_string(place.path().join(name)).unwrap();
    Shown { material: Material::load(&folder).unwrap(), page: text("report.html"), brief: text("report.md") }
}

/// The section of the page with this id.
fn section<'a>(page: &'a str, id: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("<section aria-labelledby=\"{id}\">")).unwrap();
    rest.split_once("</section>").unwrap().0
}

/// The chapter of the brief with this title.
fn chapter<'a>(brief: &'a str, title: &str) -> &'a str {
    let (_, rest) = brief.split_once(&format!("\n## {title}\n")).unwrap();
    rest.split_once("\n## ").unwrap().0
}

#[test]
fn a_drill_without_trials_has_no_table_of_them() {
    let cases = [(Sample::Healthy, true, false), (Sample::Bad, true, true), (Sample::CutOff, false, false)];
    for (sample, sabotage, crash) in cases {
        let Shown { page, brief, .. } = shown(sample);
        let has = |page_id: &str, title: &str| {
            let both = [page.contains(&format!("id=\"{page_id}\"")), brief.contains(&format!("\n## {title}\n"))];
            assert_eq!(both[0], both[1], "{sample:?}: {title}");
            both[0]
        };
        assert_eq!((has("sabotage", "Sabotage"), has("crash-points", "Crash points")), (sabotage, crash), "{sample:?}");
    }
}

#[test]
fn one_sentence_counts_them() {
    let cases = [
        (
            Sample::Healthy,
            Some(
                "5 kinds of damage: 2 refused by the restore, 2 noticed by a check, 1 harmless; none survived. \
                 2 perturbations of the way: 1 refused by the restore, 1 came out the same.",
            ),
            None,
        ),
        (
            Sample::Bad,
            Some(
                "8 kinds of damage: 1 NOT NOTICED, 3 refused by the restore, 2 noticed by a check, 1 harmless, 1 not \
                 known. 3 perturbations of the way: 1 reported done and WRONG, 1 refused by the restore, 1 came out \
                 the same.",
            ),
            Some(
                "45 disturbed backups: 5 REPORTED SUCCESS AND CANNOT BE RESTORED, 26 said that they failed, 9 reported \
                 success and came back, 4 ended before their step, 1 not known. They are an even sample of the 72 \
                 that could be disturbed.",
            ),
        ),
        (Sample::CutOff, None, None),
    ];
    for (sample, sabotage, crash) in cases {
        let view = View::of(&shown(sample).material);
        let summary = |table: Option<crate::view::TrialsView>| table.map(|table| table.summary);
        assert_eq!(summary(view.sabotage).as_deref(), sabotage, "{sample:?}");
        assert_eq!(summary(view.crash_points).as_deref(), crash, "{sample:?}");
    }
}

#[test]
fn what_is_bad_comes_first_and_the_rest_in_the_order_of_the_trials() {
    let view = View::of(&shown(Sample::Bad).material);
    let order = |table: &crate::view::TrialsView| -> Vec<(String, &'static str, usize)> {
        table.groups.iter().map(|group| (group.rows[0].what.clone(), group.class, group.rows.len())).collect()
    };
    let expected = [
        ("one bit changed at the tail of the largest object", "missed", 1),
        ("one request to the store 10 s late", "missed", 1),
        ("4 kB of zeros in the middle of the largest object", "inconclusive", 1),
        ("the largest object cut to a half", "", 6),
        ("the store gone for the first 5 s", "", 2),
        ("nothing: restored a second time, elsewhere", "", 1),
    ];
    assert_eq!(order(&view.sabotage.unwrap()), expected.map(|(what, class, rows)| (what.to_owned(), class, rows)));
    let expected = [("request 2", "missed", 5), ("pg_dump", "inconclusive", 1), ("request 1", "", 30), ("gzip", "", 9)];
    assert_eq!(order(&view.crash_points.unwrap()), expected.map(|(what, class, rows)| (what.to_owned(), class, rows)));
}

#[test]
fn each_trial_is_a_row_of_both_reports_with_what_came_of_it_and_why() {
    for (sample, _) in ALL {
        let Shown { material, page, brief } = shown(sample);
        let view = View::of(&material);
        let tables = [(view.sabotage, "sabotage", "Sabotage"), (view.crash_points, "crash-points", "Crash points")];
        for (table, id, title) in tables.into_iter().filter_map(|(table, id, title)| Some((table?, id, title))) {
            let (section, chapter) = (section(&page, id), chapter(&brief, title));
            for row in table.groups.iter().flat_map(|group| &group.rows) {
                let texts = [row.what.as_str(), row.how, &row.outcome, row.restorable, &row.why, &row.telling];
                let in_page = |line: &str| texts.iter().all(|text| line.contains(&escape::html(text)));
                assert!(
                    section.lines().any(|line| line.starts_with("<tr><th scope=\"row\">") && in_page(line)),
                    "{row:?}"
                );
                let in_brief = |line: &str| texts.iter().all(|text| line.contains(&escape::markdown(text)));
                assert!(chapter.lines().any(|line| line.starts_with("| ") && in_brief(line)), "{row:?}");
            }
            assert!(
                section.contains(&escape::html(&table.summary)) && chapter.contains(&escape::markdown(&table.summary))
            );
        }
    }
}

#[test]
fn forty_rows_of_what_a_tool_said_are_forty_rows_of_as_many_cells() {
    let Shown { material, page, brief } = shown(Sample::Bad);
    let cases = [
        ("sabotage", "Sabotage", material.verdict.sabotage.len(), 3),
        ("crash-points", "Crash points", material.verdict.crash_points.len(), 5),
    ];
    for (id, title, trials, columns) in cases {
        let section = section(&page, id);
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("<tr><th scope=\"row\">")).collect();
        assert_eq!(rows.len(), trials, "{title}");
        for row in rows {
            assert_eq!(row.matches("</td>").count() + row.matches("</th>").count(), columns, "{row}");
        }
        assert_eq!(section.matches("scope=\"col\"").count(), columns, "{title}");
        let chapter = chapter(&brief, title);
        let lines = chapter.lines().filter(|line| line.starts_with("| "));
        let rows: Vec<&str> = lines.filter(|line| !line.starts_with("| ---") && !line.ends_with(" why |")).collect();
        assert_eq!(rows.len(), trials, "{title}");
        for row in rows {
            assert_eq!(row.replace("\\|", "").matches('|').count(), columns + 1, "{row}");
        }
        for text in [section, chapter] {
            assert!(!text.contains(HOSTILE) && !text.contains("<script") && text.contains("&lt;script&gt;"), "{title}");
        }
    }
}

#[test]
fn a_finding_says_no_trial_that_has_a_row() {
    let Shown { page, brief, .. } = shown(Sample::Bad);
    for checker in [SABOTAGE, CRASH] {
        let line = format!("a line for each trial of {checker}");
        assert!(!page.contains(&line) && !brief.contains(&line), "{checker}");
    }
}
