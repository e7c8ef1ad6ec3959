//! One drill by the command that users have, and the verdict that it left.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use blackstart_record::record::Folder;
use blackstart_record::verdict::DrillVerdict;

use super::compose::SCENARIOS;

/// Where the record goes, in the folder of a drill.
const RECORD: &str = "record";

/// What a drill came to.
#[derive(Debug)]
pub struct Drilled {
    /// The verdict, or why there is none.
    pub verdict: Result<DrillVerdict, String>,
    /// How long it took.
    pub seconds: f64,
    /// Whether the machine disturbed it, so that it was run again.
    pub again: bool,
}

impl Drilled {
    /// The verdict in one word.
    pub fn word(&self) -> String {
        self.verdict.as_ref().map_or_else(|_| "none".to_owned(), |verdict| verdict.verdict.to_string())
    }
}

/// Adds what `blackstart run` has to know of the scenario `name` of `folder`; where its record will be.
pub fn ask(blackstart: &mut Command, name: &str, folder: &Path) -> PathBuf {
    let out = folder.join(RECORD);
    blackstart.arg(name).arg("--scenarios").arg(folder.join(SCENARIOS)).arg("--out").arg(&out).stdin(Stdio::null());
    out.join(name.replace('/', "-"))
}

/// Runs the scenario `name` of `folder` by `blackstart run`, which has been told on what hosts.
///
/// # Errors
/// The program could not be run.
pub fn run(mut blackstart: Command, name: &str, folder: &Path, seed: u64) -> io::Result<Drilled> {
    let out = folder.join(RECORD);
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let record = ask(&mut blackstart, name, folder);
    blackstart.args(["--seed", &seed.to_string()]);
    let begun = Instant::now();
    let ended = blackstart.output()?;
    let seconds = begun.elapsed().as_secs_f64();
    fs::create_dir_all(&out)?;
    fs::write(folder.join("stdout.txt"), &ended.stdout)?;
    fs::write(folder.join("stderr.txt"), &ended.stderr)?;
    let record = Folder::new(record);
    let verdict = record.load_verdict();
    let verdict = verdict.map_err(|why| format!("blackstart ended with {} and left no verdict: {why}", ended.status));
    Ok(Drilled { verdict, seconds, again: record.aside().path().exists() })
}
