//! The same restore from damaged copies of the user's own artifacts: would this drill have noticed?

use std::num::NonZero;
use std::time::Duration;

use blackstart_record::event::{Event, ProgramRun};
use blackstart_record::observation::{SabotageKind, SabotageOutcome, SabotageTrial};
use blackstart_record::time::Nanos;
use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;

use super::Drill;
use super::environment::World;
use super::look::Rehearsal;
use super::stand_in::{Ended, StandIn, programs};
use super::store::COPIES;
use crate::engine::Stop;
use crate::examine::objects::is_planted;
use crate::failure::{Context, Error, Result};
use crate::pipeline::Onto;
use crate::sabotage::{Artifacts, DAMAGES, Edit, touched};
use crate::secret::Secrets;
use crate::store::gate::{Gate, Rule, drawn};

/// For each that runs beside it a damaged restore may take so many times as long as the whole one, and this much more.
const PATIENCE: (u32, Duration) = (2, Duration::from_secs(10));
/// How long the store is gone.
const GONE: Duration = Duration::from_secs(5);
/// How late a request is.
const LATE: Duration = Duration::from_secs(10);
/// Of so many requests one is refused: 5 %.
const ONE_IN: u64 = 20;

/// The restore as it is, again: what the others are held against.
pub(super) const CONTROL: Trial = Trial {
    id: "as-it-is",
    what: "nothing: restored a second time, elsewhere",
    kind: SabotageKind::Control,
    how: How::Edits(Vec::new()),
};

/// One trial.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) id: &'static str,
    what: &'static str,
    kind: SabotageKind,
    how: How,
}

impl Trial {
    /// What is told of it.
    pub(super) fn done(&self, outcome: SabotageOutcome, took: Nanos, programs: Vec<ProgramRun>) -> SabotageTrial {
        let (id, what, touched) = (self.id.to_owned(), self.what.to_owned(), touched(self.how.edits()));
        SabotageTrial { id, what, touched, kind: self.kind, took, outcome, programs }
    }
}

#[derive(Clone, Debug)]
enum How {
    Edits(Vec<Edit>),
    /// The restore has another secret than the store knows.
    WrongKey,
    /// No step is performed.
    Skipped,
    /// The way to the store is cut for a while.
    StoreGone,
    /// Some requests are refused.
    Errors,
    /// One request is late.
    Late,
    /// On the control's copy: the application's role has another name.
    RoleGone,
    /// Onto the control's copy: restored again.
    Again,
}

impl How {
    fn edits(&self) -> &[Edit] {
        if let Self::Edits(edits) = self { edits } else { &[] }
    }

    /// Whether it goes on where the control ended.
    fn follows_control(&self) -> bool {
        matches!(self, Self::RoleGone | Self::Again)
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

/// The undisturbed restore.
pub(super) struct Control {
    /// What is told of it.
    pub(super) trial: SabotageTrial,
    /// `None`: it left nothing to go on from.
    pub(super) kept: Option<Kept>,
}

/// The copy that an undisturbed restore brought back, and the gate in its way to the store.
pub(super) struct Kept {
    pub(super) stand_in: StandIn,
    pub(super) gate: Gate,
}

/// What the undisturbed restore has told.
#[derive(Clone, Copy, Debug)]
struct Known {
    bound: Duration,
    requests: u64,
}

/// Trials made, each with its place in the list.
type Done = Vec<(usize, SabotageTrial)>;

impl Drill {
    /// Every trial, in the order in which they are listed; the control first: its time bounds the others, which run side by
    /// side.
    pub(super) async fn sabotage(
        &self,
        world: &mut World,
        of: &Rehearsal<'_>,
        Control { trial: control, kept }: Control,
    ) -> Result<Vec<SabotageTrial>> {
        // Without a copy that came back there is nothing to hold the others against.
        let Some(Kept { stand_in: copy, gate }) = kept else { return Ok(vec![control]) };
        let older = of.older.map_or("", |older| older.id.as_str());
        let mut listing = world.listing().await?;
        // What is planted is known by heart: damage to it proves nothing about the rest.
        listing.retain(|key, _| !is_planted(key));
        let trials = trials(&Artifacts::of(&listing, older, &of.backup.id)).into_iter().enumerate();
        let (following, mut fresh): (Vec<_>, Vec<_>) = trials.partition(|(_, trial)| trial.how.follows_control());
        // Those that wait begin first, so that others work meanwhile.
        fresh.sort_by_key(|(_, trial)| trial.kind != SabotageKind::Perturbation);
        let mut placed = Vec::new();
        for (number, trial) in fresh {
            // What is not damaged needs no copy of its own.
            let bucket = if trial.how.edits().is_empty() { "whole".to_owned() } else { format!("{number:02}") };
            let stand_in = world.stand_in(&format!("rehearsal-{number:02}"), &format!("{COPIES}{bucket}")).await;
            placed.push((number, trial, stand_in));
        }
        let world = &*world;
        world.copy_artifacts(&format!("{COPIES}whole"), &[]).await.cannot("copy the artifacts")?;
        // One more than there are cores: a restore waits for its disk and its store, too.
        let at_once = std::thread::available_parallelism().map_or(1, NonZero::get) + 1;
        let patience = PATIENCE.0 * u32::try_from(at_once).unwrap_or(u32::MAX);
        let requests = gate.passed().requests;
        let known = Known { bound: Duration::from(control.took).saturating_mul(patience) + PATIENCE.1, requests };
        let fresh = stream::iter(placed).map(async |(number, trial, stand_in)| {
            let attempted =
                self.attempt(&trial, async |tell| self.rehearse(world, of, &trial, stand_in?, (&tell, known)).await);
            (number, attempted.await)
        });
        let fresh = fresh.buffer_unordered(at_once).collect::<Done>();
        let (following, fresh) = tokio::join!(self.follow(world, of, (copy, gate), following, known), fresh);
        let mut all = [following?, fresh].concat();
        all.sort_by_key(|(number, _)| *number);
        Ok([control].into_iter().chain(all.into_iter().map(|(_, trial)| trial)).collect())
    }

    /// One trial, as it went.
    async fn attempt(
        &self,
        trial: &Trial,
        made: impl AsyncFnOnce(mpsc::Sender<Event>) -> Result<SabotageOutcome>,
    ) -> SabotageTrial {
        let began = self.clock.now();
        let (tell, told) = mpsc::channel(64);
        let programs = tokio::spawn(programs(told));
        let made = made(tell).await;
        let outcome = made.unwrap_or_else(|error| SabotageOutcome::NotTried { why: error.to_string() });
        let took = self.clock.now().since(began);
        trial.done(outcome, took, programs.await.unwrap_or_default())
    }

    /// The trials that go on from the control's copy, one after the other.
    async fn follow(
        &self,
        world: &World,
        of: &Rehearsal<'_>,
        // A gate that is dropped lets nobody in any more.
        (mut copy, _open): (StandIn, Gate),
        trials: Vec<(usize, Trial)>,
        known: Known,
    ) -> Result<Done> {
        let mut done = Vec::new();
        for (number, trial) in trials {
            let attempted =
                self.attempt(&trial, async |tell| self.on_copy(world, of, &mut copy, &trial, (&tell, known)).await);
            done.push((number, attempted.await));
        }
        copy.end().await?;
        Ok(done)
    }

    async fn on_copy(
        &self,
        world: &World,
        of: &Rehearsal<'_>,
        copy: &mut StandIn,
        trial: &Trial,
        (tell, known): (&mpsc::Sender<Event>, Known),
    ) -> Result<SabotageOutcome> {
        if let How::RoleGone = trial.how {
            let role = self.domain.application_role();
            let gone = format!("{role}_gone");
            copy.server.rename_role(role, &gone).await?;
            let outcome = self.look_at(world, copy, of, trial).await;
            copy.server.rename_role(&gone, role).await?;
            return Ok(outcome);
        }
        if self.request.loaded.pipeline.method.pipeline().restores_onto() == Onto::DataDirectory {
            let server = self.request.loaded.bounds.server.into();
            copy.server.stop(Stop::Fast, server).await?;
        }
        let ended = copy.restore(self, &of.wanted()?, tell, Some(known.bound)).await;
        Ok(self.outcome_of(world, copy, of, trial, ended).await)
    }

    async fn rehearse(
        &self,
        world: &World,
        of: &Rehearsal<'_>,
        trial: &Trial,
        mut stand_in: StandIn,
        (tell, known): (&mpsc::Sender<Event>, Known),
    ) -> Result<SabotageOutcome> {
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
        let ended = self.restore(world, &mut stand_in, of, trial, (tell, known)).await?;
        if rule != Rule::Pass && gate.passed().disturbed.is_empty() {
            return Err(Error::new("the restore ended before a request of it was disturbed"));
        }
        let outcome = self.outcome_of(world, &stand_in, of, trial, ended).await;
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
        (tell, known): (&mpsc::Sender<Event>, Known),
    ) -> Result<Ended> {
        let (wanted, bound) = (of.wanted()?, Some(known.bound));
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
            _ => Ok(stand_in.restore(self, &wanted, tell, bound).await),
        }
    }

    async fn outcome_of(
        &self,
        world: &World,
        copy: &StandIn,
        of: &Rehearsal<'_>,
        trial: &Trial,
        ended: Ended,
    ) -> SabotageOutcome {
        match ended {
            Err((step, error)) => SabotageOutcome::Refused { step, says: error.to_string() },
            Ok(()) => self.look_at(world, copy, of, trial).await,
        }
    }

    async fn look_at(&self, world: &World, copy: &StandIn, of: &Rehearsal<'_>, trial: &Trial) -> SabotageOutcome {
        match copy.look(self, world, of.before, &self.folder.sabotage(trial.id)).await {
            Ok(_) => SabotageOutcome::Restored,
            Err(error) => SabotageOutcome::Unusable { says: error.to_string() },
        }
    }
}

fn trials(artifacts: &Artifacts) -> Vec<Trial> {
    let damage = |id, what, how| Trial { id, what, kind: SabotageKind::Damage, how };
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
        disturbed("twice", "restored twice onto the same host", How::Again),
    ];
    edited.chain(others).collect()
}
