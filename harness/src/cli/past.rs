//! What was drilled before: the records in folders of runs, oldest first.

use std::fs;
use std::path::{Path, PathBuf};

use blackstart_record::record::{Folder, Record};
use blackstart_record::verdict::{DrillVerdict, Verdict};
use clap::Args;
use jiff::Timestamp;

use super::exit::Exit;
use super::output;
use super::problem::{Problem, Result};
use super::run::RUNS;

/// A folder of runs holds runs, which hold records.
const DEPTH: usize = 2;

/// Where the records of the past are.
#[derive(Args, Clone, Debug)]
pub struct Runs {
    /// Where records are: a folder of runs, a run or a record. May be given more than once.
    #[arg(long = "runs", value_name = "DIR", default_value = RUNS)]
    folders: Vec<PathBuf>,
    /// Ask as of this time (RFC 3339, `2026-12-07T02:00:00Z`), not of now: what was drilled later is left out.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

/// A drill of the past.
#[derive(Debug)]
pub struct Past {
    /// Where its record is.
    pub folder: Folder,
    /// Its record.
    pub record: Record,
    /// When it began, on the wall clock.
    pub started: Timestamp,
    /// What it came to; `None`: nobody judged it.
    pub verdict: Option<DrillVerdict>,
}

impl Past {
    /// `plan/scenario`.
    pub fn drill(&self) -> String {
        format!("{}/{}", self.record.plan.name, self.record.scenario.name)
    }

    /// What it came to. What was never judged is not known.
    pub fn came_to(&self) -> Verdict {
        self.verdict.as_ref().map_or(Verdict::Inconclusive, |verdict| verdict.verdict)
    }
}

impl Runs {
    /// The time that is asked about.
    pub fn at(&self) -> Timestamp {
        self.at.unwrap_or_else(Timestamp::now)
    }

    /// Every record that began by then. What cannot be read is named on standard error. Of a drill that was run again only the
    /// second record counts.
    ///
    /// # Errors
    /// A folder that was named cannot be listed. That nothing was ever run is no error.
    pub fn read(&self) -> Result<Vec<Past>> {
        let mut folders = Vec::new();
        for path in &self.folders {
            let nothing_yet = path == Path::new(RUNS) && !path.exists();
            if !nothing_yet {
                collect(path, DEPTH, &mut folders).map_err(|error| {
                    let problem = Problem::new(Exit::Usage, format!("{} cannot be listed: {error}", path.display()));
                    problem.help("name a folder of runs, a run, or a record, as `blackstart run` writes them")
                })?;
            }
        }
        folders.sort_by(|one, other| one.path().cmp(other.path()));
        folders.dedup();
        folders.retain(|folder| !folder.is_superseded());
        let at = self.at();
        let mut past: Vec<Past> = folders.into_iter().filter_map(read).filter(|past| past.started <= at).collect();
        past.sort_by_key(|past| past.started);
        Ok(past)
    }
}

/// Links are passed over: `latest` leads to a run that is there anyway.
fn collect(path: &Path, depth: usize, found: &mut Vec<Folder>) -> std::io::Result<()> {
    let folder = Folder::new(path);
    if folder.record().exists() {
        found.push(folder);
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if depth > 0 && entry.file_type()?.is_dir() {
            collect(&entry.path(), depth - 1, found)?;
        }
    }
    Ok(())
}

fn read(folder: Folder) -> Option<Past> {
    let passed_over = |why: String| output::complain(&why, Some("the drill of this record is left out"));
    let record = folder.load_record().map_err(|why| passed_over(why.to_string())).ok()?;
    let when = |why: jiff::Error| passed_over(format!("{}: `started`: {why}", folder.record().display()));
    let started = record.started.parse().map_err(when).ok()?;
    let verdict = folder.load_verdict();
    if let Err(why) = &verdict {
        let help = format!("what it came to is not known: `blackstart judge {}`", folder.path().display());
        output::complain(&why.to_string(), Some(&help));
    }
    Some(Past { folder, record, started, verdict: verdict.ok() })
}
