//! Small things that reviews should not have to look for: text as editors leave it, paths of one
//! person's machine, hosts that another person may not reach or may mirror.

use super::tree::File;
use super::{Tree, Violation};

/// Directories of somebody's machine, in pieces so that this file has none.
const MACHINE_PATHS: &[&[&str]] = &[&["/home", "/"], &["/Users", "/"], &["/root", "/"], &["/work", "/"], &["C:", "\\"]];

/// Package registries, in pieces likewise. Tools are named by module and package; where they come
/// from is the machine's setting.
const REGISTRIES: &[&[&str]] = &[
    &["crates", ".io"],
    &["pypi", ".org"],
    &["pythonhosted", ".org"],
    &["registry.npmjs", ".org"],
    &["rubygems", ".org"],
    &["proxy.golang", ".org"],
    &["sum.golang", ".org"],
    &["deb.debian", ".org"],
    &["archive.ubuntu", ".com"],
];

/// Written by cargo, hosts included.
const GENERATED: &str = "Cargo.lock";

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let files = tree.files().iter();
    let ours = files.filter(|file| !file.path.ends_with(GENERATED));
    ours.flat_map(problems).collect()
}

fn problems(file: &File) -> Vec<Violation> {
    let is = |ending: &str| file.path.ends_with(ending);
    let is_prose_or_code = is(".rs") || is(".toml") || is(".md");
    let mut found = Vec::new();
    let mut say = |line: usize, what: String| found.push(Violation::new(&file.path, line, what));
    if is(".rs") && !file.text.starts_with("//! ") {
        say(1, "begins without a `//!` line that says what the file is for".to_owned());
    }
    for (line, text) in (1..).zip(file.text.lines()) {
        if is_prose_or_code && text.ends_with(char::is_whitespace) {
            say(line, "white space at the end of the line".to_owned());
        }
        if is_prose_or_code && text.contains('\t') {
            say(line, "a tab: use spaces".to_owned());
        }
        for path in MACHINE_PATHS.iter().map(|pieces| pieces.concat()) {
            if names_path(text, &path) {
                say(line, format!("a path of somebody's machine, below {path}"));
            }
        }
        for host in REGISTRIES.iter().map(|pieces| pieces.concat()) {
            if text.contains(&host) {
                say(line, format!("the package registry {host}: name the package, not the host"));
            }
        }
    }
    found
}

/// Whether an absolute path in `text` begins with `start`: not in the middle of another one, as in
/// `$DIR/home/`, or of an address.
fn names_path(text: &str, start: &str) -> bool {
    text.match_indices(start).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.~/})*".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::broken_by;
    use super::*;

    #[test]
    fn each_slip_is_named_with_its_line() {
        let home = MACHINE_PATHS[0].concat();
        let windows = MACHINE_PATHS[4].concat();
        let registry = REGISTRIES[0].concat();
        for (path, text, expected) in [
            ("a.rs", "\nfn f() {}\n", "a.rs:1: begins without a `//!`"),
            ("a.rs", "// Not a doc line.\n", "a.rs:1: begins without a `//!`"),
            ("a.rs", "//! Doc. \n", "a.rs:1: white space at the end"),
            ("a.md", "# A\n\nText.  \n", "a.md:3: white space at the end"),
            ("a.toml", "\tx = 1\n", "a.toml:1: a tab"),
            ("a.md", &format!("x\nsee `{home}me/x`\n"), "a.md:2: a path of somebody's"),
            ("a.yml", &format!("run: {home}me/x\n"), "a.yml:1: a path of somebody's"),
            ("a.md", &format!("{windows}x\n"), "a.md:1: a path of somebody's"),
            ("a.sh", &format!("curl {registry}/x\n"), "a.sh:1: the package registry"),
        ] {
            let said = broken_by(check, path, text);
            assert_eq!(said.len(), 1, "{path}: {text:?}: {said:?}");
            assert!(said[0].starts_with(expected), "{said:?}");
        }
    }

    #[test]
    fn clean_text_is_clean() {
        let home = MACHINE_PATHS[0].concat();
        let registry = REGISTRIES[0].concat();
        for (path, text) in [
            ("a.rs", "//! Doc.\nfn f() {}\n"),
            ("Makefile", "all:\n\ttrue\n"),
            ("a.md", &format!("`$DIR{home}x`, `${{DIR}}{home}x`, `..{home}x`\n")),
            ("a.md", &format!("https://example.org{home}x\n")),
            ("a.sql", "SELECT 1; \n"),
            ("Cargo.lock", &format!("source = \"{registry}\"\n")),
        ] {
            let said = broken_by(check, path, text);
            assert!(said.is_empty(), "{path}: {said:?}");
        }
    }
}
