//! Why a command ends before it has done what it was asked.

use std::fmt;
use std::io;

use super::exit::Exit;
use super::output;
use crate::plan::Diagnostics;

/// A reason to stop, with its exit code.
#[derive(Debug)]
pub enum Problem {
    /// A plan or a scenario is wrong.
    Configuration(Diagnostics),
    /// Anything else.
    Said {
        /// The exit code.
        exit: Exit,
        /// One sentence.
        message: String,
        /// What helps.
        help: Option<String>,
    },
}

/// `T`, or why the command ends.
pub type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    /// A reason in one sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Said { exit, message: message.into(), help: None }
    }

    /// Adds what helps.
    #[must_use]
    pub fn help(mut self, says: impl Into<String>) -> Self {
        if let Self::Said { help, .. } = &mut self {
            *help = Some(says.into());
        }
        self
    }

    /// Its exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Configuration(_) => Exit::Usage,
            Self::Said { exit, .. } => *exit,
        }
    }

    /// Tells it on standard error.
    pub fn tell(&self) {
        match self {
            Self::Configuration(diagnostics) => output::diagnose(diagnostics),
            Self::Said { message, help, .. } => output::complain(message, help.as_deref()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(diagnostics) => diagnostics.fmt(f),
            Self::Said { message, .. } => f.write_str(message),
        }
    }
}

impl From<Diagnostics> for Problem {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Configuration(diagnostics)
    }
}

/// Standard output or a folder of ours failed under the command.
impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::new(Exit::Internal, error.to_string())
    }
}
