//! What one drill of the past adds to the figures.

use blackstart_record::event::Event;
use blackstart_record::history;
use blackstart_record::plan::Step;
use blackstart_record::time::{Interval, Nanos};
use blackstart_record::verdict::{Exposure, Verdict};

use crate::cli::output;
use crate::cli::past::Past;

/// What one drill of the past adds to the figures.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What it came to.
    pub verdict: Verdict,
    /// Backups that succeeded, and backups that failed.
    pub backups: [u64; 2],
    /// Its recovery time.
    pub recovery: Option<Interval>,
    /// What it lost.
    pub lost: Option<Nanos>,
    /// What its schedule allows at worst, where that bounds the loss.
    pub exposure: Worst,
    /// Bytes drilled.
    pub bytes: u64,
}

/// What a schedule allows at worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Worst {
    /// So much.
    Of(Nanos),
    /// It bounds nothing here.
    #[default]
    Unbounded,
    /// No schedule is stated, or the drill does not say.
    Unknown,
}

impl Seen {
    /// What `past` adds; a history that cannot be read is named on standard error, and its backups are left out.
    pub fn of(past: &Past) -> Self {
        let measures = past.verdict.as_ref().map(|verdict| &verdict.measures);
        let exposure = match measures.map(|measures| &measures.exposure) {
            Some(Some(Exposure::Stated { worst, .. })) => Worst::Of(*worst),
            Some(Some(Exposure::NotApplicable { .. })) => Worst::Unbounded,
            Some(Some(Exposure::Unstated) | None) | None => Worst::Unknown,
        };
        Self {
            verdict: past.came_to(),
            backups: backups(past),
            recovery: measures.and_then(|measures| measures.rta.as_ref()).map(|rta| rta.achieved),
            lost: measures.and_then(|measures| measures.rpa.as_ref()).map(|rpa| rpa.achieved),
            exposure,
            bytes: measures.map_or(0, |measures| measures.bytes),
        }
    }

    /// The worse of what it lost and what its schedule allows, as its RPO is judged; `None`: not known.
    pub fn loss(&self) -> Option<Nanos> {
        match self.exposure {
            Worst::Of(worst) => self.lost.map(|lost| lost.max(worst)),
            Worst::Unbounded => self.lost,
            Worst::Unknown => None,
        }
    }
}

/// What a replica begins with is no backup: nothing is ever restored from it.
fn backups(past: &Past) -> [u64; 2] {
    let mut steps = past.record.scenario.runbook.iter().map(|planned| planned.step);
    if !steps.any(|step| matches!(step, Step::Fetch | Step::Restore)) {
        return [0, 0];
    }
    let path = past.folder.history();
    let history = history::read(&path).unwrap_or_else(|why| {
        output::complain(&format!("{}: {why}", path.display()), Some("the backups of this drill are left out"));
        history::History::default()
    });
    let count = |taken: fn(&Event) -> bool| history.entries.iter().filter(|entry| taken(&entry.event)).count() as u64;
    [count(|event| matches!(event, Event::BackedUp { .. })), count(|event| matches!(event, Event::BackupFailed { .. }))]
}
