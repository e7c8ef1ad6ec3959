//! Everything that can happen in a drill, as a closed enum.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alert::Look;
use crate::plan::Step;
use crate::time::{Interval, Nanos};

mod program;

pub use program::{Processes, ProgramRun, Stage};

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When it was noted (monotonic, since the drill's origin). Measurements use the instants inside the event.
    pub at: Nanos,
    /// The same moment on the wall clock (RFC 3339, UTC), for people only.
    pub wall: String,
    /// What happened.
    pub event: Event,
}

/// The stages that a drill passes through, for progress and for the gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Hosts, engines, stores and links are started.
    Environment,
    /// The initial data set is loaded.
    Load,
    /// The workload and the probes begin.
    Workload,
    /// The backup that the restore will use is taken, under load.
    Backup,
    /// Faults are injected.
    Faults,
    /// The runbook runs.
    Recovery,
    /// The restored copy is examined.
    Examine,
    /// The workload runs against the restored copy.
    Aftermath,
    /// The application goes back to the host that failed; the folder `failback` has a history of its own.
    Failback,
    /// Everything is ended.
    Teardown,
}

/// One life of a data set on an engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incarnation {
    /// What the engine says identifies the data set (PostgreSQL: system identifier).
    pub identity: String,
    /// Its branch (PostgreSQL: timeline).
    pub branch: String,
    /// When the server process of this life started, by its own clock; an identity, never a duration.
    pub started: String,
}

/// The outside observers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// A held session that reads.
    Read,
    /// A held session that writes.
    Write,
    /// A fresh connection that logs in and reads.
    Fresh,
}

/// What a probe came back with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ProbeOutcome {
    /// An answer, and which incarnation gave it (an index into the `incarnation` events, in order).
    Answered(u32),
    /// An error, by its class (SQLSTATE or `connect`, `closed`).
    Failed(String),
    /// No answer within its timeout.
    TimedOut,
    /// The beat was not sent (the prober itself was late, or a login of its stream hangs); never a success.
    Dropped,
}

/// The result of a runbook step or a pipeline action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Outcome {
    /// It did what it says.
    Done,
    /// It failed by itself or under the injected fault.
    Failed(Failure),
    /// The harness stopped it at its bound.
    Bound(Failure),
}

/// What went wrong, and the last lines of the tool that said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// One sentence.
    pub message: String,
    /// The tool's last lines, secrets redacted.
    pub lines: Vec<String>,
}

/// The cut at which the restored state is judged, as an interval on the harness's clock:
/// what was acknowledged before `earliest` is owed, what was invoked after `latest` must be absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Earliest instant at which the cut can lie.
    pub earliest: Nanos,
    /// Latest instant at which the cut can lie.
    pub latest: Nanos,
    /// Where it comes from (`recovery target xid 4711, exclusive`).
    pub claimed_by: String,
}

/// Workload counters over one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Operations acknowledged.
    pub acknowledged: u64,
    /// Operations failed for certain (rolled back on purpose ones are counted apart).
    pub failed: u64,
    /// Operations rolled back on purpose.
    pub rolled_back: u64,
    /// Operations with an unknown end.
    pub unknown: u64,
    /// Median latency of the acknowledged ones.
    pub p50: Nanos,
    /// 99th percentile of the acknowledged ones.
    pub p99: Nanos,
    /// Longest of the acknowledged ones.
    pub max: Nanos,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "data", deny_unknown_fields)]
pub enum Event {
    /// A stage began.
    Phase(Phase),
    /// A server answered for the first time in this life. The n-th such event is incarnation n (from 0).
    Incarnation {
        /// On which host.
        host: String,
        /// Which life.
        incarnation: Incarnation,
    },
    /// The initial data set is in place.
    Loaded {
        /// Rows over all tables.
        rows: u64,
        /// Bytes of the data set as the engine counts them.
        bytes: u64,
    },
    /// A backup was taken and is durable.
    BackedUp {
        /// Pipeline.
        pipeline: String,
        /// Its id in the store.
        id: String,
        /// When it began.
        begun: Nanos,
        /// When it was durable.
        durable: Nanos,
        /// Bytes in the store.
        bytes: u64,
    },
    /// The backup ended badly: there is nothing to recover from.
    BackupFailed {
        /// Pipeline.
        pipeline: String,
        /// When.
        at: Nanos,
        /// How.
        outcome: Outcome,
    },
    /// A program that the plan names ended.
    ProgramEnded(ProgramRun),
    /// A piece of log reached the store: how far behind continuous archiving runs.
    ShippingLag {
        /// Pipeline.
        pipeline: String,
        /// Time from the end of the piece to its being durable.
        lag: Interval,
    },
    /// The application writes (again).
    ApplicationStarted {
        /// Which epoch of the workload begins (0 before the disaster, 1 after the recovery).
        epoch: u8,
    },
    /// The application was stopped; nothing of that epoch is acknowledged later.
    ApplicationStopped {
        /// Which epoch ended.
        epoch: u8,
    },
    /// Before any fault the harness froze the source whole and thawed it again: an outage of known length, which the
    /// verdict must find among the probes.
    Calibrated {
        /// The instant just before the freeze.
        before: Nanos,
        /// When all of the source was seen to stand still.
        frozen: Nanos,
        /// Between just before and just after it was whole again.
        thawed: Interval,
    },
    /// A fault is about to be injected.
    FaultIntended {
        /// Index into the scenario's faults.
        fault: usize,
        /// The instant just before the injection.
        at: Nanos,
        /// What it is meant to do.
        says: String,
    },
    /// A fault's effect was seen from outside.
    FaultConfirmed {
        /// Index into the scenario's faults.
        fault: usize,
        /// When it was seen.
        at: Nanos,
        /// What was seen.
        evidence: String,
    },
    /// A fault could not be confirmed: the drill is inconclusive.
    FaultUnconfirmed {
        /// Index into the scenario's faults.
        fault: usize,
        /// Why.
        why: String,
    },
    /// A fault ended and its end was seen.
    FaultHealed {
        /// Index into the scenario's faults.
        fault: usize,
        /// When.
        at: Nanos,
    },
    /// A runbook step began.
    StepBegun {
        /// Which.
        step: Step,
        /// When.
        at: Nanos,
    },
    /// A runbook step ended.
    StepEnded {
        /// Which.
        step: Step,
        /// When.
        at: Nanos,
        /// How.
        outcome: Outcome,
        /// Bytes that it moved or made, where it moved any.
        bytes: Option<u64>,
        /// One sentence for people (which backup, which target).
        says: String,
    },
    /// The restored state claims this cut.
    RecoveryPoint(Cut),
    /// The snapshot that the examinations read was taken; no traffic had been let in.
    SnapshotTaken {
        /// When.
        at: Nanos,
        /// Index of the restored incarnation.
        incarnation: u32,
    },
    /// The source can no longer take writes, and that was tried and seen.
    SourceFenced {
        /// When.
        at: Nanos,
        /// How it was seen.
        evidence: String,
    },
    /// The source could still be written to, because the runbook leaves it running.
    SourceLeftRunning {
        /// When.
        at: Nanos,
        /// How it was seen.
        evidence: String,
    },
    /// The source could still be written to, though it was stopped.
    SourceNotFenced {
        /// What was possible.
        why: String,
    },
    /// A probe was answered, failed or given up.
    Probe {
        /// Which stream.
        stream: Stream,
        /// When its beat was due.
        due: Nanos,
        /// When it was sent; equals `due` plus the prober's own lateness.
        sent: Nanos,
        /// When its outcome was known.
        ended: Nanos,
        /// Whether it had to log in first.
        login: bool,
        /// The outcome.
        outcome: ProbeOutcome,
    },
    /// The monitoring looked, by which alerts are evaluated.
    Monitored(Look),
    /// The workload's counters for the second that ended at `until`.
    Tally {
        /// End of the second.
        until: Nanos,
        /// The counters.
        tally: Tally,
    },
    /// An observation was written to `observations/`.
    Observed {
        /// Its file's stem.
        name: String,
    },
    /// The harness could not do its part: the drill is inconclusive.
    SetupFailed {
        /// In which stage.
        phase: Phase,
        /// What happened.
        failure: Failure,
    },
    /// A figure about the harness itself (cost of probing, load rate), for the record.
    Measured {
        /// Names to values, units in the name.
        figures: BTreeMap<String, f64>,
    },
    /// A person or the system asked the drill to stop.
    Interrupted {
        /// Signal number.
        signal: i32,
    },
    /// Everything is ended; a history without it was cut off.
    Finished,
}
