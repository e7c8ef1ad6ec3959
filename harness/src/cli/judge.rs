//! `blackstart judge`: the verdict again, from the record alone.

use std::fs;
use std::path::{Path, PathBuf};

use blackstart_judge::verdict;
use blackstart_record::record::{Folder, Record};
use blackstart_record::verdict::DrillVerdict;
use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::output::{self, Format, Paint};
use super::problem::{Problem, Result};
use super::verdict_text::Judged;

/// Judges records again, from their files alone.
///
/// Each verdict is shown and stored as `verdict.json` in its record. The same record gives the same verdict, to the byte, on any machine. A record that was cut off or damaged is judged
/// as far as it goes: what it cannot show is inconclusive.
#[derive(Args, Debug)]
pub struct Judge {
    /// Folders of records, or of runs, which hold a folder per drill.
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
}

/// What JSON says of a judged drill.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    /// The record's folder.
    pub folder: &'a Path,
    /// The verdict.
    pub verdict: &'a DrillVerdict,
    /// The reports that were written.
    pub reports: &'a [PathBuf],
}

/// Runs `blackstart judge`.
///
/// # Errors
/// A folder holds no record.
pub fn run(args: &Judge, format: Format) -> Result<Exit> {
    let mut exit = Exit::Met;
    let mut judged = Vec::new();
    for folder in records(&args.folders)? {
        let (record, verdict) = judge(&folder)?;
        exit = exit.and(Exit::of(&verdict));
        if store(&folder, &verdict).is_none() {
            exit = exit.and(Exit::ReportNotWritten);
        }
        let shown = Judged { verdict: &verdict, plan: &record.plan, folder: folder.path(), reports: &[] };
        match format {
            Format::Text if judged.is_empty() => output::data(&shown.text(Paint::stdout()))?,
            Format::Text => output::data(&format!("\n{}", shown.text(Paint::stdout())))?,
            Format::Jsonl => output::json_line(&Line { folder: folder.path(), verdict: &verdict, reports: &[] })?,
            Format::Json => {}
        }
        judged.push((folder, verdict));
    }
    if format == Format::Json {
        let lines = judged.iter().map(|(folder, verdict)| Line { folder: folder.path(), verdict, reports: &[] });
        output::json(&lines.collect::<Vec<_>>())?;
    }
    Ok(exit)
}

/// The record of `folder`, and the verdict on it.
///
/// # Errors
/// Its `record.json` cannot be read: nothing says what was drilled.
pub fn judge(folder: &Folder) -> Result<(Record, DrillVerdict)> {
    let no_record = |why: String| {
        Problem::new(Exit::Usage, why).help("a record is a folder with `record.json`, as `blackstart run` writes it")
    };
    let record = folder.load_record().map_err(|why| no_record(why.to_string()))?;
    let verdict = verdict::judge(folder).map_err(|why| no_record(why.to_string()))?;
    Ok((record, verdict))
}

/// Stores a verdict beside its record, if it is not there yet, byte for byte; `None`: it could not be written, and that
/// has been said.
pub fn store(folder: &Folder, verdict: &DrillVerdict) -> Option<()> {
    let path = folder.verdict();
    let before = folder.load_verdict().ok();
    if before.as_ref() == Some(verdict) {
        return Some(());
    }
    if let Some(before) = before {
        output::note(&format!("{} said {} before; replaced", path.display(), before.verdict));
    }
    let stored = folder.store(&path, verdict);
    stored.map_err(|error| output::complain(&format!("cannot write {}: {error}", path.display()), None)).ok()
}

/// The records in `folders`: each is one, or is a run that holds some. Of a drill that was run again only the second counts.
///
/// # Errors
/// A folder is not there, or holds no record.
pub fn records(folders: &[PathBuf]) -> Result<Vec<Folder>> {
    let mut found = Vec::new();
    for path in folders {
        let folder = Folder::new(path);
        if folder.record().exists() {
            found.push(folder);
            continue;
        }
        let entries = fs::read_dir(path)
            .map_err(|error| Problem::new(Exit::Usage, format!("{} cannot be listed: {error}", path.display())))?;
        let mut inner: Vec<Folder> = entries.flatten().map(|entry| Folder::new(entry.path())).collect();
        inner.retain(|folder| folder.record().exists() && !folder.is_superseded());
        inner.sort_by(|one, other| one.path().cmp(other.path()));
        if inner.is_empty() {
            let message = format!("{} holds no record", path.display());
            let help = "name the folder of a drill (it has `record.json`), or of a run, which holds one per drill";
            return Err(Problem::new(Exit::Usage, message).help(help));
        }
        found.extend(inner);
    }
    Ok(found)
}

/// The folders of the drills of the run in `path`, in order, also of those that left no record. Of a drill that was run again
/// only the second counts. `None`: it is no run, or one of a single drill.
pub fn drills_of_run(path: &Path) -> Option<Vec<Folder>> {
    if Folder::new(path).record().exists() {
        return None;
    }
    let entries = fs::read_dir(path).ok()?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let mut drills: Vec<Folder> = entries.map(Folder::new).filter(|folder| !folder.is_superseded()).collect();
    drills.sort_by(|one, other| one.path().cmp(other.path()));
    (drills.len() > 1).then_some(drills)
}
