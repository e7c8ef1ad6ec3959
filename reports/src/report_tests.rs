//! Each report of each sample: everything is in it, nothing in it is markup, and twice the same record gives twice the
//! same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use blackstart_record::event::{Entry, Event, ProbeOutcome, Stream, Tally};
use blackstart_record::history::Writer;
use blackstart_record::record::Folder;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::Verdict;
use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus};

use crate::chart::CHARTS;
use crate::support::{self, ALL, HOSTILE, Sample};
use crate::{Material, REPORTS, ReportError, write_all};

struct Written {
    _place: tempfile::TempDir,
    folder: Folder,
    paths: Vec<PathBuf>,
}

impl Written {
    fn of(sample: Sample) -> Self {
        let place = tempfile::tempdir().unwrap();
        let folder = support::write(sample, &place.path().join("drill")).unwrap();
        let paths = write_all(&folder).unwrap();
        Self { _place: place, folder, paths }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    fn texts(&self) -> BTreeMap<String, String> {
        let name = |path: &PathBuf| path.strip_prefix(self.folder.path()).unwrap().to_str().unwrap().to_owned();
        self.paths.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
    }

    fn material(&self) -> Material {
        Material::load(&self.folder).unwrap()
    }
}

/// Opening and closing tags in order, and the text between them, by a reader that accepts only well-formed XML.
fn well_formed(name: &str, text: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in text.split('<').skip(1) {
        let (tag, rest) = piece.split_once('>').unwrap_or_else(|| panic!("{name}: a tag is not closed: {piece}"));
        assert!(!rest.contains('>') || name.ends_with(".html"), "{name}: a bare >: {rest}");
        match tag.strip_prefix('/') {
            Some(closing) => assert_eq!(open.pop(), Some(closing), "{name}"),
            None if tag.ends_with('/') || tag.starts_with('?') || tag.starts_with('!') => {}
            None => open.push(tag.split_whitespace().next().unwrap()),
        }
    }
    assert!(open.is_empty(), "{name}: {open:?} stay open");
}

#[test]
fn every_report_and_chart_is_written_and_nothing_else() {
    for (sample, name) in ALL {
        let written = Written::of(sample);
        let files: Vec<&str> =
            CHARTS.iter().map(|chart| chart.file).chain(REPORTS.iter().map(|report| report.file)).collect();
        assert_eq!(written.paths.len(), files.len(), "{name}");
        for file in files {
            assert!(!written.text(file).is_empty(), "{name}: {file}");
        }
        let left = fs::read_dir(written.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(left.into_iter().all(|file| !file.to_string_lossy().contains("partial")), "{name}");
    }
}

#[test]
fn the_same_record_gives_the_same_bytes_wherever_it_lies() {
    for (sample, name) in ALL {
        let (one, other) = (Written::of(sample), Written::of(sample));
        assert_eq!(one.texts(), other.texts(), "{name}");
        write_all(&one.folder).unwrap();
        assert_eq!(one.texts(), other.texts(), "{name}, written again");
        for (file, text) in one.texts() {
            let place = one.folder.path().to_str().unwrap().to_owned();
            assert!(!text.contains(&place), "{name}: {file} names its place");
        }
    }
}

#[test]
fn charts_are_well_formed_scale_speak_and_stay_small() {
    for (sample, name) in ALL {
        let written = Written::of(sample);
        for chart in CHARTS {
            let text = written.text(chart.file);
            let name = format!("{name}/{}", chart.file);
            well_formed(&name, &text);
            assert!(text.len() <= 200_000, "{name}: {} bytes", text.len());
            for part in ["viewBox=", "role=\"img\"", "<title id=", "<desc id=", "prefers-color-scheme:dark"] {
                assert!(text.contains(part), "{name} lacks {part}");
            }
            let unclassed = text.split('<').filter(|tag| tag.contains("=\"#") && !tag.contains("class=\""));
            assert_eq!(unclassed.count(), 0, "{name}: colours without a class stay light on dark paper");
        }
    }
}

#[test]
fn junit_has_a_case_per_objective_checker_and_gate_and_never_passes_in_doubt() {
    for (sample, name) in ALL {
        let written = Written::of(sample);
        let verdict = written.material().verdict;
        let junit = Junit::deserialize_from_str(&written.text("junit.xml")).unwrap();
        let [suite] = junit.test_suites.as_slice() else { panic!("{name}: one suite") };
        assert_eq!(suite.name.as_str(), "fulexo/database-corruption x archive");
        let trials = verdict.sabotage.len() + verdict.crash_points.len();
        let cases = 1 + verdict.objectives.len() + verdict.findings.len() + trials + verdict.gates.len();
        assert_eq!(suite.test_cases.len(), cases, "{name}");
        let mut expected: Vec<(String, Verdict)> = vec![("verdict".into(), verdict.verdict)];
        expected.extend(verdict.objectives.iter().map(|o| (format!("{} {}", o.objective, o.kind), o.verdict)));
        expected.extend(verdict.findings.iter().map(|finding| (finding.checker.clone(), finding.verdict)));
        expected.extend(verdict.gates.iter().map(|gate| (format!("gate {}", gate.id), Verdict::Inconclusive)));
        let is_trial = |case: &&TestCase| ["SABOTAGE: ", "CRASH: "].iter().any(|begin| case.name.starts_with(begin));
        let others: Vec<&TestCase> = suite.test_cases.iter().filter(|case| !is_trial(case)).collect();
        assert_eq!(others.len(), expected.len(), "{name}");
        for ((case, judged), found) in expected.into_iter().zip(others) {
            assert_eq!(found.name.as_str(), case, "{name}");
            let state = match &found.status {
                TestCaseStatus::Success { .. } => Verdict::Met,
                TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, .. } => Verdict::Inconclusive,
                TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, .. } => Verdict::Missed,
                TestCaseStatus::Skipped { .. } => panic!("{name}: {case} is skipped"),
            };
            assert_eq!(state, judged, "{name}: {case}");
        }
        let green = suite.failures == 0 && suite.errors == 0;
        assert_eq!(green, verdict.verdict == Verdict::Met, "{name}");
        let properties: Vec<&str> = suite.properties.iter().map(|property| property.name.as_str()).collect();
        for property in ["run", "drill", "profile", "seed", "rows", "bytes", "tool postgres"] {
            assert!(properties.contains(&property), "{name} lacks the property {property}");
        }
    }
}

#[test]
fn junit_times_are_measured_ones() {
    let written = Written::of(Sample::Healthy);
    let junit = Junit::deserialize_from_str(&written.text("junit.xml")).unwrap();
    let case = &junit.test_suites[0].test_cases[1];
    assert_eq!(case.time.map(|time| time.as_millis()), Some(9_300));
    assert!(junit.test_suites[0].timestamp.is_some());
    assert_eq!(junit.test_suites[0].time.map(|time| time.as_secs()), Some(58));
}

#[test]
fn everything_that_was_judged_is_in_both_readable_reports() {
    for (sample, name) in ALL {
        let written = Written::of(sample);
        let verdict = written.material().verdict;
        for (file, escape) in
            [("report.html", crate::escape::html as fn(&str) -> String), ("report.md", crate::escape::markdown)]
        {
            let text = written.text(file);
            let has = |what: &str| assert!(text.contains(&escape(what)), "{name}: {file} lacks {what}");
            has(&verdict.says);
            has(&verdict.verdict.to_string());
            verdict.gates.iter().for_each(|gate| has(&gate.says));
            verdict.notes.iter().for_each(|note| has(note));
            for judged in &verdict.objectives {
                has(&judged.says);
                has(&crate::words::origin(&judged.limit.origin));
                has(&judged.limit.value.to_string());
            }
            for finding in &verdict.findings {
                has(&finding.says);
                finding.cause.iter().for_each(|cause| has(cause));
                finding.differences.iter().flat_map(|difference| &difference.shown).for_each(|key| has(key));
            }
            verdict.measures.steps.iter().for_each(|step| has(&step.says));
            has("Backups are kept for 30 days in one place and for 7 days in another.");
            has("production size not stated");
            has("Program own/backup.sh");
        }
    }
}

#[test]
fn both_values_of_a_differing_row_stand_beside_each_other() {
    let page = Written::of(Sample::Bad).text("report.html");
    assert!(page.contains("<td>shipped</td><td>cancelled</td>"));
    assert!(page.contains("note <code>&#39;&#39; (empty)</code>") && page.contains("<td>NULL</td>"));
    assert!(page.contains("<strong>1043: absent from the restored copy</strong> <span>id <code>1043</code></span>"));
    assert!(page.contains("<strong>9001: should be absent, or its value was not kept</strong> <span>id <code>9001"));
    let brief = Written::of(Sample::Bad).text("report.md");
    assert!(brief.contains("status should be shipped, is cancelled"));
}

#[test]
fn hostile_names_stay_text_everywhere() {
    for (file, text) in Written::of(Sample::Bad).texts() {
        assert!(!text.contains("<script"), "{file}");
        assert!(!text.contains(HOSTILE), "{file}");
        assert!(
            text.contains("&lt;script&gt;") || ["charts/objectives.svg", "customer-notice.md"].contains(&file.as_str()),
            "{file} does not show the name at all"
        );
        let hidden = text.chars().find(|c| (c.is_control() && *c != '\n') || (*c == '\u{202e}' && file != "junit.xml"));
        assert_eq!(hidden, None, "{file}");
        assert!(!text.contains("]]>") || !file.ends_with(".xml"), "{file}");
    }
}

#[test]
fn the_page_needs_nothing_but_itself() {
    for (sample, name) in ALL {
        let page = Written::of(sample).text("report.html");
        for foreign in ["<script", "<link", "<img", "@import", "url(", "src=", "href="] {
            assert!(!page.contains(foreign), "{name}: {foreign}");
        }
        assert_eq!(page.matches("<svg").count(), CHARTS.len(), "{name}");
        let addresses = page.matches("http").count();
        assert_eq!(addresses, CHARTS.len(), "{name}: the name space of each chart and no other address");
        let heads = page.matches("<thead>").count();
        assert!(heads >= 5 && page.matches("scope=\"col\"").count() >= heads, "{name}");
        let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name}: every id once");
    }
}

#[test]
fn a_torn_history_is_noted_and_a_missing_one_too() {
    let written = Written::of(Sample::CutOff);
    for file in ["report.html", "report.md", "junit.xml"] {
        assert!(written.text(file).contains("the history ends in a torn entry"), "{file}");
    }
    fs::remove_file(written.folder.history()).unwrap();
    write_all(&written.folder).unwrap();
    assert!(written.text("report.md").contains("the record has no history"));
    assert!(written.text("charts/throughput.svg").contains("No figures of the workload were recorded."));
}

#[test]
fn a_record_that_cannot_be_loaded_is_an_error() {
    let written = Written::of(Sample::Healthy);
    fs::write(written.folder.verdict(), "{").unwrap();
    assert!(matches!(write_all(&written.folder), Err(ReportError::Load(_))));
}

#[test]
fn a_week_of_beats_makes_charts_and_pages_of_bounded_size() {
    let place = tempfile::tempdir().unwrap();
    let folder = support::write(Sample::Bad, place.path()).unwrap();
    fs::remove_file(folder.history()).unwrap();
    let mut writer = Writer::create(&folder.history()).unwrap();
    let mut note =
        |at: u64, event: Event| writer.append(&Entry { at: Nanos::from_secs(at), wall: String::new(), event }).unwrap();
    for index in 0..40_000_u64 {
        // Seconds that are missing, an outage now and then, latencies of every size.
        let at = 1 + index * 15 + (index % 3) * 4;
        let acknowledged = if index % 777 == 0 { 0 } else { 300 + index % 97 };
        let p50 = Nanos(1_000_000 + index * 7_919 % 900_000_000);
        let tally = Tally { acknowledged, failed: index % 5, p50, p99: Nanos(p50.0 * 3), ..Tally::default() };
        note(at, Event::Tally { until: Nanos::from_secs(at), tally });
        // An outage in every second bucket: the worst that a strip can look like.
        let outcome = if at / 1_002 % 2 == 0 { ProbeOutcome::Answered(0) } else { ProbeOutcome::TimedOut };
        let stream = [Stream::Read, Stream::Write, Stream::Fresh][index as usize % 3];
        let sent = Nanos::from_secs(at);
        note(
            at,
            Event::Probe { stream, due: sent, sent, ended: sent.plus(Nanos::from_millis(5)), login: false, outcome },
        );
    }
    write_all(&folder).unwrap();
    for chart in CHARTS {
        let bytes = fs::metadata(place.path().join(chart.file)).unwrap().len();
        assert!(bytes <= 200_000, "{}: {bytes} bytes", chart.file);
    }
    assert!(fs::metadata(place.path().join("report.md")).unwrap().len() < 1 << 20);
}
