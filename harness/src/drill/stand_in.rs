//! A stand-in: a host of its own on which the pipeline's restore is performed once more, looked at, and ended.

use std::path::Path;
use std::time::Duration;

use blackstart_record::event::{Event, ProgramRun};
use blackstart_record::observation::Observation;
use blackstart_record::plan::Step;
use blackstart_record::record::Folder;
use tokio::sync::mpsc;

use super::Drill;
use super::environment::World;
use super::look::Keep;
use crate::engine::{Role, Server};
use crate::examine::inventory::Definitions;
use crate::examine::rows;
use crate::examine::snapshot::Snapshot;
use crate::failure::{Error, Result};
use crate::link::Link;
use crate::pipeline::{Onto, Repository, Tools, Wanted};

/// A step is given this much longer than its own bound, so that the tool's bound speaks first.
const GRACE: Duration = Duration::from_secs(10);

/// How a restore ended: at which step it failed, and how.
pub(super) type Ended = std::result::Result<(), (Step, Error)>;

/// A host that no plan names, with a server and a way to the store of its own.
pub(super) struct StandIn {
    /// The server to restore onto.
    pub(super) server: Server,
    /// What it restores from; may be changed before it is made ready.
    pub(super) repository: Repository,
    /// Its way to the store.
    pub(super) link: Link,
}

impl World {
    /// A stand-in that restores from `bucket`. Nothing runs on it yet.
    pub(super) async fn stand_in(&mut self, name: &str, bucket: &str) -> Result<StandIn> {
        let (host, link) = self.another_host(name).await?;
        let mut repository = self.repository.clone();
        repository.bucket = bucket.to_owned();
        repository.endpoints.insert(host.name().to_owned(), link.listen);
        repository.objects = self.bucket_for(name).await?;
        Ok(StandIn { server: self.server_on(host), repository, link })
    }
}

impl StandIn {
    /// Puts the pipeline's programs on it, and starts an empty server where the method wants one.
    pub(super) async fn ready(&mut self, drill: &Drill, world: &World) -> Result<()> {
        let loaded = &drill.request.loaded;
        let pipeline = loaded.pipeline.method.pipeline();
        pipeline.install(self.server.host(), &self.repository, &drill.request.plan_folder)?;
        if pipeline.restores_onto() == Onto::RunningServer {
            self.server.initialise(&world.cache, Role::Target, &[]).await?;
            self.server.start(loaded.bounds.server.into()).await?;
        }
        Ok(())
    }

    /// Performs the pipeline's steps, each within `bound`, or within its bound in the runbook.
    pub(super) async fn restore(
        &mut self,
        drill: &Drill,
        wanted: &Wanted<'_>,
        events: &mpsc::Sender<Event>,
        bound: Option<Duration>,
    ) -> Ended {
        let loaded = &drill.request.loaded;
        let pipeline = loaded.pipeline.method.pipeline();
        for step in pipeline.steps() {
            let planned = loaded.scenario.runbook.iter().find(|planned| planned.step == *step);
            let planned = planned.map_or(Duration::from_secs(600), |planned| planned.bound.into());
            let bound = bound.unwrap_or(planned);
            let (repository, database) = (&self.repository, &*loaded.environment.database);
            let compression = loaded.scenario.compression;
            let tools = Tools { clock: drill.clock, repository, database, events, bound, compression };
            let performed = pipeline.perform(*step, tools, &mut self.server, wanted);
            match tokio::time::timeout(bound + GRACE, performed).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err((*step, error)),
                Err(_) => return Err((*step, Error::bound(&step.to_string(), bound, Vec::new()))),
            }
        }
        Ok(())
    }

    /// Looks at what came back as the drill itself does, and keeps it in `folder`, with all that it is judged by.
    /// The number of rows.
    pub(super) async fn look(
        &self,
        drill: &Drill,
        world: &World,
        before: &Definitions,
        folder: &Folder,
    ) -> Result<u64> {
        std::fs::create_dir_all(folder.path())?;
        for (from, to) in
            [(drill.folder.ledger(), folder.ledger()), (drill.folder.initial_rows(), folder.initial_rows())]
        {
            link(&from, &to)?;
        }
        let snapshot = Snapshot::take(&self.server, &drill.request.loaded.environment.database).await?;
        let keep = Keep { folder, events: None };
        let objects = world.objects(self.repository.objects.as_deref()).await;
        let read = rows::observe(&snapshot, drill.domain, objects.as_ref(), &folder.restored_rows()).await?;
        let rows = read.read.values().sum();
        keep.observation("rows", Observation::Rows(read)).await?;
        drill.look_inside(&self.server, &snapshot, (before, objects.as_ref()), &keep).await?;
        Ok(rows)
    }

    /// Ends everything on it, and gives the room on the disk back.
    pub(super) async fn end(self) -> Result<()> {
        let host = self.server.host().clone();
        drop(self.server);
        host.destroy().await;
        host.remove_folder("data")
    }
}

/// The programs that events tell of, up to the end of them.
pub(super) async fn programs(mut events: mpsc::Receiver<Event>) -> Vec<ProgramRun> {
    let mut runs = Vec::new();
    while let Some(event) = events.recv().await {
        if let Event::ProgramEnded(run) = event {
            runs.push(run);
        }
    }
    runs
}

fn link(from: &Path, to: &Path) -> Result<()> {
    std::fs::hard_link(from, to).or_else(|_| std::fs::copy(from, to).map(|_| ())).map_err(Error::from)
}
