//! The README's walkthrough, line by line: what a new user types.

use std::path::Path;
use std::process::{Command, Output};

use blackstart_record::record::Folder;
use blackstart_record::verdict::Verdict;

use crate::support::{folder, told};

/// The indented lines of the README's section on one's own pipeline.
fn walkthrough() -> String {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let section = readme.split("\n## ").find(|section| section.starts_with("Your own pipeline")).unwrap();
    let typed = section.lines().filter_map(|line| line.strip_prefix("    "));
    typed.map(|line| format!("{line}\n")).collect()
}

/// Types `script` in an empty folder that has `blackstart` on its path.
fn typed(script: &str) -> (tempfile::TempDir, Output) {
    let place = folder("walk");
    let bin = Path::new(env!("CARGO_BIN_EXE_blackstart")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", script]).current_dir(place.path()).env("PATH", path);
    shell.env_remove("BLACKSTART_SCENARIOS").env("BLACKSTART_SCRATCH", place.path().join("scratch"));
    let output = shell.output().unwrap();
    (place, output)
}

fn verdict(place: &Path) -> blackstart_record::verdict::DrillVerdict {
    Folder::new(place.join("blackstart-runs/latest/shop-corruption")).load_verdict().unwrap()
}

#[test]
fn what_the_readme_says_to_type_gives_the_verdicts_that_it_says() {
    let script = walkthrough();
    // What is changed in it, the exit code, and what every check then says.
    let cases = [
        ("", "", 0, Verdict::Met),
        ("--rpo 25h", "--rpo 24h", 99, Verdict::Missed),
        ("psql --quiet --file", ": --quiet --file", 100, Verdict::Missed),
    ];
    for (from, to, code, expected) in cases {
        assert!(script.contains(from), "the walkthrough has no {from:?}");
        let (place, output) = typed(&script.replacen(from, to, 1));
        assert_eq!(output.status.code(), Some(code), "{to}: {}", told(&output));
        assert_eq!(verdict(place.path()).verdict, expected, "{to}");
        if expected == Verdict::Met {
            let wrong: Vec<_> =
                verdict(place.path()).findings.into_iter().filter(|found| found.verdict != Verdict::Met).collect();
            assert!(wrong.is_empty(), "{wrong:?}");
        }
    }
}

/// Names of the trials and how each ended, as the finding tells them.
fn trials(verdict: &blackstart_record::verdict::DrillVerdict) -> Vec<String> {
    let sabotage = verdict.findings.iter().find(|finding| finding.checker == "SABOTAGE").unwrap();
    sabotage.details.clone()
}

#[test]
fn of_the_readmes_own_backup_every_damage_is_refused_noticed_or_harmless() {
    let script = walkthrough().replacen("blackstart run shop", "blackstart run shop --sabotage --seed 3", 1);
    let (place, output) = typed(&script);
    let verdict = verdict(place.path());
    assert_eq!((output.status.code(), verdict.verdict), (Some(0), Verdict::Met), "{}", told(&output));
    let told = trials(&verdict);
    let number = |how: &str| told.iter().filter(|line| line.contains(how)).count();
    assert!(told[0].starts_with("nothing:") && told[0].contains("came out the same"), "{}", told[0]);
    // Whoever cuts a dump or takes its key is refused; whoever serves the one before is found out by what is missing.
    for (what, how) in [
        ("cut to a half", "refused at restore"),
        ("the largest object gone", "refused at restore"),
        ("a key that the store does not know", "refused at restore"),
        ("the backup before, served as this one", "noticed by LOST"),
        ("no step of the restore performed", "noticed by"),
        ("under another name afterwards", "noticed by INV"),
        ("restored twice onto the same host", "refused at restore"),
    ] {
        assert!(told.iter().any(|line| line.contains(what) && line.contains(how)), "{what}, {how}: {told:#?}");
    }
    assert!(number("NOT NOTICED") == 0 && told.len() >= 16, "{told:#?}");
    let folder = place.path().join("blackstart-runs/latest/shop-corruption");
    let again = std::fs::read_to_string(folder.join("observations/sabotage.json")).unwrap();
    assert!(
        again.contains("already exists"),
        "the second restore is refused by what it meets, and not by a closed way"
    );
    let artifacts = Folder::new(folder).load_record().unwrap().artifacts;
    assert!(artifacts.keys().all(|key| !key.starts_with("sabotage")), "only copies are touched: {artifacts:?}");
}

#[test]
fn a_dump_that_reports_success_is_restorable_wherever_it_was_disturbed_and_one_in_a_pipe_is_not() {
    let flags = |script: &str| script.replacen("blackstart run shop", "blackstart run shop --crash-points --seed 3", 1);
    let script = flags(&walkthrough());
    let piped = "pg_dump --format=custom | mc pipe --quiet \"store/$BLACKSTART_BUCKET/$BLACKSTART_BACKUP_ID/all.dump\"";
    let cases = [
        (script.clone(), 0, Verdict::Met, "nothing"),
        (
            script.replacen("pg_dump --format=custom --file=\"$TMPDIR/all.dump\"", piped, 1).replacen(
                "\"$TMPDIR/globals.sql\" \"$TMPDIR/all.dump\" \"store",
                "\"$TMPDIR/globals.sql\" \"store",
                1,
            ),
            100,
            Verdict::Missed,
            "pg_dump",
        ),
    ];
    for (script, code, expected, culprit) in cases {
        let (place, output) = typed(&script);
        let verdict = verdict(place.path());
        assert_eq!((output.status.code(), verdict.verdict), (Some(code), expected), "{}", told(&output));
        let crash = verdict.findings.iter().find(|finding| finding.checker == "CRASH").unwrap();
        let others = verdict.findings.iter().filter(|finding| finding.checker != "CRASH");
        assert!(others.clone().all(|finding| finding.verdict == Verdict::Met), "{:#?}", others.collect::<Vec<_>>());
        assert_eq!(crash.verdict, expected, "{:#?}", crash.details);
        let lies =
            |line: &&String| line.contains("reported success, and") && !line.contains("and came back to the row");
        let lies: Vec<&String> = crash.details.iter().filter(lies).collect();
        assert_eq!(lies.is_empty(), expected == Verdict::Met, "{:#?}", crash.details);
        assert!(lies.iter().all(|line| line.contains(&format!(" {culprit} killed at its start"))), "{lies:#?}");
        let number = |how: &str| crash.details.iter().filter(|line| line.contains(how)).count();
        assert!(number("the backup failed") > 0 && number("and came back to the row") > 0, "{:#?}", crash.details);
        assert!(number("its 1st pg_dumpall killed at its start") == 1, "{:#?}", crash.details);
    }
}
