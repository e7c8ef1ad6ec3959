//! The history, told by subject: one pass over its entries.

use std::collections::{BTreeMap, BTreeSet};

use blackstart_record::alert::Look;
use blackstart_record::event::{
    Cut, Entry, Event, Failure, Incarnation, Outcome, Phase, ProbeOutcome, ProgramRun, Stream, Tally,
};
use blackstart_record::plan::Step;
use blackstart_record::time::{Interval, Nanos};

/// A probe as it was sent and answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// When its beat was due.
    pub due: Nanos,
    /// When it was sent.
    pub sent: Nanos,
    /// When its outcome was known.
    pub ended: Nanos,
    /// Whether it had to log in first.
    pub login: bool,
    /// The outcome.
    pub outcome: ProbeOutcome,
}

/// A runbook step as it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRun {
    /// Which.
    pub step: Step,
    /// When it began.
    pub begun: Nanos,
    /// When it ended; `None`: never.
    pub ended: Option<Nanos>,
    /// How; `None`: it never ended.
    pub outcome: Option<Outcome>,
    /// Bytes moved or made.
    pub bytes: Option<u64>,
    /// One sentence.
    pub says: String,
}

/// A backup that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Pipeline.
    pub pipeline: String,
    /// From its begin until it was durable.
    pub took: Nanos,
    /// When it was durable.
    pub durable: Nanos,
}

/// What became of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fence {
    /// It can take no writes, seen so.
    Fenced,
    /// It could still be written to, as the runbook has it.
    Left(String),
    /// It could still be written to.
    Open(String),
}

/// What the load put in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// When it was done.
    pub at: Nanos,
    /// Rows over all tables.
    pub rows: u64,
    /// Bytes as the engine counts them.
    pub bytes: u64,
}

/// A stall of known length, before any fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// The instant just before the freeze.
    pub before: Nanos,
    /// When all of the source stood still.
    pub frozen: Nanos,
    /// Between just before and just after it was whole again.
    pub thawed: Interval,
    /// When the harness had seen enough of it and went on.
    pub settled: Nanos,
}

/// A history, by subject. Of events that can happen once, the last one counts.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// Every life of a data set, in order of appearance.
    pub incarnations: Vec<Incarnation>,
    /// The initial load.
    pub load: Option<Load>,
    /// Backups.
    pub backups: Vec<Backup>,
    /// A backup that failed, when and how: nothing followed it.
    pub backup_failed: Option<(Nanos, Outcome)>,
    /// Lags of continuous archiving, with their pipeline.
    pub lags: Vec<(String, Interval)>,
    /// The known stall that the measurement is calibrated with.
    pub stall: Option<Stall>,
    /// When the old incarnation's application was stopped.
    pub stopped: Option<Nanos>,
    /// Runs of the pipeline's programs, in the order in which they ended.
    pub programs: Vec<ProgramRun>,
    /// Faults: the instant just before each was injected.
    pub intended: BTreeMap<usize, Nanos>,
    /// Faults whose effect was seen, and when.
    pub confirmed: BTreeMap<usize, Nanos>,
    /// Faults that could not be confirmed, and why.
    pub unconfirmed: BTreeMap<usize, String>,
    /// Runbook steps, in order of their beginning.
    pub steps: Vec<StepRun>,
    /// The recovery point R.
    pub cut: Option<Cut>,
    /// Index of the restored incarnation, of which a snapshot was taken.
    pub restored: Option<u32>,
    /// What became of the source.
    pub fence: Option<Fence>,
    /// Probes by stream, in order of sending, up to the teardown.
    pub probes: BTreeMap<Stream, Vec<Probe>>,
    /// Looks of the monitoring, in order of their answers.
    pub looks: Vec<Look>,
    /// Workload counters, each for the second that ended then.
    pub tallies: Vec<(Nanos, Tally)>,
    /// Observations that were written.
    pub observed: BTreeSet<String>,
    /// What the harness could not do.
    pub setup_failed: Vec<(Phase, Failure)>,
    /// Signals that asked the drill to stop.
    pub interrupted: Option<i32>,
    /// Whether the drill came to its end.
    pub finished: bool,
}

impl Story {
    /// Tells a history.
    pub fn new(entries: &[Entry]) -> Self {
        let mut story = Self::default();
        let mut teardown = None;
        for entry in entries {
            if let Event::Phase(Phase::Teardown) = entry.event {
                teardown.get_or_insert(entry.at);
            }
            story.add(entry);
        }
        story.looks.sort_by_key(|look| (look.answered, look.asked));
        for probes in story.probes.values_mut() {
            probes.retain(|probe| teardown.is_none_or(|teardown| probe.ended <= teardown));
            probes.sort_by_key(|probe| (probe.sent, probe.due));
        }
        story
    }

    fn add(&mut self, entry: &Entry) {
        match entry.event.clone() {
            Event::Incarnation { incarnation, .. } => self.incarnations.push(incarnation),
            Event::Loaded { rows, bytes } => self.load = Some(Load { at: entry.at, rows, bytes }),
            Event::BackedUp { pipeline, begun, durable, .. } => {
                self.backups.push(Backup { pipeline, took: durable.since(begun), durable });
            }
            Event::BackupFailed { at, outcome, .. } => self.backup_failed = Some((at, outcome)),
            Event::ShippingLag { pipeline, lag } => self.lags.push((pipeline, lag)),
            Event::Calibrated { before, frozen, thawed } => {
                self.stall = Some(Stall { before, frozen, thawed, settled: entry.at });
            }
            Event::ApplicationStopped { epoch: 0 } => self.stopped = Some(entry.at),
            Event::FaultIntended { fault, at, .. } => drop(self.intended.insert(fault, at)),
            Event::FaultConfirmed { fault, at, .. } => drop(self.confirmed.insert(fault, at)),
            Event::FaultUnconfirmed { fault, why } => drop(self.unconfirmed.insert(fault, why)),
            Event::StepBegun { step, at } => self.begin_step(step, at),
            Event::StepEnded { step, at, outcome, bytes, says } => self.end_step(step, at, outcome, bytes, says),
            Event::RecoveryPoint(cut) => self.cut = Some(cut),
            Event::SnapshotTaken { incarnation, .. } => self.restored = Some(incarnation),
            Event::SourceFenced { .. } => self.fence = Some(Fence::Fenced),
            Event::SourceLeftRunning { evidence, .. } => self.fence = Some(Fence::Left(evidence)),
            Event::SourceNotFenced { why } => self.fence = Some(Fence::Open(why)),
            Event::Probe { stream, due, sent, ended, login, outcome } => {
                // A damaged history can tell of an end before its beginning.
                let ended = ended.max(sent);
                self.probes.entry(stream).or_default().push(Probe { due, sent, ended, login, outcome });
            }
            Event::ProgramEnded(run) => self.programs.push(run),
            Event::Monitored(look) => self.looks.push(look),
            Event::Tally { until, tally } => self.tallies.push((until, tally)),
            Event::Observed { name } => drop(self.observed.insert(name)),
            Event::SetupFailed { phase, failure } => self.setup_failed.push((phase, failure)),
            Event::Interrupted { signal } => self.interrupted = Some(signal),
            Event::Finished => self.finished = true,
            Event::Phase(_)
            | Event::ApplicationStarted { .. }
            | Event::ApplicationStopped { .. }
            | Event::FaultHealed { .. }
            | Event::Measured { .. } => {}
        }
    }

    fn begin_step(&mut self, step: Step, begun: Nanos) {
        self.steps.push(StepRun { step, begun, ended: None, outcome: None, bytes: None, says: String::new() });
    }

    fn end_step(&mut self, step: Step, at: Nanos, outcome: Outcome, bytes: Option<u64>, says: String) {
        let open = self.steps.iter().rposition(|run| run.step == step && run.ended.is_none());
        if open.is_none() {
            self.begin_step(step, at);
        }
        let index = open.unwrap_or(self.steps.len() - 1);
        if let Some(run) = self.steps.get_mut(index) {
            (run.ended, run.outcome, run.bytes, run.says) = (Some(at), Some(outcome), bytes, says);
        }
    }

    /// The instant just before the first fault's injection.
    pub fn fault(&self) -> Option<Nanos> {
        self.intended.values().copied().min()
    }

    /// The incarnation that gave the last answer before `at`, to whichever probe; `None`: nobody asked, or none answered.
    pub fn life_before(&self, at: Nanos) -> Option<u32> {
        let answers = self.probes.values().flatten().filter_map(|probe| match probe.outcome {
            ProbeOutcome::Answered(life) if probe.ended < at => Some((probe.ended, life)),
            _ => None,
        });
        answers.max().map(|(_, life)| life)
    }

    /// What ended the procedure before its end, if something did: the backup, or a step of the runbook.
    pub fn broken(&self) -> Option<Break<'_>> {
        let backup = self.backup_failed.iter().map(|(at, outcome)| (None, *at, *at, outcome));
        let steps = self.steps.iter().filter_map(|run| {
            run.outcome.as_ref().map(|outcome| (Some(run.step), run.begun, run.ended.unwrap_or(run.begun), outcome))
        });
        backup.chain(steps).find_map(|(step, begun, ended, outcome)| {
            let how = match outcome {
                Outcome::Failed(failure) => Broken::Failed(failure),
                Outcome::Bound(failure) => Broken::Bound(failure),
                Outcome::Done => return None,
            };
            Some(Break { step, begun, ended, how })
        })
    }
}

/// Where the procedure broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break<'a> {
    /// The step of the runbook; `None`: the backup.
    pub step: Option<Step>,
    /// When it began.
    pub begun: Nanos,
    /// When it ended.
    pub ended: Nanos,
    /// How.
    pub how: Broken<'a>,
}

impl std::fmt::Display for Break<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.step {
            Some(step) => write!(f, "the step \"{step}\""),
            None => f.write_str("the backup"),
        }
    }
}

/// How it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken<'a> {
    /// By itself, or under the injected fault.
    Failed(&'a Failure),
    /// The harness stopped it at its bound.
    Bound(&'a Failure),
}
