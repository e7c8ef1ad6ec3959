//! A scenario as it is written.

use blackstart_record::plan::Step;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::sourced::Said;
use super::units::Lapse;

/// One disaster told as data: what runs, what breaks, how one comes back, and which objectives judge it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scenario")]
pub(super) struct ScenarioFile<F> {
    /// The title.
    pub(super) title: String,
    /// What the drill sets out to show.
    pub(super) hypothesis: String,
    /// The objectives that judge it, by their names in the plan.
    #[schemars(with = "Vec<String>")]
    pub(super) objectives: Spanned<Vec<Spanned<String>>>,
    /// The pipeline that it restores with, by its name in the plan.
    pub(super) pipeline: Said<String>,
    /// The host that takes over.
    pub(super) target: Said<String>,
    /// The workload.
    pub(super) workload: WorkloadFile,
    /// What breaks, and when.
    pub(super) faults: Vec<FaultFile<F>>,
    /// The recovery, step by step.
    pub(super) runbook: Vec<StepFile>,
    /// The way back to the host that failed, once the recovered system has run: `rebuild`, `stop-application`, `catch-up`, `fence`,
    /// `promote`, `switch`, `verify`. Default: the application stays where it is.
    #[serde(default)]
    pub(super) failback: Vec<StepFile>,
    /// How the probes look.
    #[serde(default)]
    pub(super) probes: ProbesFile,
    /// The longest that the harness waits for anything but a runbook step.
    #[serde(default)]
    pub(super) bounds: BoundsFile,
    /// By how much delays and schedules are compressed for the drill. Default: 1, not at all.
    pub(super) compression: Option<Said<u32>>,
}

/// What the application does.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Workload")]
pub(super) struct WorkloadFile {
    /// The domain: schema, data set and business rules.
    pub(super) domain: Said<String>,
    /// Rows of the initial data set.
    pub(super) rows: Said<u64>,
    /// Clients.
    pub(super) clients: Said<u32>,
    /// Operations a second over all clients. Left out: flat out.
    pub(super) rate: Option<Said<f64>>,
    /// How long it runs against the recovered system. Default: `5s`.
    pub(super) after_recovery: Option<Said<Lapse>>,
}

/// A fault.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Fault")]
pub(super) struct FaultFile<F> {
    /// Time after the backup was durable, with the workload running. Faults come in the order of this; those of the same time in the file's order.
    pub(super) after: Said<Lapse>,
    /// How long it lasts, from when its effect was seen until it is healed. Left out: it stands until the drill is over.
    #[serde(rename = "for")]
    pub(super) lasts: Option<Said<Lapse>>,
    /// The fault with its parameters.
    #[schemars(with = "F")]
    pub(super) inject: Spanned<F>,
}

/// A step of the runbook, or of a failback.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "RunbookStep")]
pub(super) struct StepFile {
    /// Which step.
    #[schemars(with = "Step")]
    pub(super) step: Spanned<Step>,
    /// The duration of a step that a person does: added to the measured time, never waited for.
    pub(super) manual: Option<Said<Lapse>>,
    /// The longest that the harness lets it run. Default: `15m`.
    pub(super) bound: Option<Said<Lapse>>,
    /// For `stop-application`: whether the source runs on, and only the application's link to it is cut. Default: no, the
    /// source is stopped.
    pub(super) leaves_source: Option<Said<bool>>,
}

/// How the probes look.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Probes")]
pub(super) struct ProbesFile {
    /// The beat of the two held sessions. Default: `20ms`.
    pub(super) beat: Option<Said<Lapse>>,
    /// The beat of the fresh connections. Default: `500ms`.
    pub(super) fresh: Option<Said<Lapse>>,
    /// After this a probe is given up. Default: `2s`.
    pub(super) timeout: Option<Said<Lapse>>,
    /// Beats in a row that make a recovery stable. Default: 50.
    pub(super) stability: Option<Said<u32>>,
}

/// The bounds of every wait. One that passes is never a result about the system under test.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Bounds")]
pub(super) struct BoundsFile {
    /// A server's start or stop. Default: `60s`.
    pub(super) server: Option<Said<Lapse>>,
    /// A backup, until it is durable. Default: `5m`.
    pub(super) backup: Option<Said<Lapse>>,
    /// An operation of the workload, and a connection attempt. Default: `5s`.
    pub(super) operation: Option<Said<Lapse>>,
    /// All examinations together. Default: `5m`.
    pub(super) examine: Option<Said<Lapse>>,
}
