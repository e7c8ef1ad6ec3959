//! Generated histories and restored states, each told by one number.

use std::collections::BTreeMap;

use blackstart_record::ledger::{Completion, LedgerEntry};
use blackstart_record::rows::Row;

use super::brute::{Op, erases};
use super::testing::{Data, cut, digest, row};

/// A small generator of its own, so that a failing case is told by one number.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }
}

/// A history and a restored state; `locks`: one writer per key at a time, as the workload has it.
pub(crate) fn generate(seed: u64, operations: u64, damages: u64, locks: bool) -> Data {
    let dice = &mut Dice(seed);
    let (tables, keys) = (1 + dice.roll(3) as u8, 1 + u128::from(dice.roll(6)));
    let earliest = 5 + dice.roll(operations * 6);
    let mut data = Data::new(tables, cut(earliest, earliest + dice.roll(30)));
    for table in 0..tables {
        for key in 0..keys {
            if dice.chance(60) {
                data.initial.push(row(0, table, key));
            }
        }
    }
    let mut free: BTreeMap<(u8, u128), u64> = BTreeMap::new();
    let mut clients = vec![2_u64; 1 + dice.roll(4) as usize];
    let mut entries: Vec<(u64, Data)> = Vec::new();
    let mut history: Vec<Op> = Vec::new();
    for id in 1..=operations {
        let client = dice.roll(clients.len() as u64) as usize;
        let touched: Vec<(u8, u128, bool)> = (0..dice.roll(4))
            .map(|_| (dice.roll(u64::from(tables)) as u8, u128::from(dice.roll(keys as u64)), !dice.chance(30)))
            .collect();
        let wait = touched.iter().filter_map(|(table, key, _)| free.get(&(*table, *key))).copied().max().unwrap_or(0);
        let from = clients[client].max(if locks { wait } else { 0 }) + dice.roll(5);
        let to = from + 1 + dice.roll(15);
        let end = match dice.roll(100) {
            0..60 => Some(Completion::Acknowledged),
            60..72 => Some(Completion::Failed),
            72..96 => Some(Completion::Unknown),
            _ => None,
        };
        clients[client] = to;
        let epoch = u8::from(dice.chance(5));
        free.extend(touched.iter().map(|(table, key, _)| ((*table, *key), to)));
        let mut one = Data::new(tables, cut(0, 0));
        one.operation(id, epoch, (from, to), end, &touched);
        let effects = touched.iter().map(|(t, k, live)| ((*t, *k), live.then(|| digest(id, *t, *k)))).collect();
        history.push(Op { id, epoch, from, to, end, effects });
        entries.push((from, one));
    }
    // Invocations and completions in the order of their times, as the ledger's one writer sees them.
    let mut ledger: Vec<(u64, LedgerEntry)> = Vec::new();
    for (from, one) in entries {
        for entry in one.ledger {
            let at = if let LedgerEntry::Completed { at, .. } = &entry { at.0 } else { from };
            ledger.push((at, entry));
        }
    }
    ledger.sort_by_key(|(at, entry)| (*at, matches!(entry, LedgerEntry::Completed { .. })));
    data.ledger = ledger.into_iter().map(|(_, entry)| entry).collect();
    if dice.chance(25) {
        data.erasures.push("app.t0".into());
    }
    restore(dice, &mut data, &mut history);
    (0..damages).for_each(|_| damage(dice, &mut data, operations, keys));
    if dice.chance(10) {
        data.expendable.push("app.t0".into());
    }
    if dice.chance(5) {
        data.absent.push(0);
        data.restored.retain(|(table, _)| *table != 0);
    }
    data
}

/// A state that the cut allows: some of the operations that may be there, whole.
fn restore(dice: &mut Dice, data: &mut Data, history: &mut [Op]) {
    let mut state: BTreeMap<(u8, u128), Row> =
        data.initial.iter().map(|(table, row)| ((*table, row.key.0), *row)).collect();
    history.sort_by_key(|op| (op.from, op.id));
    for op in history.iter() {
        let taken = op.owed(data) || (op.either(data) && dice.chance(50));
        for (at, digest) in &op.effects {
            if taken || erases(data, op, *at) {
                match digest {
                    Some(_) => drop(state.insert(*at, row(op.id, at.0, at.1).1)),
                    None => drop(state.remove(at)),
                }
            }
        }
    }
    data.restored = state.into_iter().map(|((table, _), row)| (table, row)).collect();
}

fn damage(dice: &mut Dice, data: &mut Data, operations: u64, keys: u128) {
    let table = dice.roll(data.tables.len() as u64) as u8;
    let (key, op) = (u128::from(dice.roll(keys as u64 + 2)), dice.roll(operations + 3));
    let victim = (!data.restored.is_empty()).then(|| dice.roll(data.restored.len() as u64) as usize);
    match (dice.roll(6), victim) {
        (0, Some(victim)) => drop(data.restored.remove(victim)),
        (1, Some(victim)) => data.restored[victim].1.digest ^= 1,
        (2, Some(victim)) => data.restored.push(data.restored[victim]),
        (3, Some(victim)) => {
            let (table, old) = data.restored[victim];
            data.restored[victim] = row(op, table, old.key.0);
        }
        (4, _) => data.restored.push(row(op, table, key)),
        _ => data.restore(row(op, table, key)),
    }
}
