//! Rows that no effect explains. The ledger is read once more, and only then, to tell whose they are.

use std::path::Path;

use blackstart_record::event::Cut;
use blackstart_record::rows::Key;
use blackstart_record::verdict::DifferenceKind;

use super::OracleError;
use super::comparison::{Differing, Recorder};
use super::effects::{Fate, scan};
use super::sort::{Fixed, Sorted, Sorter, join, split};

/// A row whose operation did nothing to its key, as far as the ledger tells. Sorts by operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stray {
    pub(super) op: u64,
    pub(super) table: u8,
    pub(super) key: Key,
    pub(super) expected: Option<u64>,
}

impl Fixed for Stray {
    type Bytes = [u8; 8 + 1 + 16 + 1 + 8];
    const ZERO: Self::Bytes = [0; 34];

    fn rank(&self) -> u64 {
        self.op
    }

    fn put(&self, out: &mut &mut [u8]) {
        join(out, self.op.to_le_bytes());
        join(out, [self.table]);
        join(out, self.key.0.to_le_bytes());
        join(out, [u8::from(self.expected.is_some())]);
        join(out, self.expected.unwrap_or(0).to_le_bytes());
    }

    fn take(mut bytes: &[u8]) -> Option<Self> {
        let input = &mut bytes;
        let op = u64::from_le_bytes(split(input)?);
        let [table] = split(input)?;
        let key = Key(u128::from_le_bytes(split(input)?));
        let [some] = split(input)?;
        let expected = u64::from_le_bytes(split(input)?);
        Some(Self { op, table, key, expected: (some == 1).then_some(expected) })
    }
}

/// An operation that must not be there, and which kind of difference its rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Forbidden {
    op: u64,
    rolled_back: bool,
}

impl Fixed for Forbidden {
    type Bytes = [u8; 8 + 1];
    const ZERO: Self::Bytes = [0; 9];

    fn rank(&self) -> u64 {
        self.op
    }

    fn put(&self, out: &mut &mut [u8]) {
        join(out, self.op.to_le_bytes());
        join(out, [u8::from(self.rolled_back)]);
    }

    fn take(mut bytes: &[u8]) -> Option<Self> {
        let op = u64::from_le_bytes(split(&mut bytes)?);
        let [rolled_back] = split(&mut bytes)?;
        Some(Self { op, rolled_back: rolled_back == 1 })
    }
}

/// Gives each stray its kind: by a rolled-back operation, by one after R, or by nobody.
pub(super) fn resolve(
    mut strays: Sorted<Stray>,
    (ledger, in_flight): (&Path, usize),
    cut: &Cut,
    budget: usize,
    recorder: &mut Recorder,
) -> Result<(), OracleError> {
    let Some(mut stray) = strays.take()? else { return Ok(()) };
    let mut forbidden = Sorter::new(budget);
    scan(ledger, in_flight, |operation| {
        match operation.fate(cut) {
            Fate::Failed => forbidden.push(Forbidden { op: operation.op, rolled_back: true })?,
            Fate::Tail | Fate::UnknownAfter | Fate::Aftermath => {
                forbidden.push(Forbidden { op: operation.op, rolled_back: false })?;
            }
            Fate::Owed | Fate::Erased | Fate::Straddling | Fate::Unknown => {}
        }
        Ok(())
    })?;
    let mut forbidden = forbidden.finish()?;
    let mut candidate = forbidden.take()?;
    loop {
        while candidate.is_some_and(|candidate| candidate.op < stray.op) {
            candidate = forbidden.take()?;
        }
        let kind = match candidate.filter(|candidate| candidate.op == stray.op) {
            Some(Forbidden { rolled_back: true, .. }) => DifferenceKind::RolledBack,
            Some(_) => DifferenceKind::AfterCut,
            None => DifferenceKind::Unexplained,
        };
        let Stray { op, table, key, expected } = stray;
        recorder.add(table, kind, Differing { key, expected, observed: Some(op) });
        match strays.take()? {
            Some(next) => stray = next,
            None => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strays_and_what_is_forbidden_read_back_as_they_were_written() {
        for expected in [None, Some(0), Some(1), Some(u64::MAX)] {
            let stray = Stray { op: 9, table: 2, key: Key(1 << 100), expected };
            assert_eq!(Stray::take(&stray.bytes()), Some(stray));
        }
        for rolled_back in [false, true] {
            let forbidden = Forbidden { op: 9, rolled_back };
            assert_eq!(Forbidden::take(&forbidden.bytes()), Some(forbidden));
        }
    }
}
