//! What the reports are made of: the record's folder, loaded once.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use blackstart_record::history::{self, History, ReadError};
use blackstart_record::observation::{Image, Observation};
use blackstart_record::record::{Folder, Record};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::DrillVerdict;

use crate::ReportError;
use crate::story::Story;
use crate::words;

/// A record, its verdict and what its history tells.
#[derive(Clone, Debug)]
pub struct Material {
    /// What was drilled, with what.
    pub record: Record,
    /// What was concluded.
    pub verdict: DrillVerdict,
    /// What happened.
    pub story: Story,
    /// What the examinations saw, by name.
    pub observations: BTreeMap<String, Observation>,
    /// What the reader should know about the record, over and above the verdict's own notes.
    pub notes: Vec<String>,
}

impl Material {
    /// Loads everything that the reports need. A torn tail of the history is noted and left out.
    ///
    /// # Errors
    /// [`ReportError`] if `record.json` or `verdict.json` is missing or malformed, or the history is damaged.
    pub fn load(folder: &Folder) -> Result<Self, ReportError> {
        let (record, verdict) = (folder.load_record()?, folder.load_verdict()?);
        let observations = folder.load_observations()?;
        let mut notes = Vec::new();
        let history = match history::read(&folder.history()) {
            Ok(history) => history,
            Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                notes.push("the record has no history: charts and the timeline are empty".to_owned());
                History::default()
            }
            Err(error) => return Err(error.into()),
        };
        if history.torn_bytes > 0 {
            let torn = words::count(history.torn_bytes, "byte");
            notes.push(format!("the history ends in a torn entry; its {torn} are left out"));
        }
        let story = Story::of(&history.entries);
        Ok(Self { record, verdict, story, observations, notes })
    }

    /// The instant that reports count from: just before the first fault, else the drill's origin.
    pub fn origin(&self) -> Nanos {
        let measured = self.verdict.measures.rta.as_ref().map(|rta| rta.from);
        measured.or_else(|| self.story.first_fault()).unwrap_or(Nanos::ZERO)
    }

    /// Whether there is a first fault to count from.
    pub fn has_fault(&self) -> bool {
        self.verdict.measures.rta.is_some() || self.story.first_fault().is_some()
    }

    /// An instant as it is shown: from the first fault.
    pub fn when(&self, at: Nanos) -> String {
        words::relative(at, self.origin())
    }

    /// An instant on the wall clock, in UTC and whole seconds, for people who were there.
    pub fn wall(&self, at: Nanos) -> String {
        let started = || Some((Nanos::ZERO, self.record.started.parse().ok()?));
        let Some((known, wall)) = self.story.wall.or_else(started) else { return "at an unknown time".to_owned() };
        let moment = wall + Duration::from(at.since(known)) - Duration::from(known.since(at));
        moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    /// Seconds from the first fault, for charts.
    pub fn seconds(&self, at: Nanos) -> f64 {
        at.as_secs_f64() - self.origin().as_secs_f64()
    }

    /// The kept values of differing rows.
    pub fn images(&self) -> impl Iterator<Item = &Image> {
        self.observations.values().flat_map(|observation| match observation {
            Observation::Rows(rows) => rows.images.as_slice(),
            _ => &[],
        })
    }
}
