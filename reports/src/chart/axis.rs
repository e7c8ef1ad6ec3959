//! Scales: seconds from the first fault, durations by powers of ten, and counts.

use blackstart_record::time::Nanos;

use super::canvas::{Anchor, Canvas, Face};
use super::palette::Role;
use crate::words;

/// A level scale between two values and two places.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// The value at `from`.
    pub low: f64,
    /// The value at `to`.
    pub high: f64,
    /// The place of `low`, in units.
    pub from: f64,
    /// The place of `high`.
    pub to: f64,
}

impl Scale {
    /// A scale; values that do not span anything get a span.
    pub fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, from, to }
    }

    /// The place of a value, not outside of the scale.
    pub fn at(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }

    /// Round values on the scale, `most` at most.
    pub fn ticks(&self, most: usize) -> Vec<f64> {
        let step = step((self.high - self.low) / most.max(1) as f64);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(|index| index as f64 * step).collect()
    }
}

/// The next greater of 1, 2, 5 times a power of ten.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(1e-9).log10().floor());
    let multiple = [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * power >= least * 0.999_999).unwrap_or(10.0);
    multiple * power
}

/// Paints a level axis of seconds from the first fault, with upright grid lines between `top` and `bottom`.
pub fn seconds(canvas: &Canvas<'_>, scale: &Scale, (top, bottom): (f64, f64), has_fault: bool) -> Result<(), String> {
    let face = Face::new(Role::Muted, 11.5).at(Anchor::Middle);
    for tick in scale.ticks(9) {
        let x = scale.at(tick);
        canvas.line((x, top), (x, bottom), Role::Rule, 0.8)?;
        canvas.text((x, bottom + 12.0), &second(tick), face)?;
    }
    let says = if has_fault { "seconds from the first fault" } else { "seconds from the drill\u{2019}s start" };
    canvas.text((scale.to, bottom + 28.0), says, face.at(Anchor::End))
}

fn second(value: f64) -> String {
    let sign = if value < -1e-9 { "\u{2212}" } else { "" };
    format!("{sign}{}", words::figure(value.abs()))
}

/// A scale of durations by powers of ten: eight seconds can be read beside an hour.
#[derive(Clone, Copy, Debug)]
pub struct Decades {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

const DURATIONS: [(u64, &str); 14] = [
    (1_000, "1 us"),
    (1_000_000, "1 ms"),
    (10_000_000, "10 ms"),
    (100_000_000, "100 ms"),
    (1_000_000_000, "1 s"),
    (10_000_000_000, "10 s"),
    (60_000_000_000, "1 min"),
    (600_000_000_000, "10 min"),
    (3_600_000_000_000, "1 h"),
    (14_400_000_000_000, "4 h"),
    (86_400_000_000_000, "1 d"),
    (604_800_000_000_000, "7 d"),
    (2_592_000_000_000_000, "30 d"),
    (31_536_000_000_000_000, "365 d"),
];

impl Decades {
    /// A scale that holds all of `durations` with room on both sides; zero has a place at its start.
    pub fn holding(durations: &[Nanos], (from, to): (f64, f64)) -> Self {
        let logs = || durations.iter().filter(|d| d.0 > 0).map(|d| (d.0 as f64).log10());
        let least = logs().fold(f64::INFINITY, f64::min);
        let most = logs().fold(f64::NEG_INFINITY, f64::max);
        let (least, most) = if least <= most { (least, most) } else { (9.0, 10.0) };
        Self { low: least - 0.7, high: most + 0.5, from, to }
    }

    /// The place of a duration.
    pub fn at(&self, duration: Nanos) -> f64 {
        if duration.0 == 0 {
            return self.from;
        }
        let share = ((duration.0 as f64).log10() - self.low) / (self.high - self.low);
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Round durations on the scale, at least `least` units from each other.
    pub fn ticks(&self, least: f64) -> Vec<(f64, &'static str)> {
        let mut ticks: Vec<(f64, &'static str)> = Vec::new();
        for (nanos, name) in DURATIONS {
            let log = (nanos as f64).log10();
            let x = self.at(Nanos(nanos));
            let room = ticks.last().is_none_or(|(last, _)| (x - last).abs() >= least);
            if log > self.low && log < self.high && room {
                ticks.push((x, name));
            }
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let scale = Scale::new((-12.3, 47.0), (0.0, 100.0));
        assert_eq!(scale.ticks(9), [-10.0, 0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(Scale::new((0.0, 0.9), (0.0, 1.0)).ticks(5), [0.0, 0.2, 0.4, 0.600_000_000_000_000_1, 0.8]);
        for span in [1e-6, 0.3, 7.0, 86_400.0, 1e9] {
            let ticks = Scale::new((-span / 3.0, span), (0.0, 1.0)).ticks(9);
            assert!((2..=10).contains(&ticks.len()), "{span}: {ticks:?}");
        }
    }

    #[test]
    fn a_scale_keeps_everything_on_the_paper() {
        let scale = Scale::new((0.0, 10.0), (100.0, 200.0));
        assert_eq!((scale.at(-5.0), scale.at(5.0), scale.at(50.0)), (100.0, 150.0, 200.0));
        assert_eq!(Scale::new((3.0, 3.0), (0.0, 1.0)).at(3.0), 0.0);
    }

    #[test]
    fn eight_seconds_and_an_hour_both_have_room() {
        let scale = Decades::holding(&[Nanos::from_secs(8), Nanos::from_secs(3600)], (0.0, 450.0));
        let (short, long) = (scale.at(Nanos::from_secs(8)), scale.at(Nanos::from_secs(3600)));
        assert!(short > 45.0 && long - short > 200.0 && long < 420.0, "{short} {long}");
        assert_eq!(scale.at(Nanos::ZERO), 0.0);
        assert!(scale.ticks(44.0).iter().any(|(_, name)| *name == "1 min"));
        assert!(!Decades::holding(&[], (0.0, 100.0)).ticks(44.0).is_empty());
    }
}
