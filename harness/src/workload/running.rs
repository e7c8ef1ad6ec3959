//! A workload as it runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use blackstart_record::event::Tally;
use blackstart_record::time::Nanos;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::client::{Client, Shared};
use super::ledger::{LedgerClosed, LedgerHandle};
use super::meter::Meter;
use super::{Domain, Settings};
use crate::clock::Clock;
use crate::engine::Login;
use crate::store::BucketClient;

/// The instants of a workload's life and what it was started with.
pub struct Workload<'a> {
    /// The domain whose data is there.
    pub domain: &'a dyn Domain,
    /// How the application logs in, through its link.
    pub login: Login,
    /// The application's bucket, where the domain has objects.
    pub objects: Option<BucketClient>,
    /// As the data was loaded.
    pub settings: Settings,
    /// 0 before the disaster, 1 after the recovery.
    pub epoch: u8,
    /// The first operation id; [`Stopped::next_op`] of the epoch before, else 1.
    pub first_op: u64,
    /// Where entries go.
    pub ledger: LedgerHandle,
    /// The drill's clock.
    pub clock: Clock,
    /// Gets the end of each second and its counters. A receiver that is full loses them.
    pub tallies: mpsc::Sender<(Nanos, Tally)>,
}

impl Workload<'_> {
    /// Starts the clients. Must be called inside a Tokio runtime.
    pub fn start(self) -> Running {
        let Self { domain, login, objects, settings, epoch, first_op, ledger, clock, tallies } = self;
        let shared = Arc::new(Shared {
            login,
            tables: domain.tables(),
            objects: domain.objects().zip(objects),
            epoch,
            // 0 marks the initial load.
            next_op: AtomicU64::new(first_op.max(1)),
            ledger,
            clock,
            meter: Mutex::new(Meter::new()),
            settings,
        });
        let (stop, stopping) = watch::channel(false);
        let mut clients = JoinSet::new();
        for number in 0..shared.settings.clients {
            let application = domain.application(&shared.settings, number);
            let (shared, stop) = (Arc::clone(&shared), stopping.clone());
            clients.spawn(async move { Client { number, application, shared: &shared, stop }.run().await });
        }
        let seconds = tokio::spawn(seconds(Arc::clone(&shared), tallies.clone()));
        Running { shared, stop, clients, seconds, tallies }
    }
}

/// Reports every second until it is aborted.
async fn seconds(shared: Arc<Shared>, tallies: mpsc::Sender<(Nanos, Tally)>) {
    let mut next = Instant::now();
    loop {
        next += Duration::from_secs(1);
        sleep_until(next).await;
        report(&shared, &tallies);
    }
}

fn report(shared: &Shared, tallies: &mpsc::Sender<(Nanos, Tally)>) {
    let tally = (shared.clock.now(), shared.meter(Meter::take));
    // Nobody listens, or too slowly: counters are for show, the ledger has everything.
    let _ = tallies.try_send(tally);
}

/// A running workload. Dropping it ends it in the middle of its operations; [`Running::stop`] is the way to end it.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    clients: JoinSet<Result<(), LedgerClosed>>,
    seconds: JoinHandle<()>,
    tallies: mpsc::Sender<(Nanos, Tally)>,
}

/// What a stopped workload leaves to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// No operation has this id or a greater one.
    pub next_op: u64,
    /// When an operation was acknowledged last; `None`: none was.
    pub last_acknowledged: Option<Nanos>,
    /// The ledger took everything; false: it was closed or its disk is full, see [`super::Ledger::close`].
    pub ledger_whole: bool,
}

impl Running {
    /// Stops the clients: each finishes or gives up its operation in flight, within the operations' bound. When this
    /// returns, every connection is closed, nothing is sent any more, and the ledger's file has all of it. The last tally is of a part of a second.
    ///
    /// # Panics
    /// If a client panicked: that is a defect of the harness.
    pub async fn stop(mut self) -> Stopped {
        self.stop.send_replace(true);
        let mut ledger_whole = true;
        while let Some(ended) = self.clients.join_next().await {
            match ended {
                Ok(ended) => ledger_whole &= ended.is_ok(),
                Err(error) => {
                    if let Ok(panic) = error.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    }
                }
            }
        }
        self.shared.ledger.written().await;
        self.seconds.abort();
        report(&self.shared, &self.tallies);
        Stopped {
            next_op: self.shared.next_op.load(Ordering::Relaxed),
            last_acknowledged: self.shared.meter(|meter| meter.last_acknowledged()),
            ledger_whole,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.seconds.abort();
    }
}
