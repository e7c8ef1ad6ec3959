//! Whole records for tests: what was loaded, what clients did, what was restored.

use blackstart_record::event::Cut;
use blackstart_record::ledger::{self, Completion, Effect, LedgerEntry};
use blackstart_record::record::Folder;
use blackstart_record::rows::{self, Key, KeyKind, Row, Table};
use blackstart_record::time::Nanos;

use super::compare::{Budget, compare_within};
use super::{Comparison, Declared, OracleError, compare};

/// A budget so small that every sorter spills.
pub(super) const TINY: Budget = Budget { effects: 256, others: 128, in_flight: 1000 };

/// Cases by default; ten times as many where `BLACKSTART_FULL=1` asks for what is too long for every day; a twentieth
/// where `BLACKSTART_FEW=1` has a thousand mutants to try.
pub(crate) fn cases(default: u32) -> u32 {
    let asked = |name| std::env::var(name).is_ok_and(|value| value == "1");
    match (asked("BLACKSTART_FULL"), asked("BLACKSTART_FEW")) {
        (true, _) => default * 10,
        (_, true) => default.div_ceil(20),
        _ => default,
    }
}

/// A folder for a comparison that is thrown away: in memory where the machine has such a place, for the files' sync.
pub(crate) fn scratch() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// The data of a record, in memory.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) tables: Vec<Table>,
    pub(crate) expendable: Vec<String>,
    pub(crate) erasures: Vec<String>,
    pub(crate) initial: Vec<(u8, Row)>,
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) restored: Vec<(u8, Row)>,
    /// Tables that `restored.rows` lacks.
    pub(crate) absent: Vec<u8>,
    pub(crate) cut: Cut,
    pub(crate) loaded_at: Nanos,
}

/// The digest of the version that an operation gives a row in these tests.
pub(crate) fn digest(op: u64, table: u8, key: u128) -> u64 {
    let mut bytes = op.to_le_bytes().to_vec();
    bytes.push(table);
    bytes.extend_from_slice(&key.to_le_bytes());
    blackstart_record::codec::row_digest(&bytes)
}

pub(crate) fn row(op: u64, table: u8, key: u128) -> (u8, Row) {
    (table, Row { key: Key(key), op, digest: digest(op, table, key) })
}

pub(crate) fn cut(earliest: u64, latest: u64) -> Cut {
    Cut { earliest: Nanos(earliest), latest: Nanos(latest), claimed_by: "recovery target of a test".into() }
}

impl Data {
    pub(crate) fn new(tables: u8, cut: Cut) -> Self {
        let table = |index| Table { name: format!("app.t{index}"), key: KeyKind::Integer };
        Self {
            tables: (0..tables).map(table).collect(),
            expendable: vec![],
            erasures: vec![],
            initial: vec![],
            ledger: vec![],
            restored: vec![],
            absent: vec![],
            cut,
            loaded_at: Nanos(1),
        }
    }

    pub(crate) fn declared(&self) -> Declared<'_> {
        Declared { expendable: &self.expendable, erasures: &self.erasures }
    }

    /// Adds initial rows with these keys, loaded and restored alike.
    pub(crate) fn loaded(mut self, table: u8, keys: impl IntoIterator<Item = u128>) -> Self {
        let rows: Vec<_> = keys.into_iter().map(|key| row(0, table, key)).collect();
        self.initial.extend(&rows);
        self.restored.extend(rows);
        self
    }

    /// Adds an operation that writes (`true`) or deletes (`false`) rows; `completion` is `None` where none was noted.
    pub(crate) fn operation(
        &mut self,
        op: u64,
        epoch: u8,
        (invoked, completed): (u64, u64),
        completion: Option<Completion>,
        effects: &[(u8, u128, bool)],
    ) {
        self.ledger.push(LedgerEntry::Invoked { op, client: 0, epoch, at: Nanos(invoked) });
        let effect = |(table, key, live): &(u8, u128, bool)| Effect {
            table: *table,
            key: Key(*key),
            digest: live.then(|| digest(op, *table, *key)),
        };
        if let Some(completion) = completion {
            let effects = effects.iter().map(effect).collect();
            self.ledger.push(LedgerEntry::Completed { op, at: Nanos(completed), completion, effects });
        }
    }

    /// Replaces what was restored under a key.
    pub(crate) fn restore(&mut self, (table, row): (u8, Row)) {
        self.restored.retain(|(t, other)| *t != table || other.key != row.key);
        self.restored.push((table, row));
    }

    /// Acknowledgements after `from` and up to `until`.
    pub(crate) fn acknowledged_between(&self, from: Nanos, until: Nanos) -> u64 {
        let within = |entry: &&LedgerEntry| {
            matches!(entry, LedgerEntry::Completed { at, completion: Completion::Acknowledged, .. }
                if *at > from && *at <= until)
        };
        self.ledger.iter().filter(within).count() as u64
    }

    pub(crate) fn write(&self, folder: &Folder) {
        let mut writer = ledger::Writer::create(&folder.ledger()).unwrap();
        writer.append(&self.ledger).unwrap();
        self.write_rows(&folder.initial_rows(), &self.initial, &[]);
        self.write_rows(&folder.restored_rows(), &self.restored, &self.absent);
    }

    fn write_rows(&self, path: &std::path::Path, all: &[(u8, Row)], absent: &[u8]) {
        let mut writer = rows::Writer::create(path).unwrap();
        for (index, table) in self.tables.iter().enumerate() {
            if absent.contains(&(index as u8)) {
                continue;
            }
            let mut rows: Vec<Row> =
                all.iter().filter(|(t, _)| usize::from(*t) == index).map(|(_, row)| *row).collect();
            rows.sort_by_key(|row| row.key);
            writer.table(table).unwrap();
            rows.into_iter().for_each(|row| writer.row(row).unwrap());
        }
        writer.finish().unwrap();
    }

    pub(crate) fn try_compare(&self) -> Result<Comparison, OracleError> {
        let directory = scratch();
        let folder = Folder::new(directory.path());
        self.write(&folder);
        compare(&folder, &self.tables, &self.cut, self.loaded_at, self.declared())
    }

    pub(crate) fn compare(&self) -> Comparison {
        self.try_compare().unwrap()
    }

    /// Compared twice: in ordinary memory, and with so little that every sorter spills.
    pub(crate) fn compare_both_ways(&self) -> [Comparison; 2] {
        let directory = scratch();
        let folder = Folder::new(directory.path());
        self.write(&folder);
        let tiny = compare_within(TINY, &folder, &self.tables, &self.cut, self.loaded_at, self.declared());
        [compare(&folder, &self.tables, &self.cut, self.loaded_at, self.declared()).unwrap(), tiny.unwrap()]
    }
}

impl Comparison {
    /// Differences as table, kind and count.
    pub(crate) fn kinds(&self) -> Vec<(String, blackstart_record::verdict::DifferenceKind, u64)> {
        self.differences.iter().map(|found| (found.table.clone(), found.kind, found.count)).collect()
    }
}
