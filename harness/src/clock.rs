//! The one clock that durations come from.

use std::time::Instant;

use blackstart_record::time::Nanos;

/// A drill's monotonic clock: nanoseconds since its origin. Cheap to copy; all copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose origin is now.
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// The present instant.
    pub fn now(self) -> Nanos {
        self.origin.elapsed().into()
    }

    /// The wall clock's reading at `at`, a past instant: for people and their programs.
    pub fn timestamp_at(self, at: Nanos) -> jiff::Timestamp {
        let ago = std::time::Duration::from(self.now().since(at));
        jiff::Timestamp::now() - ago
    }

    /// The instant at which this clock reads `at`.
    pub fn instant(self, at: Nanos) -> Instant {
        self.origin + std::time::Duration::from(at)
    }
}

/// The wall clock as RFC 3339 in UTC, for people; never the source of a duration.
pub fn wall() -> String {
    jiff::Timestamp::now().to_string()
}
