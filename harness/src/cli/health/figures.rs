//! Figures over many drills, each held against what the document says, with how many there were and what they allow to claim.

use blackstart_record::bound::{lower_bound, upper_bound};
use blackstart_record::plan::Sourced;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::Verdict;
use serde::Serialize;

use super::seen::Seen;
use crate::plan::{Health, Share};

/// A mean or a worst value says nothing of the next drill unless more drills than not are shown to keep the limit: five in a
/// row do.
const MOST: f64 = 0.5;

/// A figure over many drills.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// What the document says of it; `None`: nothing, and there is no verdict.
    pub limit: Option<Sourced<String>>,
    /// What was found.
    pub found: String,
    /// Of how many.
    pub n: u64,
    /// Of how many of them it holds.
    pub holds: u64,
    /// Between which shares it holds in the long run, each end with 95 % confidence; `None`: there is nothing to hold.
    pub bounds: Option<[f64; 2]>,
    /// What follows.
    pub verdict: Option<Verdict>,
    /// Why, in one sentence.
    pub says: String,
}

/// The figures over what was seen.
pub fn figures(seen: &[Seen], health: &Health) -> Vec<Figure> {
    vec![
        backup_success(seen, health.backup_success.as_ref()),
        drill_success(seen, health.drill_success.as_ref()),
        mean_recovery(seen, health.mean_recovery.as_ref()),
        data_loss(seen, health.data_loss.as_ref()),
    ]
}

fn backup_success(seen: &[Seen], limit: Option<&Sourced<Share>>) -> Figure {
    let sum = |index: usize| seen.iter().map(|seen| seen.backups[index]).sum::<u64>();
    let (good, bad) = (sum(0), sum(1));
    rate("backup success", limit, [good, 0, bad], format!("{good} of {} backups succeeded", good + bad))
}

fn drill_success(seen: &[Seen], limit: Option<&Sourced<Share>>) -> Figure {
    let of = |verdict: Verdict| seen.iter().filter(|seen| seen.verdict == verdict).count() as u64;
    let counts = [of(Verdict::Met), of(Verdict::Inconclusive), of(Verdict::Missed)];
    let [met, unknown, missed] = counts;
    rate("drill success", limit, counts, format!("{met} met, {missed} missed, {unknown} inconclusive"))
}

/// A share of good ones that is to reach the limit. Those of which nothing is known may be either.
fn rate(name: &'static str, limit: Option<&Sourced<Share>>, [good, unknown, bad]: [u64; 3], found: String) -> Figure {
    let n = good + unknown + bad;
    let bounds = [lower_bound(good, n), upper_bound(good + unknown, n)];
    let (low, high) = (down(bounds[0]), up(bounds[1]));
    let judged = limit.map(|limit| match &limit.value {
        _ if n == 0 => (Verdict::Inconclusive, "there was none".to_owned()),
        least if bounds[1] < least.of_one => (Verdict::Missed, format!("it is {high} at most, and has to be {least}")),
        least if bounds[0] >= least.of_one => (Verdict::Met, format!("it is {low} at least, and has to be {least}")),
        least => {
            (Verdict::Inconclusive, format!("from {n} follows no more than {low} to {high}, and it has to be {least}"))
        }
    });
    figure(name, limit.map(|limit| text(limit, "")), found, [n, good], (n > 0).then_some(bounds), judged)
}

fn mean_recovery(seen: &[Seen], limit: Option<&Sourced<Nanos>>) -> Figure {
    let never = seen.iter().filter(|seen| seen.verdict == Verdict::Missed && seen.recovery.is_none()).count();
    let measured: Vec<_> = known(seen).filter_map(|seen| seen.recovery).collect();
    let n = (measured.len() + never) as u64;
    let mean_upper = mean(measured.iter().map(|recovery| recovery.upper));
    let mean_lower = mean(measured.iter().map(|recovery| recovery.lower));
    let within = measured.iter().filter(|one| limit.is_none_or(|limit| one.upper <= limit.value)).count() as u64;
    let bounds = [lower_bound(within, n), upper_bound(within, n)];
    let found = match (mean_upper, never) {
        (None, 0) => "no recovery was measured".to_owned(),
        (None, never) => format!("none of {never} recovered"),
        (Some(mean), 0) => format!("{mean} on average (upper ends)"),
        (Some(mean), never) => format!("{mean} on average (upper ends), and {never} that never recovered"),
    };
    let judged = limit.map(|limit| match mean_upper.zip(mean_lower) {
        _ if never > 0 => (Verdict::Missed, format!("{never} of {n} never recovered: there is no average")),
        None => (Verdict::Inconclusive, "there was none".to_owned()),
        Some((_, lower)) if lower > limit.value => {
            (Verdict::Missed, format!("{lower} at least are above {}", limit.value))
        }
        Some((upper, _)) if upper > limit.value => {
            (Verdict::Inconclusive, format!("{} lies within what was measured", limit.value))
        }
        Some(_) => enough(n, bounds),
    });
    figure(
        "mean recovery",
        limit.map(|limit| text(limit, "at most ")),
        found,
        [n, within],
        limit.filter(|_| n > 0).map(|_| bounds),
        judged,
    )
}

fn data_loss(seen: &[Seen], limit: Option<&Sourced<Nanos>>) -> Figure {
    let all: Vec<&Seen> = known(seen).collect();
    let n = all.len() as u64;
    let losses: Vec<Nanos> = all.iter().filter_map(|seen| seen.loss()).collect();
    let unknown = all.len() - losses.len();
    let below = |loss: &&Nanos| limit.is_none_or(|limit| **loss < limit.value);
    let within = losses.iter().filter(below).count() as u64;
    let bounds = [lower_bound(within, n), upper_bound(within + unknown as u64, n)];
    let beyond = losses.len() as u64 - within;
    let lost = || all.iter().filter_map(|seen| seen.lost);
    let mut found = match (lost().max(), mean(lost())) {
        (Some(worst), Some(mean)) => format!("{worst} lost at worst, {mean} on average"),
        _ => "no loss was measured".to_owned(),
    };
    if let Some(worst) = losses.iter().max().filter(|worst| Some(**worst) > lost().max()) {
        found += &format!("; the schedule allows {worst}");
    }
    let judged = limit.map(|limit| match beyond {
        0 if n == 0 => (Verdict::Inconclusive, "there was none".to_owned()),
        0 if unknown > 0 => (Verdict::Inconclusive, format!("of {unknown} of {n} it is not known what can be lost")),
        0 => enough(n, bounds),
        _ => (Verdict::Missed, format!("{beyond} of {n} lost {} or more, or may by the schedule", limit.value)),
    });
    figure(
        "data loss",
        limit.map(|limit| text(limit, "below ")),
        found,
        [n, within],
        limit.filter(|_| n > 0).map(|_| bounds),
        judged,
    )
}

/// An inconclusive drill has shown neither.
fn known(seen: &[Seen]) -> impl Iterator<Item = &Seen> {
    seen.iter().filter(|seen| seen.verdict != Verdict::Inconclusive)
}

/// All that were seen keep the limit: whether that is enough to say so.
fn enough(n: u64, bounds: [f64; 2]) -> (Verdict, String) {
    let low = down(bounds[0]);
    if bounds[0] >= MOST {
        (Verdict::Met, format!("{low} of such drills at least keep it"))
    } else {
        (Verdict::Inconclusive, format!("from {n} follows no more than that {low} of such drills at least keep it"))
    }
}

fn figure(
    name: &'static str,
    limit: Option<Sourced<String>>,
    found: String,
    [n, holds]: [u64; 2],
    bounds: Option<[f64; 2]>,
    judged: Option<(Verdict, String)>,
) -> Figure {
    let (verdict, says) =
        judged.map_or((None, "the plan says nothing of it".to_owned()), |(verdict, says)| (Some(verdict), says));
    Figure { name, limit, found, n, holds, bounds, verdict, says }
}

fn text<T: std::fmt::Display>(limit: &Sourced<T>, before: &str) -> Sourced<String> {
    Sourced { value: format!("{before}{}", limit.value), origin: limit.origin.clone() }
}

fn mean(values: impl Iterator<Item = Nanos>) -> Option<Nanos> {
    let (mut sum, mut number) = (0_u128, 0_u128);
    for value in values {
        sum += u128::from(value.0);
        number += 1;
    }
    // Rounded up: a mean is never said to be less than it is.
    (number > 0).then(|| Nanos(u64::try_from(sum.div_ceil(number)).unwrap_or(u64::MAX)))
}

/// What arithmetic on numbers of this kind leaves of an error, and less than any figure shows.
const ERROR: f64 = 1e-9;

/// A share that is never shown as more than it is.
pub fn down(share: f64) -> String {
    format!("{:.1} %", (share * 1000.0 + ERROR).floor() / 10.0)
}

/// A share that is never shown as less than it is.
pub fn up(share: f64) -> String {
    format!("{:.1} %", (share * 1000.0 - ERROR).max(0.0).ceil() / 10.0)
}
