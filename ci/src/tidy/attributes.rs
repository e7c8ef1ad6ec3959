//! A lint that is silenced says why. Clippy sees every `unwrap` but those that are allowed.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{Tree, Violation, rust};

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, tokens) in tree.rust().filter(|(file, _)| !file.is_test()) {
        let tests = rust::test_lines(tokens.clone());
        let mut lines = Vec::new();
        unreasoned(tokens, &mut lines);
        lines.retain(|line| !tests.iter().any(|test| test.contains(line)));
        found.extend(lines.into_iter().map(|line| {
            Violation::new(&file.path, line, "a lint is silenced without a reason: add `reason = \"...\"`")
        }));
    }
    found
}

/// The lines of attributes that silence a lint and give no reason.
fn unreasoned(tokens: TokenStream, lines: &mut Vec<usize>) {
    let mut is_attribute = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                if is_attribute && group.delimiter() == Delimiter::Bracket {
                    silences(group.stream(), lines);
                }
                unreasoned(group.stream(), lines);
                is_attribute = false;
            }
            TokenTree::Punct(mark) if mark.as_char() == '#' => is_attribute = true,
            TokenTree::Punct(mark) if mark.as_char() == '!' && is_attribute => {}
            _ => is_attribute = false,
        }
    }
}

/// `allow(...)` and `expect(...)` in an attribute, also within `cfg_attr(...)`.
fn silences(attribute: TokenStream, lines: &mut Vec<usize>) {
    let mut line = None;
    for token in attribute {
        match token {
            TokenTree::Ident(word) if word == "allow" || word == "expect" => {
                line = Some(word.span().start().line);
            }
            TokenTree::Group(group) => match line.take() {
                Some(line) if !rust::contains(group.stream(), "reason") => lines.push(line),
                Some(_) => {}
                None => silences(group.stream(), lines),
            },
            _ => line = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::broken_by;
    use super::*;

    #[test]
    fn a_silenced_lint_has_to_say_why() {
        for text in [
            "#[allow(dead_code)] fn f() {}",
            "#![allow(clippy::unwrap_used)]",
            "#[expect(clippy::panic)] fn f() {}",
            "#[cfg_attr(unix, allow(dead_code))] fn f() {}",
            "fn f() { #[allow(unused)] let x = 1; }",
        ] {
            let said = broken_by(check, "a/src/b.rs", &format!("\n{text}"));
            assert_eq!(said.len(), 1, "{text}: {said:?}");
            assert!(said[0].starts_with("a/src/b.rs:2: "), "{said:?}");
        }
    }

    #[test]
    fn a_reason_is_enough_and_tests_need_none() {
        for text in [
            "#[allow(dead_code, reason = \"a fixture\")] fn f() {}",
            "#![cfg_attr(unix, expect(dead_code, reason = \"a fixture\"))]",
            "fn f() { Some(1).expect(\"not an attribute\"); }",
            "fn f() { [allow(1)]; }",
            "#[deny(dead_code)] fn f() {}",
            "#[cfg(test)]\nmod tests {\n#[allow(dead_code)]\nfn f() {}\n}",
        ] {
            assert!(broken_by(check, "a/src/b.rs", text).is_empty(), "{text}");
        }
    }
}
