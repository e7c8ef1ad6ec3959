//! What is in `fixtures/known_bad/`: defects, and what must raise nothing, each with the twin that it changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::flavour::{self, Flavour};

/// Beside the defects: the folders of healthy plans, and of what looks wrong and is right.
const TWINS: &str = "twins";
const CONTROLS: &str = "controls";
/// What describes a defect or a control; everything beside it is laid over the twin.
pub const DESCRIPTION: &str = "defect.toml";

/// A drill whose outcome is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The name of its folder.
    pub id: String,
    /// What is wrong, or only looks so, in a few words.
    pub title: String,
    /// The folder of the plan that it changes.
    pub twin: PathBuf,
    /// The folder of its own files; a twin has none.
    pub own: Option<PathBuf>,
    /// The checks and objectives of which one has to catch it; none: it must raise nothing.
    pub caught_by: Vec<String>,
    /// What a note of the verdict has to hold, where only that tells that the drill was one of this case.
    pub noted: Option<String>,
    /// Whose words it is written in, where it is about one of the two alone.
    pub written_for: Option<Flavour>,
    /// Whether it runs on MySQL.
    pub on_mysql: bool,
    /// Changes of text in the twin's files.
    pub changes: Vec<Change>,
}

/// A text of a file that becomes another.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The file, below the twin's folder.
    pub file: String,
    /// What stands in it, once.
    pub from: String,
    /// What is to stand there.
    pub to: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Description {
    title: String,
    twin: String,
    #[serde(default)]
    caught_by: Vec<String>,
    noted: Option<String>,
    flavour: Option<Flavour>,
    #[serde(default)]
    changes: Vec<Change>,
}

impl Case {
    /// Why it can't be drilled on this machine's own hosts, if it can't; in containers a server comes with the image.
    pub fn lacks(&self) -> Option<String> {
        let needed = self.on_mysql.then_some(&blackstart_tools::MYSQL)?;
        blackstart_tools::locate(needed).err().map(|missing| missing.to_string())
    }

    /// Whether it makes sense on MySQL too.
    pub fn can_run_on_mysql(&self) -> bool {
        self.written_for != Some(Flavour::MariaDb) && flavour::is_either(&self.twin).unwrap_or(false)
    }

    /// Whether a person means it by `name`.
    pub fn is_called(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name)
    }

    #[cfg(test)]
    pub fn twin(id: &str) -> Self {
        healthy(id, &PathBuf::from(TWINS).join(id))
    }
}

/// Everything in `folder`: the twins first, because nothing is known of a defect whose twin fails.
///
/// # Errors
/// A file can't be read, or says what it may not.
pub fn read(folder: &Path) -> io::Result<Vec<Case>> {
    let twins = folder.join(TWINS);
    let mut cases: Vec<Case> = folders(&twins)?.iter().map(|id| healthy(id, &twins.join(id))).collect();
    let controls = folder.join(CONTROLS);
    if controls.is_dir() {
        for id in folders(&controls)? {
            let case = described(&id, &controls.join(&id), &twins)?;
            refuse(!case.caught_by.is_empty(), &id, "a control is caught by nothing")?;
            cases.push(case);
        }
    }
    for id in folders(folder)?.into_iter().filter(|id| id != TWINS && id != CONTROLS) {
        let case = described(&id, &folder.join(&id), &twins)?;
        refuse(case.caught_by.is_empty(), &id, "a defect names what has to catch it")?;
        cases.push(case);
    }
    Ok(cases)
}

fn healthy(id: &str, folder: &Path) -> Case {
    Case {
        id: id.to_owned(),
        title: "The healthy twin".to_owned(),
        twin: folder.to_owned(),
        own: None,
        caught_by: Vec::new(),
        noted: None,
        written_for: None,
        on_mysql: false,
        changes: Vec::new(),
    }
}

fn described(id: &str, folder: &Path, twins: &Path) -> io::Result<Case> {
    let text = fs::read_to_string(folder.join(DESCRIPTION))
        .map_err(|error| io::Error::other(format!("{id}/{DESCRIPTION}: {error}")))?;
    let Description { title, twin, caught_by, noted, flavour, changes } =
        toml::from_str(&text).map_err(|error| io::Error::other(format!("{id}/{DESCRIPTION}: {error}")))?;
    let twin = twins.join(twin);
    refuse(!twin.is_dir(), id, "its twin is not there")?;
    let (id, own, on_mysql) = (id.to_owned(), Some(folder.to_owned()), flavour == Some(Flavour::MySql));
    Ok(Case { id, title, twin, own, caught_by, noted, written_for: flavour, on_mysql, changes })
}

fn refuse(wrong: bool, id: &str, why: &str) -> io::Result<()> {
    if wrong { Err(io::Error::other(format!("{id}/{DESCRIPTION}: {why}"))) } else { Ok(()) }
}

fn folders(of: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(of).map_err(|error| io::Error::other(format!("{}: {error}", of.display())))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(files: &[(&str, &str)]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("twins/dump")).unwrap();
        for (path, text) in files {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        place
    }

    #[test]
    fn twins_come_first_then_controls_then_defects() {
        let place = place(&[
            ("A1/defect.toml", "title = 'a'\ntwin = 'dump'\ncaught-by = ['LOST']\n"),
            ("controls/quiet/defect.toml", "title = 'q'\ntwin = 'dump'\n"),
        ]);
        let ids: Vec<String> = read(place.path()).unwrap().into_iter().map(|case| case.id).collect();
        assert_eq!(ids, ["dump", "quiet", "A1"]);
    }

    #[test]
    fn what_a_description_may_not_say_is_refused_by_name() {
        for (path, text, why) in [
            ("A1/defect.toml", "title = 'a'\ntwin = 'dump'\n", "names what has to catch it"),
            ("A1/defect.toml", "title = 'a'\ntwin = 'other'\ncaught-by = ['LOST']\n", "twin is not there"),
            ("A1/defect.toml", "title = 'a'\ntwin = 'dump'\ncaught = ['LOST']\n", "caught"),
            ("controls/c/defect.toml", "title = 'a'\ntwin = 'dump'\ncaught-by = ['LOST']\n", "caught by nothing"),
            ("A1/other.toml", "", "A1/defect.toml"),
        ] {
            let said = read(place(&[(path, text)]).path()).unwrap_err().to_string();
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    /// The repository's own: a description that names a text that its twin does not have plants nothing.
    #[test]
    fn every_known_case_can_be_composed() {
        let root = crate::workspace_root(&std::env::current_dir().unwrap()).unwrap();
        let cases = read(&root.join("fixtures/known_bad")).unwrap();
        let place = tempfile::tempdir().unwrap();
        assert!(cases.iter().any(|case| !case.caught_by.is_empty()));
        for case in &cases {
            super::super::compose::compose(case, &place.path().join(&case.id)).unwrap();
        }
    }

    /// Whatever a script says that MySQL does not know has to have its line among the words of the flavour.
    #[test]
    fn what_can_run_on_mysql_says_nothing_of_mariadb() {
        let root = crate::workspace_root(&std::env::current_dir().unwrap()).unwrap();
        let mut cases = read(&root.join("fixtures/known_bad")).unwrap();
        cases.retain(|case| case.written_for.is_none() && case.can_run_on_mysql());
        assert!(!cases.is_empty());
        for case in cases {
            let place = tempfile::tempdir().unwrap();
            let id = case.id.clone();
            let name = super::super::compose::compose(&Case { on_mysql: true, ..case }, place.path()).unwrap();
            let plan = place.path().join("scenarios").join(name.split_once('/').unwrap().0);
            assert!(fs::read_to_string(plan.join("plan.toml")).unwrap().contains("version = \"MySQL\""), "{id}");
            for entry in fs::read_dir(plan).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "sh") {
                    let text = fs::read_to_string(&path).unwrap();
                    let other = ["mariadb", "SLAVE", "MASTER", "BINLOG STATUS"].map(|word| text.contains(word));
                    assert_eq!(other, [false; 4], "{id}: {text}");
                }
            }
        }
    }
}
