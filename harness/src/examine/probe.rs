//! Probes: outside observations on a fixed beat, open loop, outside any pool, by the application's role.
//!
//! Two streams hold a session each and reconnect on every beat while it is broken; a third logs in afresh each time.
//! Probes overlap rather than wait: a slow answer never delays the next beat. Only logins that hang are not piled up: the
//! server would have to deal with all of them at once when it comes back, and the probes would measure themselves.

mod writes;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use blackstart_record::event::{Event, Incarnation, ProbeOutcome, Stream};
use blackstart_record::plan::{LATE_BEATS, ProbePlan};
use blackstart_record::time::Nanos;
use tokio::sync::{Mutex as AsyncMutex, mpsc, watch};
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::engine::{self, Client, ClientError, Login};
pub use writes::Writes;

/// Numbers the incarnations in the order in which anybody met them, as the history does.
#[derive(Clone, Debug)]
pub struct Incarnations {
    known: Arc<AsyncMutex<Vec<Incarnation>>>,
    events: mpsc::Sender<Event>,
}

impl Incarnations {
    /// None is known yet; new ones are announced to `events`.
    pub fn new(events: mpsc::Sender<Event>) -> Self {
        Self { known: Arc::default(), events }
    }

    /// The number of an incarnation met on `host`, announced before this returns if it is new.
    pub async fn number(&self, host: &str, incarnation: Incarnation) -> u32 {
        let mut known = self.known.lock().await;
        let position = known.iter().position(|other| *other == incarnation);
        let number = position.unwrap_or(known.len());
        if position.is_none() {
            known.push(incarnation.clone());
            // A closed channel means that the drill is over: nobody is left to tell.
            let _ = self.events.send(Event::Incarnation { host: host.to_owned(), incarnation }).await;
        }
        u32::try_from(number).unwrap_or(u32::MAX)
    }
}

/// How many beats in a row were answered in time, by stream; to know when to go on, never to judge by.
#[derive(Clone, Debug, Default)]
struct Streaks(Arc<Mutex<BTreeMap<Stream, u32>>>);

impl Streaks {
    fn held(&self) -> MutexGuard<'_, BTreeMap<Stream, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, stream: Stream, in_time: bool) {
        let mut streaks = self.held();
        let streak = streaks.entry(stream).or_default();
        *streak = if in_time { *streak + 1 } else { 0 };
    }
}

/// Everything that the probers share.
#[derive(Clone)]
struct Prober {
    clock: Clock,
    login: watch::Receiver<Login>,
    plan: ProbePlan,
    events: mpsc::Sender<Event>,
    incarnations: Incarnations,
    writes: Writes,
    streaks: Streaks,
}

/// Running probes.
#[derive(Debug)]
pub struct Probes {
    stop: watch::Sender<bool>,
    login: watch::Sender<Login>,
    plan: ProbePlan,
    writes: Writes,
    streaks: Streaks,
    streams: Vec<JoinHandle<()>>,
}

impl Probes {
    /// Starts the three streams against the application's link.
    pub fn start(
        clock: Clock,
        login: Login,
        plan: ProbePlan,
        events: mpsc::Sender<Event>,
        incarnations: Incarnations,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (writes, streaks) = (Writes::default(), Streaks::default());
        let (own_writes, own_streaks) = (writes.clone(), streaks.clone());
        let (login, current) = watch::channel(login);
        let prober =
            Prober { clock, login: current, plan, events, incarnations, writes: own_writes, streaks: own_streaks };
        let streams = [Stream::Read, Stream::Write, Stream::Fresh]
            .map(|stream| tokio::spawn(prober.clone().run(stream, stopped.clone())))
            .into();
        Self { stop, login, plan, writes, streaks, streams }
    }

    /// Waits until each stream was answered in time for a stability window from now on, but not for longer than `bound`:
    /// what it comes to is the verdict's to say.
    pub async fn steady(&self, bound: Duration) {
        self.streaks.held().clear();
        // A few of those that count were sent before.
        let window = self.plan.stability.saturating_add(LATE_BEATS);
        let wanted = [(Stream::Read, window), (Stream::Write, window), (Stream::Fresh, 1)];
        let enough = || {
            let streaks = self.streaks.held();
            wanted.iter().all(|(stream, wanted)| streaks.get(stream).is_some_and(|streak| streak >= wanted))
        };
        let deadline = tokio::time::Instant::now() + bound;
        while !enough() && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(self.plan.beat.into()).await;
        }
    }

    /// Logs in by this from now on; sessions that are held are kept.
    pub fn log_in_as(&self, login: Login) {
        self.login.send_replace(login);
    }

    /// The write beats that were acknowledged, those still to come among them.
    pub fn writes(&self) -> Writes {
        self.writes.clone()
    }

    /// Whether any write was answered so far.
    pub fn answered(&self) -> bool {
        !self.writes.is_empty()
    }

    /// When the write beat of this number was sent and when it was answered, and the earliest answer to one that was
    /// sent after that (none so far: `None`). Beats count from 1; one that was not acknowledged is not known.
    pub fn written(&self, beat: u64) -> Option<(Nanos, Nanos, Option<Nanos>)> {
        self.writes.find(beat)
    }

    /// Of the write beats up to this number the latest that was acknowledged, and when it was sent; and, where it is the
    /// one of this number, the earliest answer to one that was sent after its own. A beat may be done and its answer lost.
    pub fn written_by(&self, beat: u64) -> Option<(u64, Nanos, Option<Nanos>)> {
        self.writes.find_by(beat)
    }

    /// When the latest of the acknowledged write beats was sent.
    pub fn last_written(&self) -> Option<Nanos> {
        self.writes.last()
    }

    /// Stops sending and waits for the answers that are still out.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for stream in self.streams {
            let _ = stream.await;
        }
    }
}

impl Prober {
    async fn run(self, stream: Stream, mut stopped: watch::Receiver<bool>) {
        let beat = if stream == Stream::Fresh { self.plan.fresh_beat } else { self.plan.beat };
        // Fresh logins never wait for each other.
        let patience = if stream == Stream::Fresh { Nanos::ZERO } else { self.plan.fresh_beat };
        let session = Arc::new(Session::default());
        let mut out = tokio::task::JoinSet::new();
        let start = self.clock.now();
        // From 1: the heartbeat as it was loaded is beat 0.
        for number in 1_u64.. {
            let due = start.plus(Nanos(beat.0.saturating_mul(number - 1)));
            tokio::select! {
                () = tokio::time::sleep_until(self.clock.instant(due).into()) => {}
                _ = stopped.wait_for(|stopped| *stopped) => break,
            }
            let sent = self.clock.now();
            // The prober itself was held up for a whole beat, or a login of it hangs: no look, which is never a success.
            if sent.since(due) >= beat || session.hangs(sent, patience) {
                let outcome = ProbeOutcome::Dropped;
                self.streaks.add(stream, false);
                let event = Event::Probe { stream, due, sent, ended: sent, login: false, outcome };
                let _ = self.events.send(event).await;
                continue;
            }
            out.spawn(self.clone().probe(stream, session.clone(), due, sent, number));
            while out.try_join_next().is_some() {}
        }
        while out.join_next().await.is_some() {}
    }

    async fn probe(self, stream: Stream, session: Arc<Session>, due: Nanos, sent: Nanos, beat: u64) {
        let timeout = Duration::from(self.plan.timeout);
        let held = session.client();
        let login = held.is_none();
        let answer = tokio::time::timeout(timeout, async {
            if let Some(client) = &held {
                return self.ask(client, stream, beat).await;
            }
            let _under_way = session.log_in(sent);
            let login = self.login.borrow().clone();
            let client = Client::open(&login).await.map_err(|error| class(&error, "connect"))?;
            let answer = self.ask(&client, stream, beat).await;
            // Not before its first answer: a new session is slow to give it, and would hold up the beats behind it.
            if stream != Stream::Fresh && !client.is_closed() {
                session.keep(client);
            }
            answer
        })
        .await;
        // Whatever answers from now on, on a session that left a probe without its answer, would answer too late.
        if let Some(client) = held
            && (answer.is_err() || client.is_closed())
        {
            session.forget(&client);
        }
        let ended = self.clock.now();
        let patience = Nanos(self.plan.beat.0.saturating_mul(u64::from(LATE_BEATS)));
        let in_time = stream == Stream::Fresh || ended.since(sent) <= patience;
        self.streaks.add(stream, in_time && matches!(answer, Ok(Ok(_))));
        let outcome = match answer {
            Ok(Ok(incarnation)) => {
                if stream == Stream::Write {
                    self.writes.acknowledge(beat, sent, ended);
                }
                ProbeOutcome::Answered(self.incarnations.number("(behind the application's link)", incarnation).await)
            }
            Ok(Err(class)) => ProbeOutcome::Failed(class),
            Err(_) => ProbeOutcome::TimedOut,
        };
        let _ = self.events.send(Event::Probe { stream, due, sent, ended, login, outcome }).await;
    }

    /// Reads or writes the heartbeat; only an answer that names its incarnation is one.
    async fn ask(&self, client: &Client, stream: Stream, beat: u64) -> Result<Incarnation, String> {
        let dialect = client.kind().dialect();
        let sql = match stream {
            Stream::Write => dialect.write_beat(beat),
            Stream::Read | Stream::Fresh => dialect.read_beat(),
        };
        let rows = client.rows(&sql).await.map_err(|error| class(&error, "closed"))?;
        engine::incarnation(rows.into_iter().next()).ok_or_else(|| "no heartbeat".to_owned())
    }
}

/// The session that a held stream keeps from beat to beat.
#[derive(Default)]
struct Session(Mutex<Held>);

#[derive(Default)]
struct Held {
    client: Option<Arc<Client>>,
    /// When the latest login began, while it has not ended.
    login: Option<Nanos>,
}

impl Session {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn client(&self) -> Option<Arc<Client>> {
        self.held().client.as_ref().filter(|client| !client.is_closed()).cloned()
    }

    /// Whether the stream has no session and waits for a login that began less than `patience` ago.
    fn hangs(&self, now: Nanos, patience: Nanos) -> bool {
        self.client().is_none() && self.held().login.is_some_and(|begun| now.since(begun) < patience)
    }

    /// From now on a login is under way, until what this gives is dropped.
    fn log_in(&self, now: Nanos) -> LoggingIn<'_> {
        self.held().login = Some(now);
        LoggingIn { session: self, begun: now }
    }

    fn keep(&self, client: Client) {
        self.held().client = Some(Arc::new(client));
    }

    fn forget(&self, client: &Arc<Client>) {
        self.held().client.take_if(|current| Arc::ptr_eq(current, client));
    }
}

/// A login under way: it ends by itself, or is given up, and is then no longer waited for.
struct LoggingIn<'a> {
    session: &'a Session,
    begun: Nanos,
}

impl Drop for LoggingIn<'_> {
    fn drop(&mut self) {
        self.session.held().login.take_if(|latest| *latest == self.begun);
    }
}

/// An error's class: its SQLSTATE, or where the connection was lost.
fn class(error: &ClientError, otherwise: &str) -> String {
    error.code().unwrap_or(otherwise).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Door;
    use crate::plan::EngineKind;

    /// A server that is frozen takes connections and says nothing. When it comes back it deals with every login.
    #[tokio::test]
    async fn logins_that_hang_are_not_piled_up() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let std::net::SocketAddr::V4(address) = silent.local_addr().unwrap() else { panic!("no IPv4") };
        let (user, database) = ("nobody".to_owned(), "nothing".to_owned());
        let engine = EngineKind::Postgres;
        let login = Login { engine, door: Door::Address(address), user, password: None, database };
        let ms = Nanos::from_millis;
        let plan = ProbePlan { beat: ms(5), fresh_beat: ms(50), timeout: ms(1_000), stability: 1 };
        let (events, mut queue) = mpsc::channel(10_000);
        let incarnations = Incarnations::new(events.clone());
        let probes = Probes::start(Clock::start(), login, plan, events, incarnations);
        tokio::time::sleep(Duration::from_millis(400)).await;
        probes.stop().await;
        let (mut logins, mut beats) = (BTreeMap::<_, Vec<Nanos>>::new(), 0);
        while let Some(event) = queue.recv().await {
            let Event::Probe { stream, sent, outcome, .. } = event else { panic!("{event:?}") };
            beats += 1;
            match outcome {
                ProbeOutcome::Dropped => {}
                ProbeOutcome::TimedOut => logins.entry(stream).or_default().push(sent),
                other => panic!("{other:?}"),
            }
        }
        for (stream, sent) in &mut logins {
            sent.sort_unstable();
            assert!(sent.len() > 2, "{stream:?} tries again: {sent:?}");
            let close =
                sent.windows(2).find(|pair| *stream != Stream::Fresh && pair[1].since(pair[0]) < plan.fresh_beat);
            assert_eq!(close, None, "{stream:?}");
        }
        assert_eq!(logins.len(), 3);
        assert!(beats > 2 * logins.values().map(Vec::len).sum::<usize>(), "every beat is noted, sent or not");
    }

    #[test]
    fn a_write_is_followed_by_the_earliest_answer_to_one_that_was_sent_after_its_own() {
        let writes = Writes::default();
        let at = Nanos::from_millis;
        // Beat 3 was sent before beat 2 was answered, beat 4 at that very instant; 5 was answered before 4; 6 never.
        for (beat, sent, ended) in [(2, 20, 45), (3, 40, 48), (4, 45, 90), (5, 60, 70), (7, 100, 110)] {
            writes.acknowledge(beat, at(sent), at(ended));
        }
        let cases = [
            (2, Some((at(20), at(45), Some(at(70))))),
            (3, Some((at(40), at(48), Some(at(70))))),
            (5, Some((at(60), at(70), Some(at(110))))),
            (7, Some((at(100), at(110), None))),
            (1, None),
            (6, None),
        ];
        for (beat, found) in cases {
            assert_eq!(writes.find(beat), found, "beat {beat}");
        }
    }
}
