//! The tables of the sabotage and of the crash points: everything is in them, what is bad comes first, and nothing that
//! a tool said breaks a row.

use std::fs;

use blackstart_record::record::Folder;
use blackstart_record::verdict::{CRASH, PointEnd, SABOTAGE};
use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus};

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

/// All that the page says of trials: the article of the checker's finding, and their own section.
fn on_page(page: &str, checker: &str, id: &str) -> String {
    let mut articles = page.split("<article").skip(1).filter_map(|rest| rest.split_once("</article>"));
    let own = articles.find(|(article, _)| article.contains(&format!("</span> {checker} <span")));
    format!("{}{}", own.map_or("", |(article, _)| article), section(page, id))
}

/// All that the brief says of them.
fn in_brief(brief: &str, checker: &str, title: &str) -> String {
    let mut findings = brief.split("\n### ").skip(1).map(|rest| rest.split("\n## ").next().unwrap());
    let own = findings.find(|finding| finding.lines().next().unwrap().contains(&format!(" {checker}: ")));
    format!("{}\n{}", own.unwrap_or_default(), chapter(brief, title))
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
fn what_is_bad_stands_with_its_finding_and_the_rest_in_the_order_of_the_trials() {
    let view = View::of(&shown(Sample::Bad).material);
    let order = |groups: &[crate::view::GroupView]| -> Vec<(String, &'static str, usize)> {
        groups.iter().map(|group| (group.rows[0].what.clone(), group.class, group.rows.len())).collect()
    };
    let bad = |checker| &view.findings.iter().find(|finding| finding.checker == checker).unwrap().trials;
    let expected = [
        ("one bit changed at the tail of the largest object", "missed", 1),
        ("one request to the store 10 s late", "missed", 1),
        ("4 kB of zeros in the middle of the largest object", "inconclusive", 1),
    ];
    assert_eq!(order(bad(SABOTAGE)), expected.map(|(what, class, rows)| (what.to_owned(), class, rows)));
    let expected = [
        ("the largest object cut to a half", "", 6),
        ("the store gone for the first 5 s", "", 2),
        ("nothing: restored a second time, elsewhere", "", 1),
    ];
    let groups = |table: &Option<crate::view::TrialsView>| order(&table.as_ref().unwrap().groups);
    assert_eq!(groups(&view.sabotage), expected.map(|(what, class, rows)| (what.to_owned(), class, rows)));
    let expected = [("request 2", "missed", 5), ("2nd pg_dump", "inconclusive", 1)];
    assert_eq!(order(bad(CRASH)), expected.map(|(what, class, rows)| (what.to_owned(), class, rows)));
    let expected = [("request 1", "", 30), ("mc", "", 9)];
    assert_eq!(groups(&view.crash_points), expected.map(|(what, class, rows)| (what.to_owned(), class, rows)));
}

#[test]
fn what_decides_the_verdict_comes_before_every_measure() {
    let Shown { page, brief, .. } = shown(Sample::Bad);
    let place = |text: &str, what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is nowhere"));
    for (text, order) in [
        (&page, ["id=\"objectives\"", "id=\"bad\"", "NOT NOTICED", "<svg", "id=\"met\"", "id=\"sabotage\""]),
        (&brief, ["## Objectives", "## What is bad", "NOT NOTICED", "## Runbook", "## Checks that", "## Sabotage"]),
    ] {
        let places = order.map(|what| place(text, what));
        assert!(places.is_sorted(), "{order:?} are at {places:?}");
    }
    let Shown { page, brief, .. } = shown(Sample::Healthy);
    assert!(!page.contains("id=\"bad\"") && !brief.contains("## What is bad"), "nothing is");
}

#[test]
fn bad_trials_that_no_finding_tells_of_are_shown_all_the_same() {
    let mut material = shown(Sample::Bad).material;
    let told = View::of(&material).sabotage.unwrap();
    material.verdict.findings.retain(|finding| finding.checker != SABOTAGE);
    let untold = View::of(&material).sabotage.unwrap();
    assert_eq!((told.shown + 3, told.has_bad, untold.has_bad), (untold.shown, true, false));
    assert_eq!(untold.shown, material.verdict.sabotage.len());
}

#[test]
fn each_trial_is_a_row_of_both_reports_with_what_came_of_it_and_why() {
    for (sample, _) in ALL {
        let Shown { material, page, brief } = shown(sample);
        let view = View::of(&material);
        for (table, checker) in [(view.sabotage, SABOTAGE), (view.crash_points, CRASH)] {
            let Some(table) = table else { continue };
            let (section, chapter) = (on_page(&page, checker, table.id), in_brief(&brief, checker, table.title));
            for row in table.bad.iter().chain(&table.groups).flat_map(|group| &group.rows) {
                let mut texts = vec![row.what.as_str(), row.how, &row.outcome, row.restorable, &row.why, &row.telling];
                texts.extend(row.touched.iter().map(String::as_str));
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
        (SABOTAGE, "sabotage", "Sabotage", material.verdict.sabotage.len(), 3),
        (CRASH, "crash-points", "Crash points", material.verdict.crash_points.len(), 5),
    ];
    for (checker, id, title, trials, columns) in cases {
        let section = on_page(&page, checker, id);
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("<tr><th scope=\"row\">")).collect();
        assert_eq!(rows.len(), trials, "{title}");
        for row in rows {
            assert_eq!(row.matches("</td>").count() + row.matches("</th>").count(), columns, "{row}");
        }
        assert_eq!(section.matches("scope=\"col\"").count(), 2 * columns, "{title}: what is bad, and the rest");
        let chapter = in_brief(&brief, checker, title);
        let lines = chapter.lines().filter(|line| line.starts_with("| "));
        let rows: Vec<&str> = lines.filter(|line| !line.starts_with("| ---") && !line.ends_with(" why |")).collect();
        assert_eq!(rows.len(), trials, "{title}");
        for row in rows {
            assert_eq!(row.replace("\\|", "").matches('|').count(), columns + 1, "{row}");
        }
        for text in [&section, &chapter] {
            assert!(!text.contains(HOSTILE) && !text.contains("<script") && text.contains("&lt;script&gt;"), "{title}");
        }
    }
}

#[test]
fn a_trial_names_the_objects_that_it_touched_and_counts_the_rest() {
    let Shown { material, page, brief } = shown(Sample::Healthy);
    let row = |what: &str| {
        let rows = View::of(&material).sabotage.unwrap().groups.into_iter().flat_map(|group| group.rows);
        rows.into_iter().find(|row| row.what.contains(what)).unwrap()
    };
    assert_eq!(row("cut to a half").touched, ["fulexo/base/20261122T202101/data.tar.gz"]);
    assert_eq!(row("restored twice").touched, [""; 0]);
    let many = row("the backup before").touched;
    assert_eq!((many.len(), many.last().unwrap().as_str()), (7, "and 2 more"));
    assert!(
        page.contains("<br><code>fulexo/base/20261122T202101/data_0005.tar.gz</code><br><code>and 2 more</code></th>")
    );
    assert!(!page.contains("data_0006") && brief.contains("and 2 more |"));
    let trial = material.verdict.sabotage.iter().find(|trial| trial.touched.len() > 1).unwrap();
    assert!(trial.named().ends_with("data_0002.tar.gz, 5 more)"), "{}", trial.named());
}

#[test]
fn a_finding_says_no_trial_that_has_a_row() {
    let Shown { page, brief, .. } = shown(Sample::Bad);
    for checker in [SABOTAGE, CRASH] {
        let line = format!("a line for each trial of {checker}");
        assert!(!page.contains(&line) && !brief.contains(&line), "{checker}");
    }
}

#[test]
fn each_trial_is_a_case_of_junit_that_fails_where_it_is_bad() {
    let material = shown(Sample::Bad).material;
    let text = (crate::junit::REPORT.make)(&material).unwrap();
    let junit = Junit::deserialize_from_str(&text).unwrap();
    let named = |name: &str| -> &TestCaseStatus {
        let cases: Vec<_> = junit.test_suites[0].test_cases.iter().filter(|case| case.name.as_str() == name).collect();
        assert_eq!(cases.len(), 1, "{name}");
        &cases[0].status
    };
    let cases = [
        ("SABOTAGE: the largest object cut to a half", None),
        ("SABOTAGE: one bit changed at the tail of the largest object", Some((NonSuccessKind::Error, "NOT NOTICED"))),
        ("SABOTAGE: 4 kB of zeros in the middle of the largest object", Some((NonSuccessKind::Error, "no room"))),
        // The finding does not believe the trials enough to call the drill missed.
        ("SABOTAGE: one request to the store 10 s late", Some((NonSuccessKind::Error, "noticed by LOST, INV"))),
        ("CRASH: the connection of its 2nd request to the store broken", None),
        (
            "CRASH: the store gone from its 2nd request on",
            Some((NonSuccessKind::Failure, "with the store gone from its 2nd request on, the backup reported success")),
        ),
        ("CRASH: its 4th mc killed at its start", Some((NonSuccessKind::Failure, "cannot be restored"))),
    ];
    for (name, expected) in cases {
        match (named(name), expected) {
            (TestCaseStatus::Success { .. }, None) => {}
            (TestCaseStatus::NonSuccess { kind, message, .. }, Some((expected, says))) => {
                assert_eq!(*kind, expected, "{name}");
                assert!(message.as_ref().is_some_and(|message| message.as_str().contains(says)), "{name}: {message:?}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    let skipped = |case: &&TestCase| matches!(case.status, TestCaseStatus::Skipped { .. });
    let not_reached = material.verdict.crash_points.iter().filter(|point| point.end == PointEnd::NotReached);
    assert_eq!(junit.test_suites[0].test_cases.iter().filter(skipped).count(), not_reached.count());
}
