//! What a ledger says, and what must be true of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use blackstart::workload::{self, Settings, Stopped, Version};
use blackstart_record::ledger::{Completion, Effect, LedgerEntry, Reader};
use blackstart_record::rows::{Key, Row};

use crate::domain;
use crate::scratch::Scratch;

/// Every row (table and key) and its digest.
pub type State = BTreeMap<(u8, Key), u64>;

pub fn state(tables: &[Vec<Row>]) -> State {
    let rows = (0..).zip(tables).flat_map(|(table, rows)| rows.iter().map(move |row| ((table, row.key), row.digest)));
    rows.collect()
}

pub fn read_ledger(path: &Path) -> Vec<LedgerEntry> {
    Reader::open(path).unwrap().map(Result::unwrap).collect()
}

/// The effects of acknowledged operations, applied in the ledger's order.
pub fn replay(mut state: State, ledger: &[LedgerEntry]) -> State {
    for entry in ledger {
        let LedgerEntry::Completed { completion: Completion::Acknowledged, effects, .. } = entry else { continue };
        for Effect { table, key, digest } in effects {
            match digest {
                Some(digest) => state.insert((*table, *key), *digest),
                None => state.remove(&(*table, *key)),
            };
        }
    }
    state
}

pub fn check_rolled_back_left_nothing(ledger: &[LedgerEntry], found: &[Vec<Row>]) {
    let failed = |entry: &LedgerEntry| match entry {
        LedgerEntry::Completed { op, completion: Completion::Failed, effects, .. } => Some((*op, effects.len())),
        _ => None,
    };
    let failed: HashMap<u64, usize> = ledger.iter().filter_map(failed).collect();
    assert!(failed.values().any(|effects| *effects > 2), "a rollback of several effects");
    let left: Vec<_> = found.iter().flatten().filter(|row| failed.contains_key(&row.op)).collect();
    assert!(left.is_empty(), "{left:?}");
}

pub fn check_ledger(ledger: &[LedgerEntry], stopped: &Stopped, settings: &Settings) {
    let (mut client_of, mut open, mut last_op) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut writer: HashMap<(u8, Key), u32> = HashMap::new();
    let mut last = None;
    for entry in ledger {
        match entry {
            LedgerEntry::Invoked { op, client, epoch, at } => {
                assert!(*client < settings.clients && *epoch == 0 && (1..stopped.next_op).contains(op));
                assert_eq!(client_of.insert(*op, *client), None, "an id is used once");
                assert_eq!(open.insert(*client, (*op, *at)), None, "one operation at a time");
                assert!(last_op.insert(*client, *op) < Some(*op), "ids grow");
            }
            LedgerEntry::Completed { op, at, effects, completion } => {
                let client = client_of[op];
                let (invoked, since) = open.remove(&client).unwrap();
                assert!(invoked == *op && since <= *at);
                if *completion == Completion::Acknowledged {
                    last = last.max(Some(*at));
                }
                for effect in effects {
                    let first = *writer.entry((effect.table, effect.key)).or_insert(client);
                    assert_eq!(first, client, "one writer of {effect:?}");
                }
            }
        }
    }
    assert!(open.is_empty(), "every operation completed: {open:?}");
    assert_eq!(last, stopped.last_acknowledged);
}

pub fn check_images(server: &Scratch, ledger: &[LedgerEntry]) {
    let mut wanted = HashMap::new();
    for entry in ledger {
        let LedgerEntry::Completed { op, completion: Completion::Acknowledged, effects, .. } = entry else { continue };
        for Effect { table, key, digest } in effects.iter().filter(|effect| effect.digest.is_some()) {
            wanted.insert(Version { table: *table, key: *key, op: *op }, *digest);
        }
    }
    let found = workload::find(&server.path("rows-1.bin"), &wanted.keys().copied().collect::<HashSet<_>>()).unwrap();
    for (version, digest) in wanted {
        let row = domain().tables()[version.table as usize].row(&found[&version]).unwrap();
        assert_eq!((row.key, row.op, Some(row.digest)), (version.key, version.op, digest));
    }
}

pub fn check_every_kind_of_effect_was_seen(ledger: &[LedgerEntry]) {
    let effects = ledger.iter().flat_map(|entry| match entry {
        LedgerEntry::Completed { effects, .. } => effects.as_slice(),
        LedgerEntry::Invoked { .. } => &[],
    });
    let seen: HashSet<(&str, bool)> =
        effects.map(|effect| (domain().tables()[effect.table as usize].name, effect.digest.is_some())).collect();
    for table in ["customers", "stock", "orders", "order_lines", "shipments", "documents"] {
        assert!(seen.contains(&(format!("app.{table}").as_str(), true)), "{table} written");
    }
    assert!(seen.contains(&("app.orders", false)) && seen.contains(&("app.order_lines", false)), "orders deleted");
}
