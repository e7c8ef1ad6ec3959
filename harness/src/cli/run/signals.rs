//! Ctrl-C and SIGTERM: the first asks the drill to heal and tear down, the second ends it at once.

use std::collections::BTreeMap;
use std::io;
use std::process;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::exit::Exit;
use crate::cli::output;
use crate::drill::Lifeline;

/// A drill that has not torn down by then is ended by the kernel.
const TEARDOWN: Duration = Duration::from_secs(10);

/// What was asked for, and whom to pass it on to.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    /// The first signal; 0: none.
    first: Arc<AtomicI32>,
    /// The drills that are running, each by a number of its own.
    drills: Arc<Mutex<BTreeMap<usize, Lifeline>>>,
}

/// Signals go to a drill as long as this is there.
#[derive(Debug)]
pub(super) struct Attached<'a> {
    signals: &'a Signals,
    number: usize,
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        self.signals.drills().remove(&self.number);
    }
}

impl Signals {
    /// Takes both signals over for the whole process, also where they were ignored before.
    pub(super) fn watch() -> io::Result<Self> {
        // Handlers and no mask: a mask would be inherited by the drill, which then heard no signal.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let (mut interrupts, mut terminations) = {
            let _entered = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let signals = Self::default();
        let watching = signals.clone();
        let watch = move || {
            runtime.block_on(async {
                loop {
                    let signal = tokio::select! {
                        Some(()) = interrupts.recv() => SignalKind::interrupt(),
                        Some(()) = terminations.recv() => SignalKind::terminate(),
                        else => return,
                    };
                    watching.take(signal.as_raw_value());
                }
            });
        };
        thread::Builder::new().name("signals".into()).spawn(watch)?;
        Ok(signals)
    }

    /// The first signal that came.
    pub(super) fn received(&self) -> Option<i32> {
        Some(self.first.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// From now on signals go to this drill too.
    pub(super) fn attach(&self, drill: Lifeline) -> Attached<'_> {
        let mut drills = self.drills();
        let number = drills.last_key_value().map_or(0, |(last, _)| last + 1);
        drills.insert(number, drill.clone());
        drop(drills);
        // One that came while the drill was being started.
        if let Some(signal) = self.received() {
            pass_on(signal, vec![drill]);
        }
        Attached { signals: self, number }
    }

    fn drills(&self) -> MutexGuard<'_, BTreeMap<usize, Lifeline>> {
        self.drills.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, signal: i32) {
        let is_first = self.first.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        let running: Vec<Lifeline> = self.drills().values().cloned().collect();
        match (running.is_empty(), is_first) {
            (false, true) => {
                output::note(
                    "stopping: the drill tears down, 10 s at most, and its record is kept; again to end it now",
                );
                pass_on(signal, running);
            }
            (false, false) => running.iter().for_each(Lifeline::cut),
            (true, true) => output::note("stopping after this step; again to stop now"),
            (true, false) => process::exit(Exit::of_signal(signal).code().into()),
        }
    }
}

fn pass_on(signal: i32, drills: Vec<Lifeline>) {
    drills.iter().for_each(|drill| drill.signal(u8::try_from(signal).unwrap_or_default()));
    let cut_later = thread::Builder::new().name("teardown".into()).spawn(move || {
        thread::sleep(TEARDOWN);
        drills.iter().for_each(Lifeline::cut);
    });
    if cut_later.is_err() {
        output::note("cannot watch the teardown; again to end the drill now");
    }
}
