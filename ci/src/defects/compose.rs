//! A scenarios folder out of a twin and what a defect changes of it.

use std::fs;
use std::io;
use std::path::Path;

use super::flavour::{self, Flavour};
use super::known::{Case, DESCRIPTION};

/// Where the scenarios lie in the folder of a drill.
pub const SCENARIOS: &str = "scenarios";

/// Makes `folder` anew and lays the case's plan into it. The whole name of its only scenario.
///
/// # Errors
/// A file can't be copied, a change does not fit, or there is not exactly one scenario.
pub fn compose(case: &Case, folder: &Path) -> io::Result<String> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let plan = case.twin.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let to = folder.join(SCENARIOS).join(&plan);
    lay(&case.twin, &to)?;
    if let Some(own) = &case.own {
        lay(own, &to)?;
        fs::remove_file(to.join(DESCRIPTION))?;
    }
    for change in &case.changes {
        let path = to.join(&change.file);
        let text = fs::read_to_string(&path)
            .map_err(|error| io::Error::other(format!("{}: {}: {error}", case.id, change.file)))?;
        let places = text.matches(&change.from).count();
        if places != 1 {
            let says = format!("{}: {:?} stands {places} times in {}, not once", case.id, change.from, change.file);
            return Err(io::Error::other(says));
        }
        fs::write(&path, text.replace(&change.from, &change.to))?;
    }
    if case.on_mysql {
        flavour::on_mysql(&to)?;
        if case.written_for != Some(Flavour::MySql) {
            flavour::in_mysqls_words(&to)?;
        }
    }
    Ok(format!("{plan}/{}", scenario(&to)?))
}

/// Copies a folder over another, modes included.
fn lay(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            lay(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

fn scenario(plan: &Path) -> io::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(plan)? {
        let path = entry?.path();
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "toml") && stem != "plan" {
            names.push(stem);
        }
    }
    match &names[..] {
        [only] => Ok(only.clone()),
        _ => Err(io::Error::other(format!("{}: a twin has one scenario, not {names:?}", plan.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::known::Change;
    use super::*;

    fn case(place: &Path, changes: &[(&str, &str, &str)]) -> Case {
        let (twin, own) = (place.join("twins/dump"), place.join("A1"));
        for (folder, files) in [
            (&twin, &[("plan.toml", "one\n"), ("night.toml", "two\n"), ("tools/b.sh", "three\n")][..]),
            (&own, &[(DESCRIPTION, ""), ("tools/b.sh", "four\n")]),
        ] {
            fs::create_dir_all(folder.join("tools")).unwrap();
            for (name, text) in files {
                fs::write(folder.join(name), text).unwrap();
            }
        }
        let changes = changes.iter().map(|(file, from, to)| Change {
            file: (*file).to_owned(),
            from: (*from).to_owned(),
            to: (*to).to_owned(),
        });
        Case { own: Some(own), twin, changes: changes.collect(), ..Case::twin("A1") }
    }

    #[test]
    fn own_files_replace_the_twins_and_texts_are_changed_after_that() {
        let place = tempfile::tempdir().unwrap();
        let case = case(place.path(), &[("plan.toml", "one", "1"), ("tools/b.sh", "four", "4")]);
        let to = place.path().join("out");
        for _ in 0..2 {
            assert_eq!(compose(&case, &to).unwrap(), "dump/night");
        }
        let read = |name: &str| fs::read_to_string(to.join("scenarios/dump").join(name)).unwrap();
        assert_eq!([read("plan.toml"), read("night.toml"), read("tools/b.sh")], ["1\n", "two\n", "4\n"]);
        assert!(!to.join("scenarios/dump").join(DESCRIPTION).exists());
    }

    #[test]
    fn a_change_that_fits_nowhere_or_twice_is_refused() {
        let place = tempfile::tempdir().unwrap();
        for (from, times) in [("five", "0 times"), ("o", "2 times")] {
            let case = case(place.path(), &[("tools/b.sh", from, ""), ("night.toml", from, "")]);
            fs::write(place.path().join("A1/tools/b.sh"), "foo\n").unwrap();
            let said = compose(&case, &place.path().join("out")).unwrap_err().to_string();
            assert!(said.contains(times), "{said}");
        }
    }
}
