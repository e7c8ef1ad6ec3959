//! Histories of any length on paper of one width: each bucket keeps its least and its greatest value, so that no peak
//! is lost, and a line is never drawn across missing figures.

/// A figure at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The instant, in seconds.
    pub at: f64,
    /// The figure.
    pub value: f64,
}

/// Buckets over the whole width.
pub const BUCKETS: usize = 600;

/// More pieces than this make a picture coarser instead of larger.
pub const PIECES: usize = 150;

/// Lines through `samples`, which are in order of time: a new line begins wherever two follow each other by more than
/// `gap` seconds. At most two points per bucket are left, and at most [`PIECES`] lines.
pub fn lines(samples: &[Sample], range: (f64, f64), gap: f64) -> Vec<Vec<Sample>> {
    coarser(|buckets| thinned(samples, range, gap, buckets))
}

/// What `make` makes of the finest division that gives at most [`PIECES`].
pub fn coarser<T>(make: impl Fn(usize) -> Vec<T>) -> Vec<T> {
    let mut buckets = BUCKETS;
    loop {
        let made = make(buckets);
        if made.len() <= PIECES || buckets <= PIECES {
            return made;
        }
        buckets = (buckets / 2).max(PIECES);
    }
}

fn thinned(samples: &[Sample], (low, high): (f64, f64), gap: f64, buckets: usize) -> Vec<Vec<Sample>> {
    let width = ((high - low) / buckets as f64).max(f64::MIN_POSITIVE);
    let bucket_of = |sample: &Sample| ((sample.at - low) / width).floor().clamp(0.0, buckets as f64 - 1.0) as usize;
    let dense = samples.len() > 2 * buckets || buckets < BUCKETS;
    let mut lines: Vec<Vec<Sample>> = Vec::new();
    let mut last: Option<Sample> = None;
    for bucket in samples.chunk_by(|a, b| dense && bucket_of(a) == bucket_of(b)) {
        let Some(first) = bucket.first() else { continue };
        let broken_inside = bucket.windows(2).any(|pair| pair[1].at - pair[0].at > gap);
        let joined = last.is_some_and(|last| first.at - last.at <= gap) && !broken_inside;
        match lines.last_mut() {
            Some(line) if joined => line.extend(extremes(bucket)),
            _ => lines.push(extremes(bucket)),
        }
        last = bucket.last().copied().filter(|_| !broken_inside);
    }
    lines
}

/// The least and the greatest of a bucket, in order of time; one if they are the same.
fn extremes(bucket: &[Sample]) -> Vec<Sample> {
    let least = bucket.iter().copied().min_by(|a, b| a.value.total_cmp(&b.value));
    let most = bucket.iter().copied().max_by(|a, b| a.value.total_cmp(&b.value));
    match (least, most) {
        (Some(least), Some(most)) if least == most => vec![least],
        (Some(least), Some(most)) if least.at <= most.at => vec![least, most],
        (Some(least), Some(most)) => vec![most, least],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(values: impl IntoIterator<Item = (u32, f64)>) -> Vec<Sample> {
        values.into_iter().map(|(at, value)| Sample { at: f64::from(at), value }).collect()
    }

    fn points(lines: &[Vec<Sample>]) -> usize {
        lines.iter().map(Vec::len).sum()
    }

    #[test]
    fn a_short_history_is_kept_as_it_is() {
        let samples = seconds((0..60).map(|at| (at, f64::from(at % 7))));
        assert_eq!(lines(&samples, (0.0, 60.0), 1.5), [samples]);
    }

    #[test]
    fn no_line_crosses_missing_seconds() {
        let samples = seconds((0..60).filter(|at| !(20..30).contains(at)).map(|at| (at, 5.0)));
        let drawn = lines(&samples, (0.0, 60.0), 1.5);
        assert_eq!(drawn.len(), 2);
        assert_eq!((drawn[0].len(), drawn[1].len()), (20, 30));
    }

    #[test]
    fn every_peak_of_a_week_stays_and_the_points_stay_few() {
        let week = 7 * 86_400;
        let peaks = [17, 86_399, 100_000, 333_333, week - 1];
        let outages = [5_000, 200_001, 500_000];
        let value = |at: u32| match at {
            at if peaks.contains(&at) => 9_999.0,
            at if outages.contains(&at) => 0.0,
            at => 500.0 + f64::from(at % 13),
        };
        let samples = seconds((0..week).map(|at| (at, value(at))));
        let drawn = lines(&samples, (0.0, f64::from(week)), 1.5);
        assert!(points(&drawn) <= 2 * BUCKETS);
        let kept: Vec<Sample> = drawn.into_iter().flatten().collect();
        for at in peaks.into_iter().chain(outages) {
            assert!(kept.contains(&Sample { at: f64::from(at), value: value(at) }), "the peak at {at}");
        }
    }

    #[test]
    fn a_history_full_of_gaps_stays_small_too() {
        let samples = seconds((0..500_000).step_by(3).map(|at| (at, f64::from(at % 11))));
        let drawn = lines(&samples, (0.0, 500_000.0), 1.5);
        assert!(points(&drawn) <= 2 * BUCKETS && drawn.len() <= PIECES, "{} lines", drawn.len());
        let few = seconds([(1, 1.0)]);
        assert_eq!(lines(&few, (1.0, 1.0), 1.5), [few]);
        assert!(lines(&[], (0.0, 0.0), 1.5).is_empty());
    }

    #[test]
    fn a_gap_inside_a_bucket_is_not_bridged_to_the_next() {
        let mut samples = seconds((0..100_000).map(|at| (at, 1.0)));
        samples.retain(|sample| !(50_000.0..50_100.0).contains(&sample.at));
        assert!(lines(&samples, (0.0, 100_000.0), 1.5).len() >= 2);
    }
}
