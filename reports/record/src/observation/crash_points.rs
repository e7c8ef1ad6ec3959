//! What came of backups that were disturbed.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::Step;
use crate::time::Nanos;
use crate::words::ordinal;

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

impl CrashPoints {
    /// Every step at which a backup can be disturbed: each request twice, since it is broken once, and once the store stays
    /// gone; then each program.
    pub fn steps(&self) -> impl Iterator<Item = CrashStep> {
        let request = |number| [CrashStep::Request { number }, CrashStep::From { request: number }];
        let program = |(index, name): (usize, &String)| {
            let number = self.programs[..=index].iter().filter(|other| *other == name).count() as u64;
            CrashStep::Program { number, name: name.clone() }
        };
        (1..=self.requests).flat_map(request).chain(self.programs.iter().enumerate().map(program))
    }

    /// How many [`steps`](Self::steps) there are, without walking over them: a damaged record may tell of any number.
    pub fn number_of_steps(&self) -> u64 {
        self.requests.saturating_mul(2).saturating_add(self.programs.len() as u64)
    }
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

/// What became of a part of the backup (`its 2nd pg_dump killed at its start`).
impl fmt::Display for CrashStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { number } => {
                write!(f, "the connection of its {} request to the store broken", ordinal(*number))
            }
            Self::From { request } => write!(f, "the store gone from its {} request on", ordinal(*request)),
            Self::Program { number, name } => write!(f, "its {} {name} killed at its start", ordinal(*number)),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_a_step_twice_and_every_program_once() {
        let programs = ["pg_dump", "mc", "pg_dump"].map(str::to_owned).to_vec();
        let found = CrashPoints { requests: 2, programs, ..CrashPoints::default() };
        let program = |name: &str, number| CrashStep::Program { number, name: name.into() };
        let (one, two) = (CrashStep::Request { number: 1 }, CrashStep::Request { number: 2 });
        let (from_one, from_two) = (CrashStep::From { request: 1 }, CrashStep::From { request: 2 });
        let programs = [program("pg_dump", 1), program("mc", 1), program("pg_dump", 2)];
        assert_eq!(found.steps().collect::<Vec<_>>(), [vec![one, from_one, two, from_two], programs.to_vec()].concat());
    }

    #[test]
    fn they_are_as_many_as_are_told() {
        for (requests, programs) in [(0, 0), (0, 2), (3, 0), (5, 4)] {
            let found = CrashPoints { requests, programs: vec!["mc".into(); programs], ..CrashPoints::default() };
            assert_eq!(found.number_of_steps(), found.steps().count() as u64, "{requests}, {programs}");
        }
        assert_eq!(CrashPoints { requests: u64::MAX, ..CrashPoints::default() }.number_of_steps(), u64::MAX);
    }
}
