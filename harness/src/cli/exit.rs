//! Exit codes: what a script or a CI job learns without reading anything.

use std::process::ExitCode;

use blackstart_record::verdict::DrillVerdict;

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done; every objective is met.
    Met,
    /// Blackstart itself failed.
    Internal,
    /// The command line, a plan or a scenario is wrong; nothing was started.
    Usage,
    /// No scenario matches.
    NothingSelected,
    /// An objective is missed; the data is intact. Or the plan's own cadence, or one of its figures.
    ObjectiveMissed,
    /// The data is wrong, or the service did not come back.
    DataWrong,
    /// The environment failed, or nothing can be concluded.
    Inconclusive,
    /// The verdict stands, but a report could not be written.
    ReportNotWritten,
    /// Stopped by Ctrl-C, after teardown.
    Interrupted,
    /// Stopped by SIGTERM, after teardown.
    Terminated,
}

/// The exit codes for `--help` and the manual page.
pub const HELP: &str = "\
Exit codes:
  0        every objective is met
  1        Blackstart itself failed
  2        the command line, a plan or a scenario is wrong; nothing was started
  4        no scenario matches
  99       an objective is missed; the data is intact. `due`: a drill is due; `health`: a figure is missed
  100      the data is wrong, or the service did not come back
  105      the environment failed, or nothing can be concluded
  110      a report could not be written
  130, 143 stopped by Ctrl-C or SIGTERM, after teardown
Of several drills the first of 130/143, 1, 100, 99, 105, 110 counts.";

impl Exit {
    /// From the worst to the best, of several drills.
    const WORST_FIRST: [Self; 10] = [
        Self::Interrupted,
        Self::Terminated,
        Self::Usage,
        Self::NothingSelected,
        Self::Internal,
        Self::DataWrong,
        Self::ObjectiveMissed,
        Self::Inconclusive,
        Self::ReportNotWritten,
        Self::Met,
    ];

    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Met => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::NothingSelected => 4,
            Self::ObjectiveMissed => 99,
            Self::DataWrong => 100,
            Self::Inconclusive => 105,
            Self::ReportNotWritten => 110,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// The one of both that counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::WORST_FIRST.into_iter().find(|one| *one == self || *one == other).unwrap_or(self)
    }

    /// What a verdict asks for.
    pub fn of(verdict: &DrillVerdict) -> Self {
        let asked = Self::WORST_FIRST.into_iter().find(|one| one.code() == verdict.exit_code);
        asked.unwrap_or(Self::Internal)
    }

    /// After the signal of this number.
    pub const fn of_signal(signal: i32) -> Self {
        if signal == 15 { Self::Terminated } else { Self::Interrupted }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_drills_the_worst_counts() {
        use Exit::*;
        for (one, other, both) in [
            (Met, Met, Met),
            (Met, ReportNotWritten, ReportNotWritten),
            (Inconclusive, ReportNotWritten, Inconclusive),
            (ObjectiveMissed, Inconclusive, ObjectiveMissed),
            (ObjectiveMissed, DataWrong, DataWrong),
            (DataWrong, Internal, Internal),
            (Internal, Interrupted, Interrupted),
            (Terminated, DataWrong, Terminated),
        ] {
            assert_eq!((one.and(other), other.and(one)), (both, both), "{one:?} and {other:?}");
        }
    }
}
