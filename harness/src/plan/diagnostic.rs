//! What is wrong with a plan or a scenario, said once and at its place.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{LabeledSpan, NamedSource, SourceCode};

/// A snippet with a longer line than this helps nobody.
const LONGEST_LINE: usize = 400;

/// The text of one file.
#[derive(Clone, Debug)]
pub(super) struct Source {
    text: Arc<str>,
    /// The same, as it may be shown; every place is the same in both.
    shown: Arc<NamedSource<String>>,
}

impl Source {
    /// The text of the file `name`. Control characters are shown as `?`, so that a file cannot drive a terminal.
    pub(super) fn new(name: &str, text: &str) -> Self {
        let shown = text
            .chars()
            .flat_map(|letter| {
                let harmless = !letter.is_control() || matches!(letter, '\n' | '\t' | '\r');
                // One mark per byte: the spans of the text stay those of what is shown.
                let marks = if harmless { 0 } else { letter.len_utf8() };
                harmless.then_some(letter).into_iter().chain(std::iter::repeat_n('?', marks))
            })
            .collect();
        Self { text: text.into(), shown: Arc::new(NamedSource::new(name, shown)) }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A diagnostic about `span` of this file.
    pub(super) fn wrong(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let end = self.text().len();
        let start = floor(self.text(), span.start.min(end));
        let span = start..span.end.clamp(start, end);
        Diagnostic { at: Some((self.clone(), span)), ..Diagnostic::about(self.shown.name(), message) }
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One thing that is wrong with one file. Shown as `file:line:column`, the line with a caret, and what would be right.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    file: Box<str>,
    message: Box<str>,
    label: Option<Box<str>>,
    help: Option<Box<str>>,
    at: Option<(Source, Range<usize>)>,
}

impl Diagnostic {
    /// A diagnostic about the file as a whole: it could not even be read.
    pub(super) fn about(file: &str, message: impl Into<String>) -> Self {
        let message = harmless(&message.into());
        Self { file: file.into(), message, label: None, help: None, at: None }
    }

    /// What stands at the caret.
    pub(super) fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(harmless(&label.into())), ..self }
    }

    /// What would be right.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(harmless(&help.into())), ..self }
    }

    /// The file, as a path from where the command was started.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Line and column, both from 1, the column in characters; `None`: it is about the file as a whole.
    pub fn place(&self) -> Option<(usize, usize)> {
        let (source, span) = self.at.as_ref()?;
        let before = source.text().get(..span.start)?;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Some((line, column))
    }

    /// The one-line form: `file:line:column: message`.
    pub fn line(&self) -> String {
        match self.place() {
            Some((line, column)) => format!("{}:{line}:{column}: {}", self.file, self.message),
            None => format!("{}: {}", self.file, self.message),
        }
    }

    /// What is wrong, in one sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What would be right, where that is known.
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Whether its lines are short enough to be shown.
    fn has_snippet(&self) -> bool {
        let Some((source, span)) = &self.at else { return false };
        let (before, after) = source.text().split_at(span.start);
        // One line of context is shown on either side.
        let longest_before = before.rsplit('\n').take(2).map(str::len).max().unwrap_or(0);
        let longest_after = after.split('\n').take(2).map(str::len).max().unwrap_or(0);
        longest_before.max(longest_after) <= LONGEST_LINE
    }
}

/// A name from a file may hold anything; a terminal must not act on it.
fn harmless(text: &str) -> Box<str> {
    text.chars().map(|letter| if letter.is_control() && letter != '\n' { '?' } else { letter }).collect()
}

/// The message, with `file:line:column` before it where no snippet below it says so.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.has_snippet() { f.write_str(&self.message) } else { f.write_str(&self.line()) }
    }
}

impl std::error::Error for Diagnostic {}

impl miette::Diagnostic for Diagnostic {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let (source, _) = self.at.as_ref().filter(|_| self.has_snippet())?;
        Some(&*source.shown)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span) = self.at.as_ref().filter(|_| self.has_snippet())?;
        let one_line = span.len().min(self.length_on_first_line());
        Some(Box::new(std::iter::once(LabeledSpan::new(
            self.label.as_deref().map(str::to_owned),
            span.start,
            one_line,
        ))))
    }
}

impl Diagnostic {
    /// A span over several lines is marked on its first only.
    fn length_on_first_line(&self) -> usize {
        let Some((source, span)) = &self.at else { return 0 };
        source.text().get(span.clone()).and_then(|marked| marked.lines().next()).map_or(0, str::len)
    }
}

/// Everything that was found wrong, at least one thing; nothing has been started.
#[derive(Clone, Debug)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// `Ok` if there is nothing wrong.
    pub(super) fn none(found: Vec<Diagnostic>) -> Result<(), Self> {
        if found.is_empty() { Ok(()) } else { Err(Self(found)) }
    }

    /// The diagnostics, in the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Self(vec![one])
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(found: I) -> Self {
        Self(found.into_iter().collect())
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(Diagnostic::line).collect::<Vec<_>>().join("\n"))
    }
}

impl std::error::Error for Diagnostics {}
