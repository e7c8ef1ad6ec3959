//! Whether operations that may be there or not are there whole.

use std::io;

use blackstart_record::rows::Key;
use blackstart_record::time::Nanos;

use super::effects::{Effect, Fate};
use super::sort::{Fixed, Sorted, join, split};

/// What one row tells of an operation. Rows that tell nothing (something later overwrote them) are no sighting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Seen {
    /// Its effect is there. Sorts first: see [`Wholeness::next`].
    Present,
    /// Its effect is not there.
    Absent,
}

/// One row's word about one operation. Sorts by operation, then by what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sighting {
    op: u64,
    seen: Seen,
    table: u8,
    key: Key,
    acknowledged: bool,
    completed: Nanos,
}

impl Sighting {
    pub(super) fn new(effect: &Effect, seen: Seen) -> Self {
        let Effect { op, table, key, completed, fate, .. } = *effect;
        Self { op, seen, table, key, acknowledged: fate == Fate::Straddling, completed }
    }
}

impl Fixed for Sighting {
    type Bytes = [u8; 8 + 1 + 1 + 16 + 8];
    const ZERO: Self::Bytes = [0; 34];

    fn rank(&self) -> u64 {
        self.op
    }

    fn put(&self, out: &mut &mut [u8]) {
        join(out, self.op.to_le_bytes());
        join(out, [self.seen as u8 | if self.acknowledged { 0x80 } else { 0 }]);
        join(out, [self.table]);
        join(out, self.key.0.to_le_bytes());
        join(out, self.completed.0.to_le_bytes());
    }

    fn take(mut bytes: &[u8]) -> Option<Self> {
        let input = &mut bytes;
        let op = u64::from_le_bytes(split(input)?);
        let [flags] = split(input)?;
        let [table] = split(input)?;
        let key = Key(u128::from_le_bytes(split(input)?));
        let completed = Nanos(u64::from_le_bytes(split(input)?));
        let seen = if flags & 0x7f == 0 { Seen::Present } else { Seen::Absent };
        Some(Self { op, seen, table, key, acknowledged: flags & 0x80 != 0, completed })
    }
}

/// What all sightings together tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wholeness {
    /// Operations of either kind that at least one row tells of.
    pub(super) operations: u64,
    /// Operations that are there in part.
    pub(super) torn: u64,
    /// Acknowledged operations that are not there, or not whole.
    pub(super) absent: u64,
    /// The earliest acknowledgement of those.
    pub(super) first_absent: Option<Nanos>,
}

impl Wholeness {
    /// Reads sightings in order; `torn` gets each row that a torn operation lacks, with the operation.
    pub(super) fn read(mut sightings: Sorted<Sighting>, mut torn: impl FnMut(u8, Key, u64)) -> io::Result<Self> {
        let mut whole = Self::default();
        let mut last: Option<Sighting> = None;
        let mut present = false;
        while let Some(sighting) = sightings.take()? {
            let first = last.is_none_or(|last| last.op != sighting.op);
            let first_absence =
                sighting.seen == Seen::Absent && (first || last.is_some_and(|last| last.seen != sighting.seen));
            if first {
                present = sighting.seen == Seen::Present;
                whole.operations += 1;
            }
            if first_absence {
                whole.torn += u64::from(present);
                if sighting.acknowledged {
                    whole.absent += 1;
                    whole.first_absent =
                        Some(whole.first_absent.map_or(sighting.completed, |at| at.min(sighting.completed)));
                }
            }
            if present && sighting.seen == Seen::Absent {
                torn(sighting.table, sighting.key, sighting.op);
            }
            last = Some(sighting);
        }
        Ok(whole)
    }
}
