//! What is told of each kind of end, kept in `golden/`: where words change on purpose, write it anew
//! (`BLACKSTART_BLESS=1 cargo test --workspace notices`) and read the difference.

use std::fs;
use std::path::Path;

use blackstart_record::verdict::Verdict;

use super::{CUSTOMERS, INCIDENT, REVIEW};
use crate::Material;
use crate::support::{self, HOSTILE, Sample};

type Change = fn(&mut Material);

/// A name, the sample that it begins with, how it ends instead, and whether the service and the data may be said to be back.
const ENDS: &[(&str, Sample, Change, [bool; 2])] = &[
    ("met", Sample::Healthy, |_| (), [true, true]),
    ("late", Sample::Healthy, late, [true, true]),
    ("wrong", Sample::Healthy, wrong, [false, false]),
    ("not-back", Sample::Healthy, not_back, [false, false]),
    ("not-compared", Sample::Healthy, |material| material.verdict.findings.clear(), [false, false]),
    ("inconclusive", Sample::Bad, |_| (), [false, false]),
    ("cut-off", Sample::CutOff, |_| (), [false, false]),
    ("nothing-broken", Sample::CutOff, nothing_broken, [false, false]),
];

/// Back too late, with all of its data.
fn late(material: &mut Material) {
    let verdict = &mut material.verdict;
    (verdict.verdict, verdict.exit_code) = (Verdict::Missed, 99);
    verdict.says = "critical RTO is missed".into();
    verdict.objectives[0].verdict = Verdict::Missed;
}

/// Back in time, with rows missing.
fn wrong(material: &mut Material) {
    let verdict = &mut material.verdict;
    (verdict.verdict, verdict.exit_code) = (Verdict::Missed, 100);
    verdict.says = "LOST: 214 rows are missing".into();
    verdict.findings[0].verdict = Verdict::Missed;
    verdict.findings[0].says = "214 rows are missing".into();
}

fn not_back(material: &mut Material) {
    let verdict = &mut material.verdict;
    (verdict.verdict, verdict.exit_code) = (Verdict::Missed, 100);
    verdict.says = "the step restore failed: barman-cloud-restore exited with 4".into();
    (verdict.measures.rta, verdict.measures.rpa) = (None, None);
    verdict.findings.clear();
    verdict.objectives.iter_mut().for_each(|one| (one.verdict, one.achieved) = (Verdict::Missed, None));
}

fn nothing_broken(material: &mut Material) {
    material.story.faults.clear();
}

fn material(sample: Sample, change: Change) -> Material {
    let place = tempfile::tempdir().unwrap();
    let mut material = Material::load(&support::write(sample, place.path()).unwrap()).unwrap();
    change(&mut material);
    material
}

fn notices(material: &Material) -> String {
    [INCIDENT, CUSTOMERS, REVIEW]
        .map(|notice| format!("<!-- {} -->\n\n{}", notice.file, (notice.make)(material).unwrap()))
        .join("\n")
}

#[test]
fn notices_of_each_end_read_as_they_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/notice/golden");
    for (name, sample, change, _) in ENDS {
        let path = folder.join(name).with_extension("md");
        let text = notices(&material(*sample, *change));
        if std::env::var_os("BLACKSTART_BLESS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(text == kept, "{} reads otherwise now:\n{text}", path.display());
    }
}

#[test]
fn customers_are_told_that_something_is_back_only_where_that_was_shown() {
    for (name, sample, change, [service, data]) in ENDS {
        let text = (CUSTOMERS.make)(&material(*sample, *change)).unwrap();
        assert_eq!(text.contains("It has been working again since"), *service, "{name}:\n{text}");
        let all = notices(&material(*sample, *change));
        assert_eq!(all.contains("answered again, stably"), text.contains(" again since"), "{name}:\n{all}");
        assert!(!all.contains("recovered: "), "{name}:\n{all}");
        let kept = text.contains("Nothing that was confirmed") || text.contains("has to be entered again");
        assert_eq!(kept, *data, "{name}:\n{text}");
    }
}

#[test]
fn what_only_people_know_is_left_open_and_what_the_record_knows_is_not() {
    for (name, sample, change, _) in ENDS {
        let material = material(*sample, *change);
        for notice in [INCIDENT, REVIEW] {
            let text = (notice.make)(&material).unwrap();
            let blanks = text.matches("**[to be filled in: ").count();
            assert!(blanks >= 5, "{name}, {}: {blanks} blanks", notice.file);
            assert!(text.contains(&material.record.id), "{name}, {}", notice.file);
            assert!(!text.contains(HOSTILE) && !text.contains("<script"), "{name}, {}", notice.file);
        }
        let incident = (INCIDENT.make)(&material).unwrap();
        assert!(material.has_fault() == incident.contains("| Began | 2026-11-22 20:2"), "{name}:\n{incident}");
    }
}
