//! The harness's side of a drill: it starts the isolated process, listens to it, and ends it.

use std::io::{self, BufRead, BufReader, PipeWriter, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use blackstart_record::event::Entry;

use super::Request;
use crate::host::scratch::{self, Scratch};

/// A drill in its own process. Dropping it ends everything of the drill.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lifeline: Lifeline,
    entries: BufReader<ChildStdout>,
    scratch: Scratch,
}

/// The way to a running drill: signals go along it, and its end is the end of the drill.
#[derive(Clone, Debug)]
pub struct Lifeline(Arc<Mutex<Option<PipeWriter>>>);

impl Lifeline {
    /// Asks the drill to heal and tear down.
    pub fn signal(&self, signal: u8) {
        if let Some(pipe) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            // A drill that has ended needs no signal.
            let _ = pipe.write_all(&[signal]);
        }
    }

    /// Ends everything of the drill at once.
    pub fn cut(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Starts a drill in a process of its own, isolated as well as this machine can.
///
/// # Errors
/// The process or its scratch folder could not be made.
pub fn launch(request: &Request) -> io::Result<Running> {
    let scratch = Scratch::create(&scratch::root(), &request.id)?;
    let (reader, mut writer) = io::pipe()?;
    let message = serde_json::to_vec(&(request, scratch.path()))?;
    // The terminal's Ctrl-C goes to its whole process group: the drill and its servers must not be in it.
    // By its process, and not by its path: by now there may be another version, or none.
    let mut child = Command::new("/proc/self/exe")
        .arg0("blackstart")
        .arg("inside")
        .stdin(Stdio::from(reader))
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()?;
    writer.write_all(&(message.len() as u64).to_le_bytes())?;
    writer.write_all(&message)?;
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("the drill has no standard output"))?;
    let lifeline = Lifeline(Arc::new(Mutex::new(Some(writer))));
    Ok(Running { child, lifeline, entries: BufReader::new(stdout), scratch })
}

impl Running {
    /// The way to signal it from another thread.
    pub fn lifeline(&self) -> Lifeline {
        self.lifeline.clone()
    }

    /// Waits for its next entry; `None` when it has ended.
    pub fn next_entry(&mut self) -> Option<Entry> {
        let mut line = String::new();
        while self.entries.read_line(&mut line).ok()? > 0 {
            if let Ok(entry) = serde_json::from_str(&line) {
                return Some(entry);
            }
            line.clear();
        }
        None
    }

    /// Waits for its end and removes its scratch folder.
    ///
    /// # Errors
    /// It could not be awaited, or its scratch folder not be removed.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait()?;
        self.lifeline.cut();
        self.scratch.remove()?;
        Ok(status)
    }
}
