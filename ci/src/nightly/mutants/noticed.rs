//! What a slice noticed that did not pass yet: until it passes, only the rest of it is tried again.
//!
//! That holds for code that is as it was then; tests are only added. A slice that passed is tried whole the next time.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Found;

/// Where it is kept, of one slice.
#[derive(Debug)]
pub struct Noticed {
    root: PathBuf,
    file: PathBuf,
}

/// What was noticed, and of which commit.
#[derive(Debug, PartialEq, Eq)]
pub struct Before {
    pub commit: String,
    pub found: Found,
}

impl Noticed {
    /// That of the slice whose results are in `folder`.
    pub fn of(root: &Path, folder: &Path) -> Self {
        Self { root: root.to_owned(), file: folder.join("noticed.txt") }
    }

    /// What still holds of it; `None`: nothing is kept.
    ///
    /// # Errors
    /// It can't be read.
    pub fn read(&self) -> io::Result<Option<Before>> {
        if !self.file.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&self.file)?;
        let mut as_it_was = std::collections::BTreeMap::new();
        Ok(parse(&text, |commit, file| {
            *as_it_was.entry(file.to_owned()).or_insert_with(|| self.code_then(commit, file) == self.code_now(file))
        }))
    }

    /// Keeps what was noticed until now; `before`: the commit of what was kept already.
    ///
    /// # Errors
    /// It can't be written, or git can't be asked for the commit.
    pub fn keep(&self, found: &Found, before: Option<&Before>) -> io::Result<()> {
        let commit = match before {
            Some(before) => before.commit.clone(),
            None => self.git(&["rev-parse", "--short=12", "HEAD"]).ok_or_else(|| io::Error::other("git fails"))?,
        };
        std::fs::write(&self.file, text(commit.trim(), found))
    }

    /// The slice passed.
    ///
    /// # Errors
    /// It can't be removed.
    pub fn forget(&self) -> io::Result<()> {
        if self.file.exists() { std::fs::remove_file(&self.file) } else { Ok(()) }
    }

    fn code_then(&self, commit: &str, file: &str) -> Option<String> {
        self.git(&["show", &format!("{commit}:{file}")]).map(|text| without_tests(&text).to_owned())
    }

    fn code_now(&self, file: &str) -> Option<String> {
        let text = std::fs::read_to_string(self.root.join(file)).ok()?;
        Some(without_tests(&text).to_owned())
    }

    fn git(&self, arguments: &[&str]) -> Option<String> {
        let answer = Command::new("git").args(arguments).current_dir(&self.root).output().ok()?;
        String::from_utf8(answer.stdout).ok().filter(|_| answer.status.success())
    }
}

fn without_tests(code: &str) -> &str {
    code.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default()
}

fn text(commit: &str, found: &Found) -> String {
    let mut text = format!("{commit}\n");
    for (kind, names) in [("caught", &found.caught), ("timed out", &found.timed_out), ("unviable", &found.unviable)] {
        names.iter().for_each(|name| text += &format!("{kind}\t{name}\n"));
    }
    text
}

/// `holds` tells of a commit and a file whether its code is as it was.
fn parse(text: &str, mut holds: impl FnMut(&str, &str) -> bool) -> Option<Before> {
    let mut lines = text.lines();
    let commit = lines.next()?.to_owned();
    let mut found = Found::default();
    for (kind, name) in lines.filter_map(|line| line.split_once('\t')) {
        if !holds(&commit, super::file_of(name)) {
            continue;
        }
        match kind {
            "caught" => found.caught.push(name.to_owned()),
            "timed out" => found.timed_out.push(name.to_owned()),
            _ => found.unviable.push(name.to_owned()),
        }
    }
    Some(Before { commit, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noticed_is_kept_for_code_that_is_as_it_was() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let found = Found {
            caught: names(&["a.rs:1:2: delete !", "b.rs:1:2: delete !"]),
            timed_out: names(&["a.rs:3:2: replace += with *="]),
            survived: names(&["a.rs:4:2: replace < with <="]),
            unviable: names(&["a.rs:5:2: replace f with Default::default()"]),
        };
        let kept = text("0123abc", &found);
        let before = parse(&kept, |commit, file| (commit, file) == ("0123abc", "a.rs")).unwrap();
        assert_eq!(before.commit, "0123abc");
        let expected = Found { caught: names(&["a.rs:1:2: delete !"]), survived: vec![], ..found };
        assert_eq!(before.found, expected, "b.rs is another now, and survivors are tried again");
        assert_eq!(parse("", |_, _| true), None);
    }

    #[test]
    fn a_test_that_was_added_does_not_change_the_code() {
        let code = "fn f() {}\n";
        let tested = format!("{code}\n#[cfg(test)]\nmod tests {{\n}}\n");
        assert_eq!(without_tests(&tested).trim_end(), code.trim_end());
        assert_eq!(without_tests(code), code);
    }
}
