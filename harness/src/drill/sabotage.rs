//! The same restore from damaged copies of the user's own artifacts: would this drill have noticed?

use std::path::Path;
use std::time::Duration;

use blackstart_record::event::Event;
use blackstart_record::observation::{Inventory, Observation, SabotageKind, SabotageOutcome, SabotageTrial};
use blackstart_record::plan::Step;
use blackstart_record::record::Folder;
use tokio::sync::mpsc;

use super::Drill;
use super::environment::World;
use super::recovery::Recovered;
use crate::engine::postgres::{Postgres, SUPERUSER};
use crate::examine::snapshot::Snapshot;
use crate::examine::{canaries, indexes, invariants, inventory, rows};
use crate::failure::{Context, Error, Result};
use crate::pipeline::{Backup, Repository, Tools, Wanted};
use crate::sabotage::{Artifacts, DAMAGES, Edit};
use crate::secret::Secrets;

/// Where the copies of the artifacts are.
pub(super) const BUCKETS: &str = "sabotage-";
/// A damaged restore may take so many times as long as the whole one, and this much more.
const PATIENCE: (u32, Duration) = (4, Duration::from_secs(10));
/// How long the store is gone.
const GONE: Duration = Duration::from_secs(5);

/// One trial.
#[derive(Clone, Debug)]
struct Trial {
    id: &'static str,
    what: &'static str,
    kind: SabotageKind,
    how: How,
}

#[derive(Clone, Debug)]
enum How {
    Edits(Vec<Edit>),
    /// The restore has another secret than the store knows.
    WrongKey,
    /// No step is performed.
    Skipped,
    /// The application's role has another name after the restore.
    RoleGone,
    /// The way to the store is cut for a while.
    StoreGone,
}

/// What a trial restores from, and how long it may take.
pub(super) struct Rehearsal<'a> {
    pub(super) recovered: &'a Recovered,
    pub(super) backup: &'a Backup,
    pub(super) older: Option<&'a Backup>,
    /// The source's inventory before the disaster.
    pub(super) before: &'a inventory::Definitions,
}

impl Drill {
    /// Every look at what came back.
    pub(super) async fn look_back(&self, world: &mut World, of: &Rehearsal<'_>) -> Result<()> {
        self.examine(world, of.recovered, of.before.clone()).await?;
        if self.request.sabotage && of.recovered.finished {
            let observed = self.sabotage(world, of).await?;
            self.observed("sabotage", Observation::Sabotage(observed)).await?;
        }
        // The last look: it leaves no artifact as it was.
        self.observed("attack", Observation::Attack(world.attack().await?)).await
    }

    /// Every trial, one after the other; the first is the restore as it is.
    async fn sabotage(&self, world: &mut World, of: &Rehearsal<'_>) -> Result<Vec<SabotageTrial>> {
        let mut done: Vec<SabotageTrial> = Vec::new();
        let older = of.older.map_or("", |older| older.id.as_str());
        let artifacts = Artifacts::of(&world.listing().await?, older, &of.backup.id);
        for (number, trial) in trials(&artifacts).into_iter().enumerate() {
            let bound = done.first().map(|control| Duration::from(control.took) * PATIENCE.0 + PATIENCE.1);
            let began = self.clock.now();
            let (tell, told) = mpsc::channel(64);
            let programs = tokio::spawn(programs(told));
            let folder = self.folder.sabotage(trial.id);
            let outcome = self.rehearse(world, of, &trial, number, (tell, bound), &folder).await;
            let outcome = outcome.unwrap_or_else(|error| SabotageOutcome::NotTried { why: error.to_string() });
            done.push(SabotageTrial {
                id: trial.id.to_owned(),
                what: trial.what.to_owned(),
                kind: trial.kind,
                took: self.clock.now().since(began),
                outcome,
                programs: programs.await.unwrap_or_default(),
            });
        }
        Ok(done)
    }

    async fn rehearse(
        &self,
        world: &mut World,
        of: &Rehearsal<'_>,
        trial: &Trial,
        number: usize,
        (tell, bound): (mpsc::Sender<Event>, Option<Duration>),
        folder: &Folder,
    ) -> Result<SabotageOutcome> {
        let edits = if let How::Edits(edits) = &trial.how { edits.as_slice() } else { &[] };
        let bucket = format!("{BUCKETS}{number:02}");
        world.copy_artifacts(&bucket, edits).await.cannot("copy the artifacts")?;
        let (mut server, mut repository) = world.stand_in(self, number, &bucket).await?;
        if let How::WrongKey = trial.how {
            repository.key.secret = Secrets::default().make()?;
        }
        let pipeline = self.request.loaded.pipeline.method.pipeline();
        pipeline.install(server.host(), &repository, &self.request.plan_folder)?;
        let host = server.host().clone();
        let restore = self.restore(&mut server, &repository, of, (&tell, bound), trial);
        let ended = if let How::StoreGone = trial.how {
            world.store_link(&host, false).await?;
            let back = async {
                tokio::time::sleep(GONE).await;
                world.store_link(&host, true).await
            };
            let (ended, back) = tokio::join!(restore, back);
            back?;
            ended
        } else {
            restore.await
        };
        self.outcome(server, of, trial, folder, ended).await
    }

    /// Performs the pipeline's steps; the one that failed, and what it said.
    async fn restore(
        &self,
        server: &mut Postgres,
        repository: &Repository,
        of: &Rehearsal<'_>,
        (tell, bound): (&mpsc::Sender<Event>, Option<Duration>),
        trial: &Trial,
    ) -> std::result::Result<(), (Step, String)> {
        let loaded = &self.request.loaded;
        let (target, time) = &of.recovered.wanted;
        let wanted = Wanted { backup: of.backup, target: *target, time: time.clone() };
        let pipeline = loaded.pipeline.method.pipeline();
        for step in pipeline.steps().iter().filter(|_| !matches!(trial.how, How::Skipped)) {
            let planned = loaded.scenario.runbook.iter().find(|planned| planned.step == *step);
            let planned = planned.map_or(Duration::from_secs(600), |planned| planned.bound.into());
            let bound = bound.unwrap_or(planned);
            let tools =
                Tools { clock: self.clock, repository, database: &loaded.environment.database, events: tell, bound };
            let performed = tokio::time::timeout(bound + PATIENCE.1, pipeline.perform(*step, tools, server, &wanted));
            match performed.await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err((*step, error.to_string())),
                Err(_) => return Err((*step, format!("did not end within {bound:?}"))),
            }
        }
        Ok(())
    }

    async fn outcome(
        &self,
        server: Postgres,
        of: &Rehearsal<'_>,
        trial: &Trial,
        folder: &Folder,
        ended: std::result::Result<(), (Step, String)>,
    ) -> Result<SabotageOutcome> {
        let outcome = match ended {
            Err((step, says)) => SabotageOutcome::Refused { step, says },
            Ok(()) => match self.look_at(&server, of, trial, folder).await {
                Ok(()) => SabotageOutcome::Restored,
                Err(error) => SabotageOutcome::Unusable { says: error.to_string() },
            },
        };
        let host = server.host().clone();
        drop(server);
        host.destroy().await;
        host.remove_folder("data")?;
        Ok(outcome)
    }

    /// The looks that a restored copy is judged by, as in the drill itself.
    async fn look_at(&self, server: &Postgres, of: &Rehearsal<'_>, trial: &Trial, folder: &Folder) -> Result<()> {
        let database = &self.request.loaded.environment.database;
        if let How::RoleGone = trial.how {
            let role = self.domain.application_role();
            server.run(SUPERUSER, &format!("ALTER ROLE \"{role}\" RENAME TO \"{role}_gone\"")).await?;
        }
        std::fs::create_dir_all(folder.path())?;
        for (from, to) in [(self.folder.ledger(), folder.ledger()), (self.folder.initial_rows(), folder.initial_rows())]
        {
            link(&from, &to)?;
        }
        let snapshot = Snapshot::take(server, database).await?;
        let read = rows::observe(&snapshot, self.domain, &folder.restored_rows()).await?;
        let after = inventory::read(snapshot.client()).await?;
        let observations = [
            ("rows", Observation::Rows(read)),
            ("invariants", Observation::Invariants(invariants::observe(&snapshot, self.domain).await?)),
            ("canaries", Observation::Canaries(canaries::observe(&snapshot, self.domain).await?)),
            ("inventory", Observation::Inventory(Inventory { before: of.before.clone(), after })),
            ("indexes", Observation::Indexes(indexes::observe(server, database).await?)),
        ];
        for (name, observation) in &observations {
            folder.store(&folder.observation(name), observation)?;
        }
        Ok(())
    }
}

fn link(from: &Path, to: &Path) -> Result<()> {
    std::fs::hard_link(from, to).or_else(|_| std::fs::copy(from, to).map(|_| ())).map_err(Error::from)
}

async fn programs(mut told: mpsc::Receiver<Event>) -> Vec<blackstart_record::event::ProgramRun> {
    let mut runs = Vec::new();
    while let Some(event) = told.recv().await {
        if let Event::ProgramEnded(run) = event {
            runs.push(run);
        }
    }
    runs
}

fn trials(artifacts: &Artifacts) -> Vec<Trial> {
    let damage = |id, what, how| Trial { id, what, kind: SabotageKind::Damage, how };
    let control = Trial {
        id: "as-it-is",
        what: "nothing: restored a second time, elsewhere",
        kind: SabotageKind::Control,
        how: How::Edits(Vec::new()),
    };
    let store_gone = Trial {
        id: "store-gone",
        what: "the store gone for the first 5 s",
        kind: SabotageKind::Perturbation,
        how: How::StoreGone,
    };
    let edited = DAMAGES.iter().map(|kind| damage(kind.id, kind.what, How::Edits((kind.edits)(artifacts))));
    let edited = edited.filter(|trial| matches!(&trial.how, How::Edits(edits) if !edits.is_empty()));
    let others = [
        damage("wrong-key", "the restore with a key that the store does not know", How::WrongKey),
        damage("restore-skipped", "no step of the restore performed", How::Skipped),
        damage("role-gone", "the application's role under another name afterwards", How::RoleGone),
        store_gone,
    ];
    [control].into_iter().chain(edited).chain(others).collect()
}
