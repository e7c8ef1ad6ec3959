//! The same restore from damaged copies of the user's own artifacts: would this drill have noticed?

use std::collections::VecDeque;
use std::num::NonZero;
use std::time::Duration;

use blackstart_record::event::Event;
use blackstart_record::observation::{Observation, SabotageKind, SabotageOutcome, SabotageTrial};
use blackstart_record::plan::Step;
use blackstart_record::record::Folder;
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

use super::Drill;
use super::environment::{World, promotes};
use super::recovery::Recovered;
use super::stand_in::{Ended, StandIn};
use crate::engine::postgres::{SUPERUSER, Stop};
use crate::examine::inventory;
use crate::examine::objects::{Seen, is_planted};
use crate::failure::{Context, Error, Result};
use crate::pipeline::{Backup, Goal, Onto, Wanted};
use crate::sabotage::{Artifacts, DAMAGES, Edit, touched};
use crate::secret::Secrets;
use crate::store::gate::{Rule, drawn};

/// Where the copies of the artifacts are.
pub(super) const BUCKETS: &str = "sabotage-";
/// For each that runs beside it a damaged restore may take so many times as long as the whole one, and this much more.
const PATIENCE: (u32, Duration) = (2, Duration::from_secs(10));
/// How long the store is gone.
const GONE: Duration = Duration::from_secs(5);
/// How late a request is.
const LATE: Duration = Duration::from_secs(10);
/// Of so many requests one is refused: 5 %.
const ONE_IN: u64 = 20;

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
    /// Some requests are refused.
    Errors,
    /// One request is late.
    Late,
    /// Restored, and restored onto that.
    Twice,
}

impl How {
    fn edits(&self) -> &[Edit] {
        if let Self::Edits(edits) = self { edits } else { &[] }
    }

    /// What is done to requests, of which an undisturbed restore makes so many.
    fn rule(&self, seed: u64, requests: u64) -> Rule {
        let requests = requests.max(1);
        match self {
            Self::Errors => Rule::SlowDown { one_in: ONE_IN, seed, soon: requests },
            Self::Late => Rule::Delay { request: 1 + drawn(seed, 1) % requests, by: LATE },
            _ => Rule::Pass,
        }
    }
}

/// What the undisturbed restore has told.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    bound: Option<Duration>,
    requests: u64,
}

/// What a trial restores from, and how long it may take.
pub(super) struct Rehearsal<'a> {
    /// Where the restore is to end; `None`: it is not known.
    pub(super) wanted: Option<Goal>,
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
        Ok(Wanted { backup: self.backup, goal: wanted.clone() })
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
        if self.request.crash_points {
            let observed = self.crash_points(world).await.cannot("disturb backups")?;
            self.observed("crash-points", Observation::CrashPoints(observed)).await?;
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

    /// Every trial, in the order in which they are listed. The first is the restore as it is, alone: its time bounds the
    /// others, which run side by side.
    async fn sabotage(&self, world: &mut World, of: &Rehearsal<'_>) -> Result<Vec<SabotageTrial>> {
        let older = of.older.map_or("", |older| older.id.as_str());
        let mut listing = world.listing().await?;
        // What is planted is known by heart: damage to it proves nothing about the rest.
        listing.retain(|key, _| !is_planted(key));
        let artifacts = Artifacts::of(&listing, older, &of.backup.id);
        let mut all = VecDeque::new();
        for (number, trial) in trials(&artifacts).into_iter().enumerate() {
            // What is not damaged needs no copy of its own.
            let bucket = if trial.how.edits().is_empty() { 0 } else { number };
            let stand_in = world.stand_in(&format!("rehearsal-{number:02}"), &format!("{BUCKETS}{bucket:02}")).await;
            all.push_back((trial, stand_in));
        }
        let world = &*world;
        world.copy_artifacts(&format!("{BUCKETS}00"), &[]).await.cannot("copy the artifacts")?;
        let Some(control) = all.pop_front() else { return Ok(Vec::new()) };
        let (control, requests) = self.attempt(world, of, control, Known::default()).await;
        // One more than there are cores: a restore waits for its disk and its store, too.
        let at_once = std::thread::available_parallelism().map_or(1, NonZero::get) + 1;
        let patience = PATIENCE.0 * u32::try_from(at_once).unwrap_or(u32::MAX);
        let bound = Duration::from(control.took).saturating_mul(patience) + PATIENCE.1;
        let known = Known { bound: Some(bound), requests };
        let others = stream::iter(all).map(|trial| self.attempt(world, of, trial, known)).buffered(at_once);
        let others = others.map(|(trial, _)| trial);
        Ok(stream::iter([control]).chain(others).collect().await)
    }

    /// One trial, and how many requests its gate counted.
    async fn attempt(
        &self,
        world: &World,
        of: &Rehearsal<'_>,
        (trial, stand_in): (Trial, Result<StandIn>),
        known: Known,
    ) -> (SabotageTrial, u64) {
        let began = self.clock.now();
        let (tell, told) = mpsc::channel(64);
        let programs = tokio::spawn(programs(told));
        let rehearsed = self.rehearse(world, of, &trial, stand_in, (tell, known)).await;
        let (outcome, requests) = rehearsed.unwrap_or_else(|error| {
            let why = error.to_string();
            (SabotageOutcome::NotTried { why }, 0)
        });
        let done = SabotageTrial {
            id: trial.id.to_owned(),
            what: trial.what.to_owned(),
            touched: touched(trial.how.edits()),
            kind: trial.kind,
            took: self.clock.now().since(began),
            outcome,
            programs: programs.await.unwrap_or_default(),
        };
        (done, requests)
    }

    async fn rehearse(
        &self,
        world: &World,
        of: &Rehearsal<'_>,
        trial: &Trial,
        stand_in: Result<StandIn>,
        (tell, known): (mpsc::Sender<Event>, Known),
    ) -> Result<(SabotageOutcome, u64)> {
        let mut stand_in = stand_in?;
        let edits = trial.how.edits();
        if !edits.is_empty() {
            world.copy_artifacts(&stand_in.repository.bucket, edits).await.cannot("copy the artifacts")?;
        }
        if let How::WrongKey = trial.how {
            stand_in.repository.key.secret = Secrets::default().make()?;
        }
        stand_in.ready(self, world).await?;
        let rule = trial.how.rule(self.request.seed, known.requests);
        let gate = world.gate(&stand_in.link, rule).await?;
        let ended = self.restore(world, &mut stand_in, of, trial, (&tell, known.bound)).await?;
        let passed = gate.passed();
        if rule != Rule::Pass && passed.disturbed.is_empty() {
            return Err(Error::new("the restore ended before a request of it was disturbed"));
        }
        let outcome = match ended {
            Err((step, error)) => SabotageOutcome::Refused { step, says: error.to_string() },
            Ok(()) => match self.look_at(world, &stand_in, of, trial, &self.folder.sabotage(trial.id)).await {
                Ok(()) => SabotageOutcome::Restored,
                Err(error) => SabotageOutcome::Unusable { says: error.to_string() },
            },
        };
        stand_in.end().await?;
        Ok((outcome, passed.requests))
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
        match trial.how {
            How::Skipped => Ok(Ok(())),
            How::StoreGone => {
                let link = stand_in.link.clone();
                world.links.set_enabled(&link, false).await?;
                let back = async {
                    tokio::time::sleep(GONE).await;
                    world.links.set_enabled(&link, true).await
                };
                let (ended, back) = tokio::join!(stand_in.restore(self, &wanted, tell, bound), back);
                back.map(|()| ended)
            }
            How::Twice => {
                if let Err(failed) = stand_in.restore(self, &wanted, tell, bound).await {
                    return Ok(Err(failed));
                }
                if self.request.loaded.pipeline.method.pipeline().restores_onto() == Onto::DataDirectory {
                    let server = self.request.loaded.bounds.server.into();
                    stand_in.server.stop(Stop::Fast, server).await?;
                }
                Ok(stand_in.restore(self, &wanted, tell, bound).await)
            }
            _ => Ok(stand_in.restore(self, &wanted, tell, bound).await),
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
    let disturbed = |id, what, how| Trial { id, what, kind: SabotageKind::Perturbation, how };
    let edited = DAMAGES.iter().map(|kind| damage(kind.id, kind.what, How::Edits((kind.edits)(artifacts))));
    let edited = edited.filter(|trial| matches!(&trial.how, How::Edits(edits) if !edits.is_empty()));
    let others = [
        damage("wrong-key", "the restore with a key that the store does not know", How::WrongKey),
        damage("restore-skipped", "no step of the restore performed", How::Skipped),
        damage("role-gone", "the application's role under another name afterwards", How::RoleGone),
        disturbed("store-gone", "the store gone for the first 5 s", How::StoreGone),
        disturbed("store-errors", "5 % of the requests to the store refused (503 SlowDown)", How::Errors),
        disturbed("store-late", "one request to the store 10 s late", How::Late),
        disturbed("twice", "restored twice onto the same host", How::Twice),
    ];
    [control].into_iter().chain(edited).chain(others).collect()
}
