//! The table: a line a defect, twin or control, whatever number of seeds.

use std::collections::BTreeSet;
use std::fmt;

use super::Tried;
use super::known::Case;
use super::outcome::Outcome;

/// The line above the rows.
pub fn head() -> String {
    line("id", "what", "caught by", "verdict", "seconds")
}

fn line(id: &str, what: &str, by: &str, verdict: &str, seconds: &str) -> String {
    format!("{id:<18} {what:<72} {by:<12} {verdict:<13} {seconds:>7}")
}

/// One line.
#[derive(Debug)]
pub struct Row<'a> {
    case: &'a Case,
    drills: u64,
    right: u64,
    caught: BTreeSet<String>,
    verdicts: BTreeSet<String>,
    seconds: f64,
    again: u32,
    wrong: Vec<String>,
}

impl<'a> Row<'a> {
    /// The line of `case`, before its first drill.
    pub fn of(case: &'a Case) -> Self {
        let (caught, verdicts) = (BTreeSet::new(), BTreeSet::new());
        Self { case, drills: 0, right: 0, caught, verdicts, seconds: 0.0, again: 0, wrong: Vec::new() }
    }

    /// Drills that went as they have to.
    pub fn right(&self) -> u64 {
        self.right
    }

    /// Whether all of them did.
    pub fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Adds a drill.
    pub fn add(&mut self, seed: u64, tried: &Tried) {
        self.drills += 1;
        self.right += u64::from(tried.outcome.is_right());
        self.seconds += tried.seconds;
        self.again += u32::from(tried.again);
        self.verdicts.insert(tried.verdict.clone());
        let wrong = match &tried.outcome {
            Outcome::Caught(names) => return self.caught.extend(names.iter().cloned()),
            Outcome::Quiet => return,
            Outcome::Missed => "MISSED: nothing noticed it".to_owned(),
            Outcome::WrongReason(why) => format!("WRONG REASON: none of the named checks caught it: {why}"),
            Outcome::FalseAlarm(why) => format!("FALSE ALARM: {why}"),
            Outcome::NotShown(text) => format!("NOT SHOWN: no note of the verdict holds {text:?}"),
            Outcome::Busy(why) => format!("NOT JUDGED: the machine was too busy, again and again: {why}"),
        };
        self.wrong.push(format!("seed {seed}: {wrong}"));
    }
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
        let by = if self.caught.is_empty() { "-".to_owned() } else { list(&self.caught) };
        let each = self.seconds / self.drills.max(1) as f64;
        f.write_str(&line(&self.case.id, &self.case.title, &by, &list(&self.verdicts), &format!("{each:.1}")))?;
        if self.drills > 1 {
            write!(f, "  {} of {}", self.right, self.drills)?;
        }
        if self.again > 0 {
            write!(f, "  (run again {} x: the machine disturbed it)", self.again)?;
        }
        self.wrong.iter().try_for_each(|wrong| write!(f, "\n    {wrong}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(outcome: Outcome, again: bool) -> Tried {
        Tried { outcome, verdict: "missed".to_owned(), seconds: 2.0, again }
    }

    #[test]
    fn a_row_says_what_caught_it_how_often_and_what_went_wrong() {
        let case = Case { caught_by: vec!["LOST".to_owned()], ..Case::twin("A1") };
        let mut row = Row::of(&case);
        row.add(1, &tried(Outcome::Caught(vec!["LOST".to_owned()]), true));
        row.add(2, &tried(Outcome::Missed, false));
        let said = row.to_string();
        for part in ["A1", "LOST", "missed", "2.0", "1 of 2", "again 1 x", "\n    seed 2: MISSED"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!((row.right(), row.is_right()), (1, false));
    }
}
