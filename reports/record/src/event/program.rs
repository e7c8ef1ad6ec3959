//! Programs of a pipeline, and every process that they started.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Nanos;

/// What processes of a program did alike: a stage of a pipe, or a step of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The program's or the script's name; never its arguments.
    pub name: String,
    /// Exit code; `None`: a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Who of the same program read its standard output through a pipe: nobody else learns how it ended.
    pub piped_into: Option<String>,
}

impl Stage {
    /// Whether it ended other than well.
    pub fn failed(&self) -> bool {
        self.code != Some(0)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, Ended(self.code, self.signal))
    }
}

/// The processes of a program, as the kernel told of each one's end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Processes {
    /// Each that ended before the program did, and how many there were like it.
    Watched(Vec<(Stage, u64)>),
    /// They could not be watched.
    Unseen {
        /// Why.
        why: String,
    },
}

/// One run of a program of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgramRun {
    /// As the plan names it.
    pub program: String,
    /// On which host it ran.
    pub host: String,
    /// The instant before its start.
    pub begun: Nanos,
    /// The instant after its end.
    pub ended: Nanos,
    /// Its exit code; `None`: a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The files in `logs/` with its standard output and its standard error.
    pub logs: [String; 2],
    /// Every process that it started.
    pub processes: Processes,
    /// The first lines of its standard error that speak of an error.
    pub complaints: Vec<String>,
}

impl fmt::Display for ProgramRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on host {} ", self.program, self.host)?;
        write!(f, "{} after {}", Ended(self.code, self.signal), self.ended.since(self.begun))
    }
}

/// An exit code, or a signal.
struct Ended(Option<i32>, Option<i32>);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(Some(code), _) => write!(f, "exited with {code}"),
            Self(None, Some(signal)) => write!(f, "was ended by signal {signal}"),
            Self(None, None) => f.write_str("ended"),
        }
    }
}
