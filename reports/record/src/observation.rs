//! What the examinations saw, written down as they saw it; judging happens elsewhere.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{Incarnation, ProgramRun};
use crate::plan::Step;
use crate::rows::Key;
use crate::time::Nanos;

mod crash_points;

pub use crash_points::{CrashOutcome, CrashPoint, CrashPoints, CrashStep, TableDigest};

/// What one examination saw. Stored as `observations/<name>.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "data", deny_unknown_fields)]
pub enum Observation {
    /// The restored rows were read; they are in `restored.rows`.
    Rows(Rows),
    /// Objects, roles, grants and settings, before the disaster and after the recovery.
    Inventory(Inventory),
    /// Business rules, each as a count of violations in the restored copy.
    Invariants(Vec<Invariant>),
    /// Values that break backups, as planted and as restored.
    Canaries(Vec<Canary>),
    /// Writes by the application's role against the restored copy.
    Writes(Vec<WriteTrial>),
    /// Whose data this is.
    Identity(Identity),
    /// Every index held against its table.
    Indexes(Vec<IndexLook>),
    /// Whether the restored copy leaves its source alone.
    Fence(Fence),
    /// What the pipeline's own key could do to the artifacts.
    Attack(Attack),
    /// What whoever broke in had got hold of, tried on the restored server.
    Credentials(Vec<Credential>),
    /// The restore, again and again, from damaged copies of the artifacts.
    Sabotage(Vec<SabotageTrial>),
    /// The restore once more, on a host that has only what survives.
    CleanRestore(CleanRestore),
    /// A backup for each of a backup's steps, disturbed there.
    CrashPoints(CrashPoints),
}

/// A credential that an intruder held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Whose, or what for.
    pub of: String,
    /// Whether the restored server lets it in; `None`: the server answered nobody.
    pub lets_in: Option<bool>,
    /// What the server said.
    pub says: String,
}

/// The same restore on a new host, with the hosts that may be lost dead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CleanRestore {
    /// Hosts that were dead by then.
    pub without: Vec<String>,
    /// Artifacts in the store.
    pub artifacts: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What came of it.
    pub outcome: SabotageOutcome,
    /// Rows that came back.
    pub rows: u64,
    /// Whether they are, to the byte, the rows that the drill's own restore brought back; `None`: that brought back none.
    pub same: Option<bool>,
    /// What it reached for meanwhile.
    pub overheard: Overheard,
}

/// What was heard on the hosts' network while a restore ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Overheard {
    /// Every connection that was begun, answered or not.
    Heard {
        /// How many led to what survives.
        connections: u64,
        /// The others.
        reached: Vec<Reached>,
    },
    /// Nobody could listen.
    Deaf {
        /// Why not.
        why: String,
    },
}

/// Something that a restore reached for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reached {
    /// The host's name, or an address that is of none.
    pub to: String,
    /// The port.
    pub port: u16,
    /// `tcp` or `udp`.
    pub by: String,
}

/// One restore from a copy of the artifacts, on a host of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SabotageTrial {
    /// Its name; what was restored is in `sabotage/<id>/`.
    pub id: String,
    /// What was done, in one sentence.
    pub what: String,
    /// The keys of the artifacts that were touched; none: it is the restore that was, or the way to the store. Earlier
    /// records do not say.
    #[serde(default)]
    pub touched: Vec<String>,
    /// To what end.
    pub kind: SabotageKind,
    /// How long the restore took, or how long until it gave up.
    pub took: Nanos,
    /// What came of it.
    pub outcome: SabotageOutcome,
    /// The pipeline's programs in it.
    pub programs: Vec<ProgramRun>,
}

/// To what end a trial is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SabotageKind {
    /// Nothing was done: the same restore must come out the same.
    Control,
    /// The copy is damaged: the restore must refuse it, or a check must notice.
    Damage,
    /// The way is disturbed: the restore must come out right, or fail cleanly.
    Perturbation,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SabotageOutcome {
    /// A step of the pipeline failed.
    Refused {
        /// Which.
        step: Step,
        /// What it said.
        says: String,
    },
    /// Every step said that it was done, and what there is cannot be looked at.
    Unusable {
        /// Why not.
        says: String,
    },
    /// Every step said that it was done, and what came back was looked at.
    Restored,
    /// The harness could not make the trial.
    NotTried {
        /// Why.
        why: String,
    },
}

/// What became of the source's archive since the application was stopped, and what the restored copy tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fence {
    /// Artifacts in the source's archive when the application was stopped.
    pub archived: u64,
    /// Those that came since.
    pub added: Vec<String>,
    /// Those whose bytes are others since.
    pub changed: Vec<String>,
    /// Those that are gone since.
    pub removed: Vec<String>,
    /// Log segments that the restored copy archived or tried to, once it was made to end one.
    pub attempts: u64,
    /// How the source lets writes in again; `None`: it does not.
    pub second_writer: Option<String>,
}

/// What was possible with the pipeline's own key, tried on every artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// Whose key.
    pub credential: String,
    /// Artifacts that were attacked.
    pub artifacts: u64,
    /// Those whose bytes nobody can read any more.
    pub lost: Vec<String>,
    /// Those that a plain request no longer gives, though an older version holds them.
    pub hidden: Vec<String>,
    /// Protections of the store that could be taken off.
    pub disarmed: Vec<String>,
}

/// One index of the restored copy, held against its table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndexLook {
    /// Its name with schema.
    pub index: String,
    /// Its table, with schema.
    pub table: String,
    /// What was found.
    pub found: Agreement,
}

/// Whether an index says what its table holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Agreement {
    /// It does; by which look.
    Agrees {
        /// `amcheck`, or `both access paths`.
        by: String,
    },
    /// It does not.
    Disagrees {
        /// What the server, or the comparison, says.
        why: String,
    },
    /// There was no way to tell.
    Unknown {
        /// Why not.
        why: String,
    },
}

/// The restored rows: what was read, and full values of rows that differ from what was expected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// Rows read, by table.
    pub read: BTreeMap<String, u64>,
    /// Bytes read.
    pub bytes: u64,
    /// Tables that could not be read to their end, and why.
    pub unreadable: BTreeMap<String, String>,
    /// Full values of the first differing rows of each table.
    pub images: Vec<Image>,
}

/// Both values of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Table with schema.
    pub table: String,
    /// The row.
    pub key: Key,
    /// Column to value as text (`None`: NULL), as it was acknowledged; `None`: should be absent, or not kept.
    pub expected: Option<BTreeMap<String, Option<String>>>,
    /// The same as restored; `None`: absent.
    pub observed: Option<BTreeMap<String, Option<String>>>,
}

/// The inventory of a database: kind of object to name to definition (the text that must be equal).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// On the source, before the disaster.
    pub before: BTreeMap<String, BTreeMap<String, String>>,
    /// On the restored copy.
    pub after: BTreeMap<String, BTreeMap<String, String>>,
}

/// A business rule and how often the restored copy breaks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Invariant {
    /// The rule in one sentence.
    pub rule: String,
    /// Rows or groups that were looked at.
    pub examined: u64,
    /// How many break it; `None`: the question itself failed.
    pub violations: Option<u64>,
    /// The first of them, or the error.
    pub first: Vec<String>,
}

/// A planted value that backups like to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// What it is (`bytea with every byte`).
    pub name: String,
    /// As planted: lowercase hex of its bytes, `null` for NULL.
    pub planted: Option<String>,
    /// As restored, likewise.
    pub restored: Option<String>,
    /// Whether a row for it was found at all.
    pub found: bool,
}

/// A write that the application must be able to do, tried on the restored copy and rolled back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteTrial {
    /// What was tried.
    pub what: String,
    /// Whether the server had been killed and started again before. Earlier records knew no such trial.
    #[serde(default)]
    pub restarted: bool,
    /// The error, if it was refused.
    pub error: Option<String>,
}

/// Whose data the restored copy holds, and whether the source is out of the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The nonce written to the source before the backup that was used.
    pub nonce_expected: String,
    /// The nonce found in the restored copy.
    pub nonce_found: Option<String>,
    /// The poison that was written only to the source, after everything else; it must not be found.
    pub poison_found: bool,
    /// The source's last life.
    pub source: Incarnation,
    /// The restored copy's life, as seen through the application's link.
    pub restored: Option<Incarnation>,
}
