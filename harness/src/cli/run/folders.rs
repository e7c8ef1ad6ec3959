//! Where a run's records go: a new folder, one folder in it per drill, and `latest` beside it.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use blackstart_record::record::Folder;
use blackstart_record::words::hex;
use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::cli::exit::Exit;
use crate::cli::output;
use crate::cli::problem::{Problem, Result};
use crate::plan::Found;

/// Where runs are, if nobody says otherwise.
pub const RUNS: &str = "blackstart-runs";
const LATEST: &str = "latest";

/// The folder of a run.
#[derive(Debug)]
pub(super) struct RunFolder {
    /// As the user would write it.
    shown: PathBuf,
    absolute: PathBuf,
    /// The run before this one, where there is one beside it.
    before: Option<PathBuf>,
    /// The link that will point at this run; `None`: the user named the folder.
    latest: Option<PathBuf>,
}

impl RunFolder {
    /// Makes the folder: `out`, which must be new or empty, or a new one below `blackstart-runs`.
    pub(super) fn create(out: Option<&Path>, id: Ulid) -> Result<Self> {
        let latest = out.is_none().then(|| Path::new(RUNS).join(LATEST));
        let shown = out.map_or_else(|| Path::new(RUNS).join(name(id)), Path::to_owned);
        let cannot = |error: io::Error| {
            Problem::new(Exit::Usage, format!("cannot make the run's folder {}: {error}", shown.display()))
        };
        if fs::read_dir(&shown).is_ok_and(|mut entries| entries.next().is_some()) {
            let problem = Problem::new(Exit::Usage, format!("{} is not empty", shown.display()));
            return Err(problem.help("name a folder that is new or empty: a record is never mixed with another"));
        }
        fs::create_dir_all(&shown).map_err(cannot)?;
        let absolute = shown.canonicalize().map_err(cannot)?;
        let before = latest.as_ref().and_then(|latest| latest.canonicalize().ok());
        Ok(Self { shown, absolute, before, latest })
    }

    /// Makes the folder of a drill; its path is absolute, for the drill runs elsewhere.
    pub(super) fn drill(&self, found: &Found) -> Result<Folder> {
        let path = self.absolute.join(folder_name(found));
        fs::create_dir(&path)
            .map_err(|error| Problem::new(Exit::Inconclusive, format!("cannot make {}: {error}", path.display())))?;
        Ok(Folder::new(path))
    }

    /// Makes room for another record of the same drill: this one's folder gets another name.
    pub(super) fn set_aside(&self, record: &Folder) -> Result<Folder> {
        let aside = record.aside();
        fs::rename(record.path(), aside.path()).map_err(|error| {
            let what = format!("cannot set {} aside: {error}", record.path().display());
            Problem::new(Exit::Inconclusive, what).help("the drill is not run again: its record would be lost")
        })?;
        Ok(aside)
    }

    /// A drill's folder as the user would write it.
    pub(super) fn shown(&self, folder: Folder) -> Folder {
        match folder.path().strip_prefix(&self.absolute) {
            Ok(relative) => Folder::new(self.shown.join(relative)),
            Err(_) => folder,
        }
    }

    /// The run's folder as the user would write it.
    pub(super) fn shown_path(&self) -> &Path {
        &self.shown
    }

    /// `path`, wherever the command was started.
    pub(super) fn absolute(&self, path: &Path) -> Result<PathBuf> {
        path.canonicalize().map_err(|error| Problem::new(Exit::Usage, format!("{}: {error}", path.display())))
    }

    /// SHA-256 of the previous run's record of the same drill, in hex.
    pub(super) fn previous(&self, found: &Found) -> Option<String> {
        let record = Folder::new(self.before.as_ref()?.join(folder_name(found))).record();
        let digest = Sha256::digest(fs::read(record).ok()?);
        Some(hex(&digest))
    }

    /// Points `latest` at this run. Not being able to is said and changes nothing.
    pub(super) fn publish(&self) {
        let (Some(latest), Some(name)) = (&self.latest, self.shown.file_name()) else { return };
        let replace = || {
            // A rename replaces the old link in one step: `latest` always leads somewhere.
            let new = latest.with_extension(format!("{}", std::process::id()));
            symlink(name, &new)?;
            fs::rename(&new, latest)
        };
        if let Err(error) = replace() {
            output::note(&format!("{} still points at an older run: {error}", latest.display()));
        }
    }
}

fn folder_name(found: &Found) -> String {
    format!("{}-{}", found.plan, found.scenario)
}

/// `20260704T091500Z-k3f9qz`: sorted by time, told apart by chance.
fn name(id: Ulid) -> String {
    let id = id.to_string().to_lowercase();
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    format!("{now}-{}", &id[id.len() - 6..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_was_set_aside_is_superseded_once_there_is_another() {
        let out = tempfile::tempdir().unwrap();
        let run = RunFolder::create(Some(out.path()), Ulid::new()).unwrap();
        let found = Found { plan: "fulexo".into(), scenario: "lost".into(), path: PathBuf::new() };
        let first = run.drill(&found).unwrap();
        assert!(run.drill(&found).is_err(), "a record is never mixed with another");
        let aside = run.set_aside(&first).unwrap();
        assert!(!first.path().exists() && aside.path().exists());
        assert!(!aside.is_superseded(), "it is all that there is");
        let second = run.drill(&found).unwrap();
        assert_eq!(second.path(), first.path());
        assert!(aside.is_superseded() && !second.is_superseded());
    }
}
