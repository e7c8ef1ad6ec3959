//! Every way to show the record of a drill. Knows records, and no database.
//!
//! [`write_all`] loads a record's folder and writes its reports into it. The same folder gives the same bytes: a report
//! reads no clock, no locale, no environment and names no absolute path.
//!
//! | file | made by |
//! | --- | --- |
//! | `junit.xml` | [`junit`]: a suite per scenario and pipeline, a case per objective, checker and gate |
//! | `report.md` | [`markdown`]: the brief, for a CI job's summary |
//! | `report.html` | [`html`]: the whole, one self-contained file |
//! | `incident-notification.md`, `customer-notice.md`, `post-incident-review.md` | [`notice`]: what people are told, with blanks |
//! | `charts/*.svg` | [`chart`]: one file per chart, also inlined in `report.html` |
//!
//! A run of several drills has a `report.html` and a `report.md` of its own, made by [`run`].
//!
//! [`material`] is what was loaded, [`story`] the history sorted by what it tells, [`view`] the same in words for the
//! templates. A new report is a file and a line in [`REPORTS`]; a new chart is a file and a line in
//! [`chart::CHARTS`].

pub mod chart;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod material;
pub mod notice;
pub mod run;
pub mod story;
pub mod view;

mod escape;
mod words;

#[cfg(test)]
mod report_tests;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;
#[cfg(test)]
mod trials_tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use blackstart_record::history;
use blackstart_record::record::{Folder, LoadError};

pub use material::Material;

/// Why a report could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The record could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The history is damaged in its middle; a torn tail is no error.
    #[error(transparent)]
    History(#[from] history::ReadError),
    /// A report could not be made of the record.
    #[error("cannot make {report}: {why}")]
    Make {
        /// Which, as a path below the record.
        report: &'static str,
        /// Why.
        why: String,
    },
    /// A report could not be written.
    #[error("cannot write {path}: {why}")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
}

/// A report: its file in the record's folder, and what makes its text.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// The path below the record's folder.
    pub file: &'static str,
    /// Makes the whole text, from the material alone.
    pub make: fn(&Material) -> Result<String, ReportError>,
}

/// Every report but the charts.
pub const REPORTS: &[Report] =
    &[junit::REPORT, markdown::REPORT, html::REPORT, notice::INCIDENT, notice::CUSTOMERS, notice::REVIEW];

/// Writes every report of the record in `folder` and returns their paths, charts first.
///
/// # Errors
/// [`ReportError`] if the record cannot be loaded, or at the first report that cannot be made or written.
pub fn write_all(folder: &Folder) -> Result<Vec<PathBuf>, ReportError> {
    let material = Material::load(folder)?;
    let mut written = Vec::new();
    for chart in chart::CHARTS {
        let drawn = chart.draw(&material)?;
        written.push(write_whole(&folder.path().join(chart.file), &drawn.standalone())?);
    }
    for report in REPORTS {
        let text = (report.make)(&material)?;
        written.push(write_whole(&folder.path().join(report.file), &text)?);
    }
    Ok(written)
}

/// Writes a file whole or not at all: a temporary file beside it, then a rename.
fn write_whole(path: &Path, text: &str) -> Result<PathBuf, ReportError> {
    let write = || {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        fs::write(&name, text)?;
        fs::rename(&name, path)
    };
    write().map_err(|why| ReportError::Write { path: path.to_owned(), why })?;
    Ok(path.to_owned())
}
