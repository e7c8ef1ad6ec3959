//! Everything that is looked at when the runbook is through: the copy that counts, and further restores beside it.

use std::time::Duration;

use blackstart_judge::oracle::Declared;
use blackstart_record::event::Event;
use blackstart_record::observation::{Inventory, Observation};
use blackstart_record::plan::Step;
use blackstart_record::record::Folder;
use tokio::sync::mpsc;

use super::Drill;
use super::environment::{World, promotes};
use super::recovery::Recovered;
use crate::engine::Server;
use crate::examine::inventory::Definitions;
use crate::examine::objects::Seen;
use crate::examine::snapshot::Snapshot;
use crate::examine::{canaries, credentials, fence, identity, images, indexes, invariants, inventory, rows, writes};
use crate::failure::{Context, Error, Result};
use crate::pipeline::{Backup, Goal, Wanted};
use crate::workload;

/// What further restores start from, and are held against.
pub(super) struct Rehearsal<'a> {
    /// Where the restore is to end; `None`: it is not known.
    pub(super) wanted: Option<Goal>,
    /// `None`: the drill's own restore left nothing to look at.
    pub(super) recovered: Option<&'a Recovered>,
    pub(super) backup: &'a Backup,
    pub(super) older: Option<&'a Backup>,
    /// The source's inventory before the disaster.
    pub(super) before: &'a Definitions,
    /// The application's objects, as they were restored.
    pub(super) objects: Option<&'a Seen>,
}

/// The application's configuration on a server's host.
pub(super) fn configuration(server: &Server) -> Result<Definitions> {
    let folder = server.host().outside(workload::configuration::FOLDER);
    inventory::files::read(&folder).cannot("read the configuration")
}

impl<'a> Rehearsal<'a> {
    /// What every further restore is to bring back: what the drill's own was.
    pub(super) fn wanted(&self) -> Result<Wanted<'a>> {
        let wanted =
            self.wanted.as_ref().ok_or_else(|| Error::new("it is not known what a restore is to bring back"))?;
        Ok(Wanted { backup: self.backup, goal: wanted.clone() })
    }
}

/// Where observations are kept, and who is told.
#[derive(Clone, Copy)]
pub(super) struct Keep<'a> {
    pub(super) folder: &'a Folder,
    pub(super) events: Option<&'a mpsc::Sender<Event>>,
}

impl Keep<'_> {
    /// Keeps an observation.
    pub(super) async fn observation(&self, name: &str, observation: Observation) -> Result<()> {
        self.folder.store(&self.folder.observation(name), &observation).cannot(format_args!("write {name}.json"))?;
        if let Some(events) = self.events {
            // A closed channel means that the history cannot be written, which the drill notices on its own.
            let _ = events.send(Event::Observed { name: name.to_owned() }).await;
        }
        Ok(())
    }
}

impl Drill {
    /// Every look at what came back.
    pub(super) async fn look_back(&self, world: &mut World, of: &Rehearsal<'_>) -> Result<()> {
        if let Some(recovered) = of.recovered {
            self.examine(world, recovered, of).await?;
            if recovered.finished && !self.request.loaded.scenario.failback.is_empty() {
                self.go_back(world, recovered.next_op).await?;
            }
        }
        if self.request.crash_points {
            let observed = self.crash_points(world).await.cannot("disturb backups")?;
            self.observed("crash-points", Observation::CrashPoints(observed)).await?;
        }
        let method = self.request.loaded.pipeline.method.pipeline();
        // A clean host has nothing to repair.
        if method.steps().contains(&Step::Restore) && !method.repairs() {
            let (observed, control) = self.clean_restore(world, of).await;
            self.observed("clean-restore", Observation::CleanRestore(observed)).await?;
            if let Some(control) = control {
                let observed = self.sabotage(world, of, control).await?;
                self.observed("sabotage", Observation::Sabotage(observed)).await?;
            }
        }
        if promotes(&self.request.loaded) {
            return Ok(());
        }
        // The last look: it leaves no artifact as it was.
        for (name, attack) in world.attacks().await? {
            self.observed(name, Observation::Attack(attack)).await?;
        }
        Ok(())
    }

    async fn examine(&self, world: &mut World, recovered: &Recovered, of: &Rehearsal<'_>) -> Result<()> {
        self.within_its_bound(self.look(world, recovered, of)).await
    }

    /// An examination, for as long as one may take.
    pub(super) async fn within_its_bound(&self, examination: impl Future<Output = Result<()>>) -> Result<()> {
        let bound = Duration::from(self.request.loaded.bounds.examine);
        let ended = tokio::time::timeout(bound, examination).await;
        ended.map_err(|_| Error::bound("the examination", bound, Vec::new()))?
    }

    async fn look(&self, world: &mut World, recovered: &Recovered, of: &Rehearsal<'_>) -> Result<()> {
        let objects = of.objects;
        let snapshot = &recovered.snapshot;
        let mut observed = rows::observe(snapshot, self.domain, objects, &self.folder.restored_rows()).await?;
        let owed = images::Owed {
            folder: &self.folder,
            settings: &self.settings(),
            cut: &recovered.cut,
            loaded_at: world.loaded_at,
            declared: Declared::of(&self.request.loaded.scenario),
        };
        observed.images = images::observe(snapshot, self.domain, objects, owed).await?;
        self.observed("rows", Observation::Rows(observed)).await?;
        let keep = Keep { folder: &self.folder, events: Some(&self.events) };
        self.look_inside(&world.target, snapshot, (of.before, objects), &keep).await?;
        let application = &world.login.clone();
        let observed = identity::observe(snapshot, application, &self.request.id, &world.last_source).await?;
        self.observed("identity", Observation::Identity(observed)).await?;
        let mut observed = writes::observe(application, self.domain).await;
        observed.extend(world.object_trial().await);
        self.observed("writes", Observation::Writes(observed)).await?;
        if !world.intruders.is_empty() {
            let observed = credentials::observe(&world.target, &world.intruders).await;
            self.observed("credentials", Observation::Credentials(observed)).await?;
        }
        let attempts = world.target.provoke_archiving().await?;
        let after = world.artifacts(&self.request.loaded).await?;
        let in_place = world.source.host().name() == world.target.host().name();
        let source = (!in_place).then_some((&world.source, application));
        let observed = fence::observe((&recovered.archive, &after), attempts, source).await;
        self.observed("fence", Observation::Fence(observed)).await?;
        // The last look at this server: its next start may fail.
        let bound = self.request.loaded.bounds.server.into();
        let observed = writes::observe_restarted(&mut world.target, bound, application, self.domain).await?;
        self.observed("writes-restarted", Observation::Writes(observed)).await
    }

    /// The looks at what a restored copy holds, but for its rows.
    pub(super) async fn look_inside(
        &self,
        server: &Server,
        snapshot: &Snapshot,
        (before, objects): (&Definitions, Option<&Seen>),
        keep: &Keep<'_>,
    ) -> Result<()> {
        let mut observed = invariants::observe(snapshot, self.domain).await?;
        if let Some(seen) = objects {
            observed.push(seen.references(snapshot).await?);
        }
        keep.observation("invariants", Observation::Invariants(observed)).await?;
        let mut observed = canaries::observe(snapshot, self.domain).await?;
        observed.extend(objects.map(Seen::canaries).unwrap_or_default());
        keep.observation("canaries", Observation::Canaries(observed)).await?;
        let mut after = inventory::observe(snapshot).await.cannot("take the inventory of the restored copy")?;
        if let Some(seen) = objects {
            after.extend(seen.protection()?);
        }
        if before.contains_key(inventory::files::KIND) {
            after.extend(configuration(server)?);
        }
        let mut before = before.clone();
        if self.request.loaded.scenario.runbook.iter().any(|planned| planned.step == Step::Rotate) {
            let (engine, role) = (server.kind(), self.domain.application_role());
            inventory::forget_password(engine, role, &mut before);
            inventory::forget_password(engine, role, &mut after);
        }
        let inventory = Inventory { before, after };
        keep.observation("inventory", Observation::Inventory(inventory)).await?;
        let observed = indexes::observe(server, &self.request.loaded.environment.database).await?;
        keep.observation("indexes", Observation::Indexes(observed)).await
    }

    pub(super) async fn observed(&self, name: &str, observation: Observation) -> Result<()> {
        Keep { folder: &self.folder, events: Some(&self.events) }.observation(name, observation).await
    }
}
