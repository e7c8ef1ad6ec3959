//! Instants and durations of one monotonic clock, in nanoseconds.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Nanoseconds: an instant since the drill's origin on the harness's monotonic clock, or a duration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Nanos(pub u64);

impl Nanos {
    /// No time at all; the drill's origin.
    pub const ZERO: Self = Self(0);

    /// From whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// From whole milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// As seconds, for arithmetic on charts and in text; never for a judgement.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// `self - earlier`, or zero where `earlier` is the later one.
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// `self + other`, saturating.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl From<std::time::Duration> for Nanos {
    fn from(duration: std::time::Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Nanos> for std::time::Duration {
    fn from(nanos: Nanos) -> Self {
        Self::from_nanos(nanos.0)
    }
}

/// For people: at most two units (`1 h 5 min`, `12.34 s`, `8.1 ms`), rounded for reading.
impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
        let seconds = self.as_secs_f64();
        if self.0 == 0 {
            return write!(f, "0 s");
        }
        if seconds < 0.000_999_5 {
            return write!(f, "{:.0} us", seconds * 1e6);
        }
        if seconds < 0.999_5 {
            let decimals = if seconds < 0.009_95 { 1 } else { 0 };
            return write!(f, "{:.decimals$} ms", seconds * 1e3);
        }
        if seconds < 59.995 {
            let text = format!("{seconds:.2}");
            return write!(f, "{} s", text.trim_end_matches('0').trim_end_matches('.'));
        }
        let whole = seconds.round() as u64;
        let mut parts = Vec::new();
        let mut rest = whole;
        for (size, name) in UNITS {
            if rest >= size && parts.len() < 2 {
                parts.push(format!("{} {name}", rest / size));
                rest %= size;
            } else if !parts.is_empty() {
                break;
            }
        }
        write!(f, "{}", parts.join(" "))
    }
}

/// A measured time between two bounds, both inclusive: the truth lies inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The least it can have been.
    pub lower: Nanos,
    /// The most it can have been.
    pub upper: Nanos,
}

impl Interval {
    /// An interval of no width.
    pub const fn exactly(at: Nanos) -> Self {
        Self { lower: at, upper: at }
    }

    /// Its width: how coarse the measurement is.
    pub const fn width(self) -> Nanos {
        self.upper.since(self.lower)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lower, upper) = (self.lower.to_string(), self.upper.to_string());
        if lower == upper { write!(f, "{lower}") } else { write!(f, "{lower} to {upper}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        let cases = [
            (0, "0 s"),
            (1_500, "2 us"),
            (8_100_000, "8.1 ms"),
            (250_000_000, "250 ms"),
            (999_900_000, "1 s"),
            (12_340_000_000, "12.34 s"),
            (59_999_000_000, "1 min"),
            (60_000_000_000, "1 min"),
            (3_900_000_000_000, "1 h 5 min"),
            (3_605_000_000_000, "1 h"),
            (90_000_000_000_000, "1 d 1 h"),
        ];
        for (nanos, text) in cases {
            assert_eq!(Nanos(nanos).to_string(), text, "{nanos} ns");
        }
    }
}
