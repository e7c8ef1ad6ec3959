//! The user's own programs that a plan names: they must be there and runnable before anything is started.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path};

use blackstart_record::words::hex;
use sha2::{Digest, Sha256};

use super::{Asks, Loaded, Vocabulary};

impl<V: Vocabulary> Loaded<V> {
    /// SHA-256 of each program of the plan's own that the pipeline runs, in hex, by its path below the plan's `folder`. One
    /// that cannot be read is left out.
    pub fn programs(&self, folder: &Path) -> BTreeMap<String, String> {
        let files = self.pipeline.method.method().map(|method| method.files).unwrap_or_default();
        let digest = |file: &str| Some(hex(&Sha256::digest(std::fs::read(folder.join(file)).ok()?)));
        files.into_iter().filter_map(|file| Some((file.to_owned(), digest(file)?))).collect()
    }
}

/// What is wrong with the folder `name` of the plan in `folder`, and what would be right.
pub(super) fn wrong_with_folder(name: &str, folder: &Path) -> Option<(String, String)> {
    let path = folder.join(name);
    let help = format!("the plan's folder should hold it as {}", path.display());
    if !is_below(name) {
        let message = format!("`{name}` is no path below the plan's folder");
        return Some((message, "put the folder beside `plan.toml` and write its path from there".to_owned()));
    }
    match std::fs::metadata(&path) {
        Err(error) => Some((format!("the folder `{name}` cannot be found: {error}"), help)),
        Ok(meta) if !meta.is_dir() => Some((format!("`{name}` is no folder"), help)),
        Ok(_) => None,
    }
}

fn is_below(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// What is wrong with the program `file` of the plan in `folder`, and what would be right.
pub(super) fn wrong_with(file: &str, folder: &Path) -> Option<(String, String)> {
    if !is_below(file) {
        let message = format!("`{file}` is no path below the plan's folder");
        return Some((message, "put the program beside `plan.toml` and write its path from there".to_owned()));
    }
    let path = folder.join(file);
    let shown = path.display();
    match std::fs::metadata(&path) {
        Err(error) => Some((
            format!("the program `{file}` cannot be found: {error}"),
            format!("the plan's folder should hold it as {shown}"),
        )),
        Ok(meta) if !meta.is_file() => {
            Some((format!("`{file}` is no program"), format!("{shown} should be a file that can be run")))
        }
        Ok(meta) if meta.permissions().mode() & 0o111 == 0 => {
            Some((format!("the program `{file}` cannot be run: it is not executable"), format!("chmod +x {shown}")))
        }
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_runnable_file_below_the_plan_is_a_program_and_only_a_folder_there_a_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, mode: u32| {
            let path = folder.path().join(name);
            std::fs::write(&path, "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        std::fs::create_dir(folder.path().join("own")).unwrap();
        make("own/backup.sh", 0o755);
        make("plain.sh", 0o644);
        let cases = [
            ("own/backup.sh", None),
            ("plain.sh", Some("not executable")),
            ("own", Some("no program")),
            ("missing.sh", Some("cannot be found")),
            ("../outside.sh", Some("no path below")),
            ("/bin/true", Some("no path below")),
            ("", Some("no path below")),
        ];
        let folders = [
            ("own", None),
            ("plain.sh", Some("no folder")),
            ("none", Some("cannot be found")),
            ("..", Some("no path")),
        ];
        for (name, says) in folders {
            let wrong = wrong_with_folder(name, folder.path()).map(|(message, _)| message);
            assert_eq!(wrong.is_some(), says.is_some(), "{name}: {wrong:?}");
            assert!(says.is_none_or(|says| wrong.as_deref().unwrap_or_default().contains(says)), "{name}: {wrong:?}");
        }
        for (file, says) in cases {
            let wrong = wrong_with(file, folder.path()).map(|(message, _)| message);
            assert_eq!(wrong.is_some(), says.is_some(), "{file}: {wrong:?}");
            assert!(says.is_none_or(|says| wrong.as_deref().unwrap_or_default().contains(says)), "{file}: {wrong:?}");
        }
    }
}
