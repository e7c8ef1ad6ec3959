//! The plan and the scenario as they were resolved for a drill: every value with its origin.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alert::Alert;
use crate::time::Nanos;

/// Where a value of a plan comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Origin {
    /// The document says it, there.
    From {
        /// The heading under which it stands.
        section: String,
        /// The document's line, counted from 1.
        line: u32,
    },
    /// The document is silent; the plan chose it, for this reason.
    Assumed(String),
    /// Another part stands in for the one that the document names.
    Substitutes(String),
    /// The plan or scenario states it without a document behind it.
    Stated,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From { section, line } => write!(f, "document, \"{section}\", line {line}"),
            Self::Assumed(why) => write!(f, "assumed: {why}"),
            Self::Substitutes(what) => write!(f, "substitutes {what}"),
            Self::Stated => write!(f, "stated by the plan"),
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

/// The document behind a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// SHA-256 of the text that the lines refer to, in hex.
    pub sha256: String,
}

/// An RTO or an RPO and what it covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// The tiers or data classes that it covers.
    pub covers: Vec<String>,
    /// The recovery time objective.
    pub rto: Option<Sourced<Nanos>>,
    /// The recovery point objective.
    pub rpo: Option<Sourced<Nanos>>,
    /// How far past the objective still counts as met.
    pub tolerance: Nanos,
}

/// Something that the document says twice in different ways, or claims and does not do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentFinding {
    /// A short stable name.
    pub id: String,
    /// One sentence that says what is wrong.
    pub says: String,
    /// The places that disagree: what each says, and where.
    pub places: Vec<Sourced<String>>,
    /// What follows for the objectives.
    pub consequence: String,
}

/// What a pipeline's documented schedule allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The longest time between two moments at which data leaves the source (for continuous archiving,
    /// the archive timeout; for a dump, the time between two dumps). `None`: the document does not say.
    pub interval: Option<Sourced<Nanos>>,
    /// The schedule as the plan writes it, kind of backup to cron line or interval, for people.
    pub entries: BTreeMap<String, Sourced<String>>,
}

/// How far behind its source a replica is by intent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// It receives and applies at once.
    #[default]
    AtOnce,
    /// It receives at once, and applies so much later.
    Late(Nanos),
    /// It receives once in so long, all that there is by then, and applies it at once.
    Every(Nanos),
}

impl Pace {
    /// The same in a drill in which delays and schedules are compressed so many times.
    pub fn compressed(self, by: u32) -> Self {
        let shorter = |time: Nanos| Nanos(time.0 / u64::from(by.max(1)));
        match self {
            Self::AtOnce => self,
            Self::Late(delay) => Self::Late(shorter(delay)),
            Self::Every(interval) => Self::Every(shorter(interval)),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtOnce => f.write_str("receives and applies at once"),
            Self::Late(delay) => write!(f, "receives at once, and applies {delay} late"),
            Self::Every(interval) => write!(f, "receives once in {interval}, and applies that at once"),
        }
    }
}

/// A backup and restore method bound to a source and a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The method's name (`barman-cloud`, `command`).
    pub method: Sourced<String>,
    /// The host whose data it saves.
    pub source: String,
    /// The store it saves to.
    pub store: String,
    /// Its schedule.
    pub schedule: Schedule,
    /// Whether it can still ship what the source had not shipped, where a fault leaves that readable.
    pub ships_remainder: bool,
    /// Whether it repairs the damaged data where it is, and keeps what was written since the backup. Earlier records knew
    /// no such pipeline.
    #[serde(default)]
    pub repairs: bool,
    /// How far behind its source it is, where it is a replica. Earlier records knew none that is behind by intent.
    #[serde(default)]
    pub pace: Pace,
    /// For how many days the plan promises that nobody can remove an artifact; `None`: it promises nothing.
    pub immutable_days: Option<u32>,
}

/// A plan, resolved: a disaster-recovery document made executable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The folder's name, as in `plan/scenario`.
    pub name: String,
    /// The title.
    pub title: String,
    /// The document.
    pub document: Option<Document>,
    /// Bytes of data in production; `None`: the document does not say.
    pub production_bytes: Option<Sourced<u64>>,
    /// Objectives by name.
    pub objectives: BTreeMap<String, Objective>,
    /// Pipelines by name.
    pub pipelines: BTreeMap<String, Pipeline>,
    /// What is to sound an alarm, and from when on it is to. Records before version 7 knew no alerts.
    #[serde(default)]
    pub alerts: BTreeMap<Alert, Sourced<Nanos>>,
    /// Where the document contradicts itself.
    pub findings: Vec<DocumentFinding>,
    /// Every value of the plan as one flat list, path to value as text, with its origin.
    pub values: BTreeMap<String, Sourced<String>>,
}

/// A kind of fault by what it does to the data: this decides which exposure applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Damage {
    /// Wrong data, written through the front door; time passes until somebody decides to go back.
    Logical,
    /// Damaged in place; what the source had not shipped yet can still be read.
    PhysicalReadable,
    /// Data gone with its host: what had not left is lost.
    PhysicalLost,
    /// No data touched; only its reach.
    Availability,
}

/// A fault as the scenario asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// Time after the backup was durable, with the workload running.
    pub after: Nanos,
    /// The fault's name, as registered.
    pub name: String,
    /// What it does to the data.
    pub damage: Damage,
    /// Its parameters as written.
    pub params: serde_json::Value,
}

/// A step of the runbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepPlan {
    /// Which step.
    pub step: Step,
    /// The documented duration of a manual step; it is added to the measured time, never waited for.
    pub manual: Option<Sourced<Nanos>>,
    /// The longest that the harness lets it run.
    pub bound: Nanos,
}

/// The steps that a runbook is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Somebody or something notices.
    Detect,
    /// Somebody decides to recover, and to which point.
    Decide,
    /// Of a failback: the host that failed is made a replica of the one that took over, with nothing of its old data.
    Rebuild,
    /// The application no longer reaches the damaged system, which is fenced.
    StopApplication,
    /// Of a failback: the rebuilt host has all that was written where the application was.
    CatchUp,
    /// Of a failback: the host that took over takes no writes any more.
    Fence,
    /// The artifact is brought from the store.
    Fetch,
    /// The artifact becomes a data directory or a database.
    Restore,
    /// Logs are replayed up to the recovery target.
    Replay,
    /// The restored copy takes writes: a new incarnation begins.
    Promote,
    /// The application's password is replaced in the restored copy, and the old one opens nothing any more.
    Rotate,
    /// The application's link points at the restored copy.
    Switch,
    /// The runbook's own look at the result.
    Verify,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Detect => "detect",
            Self::Decide => "decide",
            Self::Rebuild => "rebuild",
            Self::StopApplication => "stop the application",
            Self::CatchUp => "catch up",
            Self::Fence => "fence",
            Self::Fetch => "fetch",
            Self::Restore => "restore",
            Self::Replay => "replay",
            Self::Promote => "promote",
            Self::Rotate => "rotate",
            Self::Switch => "switch",
            Self::Verify => "verify",
        })
    }
}

/// A scenario, resolved: one disaster told as data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file's stem, as in `plan/scenario`.
    pub name: String,
    /// The title.
    pub title: String,
    /// What the drill sets out to show.
    pub hypothesis: String,
    /// The objectives that it judges, by name.
    pub objectives: Vec<String>,
    /// The pipeline that it restores with, by name.
    pub pipeline: String,
    /// The host that takes over.
    pub target: String,
    /// The workload.
    pub workload: WorkloadPlan,
    /// Faults, in order of `after`.
    pub faults: Vec<FaultPlan>,
    /// The runbook, in order.
    pub runbook: Vec<StepPlan>,
    /// The way back to the host that failed, once the recovered system has run; empty: the scenario has none, or the record is
    /// of version 5 or older.
    #[serde(default)]
    pub failback: Vec<StepPlan>,
    /// How the probes look.
    pub probes: ProbePlan,
    /// By how much delays and schedules were compressed for the drill (1: not at all).
    pub compression: u32,
    /// Tables that may be lost (the plan declares them expendable).
    pub expendable: Vec<String>,
    /// Tables whose deletions are erasures: a row that was deleted stays gone, wherever the recovery point lies.
    pub erasures: Vec<String>,
}

/// The workload of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadPlan {
    /// The domain's name (`fulfilment`).
    pub domain: String,
    /// Rows of the initial data set.
    pub rows: u64,
    /// Clients.
    pub clients: u32,
    /// Operations a second over all clients; `None`: flat out.
    pub rate: Option<f64>,
    /// How long it runs against the recovered system.
    pub after_recovery: Nanos,
}

/// A probe that takes longer than this many beats is an outage, even if it is answered in the end.
pub const LATE_BEATS: u32 = 3;

/// How the probes look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbePlan {
    /// The beat of the two held sessions.
    pub beat: Nanos,
    /// The beat of the fresh connections.
    pub fresh_beat: Nanos,
    /// After this a probe is given up.
    pub timeout: Nanos,
    /// Beats in a row that make a recovery stable.
    pub stability: u32,
}
