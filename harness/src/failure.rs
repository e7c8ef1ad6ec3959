//! The one error of everything that touches the world: what happened, and the last lines of the tool that said so.

use std::fmt;
use std::time::Duration;

use blackstart_record::event::{Failure, Outcome};

/// A part of the world did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// It failed by itself, or under the injected fault.
    Failed(Failure),
    /// The harness gave it up at its bound.
    Bound(Failure),
}

/// `T`, or how the world failed.
pub type Result<T> = std::result::Result<T, Error>;

/// The whole chain of a client's error: its own display form says only "service error".
pub fn words(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Error {
    /// A failure without tool output.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Failed(Failure { message: message.into(), lines: Vec::new() })
    }

    /// A failure with the tool's last lines.
    pub fn with_lines(message: impl Into<String>, lines: Vec<String>) -> Self {
        Self::Failed(Failure { message: message.into(), lines })
    }

    /// Something took longer than its bound.
    pub fn bound(what: &str, bound: Duration, lines: Vec<String>) -> Self {
        let bound = blackstart_record::time::Nanos::from(bound);
        Self::Bound(Failure { message: format!("{what} did not end within its bound of {bound}"), lines })
    }

    /// What happened.
    pub fn failure(&self) -> &Failure {
        match self {
            Self::Failed(failure) | Self::Bound(failure) => failure,
        }
    }

    /// As the failure of a harness stage: the bound is part of its message.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Failed(failure) | Self::Bound(failure) => failure,
        }
    }

    /// As the outcome of a step.
    pub fn into_outcome(self) -> Outcome {
        match self {
            Self::Failed(failure) => Outcome::Failed(failure),
            Self::Bound(failure) => Outcome::Bound(failure),
        }
    }

    fn map_message(mut self, change: impl FnOnce(&str) -> String) -> Self {
        match &mut self {
            Self::Failed(failure) | Self::Bound(failure) => failure.message = change(&failure.message),
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failure = self.failure();
        f.write_str(&failure.message)?;
        failure.lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for Error {}

/// Says what was being attempted when something failed.
pub trait Context<T> {
    /// Prefixes the error with `what` was attempted: `cannot <what>: ...`.
    ///
    /// # Errors
    /// The error, with its context.
    fn cannot(self, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for std::result::Result<T, E> {
    fn cannot(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.into().map_message(|message| format!("cannot {what}: {message}")))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<tokio_postgres::Error> for Error {
    /// The server's own words where it said any: the client's display form hides them.
    fn from(error: tokio_postgres::Error) -> Self {
        Self::new(error.as_db_error().map_or_else(
            || {
                let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
                format!("{error}{}", source.unwrap_or_default())
            },
            |db| format!("{}: {} (SQLSTATE {})", db.severity(), db.message(), db.code().code()),
        ))
    }
}

impl From<mysql_async::Error> for Error {
    /// The server's own words, its code and its SQLSTATE, where it said any: many of its codes share one SQLSTATE.
    fn from(error: mysql_async::Error) -> Self {
        Self::new(match &error {
            mysql_async::Error::Server(answer) => {
                format!("error {}: {} (SQLSTATE {})", answer.code, answer.message, answer.state)
            }
            other => other.to_string(),
        })
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<nix::errno::Errno> for Error {
    fn from(errno: nix::errno::Errno) -> Self {
        Self::new(errno.desc())
    }
}
