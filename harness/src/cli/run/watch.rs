//! One drill, from its start to its end, as seen from outside.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use blackstart_record::event::Event;

use super::progress::Progress;
use super::signals::Signals;
use crate::cli::exit::Exit;
use crate::cli::output::{self, Format};
use crate::cli::problem::{Problem, Result};
use crate::drill::{self, Request};

/// The exit code of a Rust process that panicked.
const PANICKED: i32 = 101;

/// How a drill is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Show<'a> {
    /// `plan/scenario`.
    pub(super) drill: &'a str,
    /// Whether others are shown at the same time.
    pub(super) beside_others: bool,
    pub(super) format: Format,
}

/// Starts a drill, shows what it tells, and waits for its end. What came of it is in its record; the exit code given
/// here only says how its process ended.
pub(super) fn run(request: &Request, signals: &Signals, show: Show<'_>) -> Result<Exit> {
    let cannot =
        |what: &str, error: std::io::Error| Problem::new(Exit::Inconclusive, format!("cannot {what}: {error}"));
    let mut running = drill::launch(request).map_err(|error| cannot("start the drill", error))?;
    let attached = signals.attach(running.lifeline());
    let mut progress = Progress::new(&request.loaded, show.beside_others.then_some(show.drill));
    while let Some(entry) = running.next_entry() {
        progress.see(&entry);
        // A probe every 20 ms and a look every 100 ms would drown the rest; they are all in the history.
        if show.format == Format::Jsonl && !matches!(entry.event, Event::Probe { .. } | Event::Monitored(_)) {
            output::json_line(&serde_json::json!({ "kind": "event", "drill": show.drill, "data": entry }))?;
        }
    }
    progress.end();
    let ended = running.wait();
    drop(attached);
    let status = ended.map_err(|error| cannot("end the drill", error))?;
    Ok(exit_of(status, signals))
}

fn exit_of(status: ExitStatus, signals: &Signals) -> Exit {
    if status.success() {
        return Exit::Met;
    }
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("with code {code}"),
        (None, Some(signal)) => format!("by signal {signal}"),
        (None, None) => "in an unknown way".to_owned(),
    };
    if signals.received().is_none() {
        output::complain(&format!("the drill's process ended {how}"), Some("its record says how far it came"));
    }
    if status.code() == Some(PANICKED) { Exit::Internal } else { Exit::Inconclusive }
}
