//! What a count says of the chance behind it: exact one-sided bounds (Clopper and Pearson), at 95 % confidence.

/// How sure a bound is.
pub const CONFIDENCE: f64 = 0.95;

/// Halving an interval this often leaves nothing of it that a figure could show.
const HALVINGS: usize = 60;

/// The chance above which `seen` or fewer of `of` would come 5 % of the time or less.
pub fn upper_bound(seen: u64, of: u64) -> f64 {
    if seen >= of {
        return 1.0;
    }
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if at_most(seen, of, middle) > 1.0 - CONFIDENCE { low = middle } else { high = middle }
    }
    high
}

/// The chance below which `seen` or more of `of` would come 5 % of the time or less.
pub fn lower_bound(seen: u64, of: u64) -> f64 {
    1.0 - upper_bound(of.saturating_sub(seen), of)
}

/// The chance of at most `seen` of `of`, each with this chance of its own. In logarithms: of thousands, a single term may be
/// smaller than any number.
fn at_most(seen: u64, of: u64, chance: f64) -> f64 {
    let odds = chance.ln() - (1.0 - chance).ln();
    let mut term = of as f64 * (1.0 - chance).ln();
    let mut sum = term.exp();
    for number in 0..seen {
        term += ((of - number) as f64 / (number + 1) as f64).ln() + odds;
        sum += term.exp();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_tables() {
        // Clopper and Pearson's one-sided 95 % limits, in per cent.
        for (seen, of, lower, upper) in [
            (0, 200, 0.0, 1.487),
            (0, 10, 0.0, 25.887),
            (0, 1, 0.0, 95.0),
            (1, 10, 0.512, 39.416),
            (1, 200, 0.026, 2.350),
            (10, 10, 74.113, 100.0),
            (12, 12, 77.908, 100.0),
            (59, 59, 95.049, 100.0),
            (2_995, 2_995, 99.900, 100.0),
            (0, 0, 0.0, 100.0),
        ] {
            let found = (lower_bound(seen, of) * 100.0, upper_bound(seen, of) * 100.0);
            assert!((found.0 - lower).abs() < 0.001, "{seen} of {of}: from {}", found.0);
            assert!((found.1 - upper).abs() < 0.001, "{seen} of {of}: up to {}", found.1);
        }
    }

    #[test]
    fn both_bounds_hold_the_share_that_was_seen_however_many_there_are() {
        for of in [1, 2, 7, 40, 3_000] {
            for seen in (0..=of).step_by(1 + of as usize / 50) {
                let share = seen as f64 / of as f64;
                let (low, high) = (lower_bound(seen, of), upper_bound(seen, of));
                assert!(low <= share && share <= high, "{seen} of {of}: {low} to {high}");
                assert!(seen == 0 || low > 0.0, "{seen} of {of}");
                assert!(seen == of || high < 1.0, "{seen} of {of}");
            }
        }
    }
}
