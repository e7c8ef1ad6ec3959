//! The history, sorted by what it tells. One pass, no judgement.

use std::collections::BTreeMap;

use blackstart_record::event::{
    Entry, Event, Failure, Incarnation, Outcome, Phase, ProbeOutcome, ProgramRun, Stream, Tally,
};
use blackstart_record::plan::Step;
use blackstart_record::time::{Interval, Nanos};
use jiff::Timestamp;

/// One fault, as far as it went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaultStory {
    /// The instant just before its injection, and what it was meant to do.
    pub intended: Option<(Nanos, String)>,
    /// When its effect was seen, and what was seen.
    pub confirmed: Option<(Nanos, String)>,
    /// Why it could not be confirmed.
    pub unconfirmed: Option<String>,
    /// When its end was seen.
    pub healed: Option<Nanos>,
}

/// One probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Its stream.
    pub stream: Stream,
    /// When it was due.
    pub due: Nanos,
    /// When it was sent.
    pub sent: Nanos,
    /// When its outcome was known.
    pub ended: Nanos,
    /// The outcome.
    pub outcome: ProbeOutcome,
}

/// One backup.
#[derive(Clone, Debug, PartialEq)]
pub struct Backup {
    /// Pipeline.
    pub pipeline: String,
    /// Its id in the store.
    pub id: String,
    /// When it began.
    pub begun: Nanos,
    /// When it was durable.
    pub durable: Nanos,
    /// Bytes in the store.
    pub bytes: u64,
}

/// What a history tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    /// Stages, in order, with the moment at which each began.
    pub phases: Vec<(Nanos, Phase)>,
    /// The lives of the data, in order.
    pub incarnations: Vec<(Nanos, String, Incarnation)>,
    /// Rows and bytes of the initial data set.
    pub loaded: Option<(Nanos, u64, u64)>,
    /// Backups, in order.
    pub backups: Vec<Backup>,
    /// A backup that failed, when and how.
    pub backup_failed: Option<(Nanos, Outcome)>,
    /// Runs of the plan's own programs, in the order in which they ended.
    pub programs: Vec<ProgramRun>,
    /// Lags of continuous archiving: how many, and the longest.
    pub shipping: Option<(u64, Interval)>,
    /// The stall of known length that the probes were calibrated with: its begin and its end.
    pub stall: Option<Interval>,
    /// Starts of the application, with the epoch that began.
    pub started: Vec<(Nanos, u8)>,
    /// Stops of the application, with the epoch that ended.
    pub stopped: Vec<(Nanos, u8)>,
    /// Faults by their index in the scenario.
    pub faults: BTreeMap<usize, FaultStory>,
    /// Runbook steps that began, in order.
    pub steps_begun: Vec<(Nanos, Step)>,
    /// Runbook steps that ended, in order, and how.
    pub steps_ended: Vec<(Nanos, Step, Outcome)>,
    /// The snapshot that was examined, and the incarnation it is of.
    pub snapshot: Option<(Nanos, u32)>,
    /// How the source was seen to be fenced (`Ok`) or not (`Err`).
    pub fence: Option<Result<(Nanos, String), String>>,
    /// Probes, in order of the history.
    pub probes: Vec<Probe>,
    /// Workload counters, each for the second that ended then.
    pub tallies: Vec<(Nanos, Tally)>,
    /// Where the harness failed.
    pub setup_failed: Vec<(Phase, Failure)>,
    /// Figures about the harness itself.
    pub figures: BTreeMap<String, f64>,
    /// The signal that stopped the drill.
    pub interrupted: Option<i32>,
    /// Whether the history has its end.
    pub finished: bool,
    /// When the last entry was noted.
    pub last: Nanos,
    /// The first instant of which the wall clock's reading is known, and that reading.
    pub wall: Option<(Nanos, Timestamp)>,
}

impl Story {
    /// Sorts a history.
    pub fn of(entries: &[Entry]) -> Self {
        let mut story = Self::default();
        for entry in entries {
            story.last = story.last.max(entry.at);
            story.wall = story.wall.or_else(|| Some((entry.at, entry.wall.parse().ok()?)));
            story.take(entry.at, &entry.event);
        }
        story
    }

    /// The counters of whole seconds. When the workload stops it also counts the piece of a second that was left; as a
    /// second's figure that would be a fall that never was.
    pub fn seconds(&self) -> impl Iterator<Item = &(Nanos, Tally)> {
        const PIECE: Nanos = Nanos::from_millis(500);
        let mut last: Option<Nanos> = None;
        self.tallies.iter().filter(move |(until, _)| {
            let is_piece = last.is_some_and(|last| until.since(last) < PIECE);
            last = Some(*until);
            !is_piece
        })
    }

    /// The instant just before the first injection.
    pub fn first_fault(&self) -> Option<Nanos> {
        self.faults.values().filter_map(|fault| fault.intended.as_ref()).map(|(at, _)| *at).min()
    }

    fn take(&mut self, at: Nanos, event: &Event) {
        match event {
            Event::Phase(phase) => self.phases.push((at, *phase)),
            Event::Incarnation { host, incarnation } => self.incarnations.push((at, host.clone(), incarnation.clone())),
            Event::Loaded { rows, bytes } => self.loaded = Some((at, *rows, *bytes)),
            Event::BackedUp { pipeline, id, begun, durable, bytes } => self.backups.push(Backup {
                pipeline: pipeline.clone(),
                id: id.clone(),
                begun: *begun,
                durable: *durable,
                bytes: *bytes,
            }),
            Event::BackupFailed { at, outcome, .. } => self.backup_failed = Some((*at, outcome.clone())),
            Event::ProgramEnded(run) => self.programs.push(run.clone()),
            Event::ShippingLag { lag, .. } => {
                let (number, worst) = self.shipping.unwrap_or_default();
                self.shipping = Some((number + 1, if lag.upper > worst.upper { *lag } else { worst }));
            }
            Event::Calibrated { before, thawed, .. } => {
                self.stall = Some(Interval { lower: *before, upper: thawed.upper });
            }
            Event::ApplicationStarted { epoch } => self.started.push((at, *epoch)),
            Event::ApplicationStopped { epoch } => self.stopped.push((at, *epoch)),
            Event::StepBegun { step, at } => self.steps_begun.push((*at, *step)),
            Event::StepEnded { step, at, outcome, .. } => self.steps_ended.push((*at, *step, outcome.clone())),
            Event::SnapshotTaken { at, incarnation } => self.snapshot = Some((*at, *incarnation)),
            Event::SourceFenced { at, evidence } => self.fence = Some(Ok((*at, evidence.clone()))),
            Event::SourceLeftRunning { evidence, .. } => self.fence = Some(Err(evidence.clone())),
            Event::SourceNotFenced { why } => self.fence = Some(Err(why.clone())),
            Event::Probe { stream, due, sent, ended, outcome, .. } => self.probes.push(Probe {
                stream: *stream,
                due: *due,
                sent: *sent,
                ended: *ended,
                outcome: outcome.clone(),
            }),
            Event::Tally { until, tally } => self.tallies.push((*until, *tally)),
            Event::SetupFailed { phase, failure } => self.setup_failed.push((*phase, failure.clone())),
            Event::Measured { figures } => self.figures.extend(figures.clone()),
            Event::Interrupted { signal } => self.interrupted = Some(*signal),
            Event::Finished => self.finished = true,
            // The verdict has what they come to.
            Event::RecoveryPoint(_) | Event::Observed { .. } | Event::Monitored(_) => {}
            Event::FaultIntended { .. }
            | Event::FaultConfirmed { .. }
            | Event::FaultUnconfirmed { .. }
            | Event::FaultHealed { .. } => self.take_fault(event),
        }
    }

    fn take_fault(&mut self, event: &Event) {
        match event {
            Event::FaultIntended { fault, at, says } => {
                self.faults.entry(*fault).or_default().intended = Some((*at, says.clone()));
            }
            Event::FaultConfirmed { fault, at, evidence } => {
                self.faults.entry(*fault).or_default().confirmed = Some((*at, evidence.clone()));
            }
            Event::FaultUnconfirmed { fault, why } => {
                self.faults.entry(*fault).or_default().unconfirmed = Some(why.clone());
            }
            Event::FaultHealed { fault, at } => self.faults.entry(*fault).or_default().healed = Some(*at),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_a_second_is_no_second() {
        let at = |millis: u64| (Nanos::from_millis(millis), Tally::default());
        let story = Story { tallies: [1_000, 2_001, 2_040, 8_000, 9_000].map(at).to_vec(), ..Story::default() };
        let seconds: Vec<u64> = story.seconds().map(|(until, _)| until.0 / 1_000_000).collect();
        assert_eq!(seconds, [1_000, 2_001, 8_000, 9_000]);
    }
}
