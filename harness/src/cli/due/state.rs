//! Whether a drill is due: its cadence held against the times at which it was run.

use jiff::Timestamp;
use serde::Serialize;

use crate::plan::Cadence;

/// Whether a drill is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It was run since its time last came.
    Done,
    /// Its time has come and it was not run since, or it never was.
    Due,
    /// Its time has come again since it should have been run.
    Overdue,
}

impl State {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Due => "due",
            Self::Overdue => "overdue",
        }
    }
}

/// When a drill is due, at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Times {
    /// Whether it is.
    pub state: State,
    /// Since when; `None`: it is not.
    pub since: Option<Timestamp>,
    /// When its time comes next; `None`: not within four years.
    pub next: Option<Timestamp>,
}

/// Of a drill that was last run at `last`, if ever, asked at `now`.
pub fn times(cadence: &Cadence, last: Option<Timestamp>, now: Timestamp) -> Times {
    let passed = |at: Option<Timestamp>| at.filter(|at| *at <= now);
    let since = match last {
        Some(last) => passed(cadence.next(last)),
        None => cadence.last(now),
    };
    let again = since.and_then(|since| passed(cadence.next(since)));
    let state = match (since, again) {
        (None, _) if last.is_some() => State::Done,
        (_, Some(_)) => State::Overdue,
        _ => State::Due,
    };
    Times { state, since, next: cadence.next(now) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_is_due_when_its_time_has_come_and_overdue_when_it_came_again() {
        use State::*;
        // The first Mondays: 5 October, 2 November, 7 December. When it was last run, when it is asked, state, since when.
        for (last, now, state, since) in [
            (Some("2026-11-02T02:00:00Z"), "2026-11-29T12:00:00Z", Done, None),
            (Some("2026-11-20T09:30:00Z"), "2026-12-07T01:59:59Z", Done, None),
            (Some("2026-11-20T09:30:00Z"), "2026-12-07T02:00:00Z", Due, Some("2026-12-07T02:00:00Z")),
            // A minute too early is not on the first Monday.
            (Some("2026-11-02T01:59:00Z"), "2026-11-29T12:00:00Z", Due, Some("2026-11-02T02:00:00Z")),
            (Some("2026-10-05T02:00:10Z"), "2026-11-29T12:00:00Z", Due, Some("2026-11-02T02:00:00Z")),
            (Some("2026-10-05T01:00:00Z"), "2026-11-29T12:00:00Z", Overdue, Some("2026-10-05T02:00:00Z")),
            (Some("2025-01-01T00:00:00Z"), "2026-11-29T12:00:00Z", Overdue, Some("2025-01-06T02:00:00Z")),
            (None, "2026-11-29T12:00:00Z", Due, Some("2026-11-02T02:00:00Z")),
        ] {
            let at = |text: &str| text.parse::<Timestamp>().unwrap();
            let cadence = crate::plan::Cadence::parse("0 2 * * Mon#1").unwrap();
            let found = times(&cadence, last.map(at), at(now));
            assert_eq!((found.state, found.since), (state, since.map(at)), "{last:?} at {now}");
            assert!(found.next.is_some_and(|next| next > at(now)), "{last:?} at {now}");
        }
    }
}
