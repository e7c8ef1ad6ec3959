//! Records of any number of operations: a ledger, and the rows before and after it.

use blackstart_judge::oracle::Declared;
use blackstart_record::event::Cut;
use blackstart_record::ledger::{Completion, Effect, LedgerEntry, Writer};
use blackstart_record::record::Folder;
use blackstart_record::rows::{self, Key, KeyKind, Row, Table};
use blackstart_record::time::Nanos;

use crate::Result;

/// Effects of each operation: what the workload's have, rounded.
pub const EFFECTS: u64 = 4;

fn table() -> Table {
    Table { name: "app.t".to_owned(), key: KeyKind::Integer }
}

/// Writes the record that a healthy drill of this many operations could have left, each of `effects` rows; every row is
/// written ten times.
///
/// # Errors
/// Any error of writing.
pub fn write(folder: &Folder, operations: u64, effects: u64) -> Result<()> {
    let keys = (operations * effects / 10).max(effects);
    // A prime: keys come in no order, and no two of one operation are the same.
    let key_of = |op: u64, position: u64| (op * effects + position).wrapping_mul(7_919) % keys;
    let mut ledger = Writer::create(&folder.ledger())?;
    let mut last = vec![0; usize::try_from(keys)?];
    for first in (1..=operations).step_by(256) {
        let mut entries = Vec::new();
        for op in first..(first + 256).min(operations + 1) {
            let touched: Vec<Effect> = (0..effects)
                .map(|position| Effect { table: 0, key: Key(key_of(op, position).into()), digest: Some(op) })
                .collect();
            touched.iter().for_each(|effect| last[effect.key.0 as usize] = op);
            let completion = Completion::Acknowledged;
            entries.push(LedgerEntry::Invoked { op, client: 0, epoch: 0, at: Nanos(op * 10) });
            entries.push(LedgerEntry::Completed { op, at: Nanos(op * 10 + 5), completion, effects: touched });
        }
        ledger.append(&entries)?;
    }
    for (path, restored) in [(folder.initial_rows(), false), (folder.restored_rows(), true)] {
        let mut rows = rows::Writer::create(&path)?;
        rows.table(&table())?;
        for (key, op) in last.iter().enumerate().filter(|(_, op)| restored && **op != 0) {
            rows.row(Row { key: Key(key as u128), op: *op, digest: *op })?;
        }
        rows.finish()?;
    }
    Ok(())
}

/// Compares what is owed with what was restored, as every verdict does.
///
/// # Errors
/// The comparison failed, or found a difference where there is none.
pub fn check(folder: &Folder) -> Result<()> {
    let cut = Cut { earliest: Nanos(u64::MAX - 1), latest: Nanos(u64::MAX), claimed_by: "a benchmark".to_owned() };
    let found = blackstart_judge::oracle::compare(folder, &[table()], &cut, Nanos(1), Declared::default())?;
    if !found.differences.is_empty() || found.owed() == 0 {
        return Err(format!("a healthy record was found to differ: {:?}", found.differences).into());
    }
    Ok(())
}
