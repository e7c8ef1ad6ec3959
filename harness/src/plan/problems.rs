//! What resolving collects: it goes on after a mistake, so that one look at a file finds them all.

use std::ops::Range;

use super::diagnostic::{Diagnostic, Diagnostics, Source};
use super::nearest::advice;
use super::sourced::Said;

/// The mistakes found so far in one file.
pub(super) struct Problems<'a> {
    source: &'a Source,
    found: Vec<Diagnostic>,
}

impl<'a> Problems<'a> {
    pub(super) fn of(source: &'a Source) -> Self {
        Self { source, found: Vec::new() }
    }

    /// Notes one mistake at `span`, and what would be right.
    pub(super) fn add(&mut self, span: Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(self.source.wrong(span, message).help(help));
    }

    /// Notes a name that refers to nothing: `word` is no `kind` (`host`) among `names`.
    pub(super) fn refer<'n>(
        &mut self,
        kind: &str,
        word: &str,
        span: Range<usize>,
        names: impl IntoIterator<Item = &'n str>,
    ) {
        let names: Vec<&str> = names.into_iter().collect();
        if !names.contains(&word) {
            let said = self.source.wrong(span, format!("there is no {kind} `{word}`"));
            self.found.push(said.label(format!("no {kind} of this plan")).help(advice(word, names)));
        }
    }

    /// [`Problems::refer`] for a value of a file.
    pub(super) fn refer_to<'n>(&mut self, kind: &str, said: &Said<String>, names: impl IntoIterator<Item = &'n str>) {
        self.refer(kind, &said.value, said.span.clone(), names);
    }

    /// The text at `span`.
    pub(super) fn text(&self, span: Range<usize>) -> &str {
        self.source.text().get(span).unwrap_or_default()
    }

    /// Where `word` stands in quotes within `span`; all of `span` if it does not.
    pub(super) fn quoted_within(&self, word: &str, span: Range<usize>) -> Range<usize> {
        let quotes = ['"', '\''].map(|quote| format!("{quote}{word}{quote}"));
        let text = self.text(span.clone());
        let found = quotes.iter().find_map(|quoted| Some((text.find(quoted.as_str())?, quoted.len())));
        found.map_or(span.clone(), |(at, length)| span.start + at..span.start + at + length)
    }

    /// # Errors
    /// The mistakes, if there were any.
    pub(super) fn none(self) -> Result<(), Diagnostics> {
        Diagnostics::none(self.found)
    }
}
