//! What a comparison prints: a row once, then its samples and notes. Read by `ci/src/compare/sample.rs`.

use std::time::{Duration, Instant};

use crate::Result;

/// What a row is to come to.
#[derive(Clone, Copy, Debug)]
pub enum Aim {
    /// This and less.
    AtMost(f64),
    /// This and more.
    AtLeast(f64),
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What is measured.
    pub name: &'static str,
    /// Against what; an aim of its own is against `-`.
    pub against: &'static str,
    /// `x` for ratios, `s`, `M/s`.
    pub unit: &'static str,
    /// The aim.
    pub aim: Aim,
}

impl Row {
    /// Announces it.
    pub fn begin(&self) {
        let (aim, limit) = match self.aim {
            Aim::AtMost(limit) => ("at-most", limit),
            Aim::AtLeast(limit) => ("at-least", limit),
        };
        say(&["row", self.name, self.unit, aim, &limit.to_string(), self.against]);
    }

    /// One measurement.
    pub fn sample(&self, value: f64) {
        say(&["sample", self.name, &value.to_string()]);
    }

    /// What a reader of the figure has to know.
    pub fn note(&self, text: &str) {
        say(&["note", self.name, text]);
    }

    /// Announces it, measures `pairs` pairs with the first side first in every second one, so that a machine that grows
    /// slower does not favour either, and prints the ratios. The sides are told in the note by their medians.
    ///
    /// # Errors
    /// The first error of either side.
    pub fn pairs(
        &self,
        pairs: usize,
        ours: impl FnMut() -> Result<f64>,
        bare: impl FnMut() -> Result<f64>,
    ) -> Result<()> {
        self.begin();
        let (ours, bare) = interleaved(pairs, ours, bare)?;
        ours.iter().zip(&bare).for_each(|(ours, bare)| self.sample(ours / bare));
        self.note(&format!("{} against {}, medians", shown(&ours), shown(&bare)));
        Ok(())
    }
}

/// Both sides of `pairs` pairs, in alternating order.
///
/// # Errors
/// The first error of either side.
pub fn interleaved(
    pairs: usize,
    mut ours: impl FnMut() -> Result<f64>,
    mut bare: impl FnMut() -> Result<f64>,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut of_ours, mut of_bare) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        let first = if pair % 2 == 0 { Some(ours()?) } else { None };
        of_bare.push(bare()?);
        of_ours.push(match first {
            Some(measured) => measured,
            None => ours()?,
        });
    }
    Ok((of_ours, of_bare))
}

/// The median of a side, to three digits.
pub fn shown(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.get(sorted.len() / 2) {
        Some(median) if *median >= 100.0 => format!("{median:.0}"),
        Some(median) => format!("{median:.3}"),
        None => "nothing".to_owned(),
    }
}

/// How many seconds `work` takes.
///
/// # Errors
/// That of `work`.
pub fn seconds<T>(work: impl FnOnce() -> Result<T>) -> Result<f64> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed().as_secs_f64())
}

/// A duration in seconds, as a sample.
pub fn of(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

#[allow(clippy::print_stdout, reason = "printing samples is what this package is for")]
fn say(fields: &[&str]) {
    println!("{}", fields.join("\t"));
}
