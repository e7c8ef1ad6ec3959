//! What a run of several drills came to: all of them beside each other, and those that drill the same thing as ways to
//! recover from it. Made from the records and verdicts of its drills and nothing else; the same records give the same bytes.

mod view;
mod way;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use blackstart_record::record::{Folder, LoadError, Record};
use blackstart_record::verdict::DrillVerdict;
use minijinja::context;
use minijinja::value::{Serde, Value};

use crate::html::render;
use crate::markdown::shortened;
use crate::{ReportError, escape, write_whole};

pub use view::{Group, RunView};
pub use way::{Figure, Way};

const PAGE: &str = "report.html";
const BRIEF: &str = "report.md";

/// A drill of a run.
#[derive(Clone, Debug)]
struct Drilled {
    /// The name of its folder in the run's.
    folder: String,
    record: Record,
    verdict: DrillVerdict,
}

/// The drills of a run, in order of their names.
#[derive(Clone, Debug)]
struct Run {
    drills: Vec<Drilled>,
    /// Folders whose record or verdict cannot be read, and why not: nothing is known of those drills.
    unreadable: Vec<(String, String)>,
}

impl Run {
    fn load(folders: &[Folder]) -> Self {
        let mut run = Self { drills: Vec::new(), unreadable: Vec::new() };
        for folder in folders {
            let name = folder.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            match folder.load_record().and_then(|record| Ok((record, folder.load_verdict()?))) {
                Ok((record, verdict)) => run.drills.push(Drilled { folder: name, record, verdict }),
                Err(error) => run.unreadable.push((name, without_path(&error))),
            }
        }
        run.drills.sort_by(|one, other| (&one.verdict.drill, &one.folder).cmp(&(&other.verdict.drill, &other.folder)));
        run.unreadable.sort();
        run
    }
}

/// A report reads alike wherever it lies, so an error names its file without a folder.
fn without_path(error: &LoadError) -> String {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match error {
        LoadError::Io { path, why } => format!("{}: {why}", name(path)),
        LoadError::Malformed { path, line, column, why } => {
            format!("{}, line {line}, column {column}: {why}", name(path))
        }
        LoadError::Version { path, found } => format!("{} is of version {found}", name(path)),
    }
}

/// The drills in `folders` in words. A drill of which nothing can be read is told as not known.
pub fn view(folders: &[Folder]) -> RunView {
    RunView::of(&Run::load(folders))
}

/// Writes `report.html` and `report.md` of the run whose drills are in `folders` into its folder `place`; their paths.
///
/// # Errors
/// [`ReportError`] if one cannot be made or written.
pub fn write(place: &Path, folders: &[Folder]) -> Result<Vec<PathBuf>, ReportError> {
    let view = view(folders);
    let cannot = |report| move |why: minijinja::Error| ReportError::Make { report, why: why.to_string() };
    let style = Value::from_safe_string(include_str!("../../templates/report.css").to_owned());
    let page = context! { run => Serde(&view), style };
    let page = render(include_str!("../../templates/run.html"), escape::html, page).map_err(cannot(PAGE))?;
    let brief = context! { run => Serde(&view) };
    let brief = render(include_str!("../../templates/run.md"), escape::markdown, brief).map_err(cannot(BRIEF))?;
    Ok(vec![write_whole(&place.join(PAGE), &page)?, write_whole(&place.join(BRIEF), &shortened(brief))?])
}
