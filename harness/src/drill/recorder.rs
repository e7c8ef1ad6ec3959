//! The writer of the history: events in, one line each out, to the file and to whoever watches.

use std::io::Write;

use blackstart_record::event::{Entry, Event};
use blackstart_record::history::Writer;
use blackstart_record::record::Folder;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::clock::{Clock, wall};
use crate::failure::{Context, Error, Result};

/// Events that may wait for the disk; a producer that is faster waits.
const QUEUE: usize = 8192;

/// Writes the history until the drill has finished.
pub(super) struct Recorder {
    task: JoinHandle<Result<()>>,
    failure: watch::Receiver<Option<Error>>,
}

impl Recorder {
    /// Begins the history in `folder`; each entry also goes to standard output, for the harness outside, but for the end of a
    /// history that is only part of the drill's.
    pub(super) fn start(clock: Clock, folder: &Folder, is_part: bool) -> Result<(Self, mpsc::Sender<Event>)> {
        std::fs::create_dir_all(folder.logs())?;
        let mut writer = Writer::create(&folder.history())?;
        let (events, mut queue) = mpsc::channel(QUEUE);
        let (fail, failure) = watch::channel(None);
        let task = tokio::spawn(async move {
            while let Some(event) = queue.recv().await {
                let entry = Entry { at: clock.now(), wall: wall(), event };
                if let Err(error) = writer.append(&entry) {
                    let error = Error::new(format!("cannot write the history: {error}"));
                    let _ = fail.send(Some(error.clone()));
                    show(&entry);
                    return Err(error);
                }
                if !(is_part && entry.event == Event::Finished) {
                    show(&entry);
                }
                // Probes and clients of a drill that ended early still hold senders: what they say comes too late.
                if entry.event == Event::Finished {
                    break;
                }
            }
            writer.sync().cannot("sync the history")
        });
        Ok((Self { task, failure }, events))
    }

    /// Resolves when the history can no longer be written, and says why.
    pub(super) async fn failed(&self) -> Error {
        let mut failure = self.failure.clone();
        match failure.wait_for(Option::is_some).await {
            Ok(error) => error.clone().unwrap_or_else(|| Error::new("the history ended early")),
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits until everything is written.
    pub(super) async fn finish(self) -> Result<()> {
        self.task.await.unwrap_or_else(|_| Err(Error::new("the recorder panicked")))
    }
}

/// The watcher may have gone away; the drill goes on without it.
fn show(entry: &Entry) {
    if let Ok(mut line) = serde_json::to_vec(entry) {
        line.push(b'\n');
        let _ = std::io::stdout().write_all(&line);
    }
}
