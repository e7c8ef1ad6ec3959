//! The thread that keeps the ledger, and beside it the bytes of every written row.
//!
//! Entries pass through a bounded queue: a slow disk slows the clients, and memory stays bounded. An entry is in the
//! queue before the first byte of its operation is sent, and in the file (not yet synced) a moment later.

use std::io;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use blackstart_record::ledger::{LedgerEntry, Writer};
use tokio::sync::{mpsc, oneshot, watch};

use super::images::{self, Written};

/// Entries waiting to be written, at most.
const QUEUE: usize = 1024;
/// Entries written at once, at most.
const BATCH: usize = 256;
/// How long entries are gathered before they are written: to be woken for each costs the clients more than they do.
const GATHERING: Duration = Duration::from_millis(2);

enum Note {
    Entry {
        entry: LedgerEntry,
        written: Vec<Written>,
    },
    /// Whoever waits until all that came before is in the files.
    Waiting(oneshot::Sender<()>),
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
        let (mut ledger, mut images) = (Writer::create(ledger)?, images::Writer::create(rows)?);
        Self::with(move |write| match write {
            Write::Append(entries, written) => ledger.append(entries).and_then(|()| images.append(written)),
            Write::Sync => ledger.sync().and_then(|()| images.sync()),
        })
    }

    fn with(files: impl FnMut(Write<'_>) -> io::Result<()> + Send + 'static) -> io::Result<Self> {
        let (notes, queue) = mpsc::channel(QUEUE);
        let (failed, failure) = watch::channel(None);
        let thread = std::thread::Builder::new().name("ledger".to_owned()).spawn(move || {
            let result = keep(queue, files);
            if let Err(error) = &result {
                failed.send_replace(Some(error.to_string()));
            }
            result
        })?;
        Ok(Self { handle: LedgerHandle { notes: Some(notes), failure }, thread })
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
        if let Some(notes) = &self.handle.notes {
            let _ = notes.send(Note::Close).await;
        }
        let joined = tokio::task::spawn_blocking(move || self.thread.join()).await;
        let panicked = || io::Error::other("the ledger's thread panicked");
        joined.map_err(io::Error::other)?.map_err(|_| panicked())?
    }
}

/// What the thread does to its files.
enum Write<'a> {
    Append(&'a [LedgerEntry], &'a [Written]),
    Sync,
}

/// Ends when it is told to, or at the first error: the queue is then closed, and nothing is accepted any more.
fn keep(mut queue: mpsc::Receiver<Note>, mut files: impl FnMut(Write<'_>) -> io::Result<()>) -> io::Result<()> {
    let (mut notes, mut entries, mut written) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH), Vec::new());
    let (mut open, mut waiting) = (true, Vec::<oneshot::Sender<()>>::new());
    while open && queue.blocking_recv_many(&mut notes, BATCH) > 0 {
        let is_full = notes.len() == BATCH;
        for note in notes.drain(..) {
            match note {
                Note::Entry { entry, written: rows } => {
                    entries.push(entry);
                    written.extend(rows);
                }
                Note::Waiting(tell) => waiting.push(tell),
                Note::Close => open = false,
            }
        }
        files(Write::Append(&entries, &written))?;
        // Whoever does not wait any more has not to be told.
        for tell in waiting.drain(..) {
            let _ = tell.send(());
        }
        entries.clear();
        written.clear();
        if open && !is_full {
            std::thread::sleep(GATHERING);
        }
    }
    files(Write::Sync)
}

/// Where clients leave their entries.
#[derive(Clone, Debug)]
pub struct LedgerHandle {
    /// `None`: nothing is kept.
    notes: Option<mpsc::Sender<Note>>,
    failure: watch::Receiver<Option<String>>,
}

/// The ledger takes no more entries: it was closed, or writing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger takes no more entries")]
pub struct LedgerClosed;

impl LedgerHandle {
    /// Keeps nothing: what the cost of a ledger is measured against. No drill has one, since nothing could be judged.
    pub fn off() -> Self {
        Self { notes: None, failure: watch::channel(None).1 }
    }

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

    /// Waits until all that was noted before is in the files, not yet synced. After a failure there is nothing to wait for.
    pub(super) async fn written(&self) {
        let (tell, told) = oneshot::channel();
        if let Some(notes) = &self.notes
            && notes.send(Note::Waiting(tell)).await.is_ok()
        {
            let _ = told.await;
        }
    }

    /// Room for the two entries of one operation, so that neither waits between its instant and the queue.
    pub(super) async fn reserve(&self) -> Result<Room<'_>, LedgerClosed> {
        let Some(notes) = &self.notes else { return Ok(Room { invoked: None, completed: None }) };
        let invoked = notes.reserve().await.map_err(|_| LedgerClosed)?;
        let completed = notes.reserve().await.map_err(|_| LedgerClosed)?;
        Ok(Room { invoked: Some(invoked), completed: Some(completed) })
    }
}

/// See [`LedgerHandle::reserve`].
pub(super) struct Room<'a> {
    invoked: Option<mpsc::Permit<'a, Note>>,
    completed: Option<mpsc::Permit<'a, Note>>,
}

/// Room for the second entry.
pub(super) struct HalfRoom<'a>(Option<mpsc::Permit<'a, Note>>);

impl<'a> Room<'a> {
    /// Notes the invocation.
    pub fn invoked(self, entry: LedgerEntry) -> HalfRoom<'a> {
        if let Some(invoked) = self.invoked {
            invoked.send(Note::Entry { entry, written: Vec::new() });
        }
        HalfRoom(self.completed)
    }
}

impl HalfRoom<'_> {
    /// Notes the completion and the rows that it wrote.
    pub fn completed(self, entry: LedgerEntry, written: Vec<Written>) {
        if let Some(completed) = self.0 {
            completed.send(Note::Entry { entry, written });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_record::ledger::Completion;
    use blackstart_record::time::Nanos;

    #[tokio::test]
    async fn a_full_disk_reaches_everybody() {
        let full = |write: Write<'_>| match write {
            Write::Append(entries, _) if !entries.is_empty() => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        };
        let ledger = Ledger::with(full).unwrap();
        let handle = ledger.handle();
        let room = handle.reserve().await.unwrap();
        let invoked = LedgerEntry::Invoked { op: 1, client: 0, epoch: 0, at: Nanos::ZERO };
        drop(room.invoked(invoked));
        assert!(handle.failure().await.contains("storage"), "the drill hears of it at once");
        assert!(handle.reserve().await.is_err(), "clients are refused");
        assert_eq!(ledger.close().await.unwrap_err().kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn a_ledger_that_nobody_can_write_to_any_more_ends_by_itself() {
        let (notes, queue) = mpsc::channel(1);
        drop(notes);
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || tell.send(keep(queue, |_| Ok(())).is_ok()));
        assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(true));
    }

    #[tokio::test]
    async fn what_was_noted_before_the_close_is_in_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.bin");
        let ledger = Ledger::open(&path, &folder.path().join("ledger-rows.bin")).unwrap();
        let handle = ledger.handle();
        for op in 1..=3000 {
            let invoked = LedgerEntry::Invoked { op, client: 0, epoch: 0, at: Nanos(op) };
            let completion = Completion::Acknowledged;
            let completed = LedgerEntry::Completed { op, at: Nanos(op), completion, effects: Vec::new() };
            handle.reserve().await.unwrap().invoked(invoked).completed(completed, Vec::new());
        }
        let read = || blackstart_record::ledger::Reader::open(&path).unwrap().filter(Result::is_ok).count();
        handle.written().await;
        assert_eq!(read(), 6000, "before the close too, for whoever waits");
        ledger.close().await.unwrap();
        assert!(handle.reserve().await.is_err(), "a closed ledger takes nothing");
        assert_eq!(read(), 6000);
    }
}
