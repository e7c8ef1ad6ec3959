//! Everything that the command prints: data on standard output, all else on standard error, through here only.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use clap::ValueEnum;
use indicatif::ProgressBar;
use miette::{GraphicalReportHandler, GraphicalTheme};
use serde::Serialize;

use super::layout::count;
use crate::plan::Diagnostics;

/// How data is written to standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// One JSON object a line, as it comes.
    Jsonl,
}

/// The live line at the bottom of a terminal; other lines go above it.
static LIVE: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Puts `bar` at the bottom of the terminal, or takes it away.
pub fn set_live(bar: Option<ProgressBar>) {
    *LIVE.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

/// Writes data to standard output. A reader that has gone away wanted no more of it.
///
/// # Errors
/// Any other error of writing.
pub fn data(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Writes one JSON document, for people's eyes too.
///
/// # Errors
/// Any error of writing.
pub fn json(value: &impl Serialize) -> io::Result<()> {
    data(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// Writes one line of JSON.
///
/// # Errors
/// Any error of writing.
pub fn json_line(value: &impl Serialize) -> io::Result<()> {
    data(&(serde_json::to_string(value)? + "\n"))
}

/// Writes a line to standard error, above the live line if there is one.
pub fn note(line: &str) {
    let write = || {
        // There is nobody left to tell if this fails.
        let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
    };
    let live = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    match live.as_ref() {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Says what went wrong, and what helps.
pub fn complain(message: &str, help: Option<&str>) {
    let paint = Paint::stderr();
    note(&format!("{} {message}", paint.bad("error:")));
    if let Some(help) = help {
        note(&format!("  {} {help}", paint.strong("help:")));
    }
}

/// Shows diagnostics: place, snippet with a caret, and what would be right.
pub fn diagnose(diagnostics: &Diagnostics) {
    let theme = match (Paint::stderr().on, speaks_unicode()) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme { characters: miette::ThemeCharacters::ascii(), ..GraphicalTheme::unicode() },
        (false, true) => GraphicalTheme::unicode_nocolor(),
        (false, false) => GraphicalTheme::none(),
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width()).with_links(false);
    for diagnostic in diagnostics.iter() {
        let mut text = String::new();
        match handler.render_report(&mut text, diagnostic) {
            Ok(()) => note(&format!("{}\n", text.trim_end())),
            Err(_) => note(&format!("{}\n", diagnostic.line())),
        }
    }
    complain(
        &format!("{} in the configuration; nothing was started", count(diagnostics.iter().count(), "mistake")),
        None,
    );
}

fn speaks_unicode() -> bool {
    let set =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    set.is_none_or(|locale| !matches!(locale.as_str(), "C" | "POSIX"))
}

/// Columns of the terminal; 100 where there is none.
pub fn width() -> usize {
    let size = terminal_size::terminal_size_of(io::stdout()).or_else(|| terminal_size::terminal_size_of(io::stderr()));
    size.map_or(100, |(width, _)| usize::from(width.0).clamp(60, 140))
}

/// Whether a live line on standard error would be seen: a terminal that can redraw, and nobody's log.
pub fn is_live() -> bool {
    io::stderr().is_terminal() && !is_set("CI") && !is_dumb()
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Colours, where they are wanted. They never carry meaning alone.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// For standard output.
    pub fn stdout() -> Self {
        Self::when(io::stdout().is_terminal())
    }

    /// For standard error.
    pub fn stderr() -> Self {
        Self::when(io::stderr().is_terminal())
    }

    fn when(terminal: bool) -> Self {
        Self { on: terminal && !is_set("NO_COLOR") && !is_dumb() }
    }

    fn with<'a>(self, code: &str, text: &'a str) -> Cow<'a, str> {
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m").into() } else { text.into() }
    }

    /// What is as it should be.
    pub fn good(self, text: &str) -> Cow<'_, str> {
        self.with("32", text)
    }

    /// What is not.
    pub fn bad(self, text: &str) -> Cow<'_, str> {
        self.with("1;31", text)
    }

    /// What is not known.
    pub fn doubt(self, text: &str) -> Cow<'_, str> {
        self.with("33", text)
    }

    /// What the eye should find first.
    pub fn strong(self, text: &str) -> Cow<'_, str> {
        self.with("1", text)
    }

    /// What the eye may skip.
    pub fn faint(self, text: &str) -> Cow<'_, str> {
        self.with("2", text)
    }
}
