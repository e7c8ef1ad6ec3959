//! Scratch folders: where the disks of a drill's hosts are. Each carries a label that says whose it is, so that
//! `sweep` removes what a killed run left, and nothing else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::getuid;
use serde::{Deserialize, Serialize};

use super::process;

const LABEL: &str = "blackstart-scratch.json";

/// Who made a scratch folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Label {
    run: String,
    owner: u32,
    owner_started: u64,
}

/// A scratch folder, removed by [`Scratch::remove`]; a killed owner leaves it to [`sweep`].
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

/// The folder that holds this user's scratch folders: `BLACKSTART_SCRATCH`, else `/var/tmp/blackstart-<uid>`.
pub fn root() -> PathBuf {
    std::env::var_os("BLACKSTART_SCRATCH")
        .map_or_else(|| PathBuf::from(format!("/var/tmp/blackstart-{}", getuid().as_raw())), PathBuf::from)
}

impl Scratch {
    /// Makes a scratch folder for `run`, owned by this process.
    ///
    /// # Errors
    /// Any error of making it.
    pub fn create(root: &Path, run: &str) -> io::Result<Self> {
        let path = root.join(run);
        fs::create_dir_all(&path)?;
        let owner = std::process::id();
        let label = Label { run: run.to_owned(), owner, owner_started: process::start_time(owner).unwrap_or(0) };
        fs::write(path.join(LABEL), serde_json::to_vec(&label)?)?;
        Ok(Self { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it with all that it holds.
    ///
    /// # Errors
    /// Any error of removing it.
    pub fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(&self.path)
    }
}

/// What [`sweep`] did with one labelled folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// The run that made it.
    pub run: String,
    /// The folder.
    pub path: PathBuf,
    /// What happened to it.
    pub fate: Fate,
}

/// The fate of a labelled folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its owner is gone; it was removed.
    Removed,
    /// Its owner lives; it was left alone.
    InUse,
    /// It could not be removed.
    Stuck(String),
}

/// Removes the scratch folders below `root` whose owner is gone. Folders without our label are not touched.
///
/// # Errors
/// Any error of listing `root`; a missing `root` holds nothing.
pub fn sweep(root: &Path) -> io::Result<Vec<Swept>> {
    let entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut swept = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let label = fs::read(path.join(LABEL)).ok().and_then(|bytes| serde_json::from_slice::<Label>(&bytes).ok());
        let Some(label) = label else { continue };
        let alive = process::start_time(label.owner) == Some(label.owner_started);
        let fate = if alive {
            Fate::InUse
        } else {
            fs::remove_dir_all(&path).map_or_else(|error| Fate::Stuck(error.to_string()), |()| Fate::Removed)
        };
        swept.push(Swept { run: label.run, path, fate });
    }
    Ok(swept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweep_removes_only_labelled_folders_of_dead_owners() {
        let root = tempfile::tempdir().unwrap();
        let live = Scratch::create(root.path(), "live").unwrap();
        let dead = Scratch::create(root.path(), "dead").unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let label = Label { run: "dead".into(), owner: child.id(), owner_started: 1 };
        fs::write(dead.path().join(LABEL), serde_json::to_vec(&label).unwrap()).unwrap();
        fs::create_dir(root.path().join("foreign")).unwrap();

        let mut fates: Vec<_> = sweep(root.path()).unwrap().into_iter().map(|swept| (swept.run, swept.fate)).collect();
        fates.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(fates, [("dead".to_owned(), Fate::Removed), ("live".to_owned(), Fate::InUse)]);
        assert!(live.path().exists() && !dead.path().exists() && root.path().join("foreign").exists());
    }
}
