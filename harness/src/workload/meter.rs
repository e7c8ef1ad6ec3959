//! Counts and latencies, second by second.

use blackstart_record::event::Tally;
use blackstart_record::time::Nanos;
use hdrhistogram::Histogram;

/// Longest latency told apart: an hour.
const LONGEST: u64 = 3_600_000_000_000;

/// How an operation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Acknowledged,
    Failed,
    RolledBack,
    Unknown,
}

/// The counters of the second that runs.
#[derive(Debug)]
pub(super) struct Meter {
    tally: Tally,
    latencies: Histogram<u64>,
    last_acknowledged: Option<Nanos>,
}

impl Meter {
    #[allow(clippy::expect_used, reason = "the bounds are constants that hold")]
    pub fn new() -> Self {
        // Three digits are finer than any latency repeats.
        let latencies = Histogram::new_with_max(LONGEST, 3).expect("constant bounds");
        Self { tally: Tally::default(), latencies, last_acknowledged: None }
    }

    /// Counts an operation that was due at `due` and ended at `ended`.
    pub fn count(&mut self, count: Count, due: Nanos, ended: Nanos) {
        match count {
            Count::Acknowledged => {
                self.tally.acknowledged += 1;
                self.latencies.saturating_record(ended.since(due).0);
                self.last_acknowledged = self.last_acknowledged.max(Some(ended));
            }
            Count::Failed => self.tally.failed += 1,
            Count::RolledBack => self.tally.rolled_back += 1,
            Count::Unknown => self.tally.unknown += 1,
        }
    }

    /// The counters since the last call.
    pub fn take(&mut self) -> Tally {
        let quantile = |q| Nanos(self.latencies.value_at_quantile(q));
        let (p50, p99, max) = (quantile(0.5), quantile(0.99), Nanos(self.latencies.max()));
        self.latencies.reset();
        Tally { p50, p99, max, ..std::mem::take(&mut self.tally) }
    }

    /// When an operation was acknowledged last, over the meter's whole life.
    pub fn last_acknowledged(&self) -> Option<Nanos> {
        self.last_acknowledged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_counted_once_and_only_acknowledgements_have_latencies() {
        let mut meter = Meter::new();
        for millis in 1..=100 {
            meter.count(Count::Acknowledged, Nanos::ZERO, Nanos::from_millis(millis));
        }
        meter.count(Count::Failed, Nanos::ZERO, Nanos::from_secs(50));
        meter.count(Count::RolledBack, Nanos::ZERO, Nanos::from_secs(50));
        meter.count(Count::Unknown, Nanos::ZERO, Nanos::from_secs(50));
        let tally = meter.take();
        assert_eq!((tally.acknowledged, tally.failed, tally.rolled_back, tally.unknown), (100, 1, 1, 1));
        let near = |nanos: Nanos, millis: f64| (nanos.as_secs_f64() * 1e3 - millis).abs() < millis / 500.0;
        assert!(near(tally.p50, 50.0) && near(tally.p99, 99.0) && near(tally.max, 100.0), "{tally:?}");
        assert_eq!(meter.take(), Tally::default());
        assert_eq!(meter.last_acknowledged(), Some(Nanos::from_millis(100)));
    }
}
