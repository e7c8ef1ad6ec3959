//! What was concluded: objectives, findings, gates, measures.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::event::Cut;
use crate::plan::{Sourced, Step};
use crate::rows::Key;
use crate::time::{Interval, Nanos};

mod trial;

pub use trial::{CRASH, JudgedPoint, JudgedTrial, Noticed, PointEnd, SABOTAGE, TrialEnd};

/// A conclusion; ordered so that the worst is the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Shown to hold, with positive evidence.
    #[default]
    Met,
    /// Not known.
    Inconclusive,
    /// Shown not to hold.
    Missed,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Met => "met",
            Self::Inconclusive => "inconclusive",
            Self::Missed => "missed",
        })
    }
}

/// RTO or RPO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectiveKind {
    /// Recovery time.
    Rto,
    /// Recovery point.
    Rpo,
}

impl fmt::Display for ObjectiveKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rto => "RTO",
            Self::Rpo => "RPO",
        })
    }
}

/// One objective, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveVerdict {
    /// Its name in the plan.
    pub objective: String,
    /// RTO or RPO.
    pub kind: ObjectiveKind,
    /// What it covers.
    pub covers: Vec<String>,
    /// The limit, and where the document says it.
    pub limit: Sourced<Nanos>,
    /// What was achieved; `None`: it could not be measured.
    pub achieved: Option<Interval>,
    /// The conclusion.
    pub verdict: Verdict,
    /// One sentence that says why, with the sizes drilled and declared.
    pub says: String,
}

/// Why nothing better than inconclusive can be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// A short stable name (`fault-not-confirmed`).
    pub id: String,
    /// One sentence.
    pub says: String,
}

/// A difference between what is owed and what was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// An owed row is not there.
    Missing,
    /// An owed row has another value.
    Changed,
    /// An owed row has an earlier value of its own.
    Stale,
    /// A row is there more than once.
    Duplicate,
    /// A row whose deletion is owed is back.
    Resurrected,
    /// A row written by an operation that was rolled back or refused.
    RolledBack,
    /// A row written by an operation invoked after R.
    AfterCut,
    /// A row that nobody wrote.
    Unexplained,
    /// An operation that may be there or not is there in part.
    Torn,
}

impl DifferenceKind {
    /// How it reads after a count of rows.
    pub fn participle(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Stale => "with an older value",
            Self::Duplicate => "duplicated",
            Self::Resurrected => "deleted before and back again",
            Self::RolledBack => "of rolled-back operations",
            Self::AfterCut => "written after the recovery point",
            Self::Unexplained => "that nobody wrote",
            Self::Torn => "lacking of operations restored in part",
        }
    }
}

/// Differences of one kind in one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Table with schema.
    pub table: String,
    /// Kind.
    pub kind: DifferenceKind,
    /// How many rows.
    pub count: u64,
    /// The first keys, in key order.
    pub first: Vec<Key>,
    /// The same keys as the database shows them.
    pub shown: Vec<String>,
}

/// What a checker concludes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The checker (`LOST`, `GHOST`, ...).
    pub checker: String,
    /// Its conclusion. A checker says *missed* only of wrong or unusable data.
    pub verdict: Verdict,
    /// One sentence: what is wrong, where, how much; or the positive evidence.
    pub says: String,
    /// What usually causes it; only beside a bad conclusion.
    pub cause: Option<String>,
    /// How many things were compared: zero is never *met*.
    pub compared: u64,
    /// More lines, for people.
    pub details: Vec<String>,
    /// Row differences, where there are any.
    pub differences: Vec<Difference>,
}

/// A step of the runbook as it was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepMeasure {
    /// Which.
    pub step: Step,
    /// When it began.
    pub begun: Nanos,
    /// When it ended; `None`: never.
    pub ended: Option<Nanos>,
    /// The documented duration of a manual step.
    pub manual: Nanos,
    /// Bytes moved or made.
    pub bytes: Option<u64>,
    /// One sentence.
    pub says: String,
    /// Whether it did what it says.
    pub done: bool,
}

/// A share of the RTA. Phases follow each other without gap and sum to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseMeasure {
    /// Its name (`detect`, `fetch`, ..., `first read`, `first write`).
    pub name: String,
    /// When it began.
    pub begun: Nanos,
    /// How long it took on the clock.
    pub measured: Nanos,
    /// Declared manual time, added to it.
    pub manual: Nanos,
}

/// Achieved recovery time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rta {
    /// From the instant just before the first fault until recovered, manual steps added.
    pub achieved: Interval,
    /// The instant just before the first fault's injection.
    pub from: Nanos,
    /// The instants between which the service became stable again.
    pub recovered: Interval,
    /// Declared manual time inside `achieved`.
    pub manual: Nanos,
    /// Beat and lateness: nothing finer was measured.
    pub resolution: Nanos,
    /// Its shares, upper end.
    pub phases: Vec<PhaseMeasure>,
}

/// Achieved recovery point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rpa {
    /// Last acknowledgement by the old incarnation less the first acknowledgement that is gone, plus `manual`.
    pub achieved: Nanos,
    /// The part before the first fault.
    pub before_fault: Nanos,
    /// The part from the first fault until the application was stopped.
    pub after_fault: Nanos,
    /// Declared manual detect and decide time, added for logical damage.
    pub manual: Nanos,
    /// The first acknowledgement that is gone.
    pub first_gone: Option<Nanos>,
    /// The last acknowledgement by the old incarnation.
    pub last_acknowledged: Option<Nanos>,
    /// The last acknowledgement that was recovered.
    pub newest_recovered: Option<Nanos>,
    /// Acknowledged operations after R, lost by the choice of R.
    pub tail_operations: u64,
    /// Rows that those operations wrote or deleted.
    pub tail_rows: u64,
    /// Owed operations with at least one effect missing or changed (an initial row counts as one).
    pub hole_operations: u64,
    /// Owed rows missing or changed.
    pub hole_rows: u64,
}

/// What the documented schedule allows at worst.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Exposure {
    /// Interval + time until durable + lag.
    Stated {
        /// Their sum.
        worst: Nanos,
        /// The documented interval.
        interval: Nanos,
        /// Measured time until an artifact is durable.
        until_durable: Nanos,
        /// Measured lag of the pipeline.
        lag: Nanos,
    },
    /// The fault leaves unshipped data readable and the pipeline ships it.
    NotApplicable {
        /// Why, in one sentence.
        why: String,
    },
    /// The document has no schedule for this pipeline.
    Unstated,
}

/// What the measurement made of a stall of known length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The stall, from just before the freeze until the thaw.
    pub known: Interval,
    /// The same as the probes saw it, measured as the recovery time is.
    pub reported: Interval,
    /// One sentence.
    pub says: String,
}

/// An alert of the document, evaluated in the drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertMeasure {
    /// Which.
    pub alert: Alert,
    /// From when on it is to sound, compressed as the drill's delays are.
    pub threshold: Sourced<Nanos>,
    /// Looks that could have told it.
    pub looks: u64,
    /// When it would have sounded; `None`: at no look.
    pub sounded: Option<Nanos>,
    /// How long after the first fault's injection; `None`: it did not sound, or before any fault, or from the first look on.
    pub after_fault: Option<Nanos>,
    /// One sentence.
    pub says: String,
}

/// A replica's lag as it was seen from outside, and by the replica itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LagMeasure {
    /// Looks that tell the lag from outside.
    pub looks: u64,
    /// The greatest of them.
    pub greatest: Interval,
    /// The greatest that the replica told of itself; `None`: it told nothing.
    pub own_greatest: Option<Nanos>,
    /// Looks at which both told something.
    pub compared: u64,
    /// Of those the ones at which the replica's figure is that from outside, within the probes' beat and its own resolution.
    pub agreed: u64,
    /// One sentence.
    pub says: String,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measures {
    /// How well a known stall was measured before the fault; `None`: not at all.
    pub calibration: Option<Calibration>,
    /// The runbook's steps.
    pub steps: Vec<StepMeasure>,
    /// Achieved recovery time; `None`: never recovered, or not measured.
    pub rta: Option<Rta>,
    /// Achieved recovery point; `None`: not measured.
    pub rpa: Option<Rpa>,
    /// What the schedule allows; `None`: there is no pipeline to ask.
    pub exposure: Option<Exposure>,
    /// The lag of the replica that took over; `None`: there was none, or nobody looked.
    pub lag: Option<LagMeasure>,
    /// The document's alerts, in the order of their names.
    pub alerts: Vec<AlertMeasure>,
    /// The recovery point R.
    pub recovery_point: Option<Cut>,
    /// From recovery until throughput was back at 90 % of what it was; `None`: not seen.
    pub throughput_back: Option<Nanos>,
    /// Operations a second before the first fault, median of whole seconds.
    pub throughput_before: Option<f64>,
    /// Rows drilled.
    pub rows: u64,
    /// Bytes drilled.
    pub bytes: u64,
}

/// The verdict of a drill. `verdict.json` holds exactly this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrillVerdict {
    /// Format version of this file.
    pub version: u32,
    /// `plan/scenario`.
    pub drill: String,
    /// The worst of everything below, gates first.
    pub verdict: Verdict,
    /// One sentence.
    pub says: String,
    /// The exit code that this drill asks for.
    pub exit_code: u8,
    /// Reasons for inconclusive that override everything else.
    pub gates: Vec<Gate>,
    /// Objectives.
    pub objectives: Vec<ObjectiveVerdict>,
    /// Findings of the checkers.
    pub findings: Vec<Finding>,
    /// Trials of the sabotage, in the order in which they were made; of a drill without it none.
    pub sabotage: Vec<JudgedTrial>,
    /// Disturbed backups, in the order in which they were taken; of a drill without them none.
    pub crash_points: Vec<JudgedPoint>,
    /// Why its measurement is not worth much: this machine, not the system under test, kept the probes from seeing what
    /// they were to see. `None`: nothing kept them.
    pub disturbed: Option<String>,
    /// Measures.
    pub measures: Measures,
    /// What the reader should know about the record itself (a torn tail, a missing observation).
    pub notes: Vec<String>,
}
