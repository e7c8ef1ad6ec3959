//! Figures of histories that are small enough to be worked out by hand.

use blackstart_record::bound::lower_bound;
use blackstart_record::plan::{Origin, Sourced};
use blackstart_record::time::{Interval, Nanos};
use blackstart_record::verdict::Verdict::{self, Inconclusive, Met, Missed};

use super::figures::{down, figures, up};
use super::seen::{Seen, Worst};
use crate::plan::{Health, Share};

fn stated<T>(value: T) -> Option<Sourced<T>> {
    Some(Sourced { value, origin: Origin::Stated })
}

/// What Baraka Logistics' document says.
fn document() -> Health {
    let share = |text: &str| stated(Share::parse(text).unwrap());
    let minutes = |minutes: u64| stated(Nanos::from_secs(60 * minutes));
    Health {
        backup_success: share("99.9%"),
        mean_recovery: minutes(25),
        data_loss: minutes(5),
        drill_success: share("95%"),
    }
}

/// A drill that recovered within so many minutes and lost so many seconds.
fn drill(minutes: u64, seconds: u64) -> Seen {
    let recovery = Interval { lower: Nanos::from_secs(60 * minutes - 1), upper: Nanos::from_secs(60 * minutes) };
    let lost = Some(Nanos::from_secs(seconds));
    Seen { verdict: Met, backups: [1, 0], recovery: Some(recovery), lost, exposure: Worst::Unbounded, bytes: 1 }
}

fn drills(number: usize) -> Vec<Seen> {
    vec![drill(10, 60); number]
}

fn and(mut many: Vec<Seen>, one: Seen) -> Vec<Seen> {
    many.push(one);
    many
}

/// What was seen, and the verdicts on backup success, drill success, mean recovery and data loss.
fn histories() -> Vec<(&'static str, Vec<Seen>, [Verdict; 4])> {
    let failed = Seen { verdict: Missed, backups: [0, 1], exposure: Worst::Unknown, ..Seen::default() };
    let unknown = Seen { verdict: Inconclusive, exposure: Worst::Unknown, ..Seen::default() };
    let exposed = Seen { exposure: Worst::Of(Nanos::from_secs(86_400)), ..drill(10, 2) };
    let unstated = Seen { exposure: Worst::Unknown, ..drill(10, 2) };
    let straddling =
        Seen { recovery: Some(Interval { lower: Nanos(1), upper: Nanos::from_secs(36_000) }), ..drill(1, 2) };
    vec![
        ("nothing", Vec::new(), [Inconclusive; 4]),
        ("one drill", drills(1), [Inconclusive; 4]),
        ("four drills", drills(4), [Inconclusive; 4]),
        ("five drills", drills(5), [Inconclusive, Inconclusive, Met, Met]),
        ("12 of 12", drills(12), [Inconclusive, Inconclusive, Met, Met]),
        ("58 of 58", drills(58), [Inconclusive, Inconclusive, Met, Met]),
        ("59 of 59", drills(59), [Inconclusive, Met, Met, Met]),
        ("2994 of 2994", drills(2_994), [Inconclusive, Met, Met, Met]),
        ("2995 of 2995", drills(2_995), [Met; 4]),
        ("one backup failed of 13", and(drills(12), failed.clone()), [Missed, Inconclusive, Missed, Inconclusive]),
        ("an inconclusive one among 59", and(drills(58), unknown), [Inconclusive, Inconclusive, Met, Met]),
        ("a schedule that allows a day", and(drills(12), exposed), [Inconclusive, Inconclusive, Met, Missed]),
        ("no schedule", and(drills(12), unstated), [Inconclusive, Inconclusive, Met, Inconclusive]),
        ("five minutes lost once", and(drills(12), drill(10, 300)), [Inconclusive, Inconclusive, Met, Missed]),
        ("slow ones", vec![drill(26, 2); 12], [Inconclusive, Inconclusive, Missed, Met]),
        ("an average that may be either", and(drills(5), straddling), [Inconclusive, Inconclusive, Inconclusive, Met]),
    ]
}

#[test]
fn a_figure_is_met_or_missed_only_where_so_many_drills_show_it() {
    for (what, seen, expected) in histories() {
        let found = figures(&seen, &document());
        let verdicts: Vec<Verdict> = found.iter().map(|figure| figure.verdict.unwrap()).collect();
        assert_eq!(verdicts, expected, "{what}: {found:#?}");
    }
}

#[test]
fn a_figure_says_of_how_many_it_is_and_what_they_show() {
    let found = figures(&drills(12), &document());
    let said: Vec<String> = found.iter().map(|one| format!("{} of {}: {}", one.found, one.n, one.says)).collect();
    assert_eq!(
        said,
        [
            "12 of 12 backups succeeded of 12: from 12 follows no more than 77.9 % to 100.0 %, and it has to be 99.9 %",
            "12 met, 0 missed, 0 inconclusive of 12: from 12 follows no more than 77.9 % to 100.0 %, and it has to be 95 %",
            "10 min on average (upper ends) of 12: 77.9 % of such drills at least keep it",
            "1 min lost at worst, 1 min on average of 12: 77.9 % of such drills at least keep it",
        ]
    );
    assert!(figures(&drills(12), &Health::default()).iter().all(|figure| figure.verdict.is_none()));
}

#[test]
fn nothing_is_rounded_to_the_better() {
    for (share, low, high) in [
        (0.99899, "99.8 %", "99.9 %"),
        (0.999_999, "99.9 %", "100.0 %"),
        (0.5, "50.0 %", "50.0 %"),
        (0.0, "0.0 %", "0.0 %"),
        (lower_bound(1, 1), "5.0 %", "5.0 %"),
    ] {
        assert_eq!((down(share), up(share)), (low.to_owned(), high.to_owned()), "{share}");
    }
}
