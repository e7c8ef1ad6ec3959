//! From a file to its typed form, or to what is wrong with it.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, Deserializer, Error};

use super::diagnostic::{Diagnostic, Source};
use super::nearest::advice;

/// A plan is written by people; a file beyond this many bytes is something else, and is not read.
const LARGEST: u64 = 1024 * 1024;

/// Reads a file of a plan.
///
/// # Errors
/// It is not there, not a file, too large, unreadable, empty or not UTF-8.
pub(super) fn source(path: &Path) -> Result<Source, Diagnostic> {
    let name = path.display().to_string();
    let about = |message: String| Diagnostic::about(&name, message);
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => about("there is no such file".into()),
        _ => about(format!("cannot be read: {error}")),
    })?;
    if metadata.is_dir() {
        return Err(about("is a folder; a TOML file is expected here".into()));
    }
    if !metadata.is_file() {
        return Err(about("is no regular file; a TOML file is expected here".into()));
    }
    let too_large = |bytes: u64| {
        about(format!("has {bytes} bytes and was not read; plans and scenarios have 1 MiB at most"))
            .help("is this the file that you meant?")
    };
    if metadata.len() > LARGEST {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error| about(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > LARGEST {
        return Err(too_large(bytes.len() as u64));
    }
    text(&name, bytes)
}

fn text(name: &str, bytes: Vec<u8>) -> Result<Source, Diagnostic> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        // Every byte that is no text becomes one mark, so that the place stays what it is.
        let shown: String = bytes
            .utf8_chunks()
            .flat_map(|chunk| chunk.valid().chars().chain(std::iter::repeat_n('?', chunk.invalid().len())))
            .collect();
        Source::new(name, &shown)
            .wrong(at..at + 1, "this is not UTF-8 text")
            .label(format!("byte 0x{:02x}", bytes.get(at).copied().unwrap_or_default()))
            .help("TOML files are UTF-8: save the file in that encoding")
    })?;
    if text.trim().is_empty() {
        return Err(Source::new(name, &text)
            .wrong(0..0, "the file is empty")
            .help("`blackstart schema plan` and `blackstart schema scenario` say what it may hold"));
    }
    Ok(Source::new(name, &text))
}

/// The typed form of a file.
///
/// # Errors
/// Its first mistake: of its syntax (later ones usually follow from it), else what does not fit the type.
pub(super) fn parse<T: DeserializeOwned>(source: &Source) -> Result<T, Diagnostic> {
    let table = DeTable::parse(source.text()).map_err(|error| explain_syntax(source, &error))?;
    T::deserialize(Deserializer::from(table)).map_err(|error| explain(source, &error))
}

fn explain_syntax(source: &Source, error: &Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    match error.message() {
        "duplicate key" => source.wrong(span, "this key is given twice").label("again here"),
        message => source.wrong(span, format!("this is not TOML: {message}")),
    }
}

/// The deserializer's error in the words of a plan. Our own types say what would be right on a second line.
fn explain(source: &Source, error: &Error) -> Diagnostic {
    let message = error.message();
    let wrong = |message: String| source.wrong(error.span().unwrap_or(0..0), message);
    if let Some((first, help)) = message.split_once('\n') {
        return wrong(first.to_owned()).help(help);
    }
    let names = quoted(message);
    let (word, known) = names.split_first().map_or(("", [].as_slice()), |(word, known)| (*word, known));
    let starts = |start: &str| message.starts_with(start);
    if starts("unknown field `$__") {
        wrong("a date or time does not fit here".into()).help("put it in quotes if text is meant")
    } else if starts("unknown field") {
        wrong(format!("unknown key `{word}`")).label("not a key here").help(advice(word, known.iter().copied()))
    } else if starts("unknown variant") {
        wrong(format!("unknown name `{word}`")).label("not known").help(advice(word, known.iter().copied()))
    } else if starts("missing field") {
        wrong(format!("the key `{word}` is missing")).label("in this table")
    } else if starts("wanted ") {
        let message = "one name with its parameters is expected here";
        wrong(message.into()).help("write it as `{ name = { .. } }`")
    } else if let Some((found, expected)) = message.split_once(", expected ").filter(|_| starts("invalid ")) {
        let found = found.split_once(": ").map_or(found, |(_, found)| found);
        wrong(format!("{} is expected here, not {}", plain(expected), plain(found)))
    } else {
        wrong(message.to_owned())
    }
}

/// A type in the words of TOML.
fn plain(kind: &str) -> &str {
    match kind {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a string" => "text in quotes",
        "a sequence" => "a list in brackets",
        "sequence" => "a list",
        "a map" | "map" => "a table",
        _ if kind.starts_with("struct ") => "a table",
        _ if kind.starts_with("enum ") => "a name",
        _ => kind,
    }
}

/// What a message names between backticks.
fn quoted(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}
