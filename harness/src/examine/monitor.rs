//! Monitoring: what a document's alerts go by, looked at on a beat while the source serves. A replica is asked through a link of
//! its own for the newest heartbeat that it holds, and at home for its own figure of its lag; the source for its business rules.

use std::sync::Arc;
use std::time::Duration;

use blackstart_record::alert::{Beat, Look, OwnLag, Seen};
use blackstart_record::event::Event;
use blackstart_record::time::Nanos;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::invariants;
use super::probe::Writes;
use crate::clock::Clock;
use crate::engine::{Client, ClientError, Login};
use crate::failure::Error;
use crate::workload::Domain;

/// How often a replica is looked at, and how often business rules are.
const REPLICA: Duration = Duration::from_millis(100);
const RULES: Duration = Duration::from_secs(1);
/// Business rules read whole tables: so many times as long as that took the source has its rest.
const REST: u32 = 4;
/// Whoever has not answered by then does not answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same of business rules, which take as long as the tables are large.
const PATIENCE_FOR_RULES: Duration = Duration::from_secs(30);

/// The replica that is to take over.
#[derive(Clone, Debug)]
pub struct Replica {
    /// Through the monitoring's link, by the application's role.
    pub outside: Login,
    /// Its administrator, at home.
    pub administrator: Login,
}

/// What is looked at.
pub struct Watched {
    /// The replica that is to take over, where there is one.
    pub replica: Option<Replica>,
    /// Who asks the source, and for which rules; `None`: nobody does.
    pub rules: Option<(Login, &'static dyn Domain)>,
}

/// A monitoring that runs until it is stopped; by default one of nothing.
#[derive(Debug, Default)]
pub struct Monitor {
    stop: watch::Sender<bool>,
    running: Vec<JoinHandle<()>>,
}

impl Monitor {
    /// Looks from now on, and tells `events`; `writes` are the heartbeats that the probes had acknowledged.
    pub fn start(clock: Clock, watched: Watched, writes: Writes, events: &mpsc::Sender<Event>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut running = Vec::new();
        let beat = |every, rest| Beats { clock, every, rest, stopped: stopped.clone(), events: events.clone() };
        if let Some(replica) = watched.replica {
            let (held, own) = (Session::new(replica.outside), Session::new(replica.administrator));
            let parts = Arc::new((held, own, writes));
            running.push(tokio::spawn(beat(REPLICA, 0).run(move || {
                let parts = parts.clone();
                async move { look_at_replica(&parts.0, &parts.1, &parts.2).await }
            })));
        }
        if let Some((login, domain)) = watched.rules {
            let session = Arc::new(Session::new(login));
            running.push(tokio::spawn(beat(RULES, REST).run(move || {
                let session = session.clone();
                async move { look_at_rules(&session, domain).await }
            })));
        }
        Self { stop, running }
    }

    /// Ends the looking, once the looks that are under way have had their answers; one that was stopped is fine.
    pub async fn stop(&mut self) {
        let _ = self.stop.send(true);
        for look in self.running.drain(..) {
            let _ = look.await;
        }
    }
}

/// When looks of one kind are taken.
struct Beats {
    clock: Clock,
    every: Duration,
    /// How many times as long as the last look took there is none.
    rest: u32,
    stopped: watch::Receiver<bool>,
    events: mpsc::Sender<Event>,
}

impl Beats {
    async fn run<F: Future<Output = Seen>>(mut self, look: impl Fn() -> F) {
        loop {
            let asked = self.clock.now();
            let seen = look().await;
            let answered = self.clock.now();
            let _ = self.events.send(Event::Monitored(Look { asked, answered, seen })).await;
            let took = Duration::from(answered.since(asked));
            let next = Nanos::from(self.every.saturating_sub(took).max(took * self.rest));
            tokio::select! {
                () = tokio::time::sleep_until(self.clock.instant(answered.plus(next)).into()) => {}
                _ = self.stopped.wait_for(|stopped| *stopped) => break,
            }
        }
    }
}

/// A session that is opened when it is needed, and again when it was lost.
#[derive(Debug)]
struct Session {
    login: Login,
    client: tokio::sync::Mutex<Option<Client>>,
}

impl Session {
    fn new(login: Login) -> Self {
        Self { login, client: tokio::sync::Mutex::default() }
    }

    /// Asks in it; `None`: no answer came within `patience`, and another session asks next time.
    async fn ask<T, E: From<ClientError>>(
        &self,
        patience: Duration,
        asks: impl AsyncFnOnce(&Client) -> Result<T, E>,
    ) -> Option<Result<T, E>> {
        let mut client = self.client.lock().await;
        let answer = tokio::time::timeout(patience, async {
            let open = match client.take().filter(|client| !client.is_closed()) {
                Some(open) => open,
                None => Client::open(&self.login).await?,
            };
            let answer = asks(&open).await;
            *client = Some(open);
            answer
        });
        answer.await.ok()
    }
}

async fn look_at_replica(held: &Session, own: &Session, writes: &Writes) -> Seen {
    let newest = held.login.engine.dialect().last_beat();
    let beat: Option<u64> = match held.ask(PATIENCE, async |client| client.value(newest).await).await {
        None => return Seen::NoReplica { why: silent(PATIENCE) },
        Some(Ok(beat)) => beat.and_then(|beat| beat.parse().ok()),
        // Whoever refuses is there: a late replica may not have heard of the role yet.
        Some(Err(error)) if error.is_refusal() => None,
        Some(Err(error)) => return Seen::NoReplica { why: Error::from(error).to_string() },
    };
    // A figure that nobody gives is no figure: that the replica answers is seen already.
    let own: Option<OwnLag> =
        own.ask(PATIENCE, async |client| client.own_lag().await).await.and_then(Result::ok).flatten();
    // The replica may hold a beat before its answer is here, or one whose answer never came.
    let beat = beat.and_then(|beat| writes.find_by(beat)).map(|(_, sent, next)| Beat { sent, next });
    Seen::Replica { beat, own }
}

async fn look_at_rules(session: &Session, domain: &dyn Domain) -> Seen {
    match session.ask(PATIENCE_FOR_RULES, async |client| invariants::broken(client, domain).await).await {
        None => Seen::NoRules { why: silent(PATIENCE_FOR_RULES) },
        Some(Ok(broken)) => Seen::Rules(broken),
        Some(Err(error)) => Seen::NoRules { why: error.to_string() },
    }
}

fn silent(patience: Duration) -> String {
    format!("no answer within {}", Nanos::from(patience))
}
