//! The same restore from damaged copies of the user's own artifacts: would this drill have noticed?

use std::time::Duration;

use blackstart_record::event::Event;
use blackstart_record::observation::{Observation, SabotageKind, SabotageOutcome, SabotageTrial};
use blackstart_record::plan::Step;
use blackstart_record::record::Folder;
use tokio::sync::mpsc;

use super::Drill;
use super::environment::{World, promotes};
use super::recovery::Recovered;
use super::stand_in::{Ended, StandIn};
use crate::engine::postgres::SUPERUSER;
use crate::examine::inventory;
use crate::examine::objects::{Seen, is_planted};
use crate::failure::{Context, Error, Result};
use crate::pipeline::{Backup, Target, Wanted};
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
    /// Where the restore is to end; `None`: it is not known.
    pub(super) wanted: Option<(Target, String)>,
    /// `None`: the drill's own restore left nothing to look at.
    pub(super) recovered: Option<&'a Recovered>,
    pub(super) backup: &'a Backup,
    pub(super) older: Option<&'a Backup>,
    /// The source's inventory before the disaster.
    pub(super) before: &'a inventory::Definitions,
    /// The application's objects, as they were restored.
    pub(super) objects: Option<&'a Seen>,
}

impl<'a> Rehearsal<'a> {
    /// What every further restore is to bring back: what the drill's own was.
    pub(super) fn wanted(&self) -> Result<Wanted<'a>> {
        let wanted =
            self.wanted.as_ref().ok_or_else(|| Error::new("it is not known what a restore is to bring back"))?;
        Ok(Wanted { backup: self.backup, target: wanted.0, time: wanted.1.clone() })
    }
}

impl Drill {
    /// Every look at what came back.
    pub(super) async fn look_back(&self, world: &mut World, of: &Rehearsal<'_>) -> Result<()> {
        if let Some(recovered) = of.recovered {
            self.examine(world, recovered, of).await?;
            if self.request.sabotage && recovered.finished {
                let observed = self.sabotage(world, of).await?;
                self.observed("sabotage", Observation::Sabotage(observed)).await?;
            }
        }
        let method = self.request.loaded.pipeline.method.pipeline();
        if method.steps().contains(&Step::Restore) {
            let observed = self.clean_restore(world, of).await;
            self.observed("clean-restore", Observation::CleanRestore(observed)).await?;
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

    /// Every trial, one after the other; the first is the restore as it is.
    async fn sabotage(&self, world: &mut World, of: &Rehearsal<'_>) -> Result<Vec<SabotageTrial>> {
        let mut done: Vec<SabotageTrial> = Vec::new();
        let older = of.older.map_or("", |older| older.id.as_str());
        let mut listing = world.listing().await?;
        // What is planted is known by heart: damage to it proves nothing about the rest.
        listing.retain(|key, _| !is_planted(key));
        let artifacts = Artifacts::of(&listing, older, &of.backup.id);
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
        let mut stand_in = world.stand_in(&format!("rehearsal-{number:02}"), &bucket).await?;
        if let How::WrongKey = trial.how {
            stand_in.repository.key.secret = Secrets::default().make()?;
        }
        stand_in.ready(self, world).await?;
        let ended = self.restore(world, &mut stand_in, of, trial, (&tell, bound)).await?;
        let outcome = match ended {
            Err((step, error)) => SabotageOutcome::Refused { step, says: error.to_string() },
            Ok(()) => match self.look_at(world, &stand_in, of, trial, folder).await {
                Ok(()) => SabotageOutcome::Restored,
                Err(error) => SabotageOutcome::Unusable { says: error.to_string() },
            },
        };
        stand_in.end().await?;
        Ok(outcome)
    }

    /// Performs the restore, the way to the store disturbed as the trial says.
    async fn restore(
        &self,
        world: &World,
        stand_in: &mut StandIn,
        of: &Rehearsal<'_>,
        trial: &Trial,
        (tell, bound): (&mpsc::Sender<Event>, Option<Duration>),
    ) -> Result<Ended> {
        let wanted = of.wanted()?;
        let link = stand_in.link.clone();
        let restore = stand_in.restore(self, &wanted, tell, bound);
        match trial.how {
            How::Skipped => Ok(Ok(())),
            How::StoreGone => {
                world.links.set_enabled(&link, false).await?;
                let back = async {
                    tokio::time::sleep(GONE).await;
                    world.links.set_enabled(&link, true).await
                };
                let (ended, back) = tokio::join!(restore, back);
                back.map(|()| ended)
            }
            _ => Ok(restore.await),
        }
    }

    async fn look_at(
        &self,
        world: &World,
        stand_in: &StandIn,
        of: &Rehearsal<'_>,
        trial: &Trial,
        folder: &Folder,
    ) -> Result<()> {
        if let How::RoleGone = trial.how {
            let role = self.domain.application_role();
            stand_in.server.run(SUPERUSER, &format!("ALTER ROLE \"{role}\" RENAME TO \"{role}_gone\"")).await?;
        }
        stand_in.look(self, world, of.before, folder).await
    }
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
