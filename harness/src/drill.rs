//! Where the stages meet: one drill from its plan to its record, and the only writer of its history.

pub mod calibration;
mod clean;
mod crash_points;
mod environment;
mod failback;
mod faults;
mod launch;
mod located;
mod look;
mod monitoring;
mod point;
mod record;
mod recorder;
mod recovery;
mod replica;
mod sabotage;
mod stand_in;
mod store;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use blackstart_record::event::{Event, Phase};
use blackstart_record::record::Folder;
use blackstart_record::time::Nanos;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::examine::inventory;
use crate::examine::probe::{Incarnations, Probes};
use crate::failure::{Context, Error, Result};
use crate::host::docker::{Engine, Fleet, Images, Owner};
use crate::host::isolate::{self, Isolation};
use crate::pipeline::{Backup, Tools};
use crate::plan::{Loaded, Vocabulary};
use crate::workload::{self, Domain, Ledger, Running as Clients, Settings, Workload};
use crate::{fault, pipeline};

use environment::World;
pub use launch::{Lifeline, Running, launch};
use look::Rehearsal;
use recorder::Recorder;

/// Everything that can be drilled: the registries, as a plan's vocabulary.
#[derive(Clone, Debug)]
pub struct Registry;

impl Vocabulary for Registry {
    type Fault = fault::Spec;
    type Method = pipeline::Spec;
    type Provider = crate::store::Provider;
}

/// What the hosts of a drill are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hosts {
    /// Processes on this machine, kept apart as well as the kernel lets us.
    Native,
    /// Containers.
    Docker {
        /// Who makes them.
        engine: Engine,
        /// What from.
        images: Images,
    },
}

impl Hosts {
    /// Isolates this process as these hosts want it; only the drill returns. Must be called before any thread is started.
    ///
    /// # Errors
    /// What the kernel or the engine refused.
    pub fn enter(&self, request: &Request, lifeline: File, complain: fn(&str)) -> Result<Isolation> {
        let mut isolation = match self {
            Self::Native => isolate::available(),
            Self::Docker { engine, images } => {
                let owner = Owner { run: request.run.clone(), drill: request.id.clone() };
                Isolation::Containers(Fleet::new(engine.clone(), owner, images.clone()))
            }
        };
        isolate::enter(&isolation, lifeline, complain).map_err(Error::new)?;
        if let Isolation::Containers(fleet) = &mut isolation {
            fleet.enter(environment::network(&request.loaded)?)?;
        }
        Ok(isolation)
    }
}

/// One drill to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The resolved plan and scenario.
    pub loaded: Loaded<Registry>,
    /// The record's folder; it exists and is empty.
    pub folder: PathBuf,
    /// The plan's folder.
    pub plan_folder: PathBuf,
    /// The run (ULID).
    pub run: String,
    /// The drill (ULID).
    pub id: String,
    /// The seed of everything random.
    pub seed: u64,
    /// Digest of the previous run's record of the same drill.
    pub previous: Option<String>,
    /// Drills of the same run that were skipped, and why.
    pub skipped: BTreeMap<String, String>,
    /// The profile by which it is run, if by one.
    pub profile: Option<String>,
    /// What hosts are made of.
    pub hosts: Hosts,
    /// Whether the restore is tried on damaged copies too.
    pub sabotage: bool,
    /// Whether backups are disturbed at each of their steps.
    pub crash_points: bool,
}

/// Runs one drill inside its isolation and writes its record; whatever happened is in the record.
///
/// # Errors
/// The record itself could not be written.
pub async fn run(request: Request, isolation: Isolation, scratch: PathBuf) -> Result<()> {
    let clock = Clock::start();
    let folder = Folder::new(&request.folder);
    let (recorder, events) = Recorder::start(clock, &folder, false).cannot("begin the record")?;
    let mut drill = Drill {
        clock,
        folder,
        incarnations: Incarnations::new(events.clone()),
        events,
        domain: workload::domain(&request.loaded.scenario.workload.domain)
            .ok_or_else(|| Error::new("the scenario's domain is not registered"))?,
        phase: Phase::Environment,
        request,
    };
    let mut interrupted = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let ended = tokio::select! {
        ended = drill.run(&isolation, scratch) => ended,
        _ = interrupted.recv() => drill.interrupted(2).await,
        _ = terminated.recv() => drill.interrupted(15).await,
        why = recorder.failed() => Err(why),
    };
    if let Err(error) = ended {
        let phase = drill.phase;
        drill.emit(Event::SetupFailed { phase, failure: error.into_failure() }).await;
    }
    drill.emit(Event::Finished).await;
    drop(drill);
    recorder.finish().await
}

/// One drill under way.
struct Drill {
    clock: Clock,
    folder: Folder,
    events: mpsc::Sender<Event>,
    incarnations: Incarnations,
    domain: &'static dyn Domain,
    phase: Phase,
    request: Request,
}

impl Drill {
    /// The whole road. An error is the harness's own; what the system under test did wrong is in the history.
    async fn run(&mut self, isolation: &Isolation, scratch: PathBuf) -> Result<()> {
        self.enter(Phase::Environment).await;
        let mut record = record::begin(&self.request, isolation, self.domain);
        self.store_record(&record)?;
        let mut world = environment::build(self, isolation, scratch).await?;

        self.enter(Phase::Load).await;
        let before = self.load(&mut world).await?;
        record.tools = world.tools().await?;
        record.machine.extend(world.images());
        self.store_record(&record)?;
        let older = self.older_backup(&world).await?;
        self.enter(Phase::Workload).await;
        let ledger = Ledger::open(&self.folder.ledger(), &self.folder.ledger_rows()).cannot("create the ledger")?;
        let probes = self.probes(&world);
        let clients = self.workload(&world, &ledger, 0, 1).await;
        let bound = self.request.loaded.bounds.server.into();
        self.emit(calibration::stall(self.clock, &world.source, &probes, bound).await?).await;
        world.monitor = monitoring::start(self, &mut world, &probes).await?;
        self.enter(Phase::Backup).await;
        let backup = self.back_up(&mut world).await?;
        let recovery::Ended { wanted, mut recovered } = match &backup {
            Some(backup) => self.disaster(&mut world, clients, backup, &probes).await?,
            None => {
                clients.stop().await;
                recovery::Ended::default()
            }
        };
        // Of a recovery that did not come so far.
        world.monitor.stop().await;
        // No snapshot holds objects still: they are read before anybody works on them again.
        let objects = if recovered.is_some() { world.objects(None).await } else { None };
        if let Some(recovered) = recovered.as_mut().filter(|recovered| recovered.finished) {
            self.enter(Phase::Aftermath).await;
            self.aftermath(&world, &ledger, recovered, &probes).await;
        }
        probes.stop().await;
        ledger.close().await.cannot("write the ledger")?;
        if let Some(backup) = &backup {
            self.enter(Phase::Examine).await;
            let (recovered, older, objects) = (recovered.as_ref(), older.as_ref(), objects.as_ref());
            let of = Rehearsal { wanted, recovered, backup, older, before: &before, objects };
            let looked = self.look_back(&mut world, &of).await;
            // A recovery that broke is a miss already: a copy that cannot be examined to the end takes nothing from that.
            if recovered.is_some_and(|recovered| recovered.finished) {
                looked?;
            }
        }
        self.enter(Phase::Teardown).await;
        // A store that died in the disaster lists nothing; what was found out before must not hang on that.
        record.artifacts = world.artifacts(&self.request.loaded).await.unwrap_or_default();
        self.store_record(&record)?;
        world.destroy().await;
        Ok(())
    }

    /// Faults, then the runbook.
    async fn disaster(
        &mut self,
        world: &mut World,
        clients: Clients,
        backup: &Backup,
        probes: &Probes,
    ) -> Result<recovery::Ended> {
        self.enter(Phase::Faults).await;
        let transaction = faults::run(self, world).await?;
        self.enter(Phase::Recovery).await;
        recovery::run(self, world, clients, backup, transaction, probes).await
    }

    /// Lets the application work on what came back.
    async fn aftermath(&self, world: &World, ledger: &Ledger, recovered: &mut recovery::Recovered, probes: &Probes) {
        let clients = self.workload(world, ledger, 1, recovered.next_op).await;
        let planned = tokio::time::sleep(self.request.loaded.scenario.workload.after_recovery.into());
        tokio::join!(planned, probes.steady(UNSTEADY));
        recovered.next_op = clients.stop().await.next_op;
        self.emit(Event::ApplicationStopped { epoch: 1 }).await;
    }

    async fn interrupted(&mut self, signal: i32) -> Result<()> {
        self.emit(Event::Interrupted { signal }).await;
        Ok(())
    }

    /// Tells the history. A closed channel means that it cannot be written, which `run` notices on its own.
    async fn emit(&self, event: Event) {
        let _ = self.events.send(event).await;
    }

    async fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.emit(Event::Phase(phase)).await;
    }

    fn store_record(&self, record: &blackstart_record::record::Record) -> Result<()> {
        self.folder.store(&self.folder.record(), record).cannot("write record.json")
    }

    fn settings(&self) -> Settings {
        let plan = &self.request.loaded.scenario.workload;
        Settings {
            seed: self.request.seed,
            rows: plan.rows,
            clients: plan.clients,
            rate: plan.rate,
            op_timeout: self.request.loaded.bounds.operation.into(),
            ..Settings::default()
        }
    }

    /// Loads the initial data set, lets the application in, plants the nonce, and takes the inventory to compare with.
    async fn load(&self, world: &mut World) -> Result<inventory::Definitions> {
        let database = &self.request.loaded.environment.database;
        let client = world.source.connect(database).await?;
        let loaded = workload::load(self.domain, &client, &self.settings(), &self.folder.initial_rows()).await?;
        world.loaded_at = self.clock.now();
        client.batch(world.source.kind().dialect().heartbeat()).await.cannot("prepare the heartbeat")?;
        world.admit_application().await?;
        workload::nonce::plant_nonce(&world.source, database, &self.request.id).await?;
        if let Some(files) = self.request.loaded.pipeline.method.pipeline().configuration() {
            let files = self.request.plan_folder.join(files);
            workload::configuration::plant(world.source.host(), &files, &self.request.id)?;
        }
        if let Some(shelf) = &world.shelf {
            let generator = self.domain.generator(&self.settings());
            shelf.load(&world.store, &self.settings(), &*generator).await?;
        }
        // The settings that loading made are those of sessions that begin after it.
        let client = world.source.connect(database).await?;
        let mut before = inventory::read(&client).await.cannot("take the inventory of the source")?;
        before.extend(world.protection().await?);
        if self.request.loaded.pipeline.method.pipeline().configuration().is_some() {
            before.extend(look::configuration(&world.source)?);
        }
        self.emit(Event::Loaded { rows: loaded.rows, bytes: loaded.bytes }).await;
        Ok(before)
    }

    /// For the sabotage: a backup that is older than the one that counts.
    async fn older_backup(&self, world: &World) -> Result<Option<Backup>> {
        if !self.request.sabotage {
            return Ok(None);
        }
        // Its programs are nobody's business: the history is about the backup that counts.
        let (events, _nobody) = mpsc::channel(64);
        let tools = Tools { events: &events, ..self.tools(world) };
        let backup = self.request.loaded.pipeline.method.pipeline().backup(tools, world.way(), &world.target).await;
        backup.map(Some).cannot("take an older backup")
    }

    fn tools<'a>(&'a self, world: &'a World) -> Tools<'a> {
        let loaded = &self.request.loaded;
        Tools {
            clock: self.clock,
            repository: &world.repository,
            database: &loaded.environment.database,
            events: &self.events,
            bound: loaded.bounds.backup.into(),
            compression: loaded.scenario.compression,
        }
    }

    /// Takes the backup. `None`: it failed, and not because the environment did; that is in the history.
    async fn back_up(&self, world: &mut World) -> Result<Option<Backup>> {
        let loaded = &self.request.loaded;
        let tools = self.tools(world);
        let pipeline = loaded.pipeline.name.clone();
        let backup = match loaded.pipeline.method.pipeline().backup(tools, world.way(), &world.target).await {
            Ok(backup) => backup,
            Err(error) => {
                // A tool that failed because its server or its store is gone says nothing about the pipeline.
                world.source.alive().cannot("take the backup")?;
                world.artifact_bytes().await.cannot("take the backup")?;
                self.emit(Event::BackupFailed { pipeline, at: self.clock.now(), outcome: error.into_outcome() }).await;
                return Ok(None);
            }
        };
        let bytes = world.artifact_bytes().await?;
        let Backup { id, begun, durable, lag } = backup.clone();
        self.emit(Event::BackedUp { pipeline: pipeline.clone(), id, begun, durable, bytes }).await;
        if let Some(lag) = lag {
            self.emit(Event::ShippingLag { pipeline, lag }).await;
        }
        Ok(Some(backup))
    }

    fn probes(&self, world: &World) -> Probes {
        let plan = self.request.loaded.scenario.probes;
        let login = world.login.clone();
        Probes::start(self.clock, login, plan, self.events.clone(), self.incarnations.clone())
    }

    async fn workload(&self, world: &World, ledger: &Ledger, epoch: u8, first_op: u64) -> Clients {
        self.emit(Event::ApplicationStarted { epoch }).await;
        let (tallies, mut seconds) = mpsc::channel(16);
        let events = self.events.clone();
        tokio::spawn(async move {
            while let Some((until, tally)) = seconds.recv().await {
                let _ = events.send(Event::Tally { until, tally }).await;
            }
        });
        let workload = Workload {
            domain: self.domain,
            login: world.login.clone(),
            objects: world.shelf.as_ref().map(|shelf| shelf.application.clone()),
            settings: self.settings(),
            epoch,
            first_op,
            ledger: ledger.handle(),
            clock: self.clock,
            tallies,
        };
        workload.start()
    }
}

/// A service that is not stable after the recovery is watched for so long, if the scenario does not say longer.
const UNSTEADY: Duration = Duration::from_secs(10);
/// Steps are given this much longer than their own bound, so that the tool's bound speaks first.
const GRACE: Nanos = Nanos::from_secs(5);
