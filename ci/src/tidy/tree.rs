//! The repository's text files, read once, as every rule sees them.

use std::fs;
use std::io;
use std::path::Path;

use proc_macro2::TokenStream;

/// What holds nothing of ours. `.git` is a file in a worktree.
const NOT_OURS: &[&str] = &[".git", "target", "blackstart-runs", "mutants.out"];

/// The repository's text files.
pub struct Tree {
    files: Vec<File>,
}

/// A text file.
pub(super) struct File {
    /// Its path from the root, with `/`.
    pub(super) path: String,
    /// Its content.
    pub(super) text: String,
    /// Its tokens if it is Rust, or the line at which it stops being Rust.
    pub(super) tokens: Option<Result<TokenStream, usize>>,
}

impl Tree {
    /// Reads the repository at `root`. Links are not followed, and what is not UTF-8 is not text.
    ///
    /// # Errors
    /// When a file or directory can't be read.
    pub fn load(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        let mut directories = vec![root.to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory)? {
                let entry = entry?;
                let (path, kind) = (entry.path(), entry.file_type()?);
                if NOT_OURS.iter().any(|name| entry.file_name() == *name) {
                    continue;
                }
                if kind.is_dir() {
                    directories.push(path);
                } else if kind.is_file()
                    && let Ok(text) = String::from_utf8(fs::read(&path)?)
                {
                    let relative = path.strip_prefix(root).unwrap_or(&path);
                    files.push(File::new(&relative.to_string_lossy(), text));
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// A tree of these paths and contents.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let files = files.into_iter();
        Self { files: files.map(|(path, text)| File::new(path, text.to_owned())).collect() }
    }

    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The files that are Rust, with their tokens.
    pub(super) fn rust(&self) -> impl Iterator<Item = (&File, TokenStream)> {
        self.files.iter().filter_map(|file| match &file.tokens {
            Some(Ok(tokens)) => Some((file, tokens.clone())),
            _ => None,
        })
    }
}

impl File {
    fn new(path: &str, text: String) -> Self {
        let tokens = path
            .ends_with(".rs")
            .then(|| text.parse().map_err(|error: proc_macro2::LexError| error.span().start().line));
        Self { path: path.to_owned(), text, tokens }
    }

    /// Whether the whole file is compiled only for tests, by where it is or how it is called.
    pub(super) fn is_test(&self) -> bool {
        let (directory, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        name == "tests.rs"
            || name.ends_with("_tests.rs")
            || directory.split('/').any(|part| part == "tests" || part == "benches" || part.ends_with("_tests"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_text_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, content: &[u8]| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write("a/b.rs", b"//! B.\n");
        write(".ci/run", b"#!/bin/sh\n");
        write("picture.png", b"\x89PNG\xff\xfe");
        write("target/debug/x.rs", b"panic");
        write(".git/config", b"[core]");
        std::os::unix::fs::symlink("b.rs", dir.path().join("a/link.rs")).unwrap();
        let tree = Tree::load(dir.path()).unwrap();
        let paths: Vec<&str> = tree.files().iter().map(|file| &*file.path).collect();
        assert_eq!(paths, [".ci/run", "a/b.rs"]);
    }

    #[test]
    fn a_test_file_is_known_by_its_place_or_name() {
        for (path, expected) in [
            ("harness/tests/drill.rs", true),
            ("harness/tests/support/mod.rs", true),
            ("a/src/search_tests.rs", true),
            ("a/src/tests.rs", true),
            ("a/src/search_tests/words.rs", true),
            ("a/src/search_testing/words.rs", false),
            ("a/src/attests.rs", false),
            ("a/src/testing.rs", false),
        ] {
            let file = File::new(path, String::new());
            assert_eq!(file.is_test(), expected, "{path}");
        }
    }
}
