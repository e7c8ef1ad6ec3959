//! One row's versions, and what the rows observed under its key are worth. Pure.

use blackstart_record::rows::Row;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::DifferenceKind;

use super::effects::{Effect, Fate};
use super::presence::Seen;

/// More rows under one key than this are counted as duplicates without a look.
pub(super) const LONGEST_DUPLICATION: usize = 64;

/// Collects what is known of one key, then judges it. Reused from key to key.
///
/// Versions arrive in order of invocation. The **base** is the last one that is owed; what may be there instead are
/// versions of either kind that are not certainly older than the base. Everything older is forgotten as it passes, so
/// a row that was written a million times costs no more than one that was written once.
#[derive(Debug, Default)]
pub(super) struct Chain {
    initial: Option<Row>,
    observed: Vec<Row>,
    /// For each observed row the effect by which its operation wrote it, once that was seen.
    written_by: Vec<Option<Effect>>,
    excess: u64,
    pending: Option<Effect>,
    base: Option<Effect>,
    allowed: Vec<Effect>,
    tail: bool,
}

/// What one row under a key is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    /// It is what it may be; by which effect, unless it is the initial row or of an operation of unknown effects.
    Allowed(Option<Effect>),
    Wrong(DifferenceKind),
    /// Its operation did nothing to this key as far as the ledger tells.
    Stray,
}

/// What was found under a key.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    /// Whether a row is owed.
    pub(super) owed: bool,
    /// The operation whose version is owed (0: the initial load); `None`: the row should be absent.
    pub(super) expected: Option<u64>,
    /// What is wrong, each with the operation of the observed row, if one was observed.
    pub(super) wrong: Vec<(DifferenceKind, Option<u64>)>,
    /// Operations of rows that no effect explains; a second look at the ledger tells their kind.
    pub(super) strays: Vec<u64>,
    /// An owed write is gone.
    pub(super) hole: Option<Hole>,
    /// The acknowledgement whose effect is there.
    pub(super) recovered: Option<Nanos>,
    /// Operations of either kind that are there, or not there, as far as this key tells.
    pub(super) sightings: Vec<(Effect, Seen)>,
    /// An acknowledged write after R is gone.
    pub(super) tail: bool,
    /// Rows by operations whose effects are not known.
    pub(super) unverifiable: u64,
}

/// An owed write that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hole {
    /// A row of the initial load.
    Initial,
    /// A write by this operation, acknowledged then.
    Written(u64, Nanos),
    /// A difference of an operation that nobody acknowledged, over a row that was not owed.
    Unowed,
}

impl Chain {
    /// Begins a key with its initial row.
    pub(super) fn begin(&mut self, initial: Option<Row>) {
        self.initial = initial;
        self.observed.clear();
        self.written_by.clear();
        self.excess = 0;
        self.pending = None;
        self.base = None;
        self.allowed.clear();
        self.tail = false;
    }

    /// Adds a row that was observed; all of them before the first effect.
    pub(super) fn observe(&mut self, row: Row) {
        if self.observed.len() < LONGEST_DUPLICATION {
            self.observed.push(row);
            self.written_by.push(None);
        } else {
            self.excess += 1;
        }
    }

    /// Adds a version, in order of invocation.
    pub(super) fn push(&mut self, effect: Effect) {
        if let Some(before) = self.pending.replace(effect)
            && before.op != effect.op
        {
            self.settle(before);
        }
    }

    fn settle(&mut self, effect: Effect) {
        for (row, written_by) in self.observed.iter().zip(&mut self.written_by) {
            if row.op == effect.op {
                *written_by = Some(effect);
            }
        }
        match effect.fate {
            Fate::Owed | Fate::Erased => {
                // Versions that overlap the new base could still be the newer ones; one writer per key makes that rare.
                self.allowed.extend(self.base.replace(effect).filter(|base| !base.precedes(&effect)));
                self.allowed.retain(|older| !older.precedes(&effect));
            }
            Fate::Straddling | Fate::Unknown => self.allowed.push(effect),
            Fate::Tail => self.tail = true,
            Fate::UnknownAfter | Fate::Failed | Fate::Aftermath => {}
        }
    }

    /// Judges the key. `open` tells of an operation of unknown effects whether it may be there.
    pub(super) fn finish(&mut self, open: &impl Fn(u64) -> Option<bool>) -> Outcome {
        if let Some(last) = self.pending.take() {
            self.settle(last);
        }
        if let [row] = self.observed[..]
            && self.base.is_none()
            && self.allowed.is_empty()
            && self.initial == Some(row)
        {
            // Most rows of most drills: loaded, never written, restored.
            return Outcome { owed: true, tail: self.tail, ..Outcome::default() };
        }
        let expected = match self.base {
            Some(base) => base.digest.map(|_| base.op),
            None => self.initial.map(|initial| initial.op),
        };
        let mut outcome = Outcome { owed: expected.is_some(), expected, tail: self.tail, ..Outcome::default() };
        if self.observed.is_empty() {
            self.judge_absence(&mut outcome);
        } else {
            self.judge_rows(open, &mut outcome);
        }
        outcome.tail |=
            outcome.sightings.iter().any(|(effect, seen)| effect.fate == Fate::Straddling && *seen == Seen::Absent);
        outcome
    }

    fn judge_absence(&self, outcome: &mut Outcome) {
        if self.must_be_there(outcome) {
            outcome.wrong.push((DifferenceKind::Missing, None));
            outcome.hole = Some(self.owed_hole());
            return;
        }
        let deletions = || self.allowed.iter().filter(|effect| effect.digest.is_none());
        if let Some(base) = self.base.filter(|base| !outcome.owed && base.fate.is_acknowledged()) {
            outcome.recovered = Some(base.completed);
        }
        let only_deletion = deletions().count() == 1;
        let explains = || deletions().chain(self.base.iter().filter(|base| base.digest.is_none()));
        for effect in self.either() {
            let seen = match effect.digest {
                // A row that may have been written and is absent: not written, unless something later deleted it.
                Some(_) if explains().all(|other| other.precedes(effect)) => Seen::Absent,
                // A row that was owed and is absent: exactly this deletion explains it.
                None if outcome.owed && only_deletion => Seen::Present,
                _ => continue,
            };
            if seen == Seen::Present && effect.fate == Fate::Straddling {
                outcome.recovered = outcome.recovered.max(Some(effect.completed));
            }
            outcome.sightings.push((*effect, seen));
        }
    }

    fn judge_rows(&self, open: &impl Fn(u64) -> Option<bool>, outcome: &mut Outcome) {
        let worth: Vec<Worth> =
            self.observed.iter().zip(&self.written_by).map(|(row, by)| self.worth(row, *by, outcome, open)).collect();
        // One row takes the key's place, the best of them; what else is there is there once too often.
        let rank = |worth: &Worth| match worth {
            Worth::Allowed(_) => 0,
            Worth::Wrong(kind) if !is_forbidden(*kind) => 1,
            Worth::Wrong(_) => 2,
            Worth::Stray => 3,
        };
        let occupant = (0..worth.len()).min_by_key(|index| rank(&worth[*index])).unwrap_or(0);
        for (index, (row, worth)) in self.observed.iter().zip(&worth).enumerate() {
            match worth {
                Worth::Stray => outcome.strays.push(row.op),
                Worth::Wrong(kind) if index == occupant || is_forbidden(*kind) => {
                    outcome.wrong.push((*kind, Some(row.op)));
                }
                Worth::Allowed(_) if index == occupant => {}
                _ => outcome.wrong.push((DifferenceKind::Duplicate, Some(row.op))),
            }
        }
        for _ in 0..self.excess {
            outcome.wrong.push((DifferenceKind::Duplicate, None));
        }
        match worth[occupant] {
            Worth::Allowed(by) => self.judge_occupant(by, self.observed[occupant], outcome),
            Worth::Wrong(DifferenceKind::Changed | DifferenceKind::Stale) => {
                let by = self.written_by[occupant].filter(|effect| effect.fate.is_either() && !self.is_old(effect));
                outcome.hole = Some(match by {
                    Some(effect) if effect.fate == Fate::Straddling => Hole::Written(effect.op, effect.completed),
                    _ if outcome.owed => self.owed_hole(),
                    _ => Hole::Unowed,
                });
                outcome.sightings.extend(by.map(|effect| (effect, Seen::Present)));
            }
            // What stands in its place is of nobody, or was rolled back: the owed row is not there. A later write
            // that should not be there has it beneath itself.
            _ if self.must_be_there(outcome) && !worth.contains(&Worth::Wrong(DifferenceKind::AfterCut)) => {
                outcome.wrong.push((DifferenceKind::Missing, None));
                outcome.hole = Some(self.owed_hole());
            }
            _ => {}
        }
    }

    fn judge_occupant(&self, by: Option<Effect>, row: Row, outcome: &mut Outcome) {
        if by.is_none() && row.op != 0 {
            outcome.unverifiable += 1;
            return;
        }
        outcome.recovered = by.filter(|effect| effect.fate.is_acknowledged()).map(|effect| effect.completed);
        for effect in self.either() {
            match by {
                Some(by) if by.op == effect.op => outcome.sightings.push((*effect, Seen::Present)),
                // Something later than the row that is there: had it happened, it would be there instead.
                Some(by) if !by.precedes(effect) => {}
                _ => outcome.sightings.push((*effect, Seen::Absent)),
            }
        }
    }

    fn worth(&self, row: &Row, by: Option<Effect>, outcome: &Outcome, open: &impl Fn(u64) -> Option<bool>) -> Worth {
        if row.op == 0 {
            return match self.initial {
                Some(initial) if self.base.is_none() && initial.digest == row.digest => Worth::Allowed(None),
                Some(initial) => self.superseded(Some(initial.digest), row, outcome),
                None => Worth::Wrong(DifferenceKind::Unexplained),
            };
        }
        let Some(by) = by else {
            return match open(row.op) {
                Some(true) => Worth::Allowed(None),
                Some(false) => Worth::Wrong(DifferenceKind::AfterCut),
                None => Worth::Stray,
            };
        };
        match by.fate {
            Fate::Failed => Worth::Wrong(DifferenceKind::RolledBack),
            Fate::Tail | Fate::UnknownAfter | Fate::Aftermath => Worth::Wrong(DifferenceKind::AfterCut),
            Fate::Owed | Fate::Erased | Fate::Straddling | Fate::Unknown if self.is_old(&by) => {
                self.superseded(by.digest, row, outcome)
            }
            Fate::Owed | Fate::Erased | Fate::Straddling | Fate::Unknown => match by.digest {
                Some(digest) if digest == row.digest => Worth::Allowed(Some(by)),
                Some(_) => Worth::Wrong(DifferenceKind::Changed),
                // What an operation wrote before it deleted the row is a value that nobody was to see.
                None if outcome.owed => Worth::Wrong(DifferenceKind::Changed),
                None if self.base.is_some_and(|base| base.op == by.op) => Worth::Wrong(DifferenceKind::Resurrected),
                None => Worth::Wrong(DifferenceKind::Unexplained),
            },
        }
    }

    /// A version older than the owed one; `digest` is what it should look like.
    fn superseded(&self, digest: Option<u64>, row: &Row, outcome: &Outcome) -> Worth {
        Worth::Wrong(if !outcome.owed {
            DifferenceKind::Resurrected
        } else if digest == Some(row.digest) {
            DifferenceKind::Stale
        } else {
            DifferenceKind::Changed
        })
    }

    /// Whether a version that may be there was overwritten, for certain, by the owed one.
    fn is_old(&self, effect: &Effect) -> bool {
        self.base.is_some_and(|base| base.op != effect.op) && !self.allowed.iter().any(|other| other.op == effect.op)
    }

    /// Observed rows that are kept for a look.
    #[cfg(test)]
    pub(super) fn looked_at(&self) -> usize {
        self.observed.len()
    }

    /// Versions in memory.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.allowed.len() + usize::from(self.base.is_some())
    }

    fn either(&self) -> impl Iterator<Item = &Effect> {
        self.allowed.iter().filter(|effect| effect.fate.is_either())
    }

    /// Whether a row is owed that nothing can have deleted since.
    fn must_be_there(&self, outcome: &Outcome) -> bool {
        outcome.owed && self.allowed.iter().all(|effect| effect.digest.is_some())
    }

    fn owed_hole(&self) -> Hole {
        self.base.map_or(Hole::Initial, |base| Hole::Written(base.op, base.completed))
    }
}

/// Kinds that are wrong whatever else is under the key.
fn is_forbidden(kind: DifferenceKind) -> bool {
    matches!(kind, DifferenceKind::RolledBack | DifferenceKind::AfterCut | DifferenceKind::Unexplained)
}
