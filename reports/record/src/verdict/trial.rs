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
    /// The keys of the artifacts that were touched, if any was; verdicts before version 4 do not say.
    #[serde(default)]
    pub touched: Vec<String>,
    /// To what end.
    pub kind: SabotageKind,
    /// How long it took.
    pub took: Nanos,
    /// What it came to.
    pub end: TrialEnd,
}

/// So many keys are named in a sentence.
const NAMED: usize = 3;

impl JudgedTrial {
    /// What was done, and to which artifacts: as much as a sentence bears.
    pub fn named(&self) -> String {
        let mut keys: Vec<String> = self.touched.iter().take(NAMED).cloned().collect();
        let more = self.touched.len() - keys.len();
        keys.extend((more > 0).then(|| format!("{more} more")));
        if keys.is_empty() { self.what.clone() } else { format!("{} ({})", self.what, keys.join(", ")) }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_that_says_nothing_of_what_it_touched_is_read() {
        let old = r#"{"what":"the largest object empty","kind":"damage","took":1,"end":"survived"}"#;
        let trial: JudgedTrial = serde_json::from_str(old).unwrap();
        assert_eq!(trial.named(), "the largest object empty");
        let seen = r#"{"id":"emptied","what":"the largest object empty","kind":"damage","took":1,"outcome":"restored","programs":[]}"#;
        let seen: crate::observation::SabotageTrial = serde_json::from_str(seen).unwrap();
        assert!(seen.touched.is_empty());
    }
}
