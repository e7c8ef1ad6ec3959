//! The two oracles agree on generated histories and restored states.

use std::collections::{BTreeMap, BTreeSet};

use blackstart_record::verdict::DifferenceKind::{self, *};
use proptest::prelude::*;

use super::brute::{Findings, brute};
use super::generated::generate;
use super::testing::{Data, cases};

fn agree(data: &Data) -> Result<(), TestCaseError> {
    let slow = brute(data);
    for fast in data.compare_both_ways() {
        let index = |name: &str| data.tables.iter().position(|table| table.name == name).unwrap() as u8;
        let kinds = fast.differences.iter().map(|found| ((index(&found.table), found.kind), found.count)).collect();
        let firsts = fast.differences.iter().filter(|found| found.count <= super::FIRST as u64);
        let keys: BTreeSet<_> = firsts
            .flat_map(|found| found.first.iter().map(|row| (index(&found.table), found.kind, row.key.0)))
            .collect();
        prop_assert!(keys.is_subset(&slow.keys), "{keys:?} of {:?}", slow.keys);
        let fast = Findings {
            kinds,
            keys: slow.keys.clone(),
            owed: fast.tables.iter().map(|table| table.owed).collect(),
            either: fast.either,
            torn: fast.torn,
            unverifiable: fast.unverifiable,
            last_acked: fast.last_acknowledged.map(|at| at.0),
            newest_recovered: fast.newest_recovered.map(|at| at.0),
            tail: (fast.tail.operations, fast.tail.rows),
            holes: (fast.holes.operations, fast.holes.rows),
            first_gone: fast.first_gone().map(|at| at.0),
        };
        prop_assert_eq!(&fast, &slow);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(4_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_oracles_agree_on_what_the_workload_can_do(seed: u64, operations in 1_u64..30, damages in 0_u64..5) {
        agree(&generate(seed, operations, damages, true))?;
    }

    #[test]
    fn both_oracles_agree_where_writers_of_a_key_overlap(seed: u64, operations in 1_u64..14, damages in 0_u64..4) {
        agree(&generate(seed, operations, damages, false))?;
    }

    #[test]
    fn a_state_that_the_cut_allows_raises_nothing(seed: u64, operations in 1_u64..40) {
        let mut data = generate(seed, operations, 0, true);
        data.expendable.clear();
        if data.absent.is_empty() {
            let fast = data.compare();
            prop_assert_eq!(fast.kinds(), vec![]);
            prop_assert_eq!((fast.torn, fast.holes.operations), (0, 0));
        }
    }
}

/// Agreement on cases in which nothing happens would be worth nothing.
#[test]
fn the_generated_cases_reach_every_kind_of_difference() {
    let mut reached: BTreeMap<DifferenceKind, u64> = BTreeMap::new();
    for seed in 0..1500 {
        let found = brute(&generate(seed, 20, 4, true));
        for ((_, kind), _) in found.kinds {
            *reached.entry(kind).or_default() += 1;
        }
    }
    for kind in [Missing, Changed, Stale, Duplicate, Resurrected, RolledBack, AfterCut, Unexplained, Torn] {
        assert!(reached.get(&kind).is_some_and(|cases| *cases >= 10), "{kind:?}: {reached:?}");
    }
}
