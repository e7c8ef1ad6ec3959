//! The thread that keeps the ledger, and beside it the bytes of every written row.
//!
//! Entries pass through a bounded queue: a slow disk slows the clients, and memory stays bounded. An entry is in the
//! queue before the first byte of its operation is sent, and in the file (not yet synced) a moment later.

use std::io;
use std::path::Path;
use std::thread::JoinHandle;

use blackstart_record::ledger::{LedgerEntry, Writer};
use tokio::sync::{mpsc, watch};

use super::images::{self, Written};

/// Entries waiting to be written, at most.
const QUEUE: usize = 1024;
/// Entries written at once, at most.
const BATCH: usize = 256;

enum Note {
    Entry { entry: LedgerEntry, written: Vec<Written> },
    Close,
}

/// An open ledger and its thread.
#[derive(Debug)]
pub struct Ledger {
    handle: LedgerHandle,
    thread: JoinHandle<io::Result<()>>,
}

impl Ledger {
    /// Creates the ledger and its file of written rows; both must not exist.
    ///
    /// # Errors
    /// Any error of creating the files or the thread.
    pub fn open(ledger: &Path, rows: &Path) -> io::Result<Self> {
        let (ledger, images) = (Writer::create(ledger)?, images::Writer::create(rows)?);
        let (notes, queue) = mpsc::channel(QUEUE);
        let (failed, failure) = watch::channel(None);
        let thread = std::thread::Builder::new().name("ledger".to_owned()).spawn(move || {
            let result = keep(queue, ledger, images);
            if let Err(error) = &result {
                failed.send_replace(Some(error.to_string()));
            }
            result
        })?;
        Ok(Self { handle: LedgerHandle { notes, failure }, thread })
    }

    /// A handle for the workload.
    pub fn handle(&self) -> LedgerHandle {
        self.handle.clone()
    }

    /// Writes what is waiting, makes it durable and ends the thread. Entries offered later are refused.
    ///
    /// # Errors
    /// The first error that there was in writing, such as a full disk; what came after it is not in the ledger.
    pub async fn close(self) -> io::Result<()> {
        // A refused note means that the thread has ended by an error, which joining it gives.
        let _ = self.handle.notes.send(Note::Close).await;
        let joined = tokio::task::spawn_blocking(move || self.thread.join()).await;
        let panicked = || io::Error::other("the ledger's thread panicked");
        joined.map_err(io::Error::other)?.map_err(|_| panicked())?
    }
}

fn keep(mut queue: mpsc::Receiver<Note>, mut ledger: Writer, mut images: images::Writer) -> io::Result<()> {
    let mut notes = Vec::with_capacity(BATCH);
    let mut open = true;
    while open && queue.blocking_recv_many(&mut notes, BATCH) > 0 {
        let mut entries = Vec::with_capacity(notes.len());
        let mut written = Vec::new();
        for note in notes.drain(..) {
            match note {
                Note::Entry { entry, written: rows } => {
                    entries.push(entry);
                    written.extend(rows);
                }
                Note::Close => open = false,
            }
        }
        ledger.append(&entries)?;
        images.append(&written)?;
    }
    ledger.sync()?;
    images.sync()
}

/// Where clients leave their entries.
#[derive(Clone, Debug)]
pub struct LedgerHandle {
    notes: mpsc::Sender<Note>,
    failure: watch::Receiver<Option<String>>,
}

/// The ledger takes no more entries: it was closed, or writing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger takes no more entries")]
pub struct LedgerClosed;

impl LedgerHandle {
    /// Waits until writing fails, and says how; for ever if it never does.
    pub async fn failure(&self) -> String {
        let mut failure = self.failure.clone();
        loop {
            if let Some(why) = failure.borrow_and_update().clone() {
                return why;
            }
            if failure.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Room for the two entries of one operation, so that neither waits between its instant and the queue.
    pub(super) async fn reserve(&self) -> Result<Room<'_>, LedgerClosed> {
        let invoked = self.notes.reserve().await.map_err(|_| LedgerClosed)?;
        let completed = self.notes.reserve().await.map_err(|_| LedgerClosed)?;
        Ok(Room { invoked, completed })
    }
}

/// See [`LedgerHandle::reserve`].
pub(super) struct Room<'a> {
    invoked: mpsc::Permit<'a, Note>,
    completed: mpsc::Permit<'a, Note>,
}

/// Room for the second entry.
pub(super) struct HalfRoom<'a>(mpsc::Permit<'a, Note>);

impl<'a> Room<'a> {
    /// Notes the invocation.
    pub fn invoked(self, entry: LedgerEntry) -> HalfRoom<'a> {
        self.invoked.send(Note::Entry { entry, written: Vec::new() });
        HalfRoom(self.completed)
    }
}

impl HalfRoom<'_> {
    /// Notes the completion and the rows that it wrote.
    pub fn completed(self, entry: LedgerEntry, written: Vec<Written>) {
        self.0.send(Note::Entry { entry, written });
    }
}
