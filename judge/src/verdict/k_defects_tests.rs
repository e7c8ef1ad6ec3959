//! Exactly k planted defects are exactly k of their kind, and nothing else: never a tail, never an unknown one.

use std::collections::BTreeSet;

use blackstart_record::event::Event;
use blackstart_record::ledger::{Completion, LedgerEntry};
use blackstart_record::verdict::DifferenceKind::{self, *};
use blackstart_record::verdict::{Finding, Rpa, Verdict};
use proptest::prelude::*;

use super::definition_tests::evidence;
use super::testing::Drill;
use super::{CHECKERS, rpa, run};
use crate::oracle::generated::Dice;
use crate::oracle::testing::{Data, cases, cut, row};

/// A copy that is right: 4000 loaded rows, 4000 owed updates, insertions and deletions in any order, and 2000
/// operations after R, half of them on rows that are owed.
fn healthy(dice: &mut Dice) -> Drill {
    const KEYS: u64 = 2000;
    let mut data = Data::new(2, cut(1_000_000, 1_000_010)).loaded(0, 0..KEYS.into()).loaded(1, 0..KEYS.into());
    let acked = Some(Completion::Acknowledged);
    let mut deletable: Vec<u64> = (0..KEYS).collect();
    for op in 1..=4000_u64 {
        let (at, table) = (op * 10, dice.roll(2) as u8);
        let effect = match dice.roll(3) {
            // Each key is deleted once at most, and never written again.
            0 if deletable.len() > 500 => {
                let key = deletable.swap_remove(dice.roll(deletable.len() as u64) as usize);
                (0, u128::from(key), false)
            }
            1 => (table, u128::from(10_000 + op), true),
            _ => (table, u128::from(deletable[dice.roll(deletable.len() as u64) as usize]), true),
        };
        data.operation(op, 0, (at, at + 5), acked, &[effect]);
    }
    data.restored = state(&data);
    for op in 4001..=6000_u64 {
        let (at, table) = (1_000_000 + op * 10, dice.roll(2) as u8);
        let key = if op % 2 == 0 { u128::from(deletable[(op % 500) as usize]) } else { u128::from(20_000 + op) };
        data.operation(op, 0, (at, at + 5), acked, &[(table, key, true)]);
    }
    let mut drill = Drill::healthy();
    drill.forget(|event| matches!(event, Event::Probe { .. } | Event::Tally { .. }));
    drill.change(|event| match event {
        Event::Loaded { rows, .. } => *rows = data.initial.len() as u64,
        Event::RecoveryPoint(claimed) => *claimed = data.cut.clone(),
        _ => {}
    });
    drill.data = data;
    drill.recount();
    drill
}

/// What the ledger leaves of the load.
fn state(data: &Data) -> Vec<(u8, blackstart_record::rows::Row)> {
    let mut state: std::collections::BTreeMap<_, _> =
        data.initial.iter().map(|(table, row)| ((*table, row.key), *row)).collect();
    for entry in &data.ledger {
        let LedgerEntry::Completed { op, effects, .. } = entry else { continue };
        for effect in effects {
            match effect.digest {
                Some(_) => state.insert((effect.table, effect.key), row(*op, effect.table, effect.key.0).1),
                None => state.remove(&(effect.table, effect.key)),
            };
        }
    }
    state.into_iter().map(|((table, _), row)| (table, row)).collect()
}

/// Any `k` of these.
fn choose<T: Clone>(dice: &mut Dice, from: &[T], k: usize) -> Vec<T> {
    let mut indexes = BTreeSet::new();
    while indexes.len() < k {
        indexes.insert(dice.roll(from.len() as u64) as usize);
    }
    indexes.into_iter().map(|index| from[index].clone()).collect()
}

/// Plants `k` defects of a kind.
fn plant(dice: &mut Dice, drill: &mut Drill, kind: DifferenceKind, k: usize) {
    let data = &mut drill.data;
    let victims = choose(dice, &data.restored, k);
    match kind {
        Missing => data.restored.retain(|row| !victims.contains(row)),
        Changed => data.restored.iter_mut().filter(|row| victims.contains(row)).for_each(|row| row.1.digest ^= 1),
        Duplicate => data.restored.extend(victims),
        Resurrected => {
            let alive: BTreeSet<_> = data.restored.iter().map(|(table, row)| (*table, row.key)).collect();
            let gone: Vec<_> =
                data.initial.iter().filter(|(table, row)| !alive.contains(&(*table, row.key))).copied().collect();
            let back = choose(dice, &gone, k);
            data.restored.extend(back);
        }
        AfterCut => {
            let after: Vec<_> = data.ledger.iter().filter_map(written_after_the_cut).collect();
            // The last write of a row is the one that a replay past R would leave.
            let last: std::collections::BTreeMap<_, _> =
                after.iter().map(|(table, row)| ((*table, row.key), (*table, *row))).collect();
            let late = choose(dice, &last.into_values().collect::<Vec<_>>(), k);
            late.into_iter().for_each(|row| data.restore(row));
        }
        other => panic!("{other:?} is not planted here"),
    }
    drill.recount();
}

fn written_after_the_cut(entry: &LedgerEntry) -> Option<(u8, blackstart_record::rows::Row)> {
    match entry {
        LedgerEntry::Completed { op, effects, .. } if *op > 4000 => Some(row(*op, effects[0].table, effects[0].key.0)),
        _ => None,
    }
}

fn reported(drill: &Drill) -> (Vec<Finding>, Rpa) {
    let evidence = evidence(drill);
    (run(CHECKERS, &evidence).0, rpa::measure(&evidence).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(6), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn k_planted_defects_are_k_of_their_kind_in_the_findings_and_no_tail(seed: u64) {
        let dice = &mut Dice(seed);
        let healthy = healthy(dice);
        let (before, rpa_before) = reported(&healthy);
        prop_assert!(before.iter().all(|finding| finding.verdict == Verdict::Met), "{before:?}");
        prop_assert_eq!((rpa_before.tail_operations, rpa_before.hole_operations), (2000, 0));
        for kind in [Missing, Changed, Duplicate, Resurrected, AfterCut] {
            for k in [1, 7, 1000] {
                let mut drill = healthy.clone();
                plant(dice, &mut drill, kind, k);
                let (after, rpa) = reported(&drill);
                let found: Vec<_> = after.iter().flat_map(|finding| &finding.differences).collect();
                let of_kind = found.iter().filter(|found| found.kind == kind).map(|found| found.count).sum::<u64>();
                prop_assert_eq!(of_kind, k as u64, "{:?}: {:?}", kind, found);
                prop_assert!(found.iter().all(|found| found.kind == kind), "{k} {kind:?}: {found:?}");
                let is_hole = matches!(kind, Missing | Changed);
                let accused = if is_hole { "LOST" } else { "GHOST" };
                for (was, is) in before.iter().zip(&after) {
                    let expected = if was.checker == accused { Verdict::Missed } else { Verdict::Met };
                    prop_assert_eq!(is.verdict, expected, "{} {:?}: {:?}", k, kind, is);
                }
                let holes = if is_hole { k as u64 } else { 0 };
                prop_assert_eq!((rpa.hole_operations, rpa.hole_rows), (holes, holes), "{} {:?}", k, kind);
                let tail = (rpa.tail_operations, rpa.tail_rows);
                prop_assert_eq!(tail, (rpa_before.tail_operations, rpa_before.tail_rows), "{} {:?}", k, kind);
            }
        }
    }
}
