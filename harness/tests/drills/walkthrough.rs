//! The README's walkthrough, line by line: what a new user types.

use std::path::Path;
use std::process::{Command, Output};

use blackstart_record::record::Folder;
use blackstart_record::verdict::Verdict;

use crate::support::told;

/// The indented lines of the README's section on one's own pipeline.
fn walkthrough() -> String {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let section = readme.split("\n## ").find(|section| section.starts_with("Your own pipeline")).unwrap();
    let typed = section.lines().filter_map(|line| line.strip_prefix("    "));
    typed.map(|line| format!("{line}\n")).collect()
}

/// Types `script` in an empty folder that has `blackstart` on its path.
fn typed(script: &str) -> (tempfile::TempDir, Output) {
    let place = tempfile::Builder::new().prefix("walk").tempdir_in("/var/tmp").unwrap();
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
