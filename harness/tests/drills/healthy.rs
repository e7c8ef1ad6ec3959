//! The healthy drill: met, reproducible from its record, and without a secret in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use blackstart_record::verdict::Verdict;

use crate::support::{Place, files, told};
use crate::timeline;

/// Whether text holds something of the shape of every secret that a run makes.
fn holds_a_secret(text: &str) -> bool {
    let hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    // With what stands before and behind: a segment's path in the archive has longer names on both sides of a slash.
    let padded = format!(" {text} ");
    padded
        .as_bytes()
        .windows(35)
        .any(|w| w[17] == b'/' && w[1..17].iter().all(hex) && w[18..34].iter().all(hex) && !hex(&w[0]) && !hex(&w[34]))
}

#[test]
fn the_search_for_secrets_finds_one() {
    assert!(holds_a_secret("key=0123456789abcdef/0123456789abcdef;"));
    assert!(!holds_a_secret("0123456789abcdef0123456789abcdef0123"));
    assert!(!holds_a_secret("wals/0000000100000000/000000010000000000000002"));
}

#[test]
fn a_healthy_drill_is_met_and_its_record_gives_the_same_verdict_and_reports_again() {
    let (place, output, watched) = timeline::watched(|| Place::new(&[]), &timeline::POSTGRESQL);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    timeline::POSTGRESQL.agree(&place, &watched);
    assert!(watched.lines.len() > 20, "hardly looked at: {:?}", watched.lines);
    let public: Vec<_> = watched.lines.iter().filter(|line| holds_a_secret(line)).collect();
    assert!(public.is_empty(), "a secret in an argument list: {public:?}");
    let verdict = place.verdict();
    let calibration = verdict.measures.calibration.as_ref().unwrap();
    assert!(told(&output).contains("calibrated: a known stall of"), "{calibration:?}: {}", told(&output));
    assert_eq!((verdict.verdict, verdict.gates.len()), (Verdict::Met, 0), "{}", verdict.says);
    for finding in &verdict.findings {
        assert!(finding.compared > 0 && finding.verdict == Verdict::Met, "{finding:?}");
    }
    let rpa = verdict.measures.rpa.unwrap();
    assert!(rpa.tail_operations > 0, "good writes after the bad deploy are the tail");
    assert_eq!(rpa.hole_rows, 0);
    assert!(place.scratch().is_empty(), "left behind: {:?}", place.scratch());

    let folder = place.folder();
    let all = |folder: &Path| files(folder).into_iter().map(|path| (path.clone(), fs::read(path).unwrap()));
    let before: BTreeMap<_, _> = all(folder.path()).collect();
    for (path, bytes) in &before {
        assert!(!holds_a_secret(&String::from_utf8_lossy(bytes)), "a secret in {}", path.display());
    }
    let notices = ["incident-notification.md", "customer-notice.md", "post-incident-review.md"];
    for made in ["verdict.json", "junit.xml", "report.md", "report.html"].into_iter().chain(notices) {
        fs::remove_file(folder.path().join(made)).unwrap();
    }
    for command in ["judge", "report"] {
        let output = place.blackstart(&[command, folder.path().to_str().unwrap()]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    }
    let after: BTreeMap<_, _> = all(folder.path()).collect();
    let same = |path: &&PathBuf| before.get(*path) == after.get(*path);
    let other: BTreeSet<_> = before.keys().chain(after.keys()).filter(|path| !same(path)).collect();
    assert!(other.is_empty(), "not the same bytes again: {other:?}");
}
