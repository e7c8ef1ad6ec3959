//! What was concluded of restores from damaged copies, and of backups that were disturbed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::observation::{CrashStep, SabotageKind};
use crate::plan::Step;
use crate::time::Nanos;

/// The checker whose finding sums the trials of the sabotage up.
pub const SABOTAGE: &str = "SABOTAGE";
/// The checker whose finding sums the disturbed backups up.
pub const CRASH: &str = "CRASH";

/// A trial of the sabotage, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgedTrial {
    /// What was done, in one sentence.
    pub what: String,
    /// To what end.
    pub kind: SabotageKind,
    /// How long it took.
    pub took: Nanos,
    /// What it came to.
    pub end: TrialEnd,
}

/// What a trial of the sabotage came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TrialEnd {
    /// The pipeline refused it, or could not go on.
    Refused {
        /// At which step.
        step: Step,
        /// What it said first.
        says: String,
        /// The line of a program that says most of why, if there is another.
        telling: Option<String>,
    },
    /// It was noticed.
    Noticed {
        /// Each check that did.
        by: Vec<Noticed>,
    },
    /// What came back is what came back in the drill.
    Same,
    /// Something else came back, and nothing noticed.
    Survived,
    /// It is not known.
    Unknown {
        /// Why not.
        why: String,
    },
}

/// Who noticed a trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Noticed {
    /// The checker; `None`: what came back could not even be looked at.
    pub checker: Option<String>,
    /// What it found, or why there was nothing to look at.
    pub says: String,
}

/// A disturbed backup, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgedPoint {
    /// Where it was disturbed.
    pub at: CrashStep,
    /// How long the backup took.
    pub took: Nanos,
    /// What it came to.
    pub end: PointEnd,
}

/// What a disturbed backup came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PointEnd {
    /// It did not report success.
    Failed {
        /// What it said first.
        says: String,
        /// The line of a program that says most of why, if there is another.
        telling: Option<String>,
    },
    /// It reported success, and came back to the row.
    Restored,
    /// It reported success, and did not come back.
    Broken {
        /// What came of its restore.
        says: String,
        /// The line of a program that says most of why, if there is another.
        telling: Option<String>,
    },
    /// It ended before the step at which it was to be disturbed.
    NotReached,
    /// It could not be tried.
    NotTried {
        /// Why not.
        why: String,
    },
}
