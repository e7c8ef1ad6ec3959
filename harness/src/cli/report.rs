//! `blackstart report`: the reports again, from the record alone.

use std::path::{Path, PathBuf};

use blackstart_record::record::Folder;
use clap::Args;

use super::exit::Exit;
use super::judge;
use super::output::{self, Format};
use super::problem::Result;

/// Writes the reports of records again, from their files alone.
///
/// Reports are `junit.xml`, `report.md`, `report.html`, `charts/` and three notices (`incident-notification.md`,
/// `customer-notice.md`, `post-incident-review.md`), and their paths are printed; a run of several drills has a `report.html` and
/// a `report.md` of its own, which hold them against each other. The same record gives the same reports, to the byte. A record without a verdict is judged first.
#[derive(Args, Debug)]
pub struct Report {
    /// Folders of records, or of runs, which hold a folder per drill.
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
}

/// Runs `blackstart report`.
///
/// # Errors
/// A folder holds no record.
pub fn run(args: &Report, format: Format) -> Result<Exit> {
    let mut exit = Exit::Met;
    let mut all = Vec::new();
    for folder in judge::records(&args.folders)? {
        if folder.load_verdict().is_err() {
            let (_, verdict) = judge::judge(&folder)?;
            judge::store(&folder, &verdict);
        }
        let Some(written) = write(&folder) else {
            exit = exit.and(Exit::ReportNotWritten);
            continue;
        };
        tell(written, format, &mut all)?;
    }
    for (path, drills) in args.folders.iter().filter_map(|path| Some((path, judge::drills_of_run(path)?))) {
        match write_of_run(path, &drills) {
            Some(written) => tell(written, format, &mut all)?,
            None => exit = exit.and(Exit::ReportNotWritten),
        }
    }
    if format == Format::Json {
        output::json(&all)?;
    }
    Ok(exit)
}

/// Prints the paths of what was written, or keeps them for one document at the end.
fn tell(written: Vec<PathBuf>, format: Format, all: &mut Vec<PathBuf>) -> Result<()> {
    match format {
        Format::Text => output::data(&written.iter().map(|path| format!("{}\n", path.display())).collect::<String>())?,
        Format::Jsonl => written.iter().try_for_each(output::json_line)?,
        Format::Json => all.extend(written),
    }
    Ok(())
}

/// Writes every report of a judged record; `None`: one could not be written, and that has been said.
pub fn write(folder: &Folder) -> Option<Vec<PathBuf>> {
    let written = blackstart_reports::write_all(folder);
    written.map_err(|error| output::complain(&error.to_string(), None)).ok()
}

/// Writes the reports of a run of several drills; `None`: one could not be written, and that has been said.
pub fn write_of_run(place: &Path, drills: &[Folder]) -> Option<Vec<PathBuf>> {
    let written = blackstart_reports::run::write(place, drills);
    written.map_err(|error| output::complain(&error.to_string(), None)).ok()
}
