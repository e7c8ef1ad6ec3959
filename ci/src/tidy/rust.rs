//! Rust seen as tokens: what the rules need to know of a file, without a whole grammar.
//!
//! Tokens already tell code from comments and strings and pair every bracket, and they show what a
//! syntax tree hides: the arguments of macros, where `select!` and `json!` keep real code.

use std::iter::Peekable;
use std::ops::RangeInclusive;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::{Tree, Violation};

/// The rule that every `.rs` file can be read at all: the others pass over one that can't.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    (tree.files().iter())
        .filter_map(|file| match file.tokens {
            Some(Err(line)) => Some(Violation::new(&file.path, line, "this is not Rust")),
            _ => None,
        })
        .collect()
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// From `fn` to the closing brace.
    pub(super) lines: RangeInclusive<usize>,
}

/// Every function in `tokens`, wherever it is.
pub(super) fn functions(tokens: TokenStream) -> Vec<Function> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize)> = None;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(word) if word == "fn" => {
                // Without a name it is the type of a pointer.
                if let Some(TokenTree::Ident(name)) = tokens.peek() {
                    open = Some((name.to_string(), word.span().start().line));
                }
            }
            TokenTree::Punct(end) if end.as_char() == ';' => open = None,
            TokenTree::Group(group) => {
                if group.delimiter() == Delimiter::Brace
                    && let Some((name, first)) = open.take()
                {
                    let lines = first..=group.span_close().end().line;
                    found.push(Function { name, lines });
                }
                found.extend(functions(group.stream()));
            }
            _ => {}
        }
    }
    found
}

/// The lines of the items that are compiled only for tests: what follows a `#[cfg(test)]`, or a
/// `cfg` that asks for `test` among others.
pub(super) fn test_lines(tokens: TokenStream) -> Vec<RangeInclusive<usize>> {
    let mut found = Vec::new();
    let mut begun: Option<usize> = None;
    for token in tokens {
        match &token {
            TokenTree::Group(group) if asks_for_test(group) => {
                begun.get_or_insert(group.span().start().line);
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => match begun.take() {
                Some(first) => found.push(first..=group.span_close().end().line),
                None => found.extend(test_lines(group.stream())),
            },
            TokenTree::Punct(end) if end.as_char() == ';' => {
                if let Some(first) = begun.take() {
                    found.push(first..=end.span().start().line);
                }
            }
            _ => {}
        }
    }
    found
}

fn asks_for_test(attribute: &Group) -> bool {
    if attribute.delimiter() != Delimiter::Bracket {
        return false;
    }
    let mut tokens = attribute.stream().into_iter();
    let is_cfg = matches!(tokens.next(), Some(TokenTree::Ident(word)) if word == "cfg");
    let Some(TokenTree::Group(condition)) = tokens.next() else {
        return false;
    };
    is_cfg && contains(condition.stream(), "test") && !contains(condition.stream(), "not")
}

/// Whether `word` is anywhere in `tokens`.
pub(super) fn contains(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => contains(group.stream(), word),
        _ => false,
    })
}

/// A path as written, `use` trees multiplied out: `use crate::{a, b::c}` is two.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PathUse {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
    /// How many inline modules it is in.
    pub(super) depth: usize,
}

/// Every path in `tokens`, single words included.
pub(super) fn paths(tokens: TokenStream) -> Vec<PathUse> {
    let mut found = Vec::new();
    collect(tokens, &[], 0, &mut found);
    found
}

fn collect(tokens: TokenStream, prefix: &[String], depth: usize, found: &mut Vec<PathUse>) {
    let mut tokens = tokens.into_iter().peekable();
    let mut previous = String::new();
    let mut is_module = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let inner = depth + usize::from(is_module);
                collect(group.stream(), &[], inner, found);
                (previous, is_module) = (String::new(), false);
            }
            TokenTree::Ident(word) => {
                let line = word.span().start().line;
                let word = word.to_string();
                is_module = previous == "mod";
                previous.clone_from(&word);
                let mut segments = prefix.to_vec();
                segments.push(word);
                follow(&mut tokens, segments, line, depth, found);
            }
            // A glob in a group, `use crate::{*}`.
            TokenTree::Punct(star) if star.as_char() == '*' && !prefix.is_empty() => {
                let segments = [prefix, &["*".to_owned()]].concat();
                let line = star.span().start().line;
                found.push(PathUse { segments, line, depth });
            }
            _ => is_module = false,
        }
    }
}

/// Follows a path that has begun, to its end or into its group.
fn follow(
    tokens: &mut Peekable<impl Iterator<Item = TokenTree>>,
    mut segments: Vec<String>,
    line: usize,
    depth: usize,
    found: &mut Vec<PathUse>,
) {
    let is_punct = |token: Option<&TokenTree>, c| matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == c);
    while is_punct(tokens.peek(), ':') {
        tokens.next();
        if !is_punct(tokens.peek(), ':') {
            // One colon: a type or a label follows, not a segment.
            break;
        }
        tokens.next();
        match tokens.peek() {
            Some(TokenTree::Ident(word)) => segments.push(word.to_string()),
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => segments.push("*".to_owned()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                collect(group.stream(), &segments, depth, found);
                tokens.next();
                return;
            }
            // Generic arguments: the rest is no longer a module's path.
            _ => break,
        }
        tokens.next();
    }
    found.push(PathUse { segments, line, depth });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> TokenStream {
        text.parse().unwrap()
    }

    #[test]
    fn a_function_is_as_long_as_from_fn_to_its_brace() {
        let text = r##"
            pub async fn one<const N: usize>(f: fn(u8) -> u8)
            where u8: Copy {
                let s = "fn two() { }"; // fn three() {}
                fn inner() {}
            }
            trait T { fn no_body(&self); fn body(&self) {} }
            macro_call! { fn in_macro() {
            } }
        "##;
        let found: Vec<_> =
            (functions(tokens(text)).into_iter()).map(|function| (function.name, function.lines)).collect();
        let expected = [("one", 2..=6), ("inner", 5..=5), ("body", 7..=7), ("in_macro", 8..=9)];
        assert_eq!(found, expected.map(|(name, lines)| (name.to_owned(), lines)));
    }

    #[test]
    fn lines_for_tests_are_those_of_the_item_under_the_attribute() {
        for (text, expected) in [
            ("#[cfg(test)]\nmod tests {\n}\nfn f() {}", &[1..=3][..]),
            ("#[cfg(test)]\n#[path = \"x\"]\nmod t;\nfn f() {}", &[1..=3]),
            ("#[cfg(all(test, unix))] mod a {\n}", &[1..=2]),
            ("mod a {\n#[cfg(test)]\nfn f() {}\n}", &[2..=3]),
            ("#[cfg(not(test))] mod a {\n}", &[]),
            ("#[cfg(feature = \"test\")] mod a {\n}", &[]),
            ("#[test]\nfn f() {}", &[]),
        ] {
            assert_eq!(test_lines(tokens(text)), expected, "{text}");
        }
    }

    #[test]
    fn paths_are_found_wherever_they_are_and_multiplied_out() {
        for (text, expected) in [
            ("use crate::a;", &["crate::a"][..]),
            ("use crate::{a, b::{c, d::*}, *};", &["crate::a", "crate::b::c", "crate::b::d::*", "crate::*"]),
            ("fn f(x: crate::a::B<u8>) -> super::C {}", &["crate::a::B", "super::C"]),
            ("select! { x = crate::a::f() => 1 }", &["crate::a::f"]),
            ("let s = \"crate::a\"; // crate::b", &[]),
            ("pub(crate) fn f() {}", &["crate"]),
            ("type T = Vec::<crate::a::B>;", &["crate::a::B"]),
        ] {
            let found: Vec<String> = (paths(tokens(text)).iter())
                .filter(|path| path.segments[0] == "crate" || path.segments[0] == "super")
                .map(|path| path.segments.join("::"))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn the_depth_of_a_path_counts_inline_modules_only() {
        let text = "mod a { mod b { fn f() { super::x() } } } mod c; fn g() { { super::y() } }";
        let depths: Vec<usize> =
            (paths(tokens(text)).iter()).filter(|path| path.segments[0] == "super").map(|path| path.depth).collect();
        assert_eq!(depths, [2, 0]);
    }
}
