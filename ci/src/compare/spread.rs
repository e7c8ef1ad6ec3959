//! Median and interval of a few measurements.

/// A median, and the interval that holds the true one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle of what was measured.
    pub median: f64,
    /// The interval's lower end.
    pub lower: f64,
    /// Its upper end.
    pub upper: f64,
    /// How many measurements there were.
    pub samples: usize,
}

/// The longest chance, on each side, that the true median lies outside the interval.
const OUTSIDE: f64 = 0.025;

impl Spread {
    /// The spread of `values`; `None` of none. The interval is that of the order statistics, which assumes no
    /// distribution: 95 % and more from six measurements on; of fewer it is their whole range.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let samples = values.len();
        let middle = |at: usize| values.get(at).copied();
        let median = f64::midpoint(middle(samples.checked_sub(1)? / 2)?, middle(samples / 2)?);
        let cut = cut(samples);
        Some(Self { median, lower: middle(cut)?, upper: middle(samples - 1 - cut)?, samples })
    }
}

/// How many measurements may be left out at each end.
fn cut(samples: usize) -> usize {
    // Of `samples` measurements, `k` lie below the true median with the chance of `k` heads in as many tosses.
    let mut chance = 0.5_f64.powf(samples as f64);
    let mut tail = chance;
    let mut cut = 0;
    while cut < samples {
        chance *= (samples - cut) as f64 / (cut + 1) as f64;
        tail += chance;
        if tail > OUTSIDE {
            break;
        }
        cut += 1;
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_whatever_the_order() {
        for (values, median) in [(&[3.0][..], 3.0), (&[4.0, 1.0], 2.5), (&[9.0, 1.0, 2.0], 2.0)] {
            let spread = Spread::of(values.to_vec()).unwrap();
            assert_eq!(spread.median, median, "{values:?}");
            assert!(spread.lower <= median && median <= spread.upper);
        }
        assert_eq!(Spread::of(Vec::new()), None);
    }

    /// The table of the sign test: how many of n values lie outside a 95 % interval of the median, on each side.
    #[test]
    fn the_interval_is_that_of_the_sign_test() {
        for (samples, expected) in [(1, 0), (5, 0), (6, 0), (8, 0), (9, 1), (11, 1), (12, 2), (20, 5), (25, 7)] {
            assert_eq!(cut(samples), expected, "of {samples}");
        }
    }

    #[test]
    fn a_single_wild_measurement_of_many_moves_neither_median_nor_interval() {
        let mut values: Vec<f64> = (0..12).map(|step| 1.0 + f64::from(step) / 100.0).collect();
        let calm = Spread::of(values.clone()).unwrap();
        values[11] = 50.0;
        assert_eq!(Spread::of(values), Some(calm));
    }
}
