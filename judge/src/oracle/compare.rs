//! The three-way merge: initial rows, effects in key order, restored rows.

use std::collections::BTreeMap;

use blackstart_record::event::Cut;
use blackstart_record::plan::Scenario;
use blackstart_record::record::Folder;
use blackstart_record::rows::{Cursor, Key, ReadError, Row, Table};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::DifferenceKind;

use super::chain::{Chain, Hole, Outcome};
use super::comparison::{Comparison, Differing, OracleError, Recorder, TableCount, earlier};
use super::effects::{Effect, Fate, IN_FLIGHT, Open, scan};
use super::presence::{Sighting, Wholeness};
use super::sort::{Fixed, Sorted, Sorter, join, split};
use super::stray::{Stray, resolve};

/// How much memory a comparison may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Bytes of the sorter of effects.
    pub(super) effects: usize,
    /// Bytes of each of the smaller sorters (sightings, holes, strays).
    pub(super) others: usize,
    /// Operations in flight at once.
    pub(super) in_flight: usize,
}

impl Budget {
    // More memory makes it slower: a run is sorted faster the more of it the processor's caches hold.
    const DEFAULT: Self = Self { effects: 16 << 20, others: 4 << 20, in_flight: IN_FLIGHT };
}

/// What a plan declares about tables, by name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Declared<'a> {
    /// Those whose rows may be lost.
    pub expendable: &'a [String],
    /// Those whose deletions are erasures: a row that was deleted stays gone, wherever the recovery point lies.
    pub erasures: &'a [String],
}

impl<'a> Declared<'a> {
    /// As the scenario's plan has it.
    pub fn of(scenario: &'a Scenario) -> Self {
        Self { expendable: &scenario.expendable, erasures: &scenario.erasures }
    }
}

/// Compares the state that is owed at `cut` with the state that was restored, both as the files in `folder` hold them.
///
/// `tables` are the domain's, in the order in which effects name them and both rows files list them; a table that
/// `restored.rows` lacks was restored without a row. Rows of expendable tables are ignored. A hole in the initial load
/// counts as acknowledged at `loaded_at`. Uses less than 128 MiB at any size; needs room for temporary files.
///
/// # Errors
/// [`OracleError`] if a file is missing, damaged or cut off, or if the files contradict each other.
pub fn compare(
    folder: &Folder,
    tables: &[Table],
    cut: &Cut,
    loaded_at: Nanos,
    declared: Declared<'_>,
) -> Result<Comparison, OracleError> {
    compare_within(Budget::DEFAULT, folder, tables, cut, loaded_at, declared)
}

pub(super) fn compare_within(
    budget: Budget,
    folder: &Folder,
    tables: &[Table],
    cut: &Cut,
    loaded_at: Nanos,
    declared: Declared<'_>,
) -> Result<Comparison, OracleError> {
    if cut.earliest > cut.latest {
        return Err(OracleError::Cut(cut.clone()));
    }
    let named = |names: &[String]| tables.iter().map(|table| names.contains(&table.name)).collect::<Vec<bool>>();
    let (expendable, erasures) = (named(declared.expendable), named(declared.erasures));
    let mut merge = Merge {
        comparison: Comparison::default(),
        recorder: Recorder::default(),
        sightings: Sorter::new(budget.others),
        holes: Sorter::new(budget.others),
        strays: Sorter::new(budget.others),
        open: BTreeMap::new(),
        loaded_at,
    };
    let mut effects = merge.read_ledger(budget, folder, cut, [&expendable, &erasures])?;
    merge.walk(folder, tables, &expendable, &mut effects)?;
    drop(effects);
    let Merge { mut comparison, mut recorder, sightings, holes, strays, .. } = merge;
    let whole = Wholeness::read(sightings.finish()?, |table, key, op| {
        recorder.add(table, DifferenceKind::Torn, Differing { key, expected: Some(op), observed: None });
    })?;
    (comparison.either, comparison.torn) = (whole.operations, whole.torn);
    comparison.tail.operations += whole.absent;
    comparison.tail.first = earlier(comparison.tail.first, whole.first_absent);
    comparison.holes.operations += distinct(holes.finish()?)?;
    resolve(strays.finish()?, (&folder.ledger(), budget.in_flight), cut, budget.others, &mut recorder)?;
    comparison.differences = recorder.finish(tables);
    Ok(comparison)
}

struct Merge {
    comparison: Comparison,
    recorder: Recorder,
    sightings: Sorter<Sighting>,
    holes: Sorter<HoleOperation>,
    strays: Sorter<Stray>,
    /// Operations without completion: whether they may be there.
    open: BTreeMap<u64, bool>,
    loaded_at: Nanos,
}

impl Merge {
    /// First pass: the ledger, operation by operation, into effects in key order.
    fn read_ledger(
        &mut self,
        budget: Budget,
        folder: &Folder,
        cut: &Cut,
        [expendable, erasures]: [&[bool]; 2],
    ) -> Result<Sorted<Effect>, OracleError> {
        let mut sorter = Sorter::new(budget.effects);
        let comparison = &mut self.comparison;
        let rest = scan(&folder.ledger(), budget.in_flight, |operation| {
            let fate = operation.fate(cut);
            if operation.completion == blackstart_record::ledger::Completion::Acknowledged {
                comparison.acknowledged += 1;
            }
            comparison.unknown += u64::from(fate == Fate::Unknown);
            if fate.is_acknowledged() {
                comparison.last_acknowledged = comparison.last_acknowledged.max(Some(operation.completed));
            }
            let mut counts = false;
            for (position, effect) in operation.effects.iter().enumerate() {
                let table = usize::from(effect.table);
                let (Some(expendable), Some(erasures)) = (expendable.get(table), erasures.get(table)) else {
                    let message =
                        format!("operation {} writes to table {table}, of {}", operation.op, expendable.len());
                    return Err(OracleError::Contract(message));
                };
                if *expendable {
                    continue;
                }
                let fate = if *erasures { fate.of_erasure(effect) } else { fate };
                // What it wrote and then erased is nothing that a choice of R could lose.
                let rest = &operation.effects[position + 1..];
                let is_last = || !rest.iter().any(|later| (later.table, later.key) == (effect.table, effect.key));
                counts |= fate == Fate::Tail && is_last();
                sorter.push(Effect {
                    table: effect.table,
                    key: effect.key,
                    invoked: operation.invoked,
                    op: operation.op,
                    position: position as u32,
                    completed: operation.completed,
                    fate,
                    digest: effect.digest,
                })?;
            }
            if counts {
                comparison.tail.operations += 1;
                comparison.tail.first = earlier(comparison.tail.first, Some(operation.completed));
            }
            Ok(())
        })?;
        let may_be_there = |open: &Open| open.epoch == 0 && open.invoked <= cut.latest;
        self.open = rest.open.iter().map(|(op, open)| (*op, may_be_there(open))).collect();
        comparison.open = self.open.values().filter(|may_be_there| **may_be_there).count() as u64;
        comparison.ledger_torn_bytes = rest.torn_bytes;
        Ok(sorter.finish()?)
    }

    /// Second pass: both rows files and the effects, key by key.
    fn walk(
        &mut self,
        folder: &Folder,
        tables: &[Table],
        expendable: &[bool],
        effects: &mut Sorted<Effect>,
    ) -> Result<(), OracleError> {
        let mut initial = Rows::open("initial.rows", &folder.initial_rows())?;
        let mut restored = Rows::open("restored.rows", &folder.restored_rows())?;
        let mut effect = effects.take()?;
        let mut chain = Chain::default();
        for (index, (table, expendable)) in tables.iter().zip(expendable).enumerate() {
            let index = u8::try_from(index).map_err(|_| OracleError::Contract("there are over 256 tables".into()))?;
            let read = restored.enter(table)?;
            initial.enter(table)?;
            let mut count = TableCount { table: table.name.clone(), expendable: *expendable, ..TableCount::default() };
            loop {
                let written = effect.as_ref().filter(|effect| effect.table == index);
                let keys = [initial.row.map(|row| row.key), restored.row.map(|row| row.key), written.map(|e| e.key)];
                let Some(key) = keys.into_iter().flatten().min() else { break };
                let loaded = initial.take(key)?;
                if loaded.is_some_and(|row| row.op != 0) || (loaded.is_some() && initial.take(key)?.is_some()) {
                    let message =
                        format!("initial.rows: a key of {} is there twice, or not loaded by operation 0", table.name);
                    return Err(OracleError::Contract(message));
                }
                count.initial += u64::from(loaded.is_some());
                chain.begin(loaded);
                while let Some(row) = restored.take(key)? {
                    count.read = Some(count.read.unwrap_or(0) + 1);
                    chain.observe(row);
                }
                while let Some(written) = &effect
                    && (written.table, written.key) == (index, key)
                {
                    chain.push(*written);
                    effect = effects.take()?;
                }
                if !expendable {
                    let open = &self.open;
                    let outcome = chain.finish(&|op| open.get(&op).copied());
                    count.owed += u64::from(outcome.owed);
                    self.record(index, key, outcome)?;
                }
            }
            count.read = read.then_some(count.read.unwrap_or(0));
            self.comparison.tables.push(count);
        }
        initial.end()?;
        restored.end()
    }

    fn record(&mut self, table: u8, key: Key, outcome: Outcome) -> Result<(), OracleError> {
        let Outcome { expected, wrong, strays, hole, recovered, sightings, tail, unverifiable, .. } = outcome;
        let comparison = &mut self.comparison;
        for (kind, observed) in wrong {
            if matches!(kind, DifferenceKind::Missing | DifferenceKind::Changed | DifferenceKind::Stale) {
                comparison.holes.rows += 1;
            }
            self.recorder.add(table, kind, Differing { key, expected, observed });
        }
        for op in strays {
            self.strays.push(Stray { op, table, key, expected })?;
        }
        if let Some(hole) = hole {
            comparison.holes.first = earlier(comparison.holes.first, hole.acknowledged(self.loaded_at));
            match hole {
                Hole::Initial => comparison.holes.operations += 1,
                Hole::Written(op, _) => self.holes.push(HoleOperation(op))?,
                Hole::Unowed => {}
            }
        }
        for (effect, seen) in sightings {
            self.sightings.push(Sighting::new(&effect, seen))?;
        }
        comparison.newest_recovered = comparison.newest_recovered.max(recovered);
        comparison.tail.rows += u64::from(tail);
        comparison.unverifiable += unverifiable;
        Ok(())
    }
}

/// A rows file with the next row of its present table in hand.
struct Rows {
    file: &'static str,
    cursor: Cursor,
    /// The table whose header was read and not entered yet.
    ahead: Option<Table>,
    row: Option<Row>,
}

impl Rows {
    fn open(file: &'static str, path: &std::path::Path) -> Result<Self, OracleError> {
        let named = |why| OracleError::Rows { file, why };
        let mut cursor = Cursor::open(path).map_err(named)?;
        let ahead = cursor.next_table().map_err(named)?.cloned();
        Ok(Self { file, cursor, ahead, row: None })
    }

    /// Enters `table` if it is the file's next; whether it is.
    fn enter(&mut self, table: &Table) -> Result<bool, OracleError> {
        if self.ahead.as_ref().is_none_or(|ahead| ahead.name != table.name) {
            return Ok(false);
        }
        self.ahead = None;
        self.row = self.cursor.next_row().map_err(|why| self.named(why))?;
        if self.row.is_none() {
            self.leave()?;
        }
        Ok(true)
    }

    /// Takes the next row if it has this key. Past the table's last row the next table's header is read.
    fn take(&mut self, key: Key) -> Result<Option<Row>, OracleError> {
        let Some(row) = self.row.filter(|row| row.key == key) else { return Ok(None) };
        self.row = self.cursor.next_row().map_err(|why| self.named(why))?;
        if self.row.is_none() {
            self.leave()?;
        }
        Ok(Some(row))
    }

    fn leave(&mut self) -> Result<(), OracleError> {
        self.ahead = self.cursor.next_table().map_err(|why| OracleError::Rows { file: self.file, why })?.cloned();
        Ok(())
    }

    /// A table that was never entered is unknown, or out of the agreed order: what it holds would go unseen.
    fn end(self) -> Result<(), OracleError> {
        match self.ahead {
            None => Ok(()),
            Some(table) => Err(OracleError::Contract(format!(
                "{} lists {} twice, out of order, or though the record knows no such table",
                self.file, table.name
            ))),
        }
    }

    fn named(&self, why: ReadError) -> OracleError {
        OracleError::Rows { file: self.file, why }
    }
}

/// An operation with at least one hole; sorted, to count each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct HoleOperation(u64);

impl Fixed for HoleOperation {
    type Bytes = [u8; 8];
    const ZERO: Self::Bytes = [0; 8];

    fn rank(&self) -> u64 {
        self.0
    }

    fn put(&self, out: &mut &mut [u8]) {
        join(out, self.0.to_le_bytes());
    }

    fn take(mut bytes: &[u8]) -> Option<Self> {
        split(&mut bytes).map(u64::from_le_bytes).map(Self)
    }
}

fn distinct(mut holes: Sorted<HoleOperation>) -> Result<u64, OracleError> {
    let (mut last, mut count) = (None, 0);
    while let Some(hole) = holes.take()? {
        count += u64::from(last != Some(hole));
        last = Some(hole);
    }
    Ok(count)
}
