//! One client: connects, runs operations, keeps the ledger, and comes back when the connection breaks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use blackstart_record::ledger::{Completion, LedgerEntry};
use blackstart_record::time::Nanos;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::application::{Application, Ending};
use super::ledger::{LedgerClosed, LedgerHandle};
use super::meter::{Count, Meter};
use super::objects::Deed;
use super::pace::Pace;
use super::session::{Progress, Session, Trouble};
use super::{ObjectSpec, Operation, Settings, TableSpec};
use crate::clock::Clock;
use crate::engine::Login;
use crate::store::BucketClient;

/// The first and the longest wait after a failed attempt to connect, or an unexpected error.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// What all clients of a workload share.
#[derive(Debug)]
pub(super) struct Shared {
    pub login: Login,
    pub settings: Settings,
    pub tables: &'static [TableSpec],
    pub objects: Option<(&'static ObjectSpec, BucketClient)>,
    pub epoch: u8,
    pub next_op: AtomicU64,
    pub ledger: LedgerHandle,
    pub clock: Clock,
    pub meter: Mutex<Meter>,
}

impl Shared {
    /// Runs `with` on the meter; a client that panicked in between does not matter to it.
    pub fn meter<T>(&self, with: impl FnOnce(&mut Meter) -> T) -> T {
        with(&mut self.meter.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A client.
pub(super) struct Client<'a> {
    pub number: u32,
    pub application: Box<dyn Application>,
    pub shared: &'a Shared,
    /// True: end after the operation in flight.
    pub stop: watch::Receiver<bool>,
}

/// How an operation ended, for the client.
enum Ended {
    /// As planned; the model is right.
    Well,
    /// Not as planned: the model may be wrong.
    Badly,
    /// The connection is of no more use.
    Broken,
}

impl Client<'_> {
    /// Runs until it is told to stop.
    ///
    /// # Errors
    /// [`LedgerClosed`]: without a ledger nothing must be sent.
    pub async fn run(mut self) -> Result<(), LedgerClosed> {
        let mut pace =
            Pace::new(self.shared.settings.rate, self.number, self.shared.settings.clients, self.shared.clock.now());
        while let Some(session) = self.connect().await {
            let worked = self.work(&session, &mut pace).await;
            session.close().await;
            worked?;
        }
        Ok(())
    }

    /// Waits for `future` unless told to stop; `None`: stop.
    async fn unless_stopped<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            // An error means that nobody is left who could tell.
            _ = stop.wait_for(|stop| *stop) => None,
            value = future => Some(value),
        }
    }

    /// Connects, prepares, and looks at every tenant, again and again; `None`: told to stop.
    async fn connect(&mut self) -> Option<Session> {
        let mut back_off = BackOff::default();
        loop {
            let bound = self.shared.settings.op_timeout;
            let opening = Session::open(&self.shared.login, self.application.statements(), bound);
            if let Ok(Ok(session)) = self.unless_stopped(timeout(bound, opening)).await?
                && self.look_everywhere(&session).await?
            {
                return Some(session);
            }
            self.unless_stopped(back_off.wait()).await?;
        }
    }

    async fn look_everywhere(&mut self, session: &Session) -> Option<bool> {
        for tenant in self.application.tenants().to_vec() {
            if !self.look(session, tenant).await? {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Reads the state of a tenant into the model; whether that was possible. `None`: told to stop.
    async fn look(&mut self, session: &Session, tenant: u32) -> Option<bool> {
        let reads = self.application.look(tenant);
        let mut progress = Progress::default();
        let run = session.run(0, &reads, self.application.statements(), self.shared.tables, &mut progress);
        let seen = matches!(self.unless_stopped(timeout(self.shared.settings.op_timeout, run)).await?, Ok(Ok(())));
        if seen {
            self.application.saw(tenant, &progress.answers);
        }
        Some(seen)
    }

    /// Runs operations until the connection breaks or the client is told to stop.
    async fn work(&mut self, session: &Session, pace: &mut Pace) -> Result<(), LedgerClosed> {
        let mut back_off = BackOff::default();
        loop {
            let Some(due) = self.unless_stopped(pace.wait(self.shared.clock)).await else { return Ok(()) };
            let tenant = match self.operation(session, due).await? {
                (Ended::Well, _) => {
                    back_off = BackOff::default();
                    continue;
                }
                (Ended::Badly, tenant) => tenant,
                (Ended::Broken, _) => return Ok(()),
            };
            if self.unless_stopped(back_off.wait()).await.is_none() {
                return Ok(());
            }
            // A model that cannot be put right is put right by connecting anew.
            if self.look(session, tenant).await != Some(true) {
                return Ok(());
            }
        }
    }

    /// Runs one operation and notes both of its ends.
    async fn operation(&mut self, session: &Session, due: Nanos) -> Result<(Ended, u32), LedgerClosed> {
        let shared = self.shared;
        let op = shared.next_op.fetch_add(1, Ordering::Relaxed);
        let operation = self.application.next(op);
        let mut progress = Progress::default();
        let room = shared.ledger.reserve().await?;
        let invoked = LedgerEntry::Invoked { op, client: self.number, epoch: shared.epoch, at: shared.clock.now() };
        let room = room.invoked(invoked);
        let run = self.perform(session, op, &operation, &mut progress);
        let result = timeout(shared.settings.op_timeout, run).await.unwrap_or(Err(Trouble::Broken));
        let at = shared.clock.now();
        let (count, ended) = match result {
            Ok(()) if operation.ending == Ending::Commit => (Count::Acknowledged, Ended::Well),
            Ok(()) => (Count::RolledBack, Ended::Well),
            Err(Trouble::Broken) if progress.commit_sent => (Count::Unknown, Ended::Broken),
            Err(Trouble::Broken) => (Count::Failed, Ended::Broken),
            Err(Trouble::Refused | Trouble::Surprise) => (Count::Failed, Ended::Badly),
        };
        let completion = match count {
            Count::Acknowledged => Completion::Acknowledged,
            Count::Unknown => Completion::Unknown,
            Count::Failed | Count::RolledBack => Completion::Failed,
        };
        let Progress { effects, written, answers, .. } = progress;
        // What certainly was not written is of no use to anybody later.
        let written = if completion == Completion::Failed { Vec::new() } else { written };
        room.completed(LedgerEntry::Completed { op, at, completion, effects }, written);
        shared.meter(|meter| meter.count(count, due, at));
        if completion == Completion::Acknowledged {
            self.application.acknowledged(&answers);
        }
        Ok((ended, operation.tenant))
    }
}

impl Client<'_> {
    /// A transaction, or what it does to an object.
    async fn perform(
        &self,
        session: &Session,
        op: u64,
        operation: &Operation,
        progress: &mut Progress,
    ) -> Result<(), Trouble> {
        let shared = self.shared;
        let Some(step) = &operation.object else {
            return session.run(op, operation, self.application.statements(), shared.tables, progress).await;
        };
        let Some((spec, bucket)) = &shared.objects else { return Err(Trouble::Surprise) };
        let (seed, table) = (shared.settings.seed, shared.tables.len() as u8);
        Deed { op, step, seed, spec, table }.perform(bucket, progress).await
    }
}

/// Waits that double.
#[derive(Debug)]
struct BackOff(Duration);

impl Default for BackOff {
    fn default() -> Self {
        Self(BACK_OFF.0)
    }
}

impl BackOff {
    async fn wait(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(BACK_OFF.1);
    }
}
