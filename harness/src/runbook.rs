//! The recovery's steps, as a person at a terminal would do them.

mod failback;

use std::path::Path;
use std::time::Duration;

use blackstart_record::event::{Cut, Event};
use blackstart_record::plan::Step;
use blackstart_record::time::Nanos;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::engine::replication::Following;
use crate::engine::{Login, Server, Stop, Transaction, connect};
use crate::failure::{Context, Error, Result};
use crate::link::{Link, Links};
use crate::pipeline::{Backup, Done, Goal, Onto, Pipeline, Repository, Target, Tools, Until, Wanted};
use crate::plan::Bounds;
use crate::secret::Secrets;
use crate::workload::Running as Clients;
use crate::workload::nonce::plant_poison;

/// How long a login of the application is waited for, and how many in vain are an alarm.
const LOGIN: Duration = Duration::from_secs(2);
const UNREACHED: u32 = 3;

/// The parts of the environment that the steps touch.
pub struct Parts<'a> {
    /// The damaged server.
    pub source: &'a mut Server,
    /// The server that takes over.
    pub target: &'a mut Server,
    /// The links.
    pub links: &'a Links,
    /// The application's link.
    pub application: &'a Link,
    /// How the application logs in.
    pub login: &'a mut Login,
    /// Makes its next password.
    pub secrets: &'a Secrets,
    /// The pipeline.
    pub pipeline: &'a dyn Pipeline,
    /// Its repository.
    pub repository: &'a Repository,
    /// The application's database.
    pub database: &'a str,
    /// Whether the source is left running.
    pub leaves_source: bool,
    /// How a host follows the source that is rebuilt.
    pub following: Option<&'a Following>,
    /// Where templates of data directories are.
    pub cache: &'a Path,
}

/// A recovery under way.
pub struct Recovery<'a> {
    clock: Clock,
    events: &'a mpsc::Sender<Event>,
    bounds: Bounds,
    compression: u32,
    clients: Option<Clients>,
    backup: &'a Backup,
    transaction: Option<Transaction>,
    /// What the wall clock showed when that was committed.
    committed: Option<jiff::Timestamp>,
    next_op: Option<u64>,
    stopped: Option<Nanos>,
    cut: Option<Cut>,
    erased: String,
}

impl<'a> Recovery<'a> {
    /// A recovery from `backup`, to just before `transaction` where the pipeline replays, while `clients` still run; schedules
    /// are compressed so many times.
    pub fn new(
        clock: Clock,
        events: &'a mpsc::Sender<Event>,
        (bounds, compression): (Bounds, u32),
        clients: Clients,
        backup: &'a Backup,
        transaction: Option<Transaction>,
    ) -> Self {
        let committed = transaction.as_ref().map(|transaction| clock.timestamp_at(transaction.before));
        Self {
            clock,
            events,
            bounds,
            compression,
            clients: Some(clients),
            backup,
            transaction,
            committed,
            next_op: None,
            stopped: None,
            cut: None,
            erased: String::new(),
        }
    }

    /// The first operation id for the application after the recovery; known once it was stopped.
    pub fn next_op(&self) -> Option<u64> {
        self.next_op
    }

    /// Notes what the application erased up to its stop.
    pub fn erased(&mut self, register: String) {
        self.erased = register;
    }

    /// The recovery point, where a replay has reached its target or the data was repaired where it is; a backup's own end is
    /// read off the restored copy.
    pub fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    /// Stops the application where the runbook did not come to it.
    pub async fn abandon(&mut self) {
        self.stop_clients().await;
    }

    /// Performs one step.
    ///
    /// # Errors
    /// The step's tool failed, or passed its bound.
    pub async fn perform(&mut self, step: Step, bound: Duration, parts: &mut Parts<'_>) -> Result<Done> {
        let Parts { repository, database, .. } = *parts;
        let (clock, events, compression) = (self.clock, self.events, self.compression);
        let tools = Tools { clock, repository, database, events, bound, compression };
        match step {
            Step::Detect => detect(parts.source, parts.login, bound).await,
            Step::Decide => self.decide(parts, bound).await,
            Step::StopApplication => self.stop_application(parts, tools).await,
            Step::Fetch | Step::Restore | Step::Replay | Step::Promote => {
                let wanted = self.wanted(parts.pipeline)?;
                let done = parts.pipeline.perform(step, tools, parts.target, &wanted).await?;
                if step == Step::Replay && matches!(wanted.goal.target, Target::BeforeTransaction(_)) {
                    self.claim_target().await;
                } else if step == Step::Restore && parts.pipeline.repairs() {
                    self.claim_all().await;
                }
                Ok(done)
            }
            Step::Rebuild => failback::rebuild(parts, tools).await,
            Step::CatchUp => failback::catch_up(parts, tools).await,
            Step::Fence => self.fence(parts, bound).await,
            Step::Rotate => rotate(parts).await,
            Step::Switch => {
                // A failback may not have stopped them.
                self.stop_clients().await;
                switch(parts).await
            }
            Step::Verify => verify(parts).await,
        }
    }

    /// What the pipeline is to bring back.
    ///
    /// # Errors
    /// It goes back before a bad transaction, and there is none.
    pub fn wanted(&self, pipeline: &dyn Pipeline) -> Result<Wanted<'a>> {
        let (follows, replays) = (pipeline.restores_onto() == Onto::Replica, pipeline.steps().contains(&Step::Replay));
        let target = match (&self.transaction, self.committed) {
            (Some(bad), Some(committed)) if replays => match pipeline.until() {
                Until::Position => Target::BeforeTransaction(bad.id.clone()),
                Until::Time => before_second(bad, committed),
            },
            _ if follows => Target::LastApplied,
            _ if pipeline.replays_all() => Target::EndOfLog,
            _ if replays => return Err(Error::new("there is no bad transaction to go back before")),
            _ => Target::Backup,
        };
        let time = self.committed.unwrap_or_else(|| self.clock.timestamp_at(self.clock.now())).to_string();
        Ok(Wanted { backup: self.backup, goal: Goal { target, time, erased: self.erased.clone() } })
    }

    async fn decide(&self, parts: &mut Parts<'_>, bound: Duration) -> Result<Done> {
        let pipeline = parts.pipeline;
        let wanted = self.wanted(pipeline)?;
        let id = &wanted.backup.id;
        let says = match &wanted.goal.target {
            Target::BeforeTransaction(bad) if pipeline.restores_onto() == Onto::Replica => {
                // Its delay goes by meanwhile, and some servers take their time to stop.
                parts.target.set_paused(true, bound).await.cannot("hold the replica still")?;
                format!("hold the {id}, have it go on to just before transaction {bad}, and promote it")
            }
            Target::BeforeTransaction(bad) => format!("recover from backup {id} to just before transaction {bad}"),
            Target::Backup if pipeline.repairs() => {
                format!("repair the database where it is, by what backup {id} holds, and keep what was written since")
            }
            Target::BeforeSecond { .. } => {
                let second = wanted.goal.target.second().unwrap_or_default();
                format!(
                    "recover from backup {id} to just before {second} UTC, in which the bad transaction was committed"
                )
            }
            Target::EndOfLog => format!("recover from backup {id} and replay all of the log that was shipped"),
            Target::Backup => format!("recover from backup {id} as it is: nothing is replayed after it"),
            Target::LastApplied => format!("promote the {id}, wherever it has come to since"),
        };
        Ok(Done { bytes: None, says })
    }

    /// What the recovered state claims to be, on the harness's clock: the bad transaction's commit, and nothing of it.
    async fn claim_target(&mut self) {
        let Some(transaction) = &self.transaction else { return };
        let claimed_by = format!("recovery target transaction {}, exclusive", transaction.id);
        self.claim(Cut { earliest: transaction.before, latest: transaction.after, claimed_by }).await;
    }

    /// What a repaired database claims to be: all that it was when the application was stopped, without the damage.
    async fn claim_all(&mut self) {
        let Some(stopped) = self.stopped else { return };
        let claimed_by = "the application's stop, because the damaged database itself was repaired".to_owned();
        self.claim(Cut { earliest: stopped, latest: stopped, claimed_by }).await;
    }

    async fn claim(&mut self, cut: Cut) {
        self.cut = Some(cut.clone());
        let _ = self.events.send(Event::RecoveryPoint(cut)).await;
    }

    async fn stop_clients(&mut self) {
        if let Some(clients) = self.clients.take() {
            self.next_op = Some(clients.stop().await.next_op);
            self.stopped = Some(self.clock.now());
            let _ = self.events.send(Event::ApplicationStopped { epoch: 0 }).await;
        }
    }

    /// The application first, then its way to the source, then the source; and a try whether it really is out. A server
    /// that is restored in place goes on, and only the damaged database is closed.
    async fn stop_application(&mut self, parts: &mut Parts<'_>, tools: Tools<'_>) -> Result<Done> {
        self.stop_clients().await;
        parts.links.set_enabled(parts.application, false).await?;
        // A server that is gone or stands still takes no poison, and cannot be asked to stop.
        let answers = parts.source.answers().await.is_ok();
        // Nor does one whose replica would rightly hold it, or whose log, replayed to its end, or that is repaired itself: each
        // owes all that the source has.
        let replays_all = self.wanted(parts.pipeline).is_ok_and(|wanted| wanted.goal.target == Target::EndOfLog);
        let owes_all = replays_all || parts.pipeline.restores_onto() == Onto::Replica || parts.pipeline.repairs();
        if answers && !owes_all {
            plant_poison(parts.source, parts.database).await?;
        }
        let in_place = parts.source.host().name() == parts.target.host().name();
        let out = if parts.leaves_source {
            "source left running".to_owned()
        } else if in_place {
            parts.source.close_database(parts.database).await?;
            format!("database {} closed", parts.database)
        } else if answers {
            parts.source.stop(Stop::Fast, self.bounds.server.into()).await?;
            "source stopped".to_owned()
        } else {
            parts.source.kill(self.bounds.server.into()).await?;
            "source did not answer and is killed".to_owned()
        };
        self.try_source(parts, parts.leaves_source).await;
        let shipped = ship_remainder(parts, tools).await;
        Ok(Done { bytes: None, says: format!("clients ended, link cut, {out}{shipped}") })
    }

    /// Stops the source, which was left running, and tries whether it is out.
    async fn fence(&mut self, parts: &mut Parts<'_>, bound: Duration) -> Result<Done> {
        parts.source.stop(Stop::Fast, bound).await?;
        self.try_source(parts, false).await;
        Ok(Done { bytes: None, says: format!("host {} stopped", parts.source.host().name()) })
    }

    /// Tries whether the source still lets the application in.
    async fn try_source(&self, parts: &Parts<'_>, may_be_left: bool) {
        let at = self.clock.now();
        let event = match connect(&parts.source.past_the_link(parts.login)).await {
            Ok(_) if may_be_left => Event::SourceLeftRunning {
                at,
                evidence: format!("host {} still lets the application in", parts.source.host().name()),
            },
            Ok(_) => Event::SourceNotFenced { why: "the fenced source still lets the application in".to_owned() },
            Err(error) => Event::SourceFenced { at, evidence: error.failure().message.clone() },
        };
        let _ = self.events.send(event).await;
    }
}

/// Ships what is left of the log; what came of it, to go on with.
async fn ship_remainder(parts: &Parts<'_>, tools: Tools<'_>) -> String {
    match parts.pipeline.ship_remainder(tools, parts.source).await {
        Ok(says) if says.is_empty() => says,
        Ok(says) => format!(", {says}"),
        // What the replay then lacks it will miss by itself.
        Err(error) => format!(", and what was left of the log could not be shipped: {error}"),
    }
}

/// The end of a replay by time.
fn before_second(bad: &Transaction, committed: jiff::Timestamp) -> Target {
    let within = Nanos::from(Duration::from_nanos(committed.subsec_nanosecond().unsigned_abs().into()));
    Target::BeforeSecond {
        second: u32::try_from(committed.as_second()).unwrap_or(u32::MAX),
        at: bad.before.since(within),
    }
}

/// What monitoring would see first: damage that the server itself counts, or a server that does not answer.
/// The server itself is asked, and the application's way to it: who cannot be reached may be well.
async fn detect(source: &Server, application: &Login, bound: Duration) -> Result<Done> {
    let deadline = tokio::time::Instant::now() + bound;
    let mut unreached = 0;
    loop {
        let dialect = source.kind().dialect();
        let Ok(client) = source.connect(dialect.own_database()).await else {
            return Ok(Done { bytes: None, says: "the server does not answer".to_owned() });
        };
        if let Some((what, sql)) = dialect.damage() {
            let counted = client.value(sql).await?.unwrap_or_default();
            if counted != "0" {
                return Ok(Done { bytes: None, says: format!("{what}: {counted}") });
            }
        }
        let reached = tokio::time::timeout(LOGIN, connect(application)).await;
        unreached = if matches!(reached, Ok(Ok(_))) { 0 } else { unreached + 1 };
        if unreached == UNREACHED {
            let says = format!("the application did not get through to the server {UNREACHED} times in a row");
            return Ok(Done { bytes: None, says });
        }
        if tokio::time::Instant::now() > deadline {
            return Err(Error::bound("detection by counted damage or unanswered logins", bound, Vec::new()));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The application's next password; its sessions are at the source, and end with it.
async fn rotate(parts: &mut Parts<'_>) -> Result<Done> {
    let password = parts.secrets.make()?;
    parts.target.set_password(&parts.login.user, &password).await?;
    parts.login.password = Some(password);
    Ok(Done { bytes: None, says: format!("role {} has another password", parts.login.user) })
}

async fn switch(parts: &mut Parts<'_>) -> Result<Done> {
    parts.links.switch(parts.application, parts.target.address()).await?;
    let says = format!("link {} points at host {}", parts.application.name, parts.target.host().name());
    Ok(Done { bytes: None, says })
}

/// The runbook's own look: the application logs in and counts its tables.
async fn verify(parts: &mut Parts<'_>) -> Result<Done> {
    let tables = parts.login.readable_tables().await?;
    if tables == 0 {
        return Err(Error::new("the application can log in and sees no table"));
    }
    Ok(Done { bytes: None, says: format!("the application logs in and sees {tables} tables") })
}
