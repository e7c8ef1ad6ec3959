//! What came of backups that were disturbed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::Step;
use crate::time::Nanos;

/// Backups of a stand-in of the source, on which nobody works, each disturbed at one step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrashPoints {
    /// Requests to the store that an undisturbed backup makes.
    pub requests: u64,
    /// Programs that it executes, below its own.
    pub programs: Vec<String>,
    /// What the source holds, by table.
    pub source: BTreeMap<String, TableDigest>,
    /// What came of backups that nothing disturbed: one before all others, and one after them.
    pub undisturbed: Vec<CrashOutcome>,
    /// The disturbed ones.
    pub points: Vec<CrashPoint>,
}

/// The rows of a table, whatever their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableDigest {
    /// How many there are.
    pub rows: u64,
    /// The sum of their digests.
    pub digest: String,
}

/// A backup that was disturbed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrashPoint {
    /// Where.
    pub at: CrashStep,
    /// How long the backup took.
    pub took: Nanos,
    /// What came of it.
    pub outcome: CrashOutcome,
}

/// Where a backup was disturbed, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CrashStep {
    /// The connection of this request to the store was broken.
    Request {
        /// Which.
        number: u64,
    },
    /// The store was gone from this request on, until the backup ended.
    From {
        /// Which.
        request: u64,
    },
    /// This program was killed at its start.
    Program {
        /// Which of its name.
        number: u64,
        /// Its name.
        name: String,
    },
}

/// What came of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CrashOutcome {
    /// It did not report success.
    Failed {
        /// What it said.
        says: String,
    },
    /// It reported success, and could not be restored.
    NotRestorable {
        /// The step of the restore that failed; `None`: what came back could not be read.
        step: Option<Step>,
        /// What that said.
        says: String,
    },
    /// It reported success, and was restored.
    Restored {
        /// What came back, by table.
        tables: BTreeMap<String, TableDigest>,
    },
    /// It ended before the step at which it was to be disturbed.
    NotReached,
    /// The harness could not try it.
    NotTried {
        /// Why.
        why: String,
    },
}
