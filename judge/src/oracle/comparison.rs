//! What a comparison found.

use std::collections::BTreeMap;
use std::io;

use blackstart_record::rows::{self, Key, Table};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{Difference, DifferenceKind};
use blackstart_record::{event::Cut, ledger};

use super::chain::Hole;

/// At most this many keys are named for each table and kind of difference.
pub const FIRST: usize = 10;

/// Why a comparison could not be made. Nothing is known then: never *met*, never *missed*.
#[derive(Debug, thiserror::Error)]
pub enum OracleError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] ledger::ReadError),
    /// A rows file could not be read.
    #[error("{file}: {why}")]
    Rows {
        /// `initial.rows` or `restored.rows`.
        file: &'static str,
        /// Why.
        why: rows::ReadError,
    },
    /// Sorting needed a temporary file and could not use it.
    #[error("cannot sort in temporary files: {0}")]
    Spill(#[from] io::Error),
    /// The cut's earliest instant lies after its latest.
    #[error("the recovery point ends before it begins ({} to {})", .0.earliest, .0.latest)]
    Cut(Cut),
    /// The files contradict the agreement on what they hold.
    #[error("the record contradicts itself: {0}")]
    Contract(String),
}

/// One table's counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableCount {
    /// Table with schema.
    pub table: String,
    /// Whether the plan lets it be lost; its rows are then neither owed nor looked at.
    pub expendable: bool,
    /// Rows of the initial load.
    pub initial: u64,
    /// Rows that are owed at the cut.
    pub owed: u64,
    /// Rows read from the restored copy; `None`: the table is not in `restored.rows`.
    pub read: Option<u64>,
}

/// One key that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Differing {
    /// The row.
    pub key: Key,
    /// The operation whose version is owed (0: the initial load); `None`: the row should be absent.
    pub expected: Option<u64>,
    /// The operation that wrote the row that is there; `None`: there is none.
    pub observed: Option<u64>,
}

/// Differences of one kind in one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Table with schema.
    pub table: String,
    /// Kind.
    pub kind: DifferenceKind,
    /// How many rows.
    pub count: u64,
    /// The first of them, at most [`FIRST`], in key order.
    pub first: Vec<Differing>,
    shown: Vec<String>,
}

impl Found {
    /// As the verdict holds it.
    pub fn difference(&self) -> Difference {
        let first = self.first.iter().map(|differing| differing.key).collect();
        let (table, shown) = (self.table.clone(), self.shown.clone());
        Difference { table, kind: self.kind, count: self.count, first, shown }
    }
}

/// Acknowledged writes that are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// Operations. For holes, a row of the initial load counts as one.
    pub operations: u64,
    /// Rows. For the tail, rows that its operations wrote or deleted.
    pub rows: u64,
    /// The earliest acknowledgement of them. For a hole in the initial load, the load.
    pub first: Option<Nanos>,
}

/// A row of which the examination should fetch the full value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted<'a> {
    /// Table with schema.
    pub table: &'a str,
    /// The row.
    pub key: Key,
    /// The operation whose version is owed (0: the initial load); `None`: the row should be absent.
    pub expected: Option<u64>,
}

/// Expected state against restored state. All times are on the harness's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Counts for each table, in the domain's order.
    pub tables: Vec<TableCount>,
    /// Differences by table and kind; expendable tables have none.
    pub differences: Vec<Found>,
    /// Acknowledged operations of all epochs, as the ledger counts them.
    pub acknowledged: u64,
    /// Operations that may be there or not, and of which at least one row tells.
    pub either: u64,
    /// Of those, how many are there in part.
    pub torn: u64,
    /// Operations of the old incarnation that may have taken effect before R, as no client saw how they ended.
    pub unknown: u64,
    /// Operations of the old incarnation that began before R and have no completion in the ledger.
    pub open: u64,
    /// Rows by such operations: neither right nor wrong.
    pub unverifiable: u64,
    /// The last acknowledgement by the old incarnation.
    pub last_acknowledged: Option<Nanos>,
    /// The newest acknowledgement of which a row (or a deletion) is there.
    pub newest_recovered: Option<Nanos>,
    /// Acknowledged after R, or straddling it and not (wholly) there.
    pub tail: Gone,
    /// Owed and missing, changed or stale.
    pub holes: Gone,
    /// Bytes at the ledger's end that were no whole entry.
    pub ledger_torn_bytes: u64,
}

impl Comparison {
    /// Rows owed over all tables.
    pub fn owed(&self) -> u64 {
        self.tables.iter().map(|table| table.owed).sum()
    }

    /// Rows read over all tables that count.
    pub fn read(&self) -> u64 {
        self.tables.iter().filter(|table| !table.expendable).filter_map(|table| table.read).sum()
    }

    /// The acknowledgement that is gone and was first; `None`: none is.
    pub fn first_gone(&self) -> Option<Nanos> {
        [self.tail.first, self.holes.first].into_iter().flatten().min()
    }

    /// The rows of which both values are worth keeping: the first of each table and kind, without repetition.
    pub fn wanted(&self) -> Vec<Wanted<'_>> {
        let mut wanted: Vec<_> = self
            .differences
            .iter()
            .flat_map(|found| {
                found.first.iter().map(|row| Wanted { table: &found.table, key: row.key, expected: row.expected })
            })
            .collect();
        wanted.sort_unstable();
        wanted.dedup_by_key(|row| (row.table, row.key));
        wanted
    }
}

/// Collects differences, in any order, in bounded memory.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    found: BTreeMap<(u8, DifferenceKind), (u64, Vec<Differing>)>,
}

impl Recorder {
    pub(super) fn add(&mut self, table: u8, kind: DifferenceKind, differing: Differing) {
        let (count, first) = self.found.entry((table, kind)).or_default();
        *count += 1;
        if first.len() == FIRST && first.last().is_some_and(|last| *last <= differing) {
            return;
        }
        let at = first.partition_point(|other| *other <= differing);
        first.insert(at, differing);
        first.truncate(FIRST);
    }

    pub(super) fn finish(self, tables: &[Table]) -> Vec<Found> {
        let named = |((index, kind), (count, first)): (_, (u64, Vec<Differing>))| {
            let table = tables.get(usize::from(index))?;
            let shown = first.iter().map(|row| table.key.show(row.key).to_string()).collect();
            Some(Found { table: table.name.clone(), kind, count, first, shown })
        };
        self.found.into_iter().filter_map(|((index, kind), rest)| named(((index, kind), rest))).collect()
    }
}

/// The earlier of two instants, of which either may be missing.
pub(super) fn earlier(one: Option<Nanos>, other: Option<Nanos>) -> Option<Nanos> {
    [one, other].into_iter().flatten().min()
}

impl Hole {
    /// The acknowledgement that is gone with it, where the load was acknowledged at `loaded_at`.
    pub(super) fn acknowledged(self, loaded_at: Nanos) -> Option<Nanos> {
        match self {
            Self::Initial => Some(loaded_at),
            Self::Written(_, at) => Some(at),
            Self::Unowed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use blackstart_record::rows::KeyKind;

    use super::*;

    #[test]
    fn the_first_keys_are_named_in_whatever_order_they_are_found() {
        let (all, few) = (3 * FIRST as u128, FIRST as u128 / 2);
        let scattered: Vec<u128> = (0..all).map(|key| key * 7 % all).collect();
        let orders = [(0..all).collect(), (0..all).rev().collect(), scattered, (0..few).rev().collect::<Vec<u128>>()];
        for keys in orders {
            let mut recorder = Recorder::default();
            for key in &keys {
                recorder.add(0, DifferenceKind::Missing, Differing { key: Key(*key), expected: None, observed: None });
            }
            let tables = [Table { name: "app.t".to_owned(), key: KeyKind::Integer }];
            let found = recorder.finish(&tables).remove(0);
            let named: Vec<u128> = found.first.iter().map(|row| row.key.0).collect();
            let first: Vec<u128> = (0..keys.len().min(FIRST) as u128).collect();
            assert_eq!((found.count, named), (keys.len() as u64, first), "found as {keys:?}");
        }
    }
}
