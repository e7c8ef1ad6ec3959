//! Files and functions that one can hold in one's head.
//!
//! The aim is 300 lines and less; the limits are where it stops being a matter of taste. Tests may
//! be as long as their tables.

use super::{Tree, Violation, rust};

const LINES_OF_A_FILE: usize = 400;
const LINES_OF_A_FUNCTION: usize = 70;

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, tokens) in tree.rust().filter(|(file, _)| !file.is_test()) {
        let tests = rust::test_lines(tokens.clone());
        let of_tests: usize = tests.iter().map(|lines| lines.clone().count()).sum();
        let lines = file.text.lines().count() - of_tests;
        if lines > LINES_OF_A_FILE {
            found.push(Violation::new(
                &file.path,
                1,
                format!("{lines} lines without tests, {LINES_OF_A_FILE} at most: split the file by what it is about"),
            ));
        }
        for function in rust::functions(tokens) {
            let first = *function.lines.start();
            let lines = function.lines.count();
            if lines > LINES_OF_A_FUNCTION && !tests.iter().any(|test| test.contains(&first)) {
                let name = function.name;
                found.push(Violation::new(
                    &file.path,
                    first,
                    format!("`{name}` has {lines} lines, {LINES_OF_A_FUNCTION} at most: give its parts names"),
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tests::broken_by;
    use super::*;

    fn function(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    // {\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_may_have_seventy_lines_and_no_more() {
        let at_most = function(LINES_OF_A_FUNCTION);
        assert!(broken_by(check, "a/src/b.rs", &at_most).is_empty());
        let one_more = format!("\n{}", function(LINES_OF_A_FUNCTION + 1));
        let said = broken_by(check, "a/src/b.rs", &one_more);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("a/src/b.rs:2: `long` has 71 lines"), "{said:?}");
    }

    #[test]
    fn a_file_may_have_four_hundred_lines_and_no_more() {
        let at_most = "// a line\n".repeat(LINES_OF_A_FILE);
        assert!(broken_by(check, "a/src/b.rs", &at_most).is_empty());
        let said = broken_by(check, "a/src/b.rs", &(at_most + "// one more\n"));
        assert!(said[0].starts_with("a/src/b.rs:1: 401 lines"), "{said:?}");
    }

    #[test]
    fn tests_do_not_count() {
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function(500));
        assert!(broken_by(check, "a/src/b.rs", &tests).is_empty());
        assert!(broken_by(check, "a/tests/b.rs", &function(500)).is_empty());
    }
}
