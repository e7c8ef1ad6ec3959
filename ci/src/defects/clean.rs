//! Clean drills, many of them: how often is a drill with nothing wrong in it called anything but met?
//!
//! It can be stopped at any moment: what was drilled for a commit is in a journal, a line a drill, and counts.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::RwLock;

use blackstart_record::bound::upper_bound;

use super::known::Case;
use super::outcome::Outcome;
use super::{built, known, once};
use crate::figures::Figure;
use crate::output;

/// The twin whose drills are the shortest.
const SHORTEST: &str = "dump";

/// What came of the drills so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Those that were judged.
    pub judged: u64,
    /// Of them, those that were not called met.
    pub alarms: u64,
    /// Seeds that were drilled, judged or not.
    seeds: u64,
}

impl Tally {
    /// What a journal says; a line that was cut off is no drill.
    fn read(journal: &str) -> Self {
        let mut tally = Self::default();
        for line in journal.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            tally.add(line.split_whitespace().nth(1).unwrap_or_default());
        }
        tally
    }

    fn add(&mut self, word: &str) {
        self.seeds += 1;
        self.judged += u64::from(word != BUSY);
        self.alarms += u64::from(word == ALARM);
    }

    /// The figures.
    pub fn figures(&self) -> Vec<Figure> {
        let Self { judged, alarms, .. } = self;
        let bound = upper_bound(*alarms, *judged);
        vec![
            Figure::new(
                format!("false alarms in clean drills of the twin {SHORTEST}"),
                format!("{alarms} of {judged}"),
            ),
            Figure::new("rate of false alarms, upper 95 % bound (Clopper-Pearson)", format!("{:.2} %", bound * 100.0)),
        ]
    }
}

const QUIET: &str = "quiet";
const ALARM: &str = "alarm";
const BUSY: &str = "busy";

/// Drills the shortest twin, a seed after the other, until `drills` of them were judged, with what `journal` says to have
/// been drilled already. Seeds for which the machine was too busy are no drills; so many of them again are too many.
///
/// # Errors
/// The output can't be written, the fixtures not be read, or Blackstart not be built.
pub fn run(root: &Path, drills: u64, journal: Option<&Path>, out: &mut dyn Write) -> io::Result<Tally> {
    let cases = known::read(&root.join("fixtures/known_bad"))?;
    let case = cases.iter().find(|case| case.id == SHORTEST);
    let case = case.ok_or_else(|| io::Error::other(format!("there is no twin {SHORTEST}")))?;
    let (program, work) = (built(root)?, output::target_dir(root).join("clean-drills"));
    let before = journal.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    let mut tally = Tally::read(&before);
    if tally.seeds > 0 {
        writeln!(out, "{} of {drills} were judged before, {} of them not met", tally.judged, tally.alarms)?;
    }
    let mut journal = journal.map(|path| continued(path, &before)).transpose()?;
    while tally.judged < drills && tally.seeds < 2 * drills {
        let seed = tally.seeds + 1;
        let (word, says) = drill(case, seed, &program, &work)?;
        if let Some(journal) = &mut journal {
            writeln!(journal, "{seed} {word} {says}")?;
            journal.sync_data()?;
        }
        tally.add(word);
        let bound = upper_bound(tally.alarms, tally.judged) * 100.0;
        writeln!(out, "seed {seed}: {word} {says}; {} of {} not met, bound {bound:.1} %", tally.alarms, tally.judged)?;
        out.flush()?;
    }
    Ok(tally)
}

/// The journal, to be written on after its last whole line.
fn continued(path: &Path, before: &str) -> io::Result<fs::File> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    let whole = before.rfind('\n').map_or(0, |end| end + 1);
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    file.set_len(whole as u64)?;
    Ok(file)
}

/// One drill: its word, and why. The record of one that is met is not kept.
fn drill(case: &Case, seed: u64, program: &Path, work: &Path) -> io::Result<(&'static str, String)> {
    let tried = once(case, seed, (program, None), work, &RwLock::default())?;
    let line = |why: String| why.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(match tried.outcome {
        Outcome::Quiet => {
            fs::remove_dir_all(work.join(format!("{}-{seed}", case.id)))?;
            (QUIET, format!("in {:.1} s", tried.seconds))
        }
        Outcome::Busy(why) => (BUSY, line(why)),
        Outcome::FalseAlarm(why) | Outcome::WrongReason(why) => (ALARM, line(why)),
        Outcome::Caught(_) | Outcome::Missed | Outcome::NotShown(_) => {
            (ALARM, "a clean drill was judged as a defect".to_owned())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_drilled_before_counts_and_a_line_that_was_cut_off_does_not() {
        let journal = "1 quiet in 9.1 s\n2 busy a known stall\n3 alarm LOST: 2 rows\n4 qui";
        assert_eq!(Tally::read(journal), Tally { judged: 2, alarms: 1, seeds: 3 });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nightly/journal");
        for (written, expected) in [("1 quiet\n2 qu", "1 quiet\n"), ("", "")] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, written).unwrap();
            writeln!(continued(&path, written).unwrap(), "next").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{expected}next\n"));
        }
    }

    #[test]
    fn figures_name_the_alarms_and_the_bound() {
        let figures = Tally { judged: 200, alarms: 0, seeds: 203 }.figures();
        assert_eq!((figures[0].value.as_str(), figures[1].value.as_str()), ("0 of 200", "1.49 %"));
    }
}
