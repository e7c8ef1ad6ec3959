//! What must not matter does not, and what makes a copy worse never makes its verdict better.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use blackstart_record::event::{Cut, Event};
use blackstart_record::ledger::{Completion, LedgerEntry};
use blackstart_record::observation::Observation;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{DifferenceKind, Finding, Rpa, Verdict};
use proptest::prelude::*;

use super::definition_tests::evidence;
use super::merge::conclude;
use super::objectives::{self, Measured};
use super::rta::{self, Recovery};
use super::states::state;
use super::testing::{Drill, ms, sourced};
use super::{CHECKERS, exposure, gates, rpa, run};
use crate::oracle::generated::{Dice, generate};
use crate::oracle::testing::{Data, cases, row};

/// What a finding says, without its words.
type Said = (String, Verdict, u64, BTreeMap<(String, DifferenceKind), u64>);

fn said(finding: Finding) -> Said {
    let differences = finding.differences.into_iter().map(|found| ((found.table, found.kind), found.count)).collect();
    (finding.checker, finding.verdict, finding.compared, differences)
}

fn findings_and_rpa(drill: &Drill) -> (Vec<Said>, Result<Rpa, String>) {
    let evidence = evidence(drill);
    (run(CHECKERS, &evidence).0.into_iter().map(said).collect(), rpa::measure(&evidence))
}

/// An operation as the ledger holds it: its times, and the rows that it wrote.
#[derive(Clone, Debug)]
struct Op {
    id: u64,
    epoch: u8,
    from: u64,
    to: u64,
    end: Completion,
    rows: BTreeSet<(u8, u128)>,
}

fn operations(data: &Data) -> Vec<Op> {
    let mut begun = BTreeMap::new();
    let mut ops = Vec::new();
    for entry in &data.ledger {
        match entry {
            LedgerEntry::Invoked { op, epoch, at, .. } => drop(begun.insert(*op, (*epoch, at.0))),
            LedgerEntry::Completed { op, at, completion, effects } => {
                let (epoch, from) = begun[op];
                let rows = effects.iter().map(|effect| (effect.table, effect.key.0)).collect();
                ops.push(Op { id: *op, epoch, from, to: at.0, end: *completion, rows });
            }
        }
    }
    ops
}

/// On which side of the cut an operation lies.
fn side(op: &Op, cut: &Cut) -> (bool, bool) {
    (op.to <= cut.earliest.0, op.from > cut.latest.0)
}

/// Exchanges the times of two operations if nothing depends on them: they share no row, each stays on its side of the
/// cut and in its order with every operation that shares a row with it.
fn exchange(ops: &mut [Op], one: usize, other: usize, cut: &Cut) -> bool {
    let moved = |op: &Op, to: &Op| Op { from: to.from, to: to.to, ..op.clone() };
    let (a, b) = (moved(&ops[one], &ops[other]), moved(&ops[other], &ops[one]));
    let order = |op: &Op, third: &Op| (op.to <= third.from, third.to <= op.from);
    let free = |old: &Op, new: &Op| {
        let mut sharing = ops.iter().filter(|third| third.id != old.id && !third.rows.is_disjoint(&old.rows));
        side(old, cut) == side(new, cut) && sharing.all(|third| order(old, third) == order(new, third))
    };
    let independent = one != other && ops[one].epoch == ops[other].epoch && ops[one].rows.is_disjoint(&ops[other].rows);
    let exchanged = independent && free(&ops[one], &a) && free(&ops[other], &b);
    if exchanged {
        (ops[one], ops[other]) = (a, b);
    }
    exchanged
}

/// Exchanges pairs of independent operations; how many.
fn exchange_some(dice: &mut Dice, data: &mut Data) -> usize {
    let mut ops = operations(data);
    if ops.is_empty() {
        return 0;
    }
    let any = |dice: &mut Dice| dice.roll(operations(data).len() as u64) as usize;
    let mut exchanged = 0;
    for _ in 0..20 {
        exchanged += usize::from(exchange(&mut ops, any(dice), any(dice), &data.cut));
    }
    let times: BTreeMap<u64, (u64, u64)> = ops.iter().map(|op| (op.id, (op.from, op.to))).collect();
    for entry in &mut data.ledger {
        match entry {
            LedgerEntry::Invoked { op, at, .. } => at.0 = times.get(op).map_or(at.0, |(from, _)| *from),
            LedgerEntry::Completed { op, at, .. } => at.0 = times[op].1,
        }
    }
    data.ledger.sort_by_key(|entry| match entry {
        LedgerEntry::Invoked { at, .. } => (*at, false),
        LedgerEntry::Completed { at, .. } => (*at, true),
    });
    exchanged
}

/// The same ledger written in another order: each operation's end still follows its beginning, and nothing else.
fn shuffled(dice: &mut Dice, ledger: &[LedgerEntry]) -> Vec<LedgerEntry> {
    let mut queues: BTreeMap<u64, Vec<LedgerEntry>> = BTreeMap::new();
    for entry in ledger.iter().rev() {
        let (LedgerEntry::Invoked { op, .. } | LedgerEntry::Completed { op, .. }) = entry;
        queues.entry(*op).or_default().push(entry.clone());
    }
    let mut shuffled = Vec::new();
    while !queues.is_empty() {
        let op = *queues.keys().nth(dice.roll(queues.len() as u64) as usize).unwrap();
        let queue = queues.get_mut(&op).unwrap();
        shuffled.extend(queue.pop());
        if queue.is_empty() {
            queues.remove(&op);
        }
    }
    shuffled
}

/// A drill that nothing is held against but what its generated data hold: gates are open, everything else is met.
fn sound(dice: &mut Dice) -> Drill {
    static FRAME: LazyLock<Drill> = LazyLock::new(|| {
        let mut frame = Drill::healthy();
        // The first probes calibrate the drill; the others tell of the recovery, which is not asked about here.
        frame.forget(|event| match event {
            Event::Probe { due, .. } => *due > ms(7_500),
            event => matches!(event, Event::Tally { .. }),
        });
        frame
    });
    let mut drill = FRAME.clone();
    let operations = 5 + dice.roll(25);
    drill.data = generate(dice.roll(u64::MAX), operations, 0, true);
    while !drill.data.absent.is_empty() {
        drill.data = generate(dice.roll(u64::MAX), operations, 0, true);
    }
    let (loaded, cut) = (drill.data.initial.len() as u64, drill.data.cut.clone());
    drill.change(|event| match event {
        Event::Loaded { rows, .. } => *rows = loaded,
        Event::RecoveryPoint(claimed) => *claimed = cut.clone(),
        _ => {}
    });
    drill.record.tables = drill.data.tables.clone();
    drill.record.scenario.expendable = drill.data.expendable.clone();
    drill.record.scenario.erasures = drill.data.erasures.clone();
    let objective = drill.record.plan.objectives.get_mut("database").unwrap();
    objective.rpo = Some(sourced(Nanos(dice.roll(operations * 10))));
    drill.observations.insert("rows".into(), Observation::Rows(Default::default()));
    drill.recount();
    drill
}

/// The whole verdict, of a service that came back in time.
fn verdict(drill: &Drill) -> Verdict {
    static BACK: LazyLock<Recovery> = LazyLock::new(|| rta::measure(&Drill::healthy().evidence()));
    let evidence = evidence(drill);
    let (findings, _) = run(CHECKERS, &evidence);
    let (rpa, exposure) = (rpa::measure(&evidence), exposure::of(&evidence));
    let objectives = objectives::judge(&evidence, &Measured { recovery: &BACK, rpa: &rpa, exposure: &exposure });
    conclude(&gates::closed(&evidence), &objectives, &findings, &BACK, None).verdict
}

/// Rows of the copy, by place, that are alone under their key and as they should be.
fn right_rows(data: &Data, whole: &Data) -> Vec<usize> {
    let alone = |place: &(u8, blackstart_record::rows::Row)| {
        data.restored.iter().filter(|(table, row)| (*table, row.key) == (place.0, place.1.key)).count() == 1
    };
    let right = |index: &usize| whole.restored.contains(&data.restored[*index]) && alone(&data.restored[*index]);
    (0..data.restored.len()).filter(right).collect()
}

/// Keys that only owed operations wrote to: what is under them is certain.
fn is_certain(data: &Data, table: u8, key: u128) -> bool {
    let sure = |op: &Op| op.end == Completion::Acknowledged && op.epoch == 0 && op.to <= data.cut.earliest.0;
    !data.expendable.contains(&data.tables[usize::from(table)].name)
        && operations(data).iter().all(|op| !op.rows.contains(&(table, key)) || sure(op))
}

/// Makes the copy worse in one place, if it can; `whole`: the data before any damage.
fn worsen(dice: &mut Dice, drill: &mut Drill, whole: &Data) -> bool {
    let data = &mut drill.data;
    let mut certain = right_rows(data, whole);
    certain.retain(|index| is_certain(data, data.restored[*index].0, data.restored[*index].1.key.0));
    let victim = (!certain.is_empty()).then(|| certain[dice.roll(certain.len().max(1) as u64) as usize]);
    let new_key = 1_000 + u128::from(dice.roll(1_000));
    let table = (0..data.tables.len() as u8).find(|table| is_certain(data, *table, new_key));
    match (dice.roll(10), victim, table) {
        (0, Some(victim), _) => {
            data.restored.remove(victim);
        }
        (1, Some(victim), _) => data.restored[victim].1.digest ^= 1,
        (2, Some(victim), _) => data.restored.push(data.restored[victim]),
        (3, _, Some(table)) => data.restored.push(row(77_777, table, new_key)),
        (4, _, Some(table)) => {
            let times = (data.cut.earliest.0, data.cut.earliest.0);
            let op = 88_888 + data.ledger.len() as u64;
            data.operation(op, 0, times, Some(Completion::Failed), &[(table, new_key, true)]);
            data.restored.push(row(op, table, new_key));
        }
        (0..=4, _, _) => return false,
        (kind, _, _) => spoil_observation(drill, kind),
    }
    drill.recount();
    true
}

fn spoil_observation(drill: &mut Drill, kind: u64) {
    for seen in drill.observations.values_mut() {
        match (kind, seen) {
            (5, Observation::Canaries(all)) => all[0].restored = Some("00fe".into()),
            (6, Observation::Writes(all)) => all[1].error = Some("permission denied".into()),
            (7, Observation::Inventory(seen)) => drop(seen.after.remove("role")),
            (8, Observation::Invariants(rules)) => rules[0].violations = Some(2),
            (9, Observation::Identity(identity)) => identity.poison_found = true,
            _ => {}
        }
    }
}

/// Takes away something without which the drill shows nothing.
fn blind(dice: &mut Dice, drill: &mut Drill) {
    let losses: [fn(&mut Drill); 10] = [
        |drill| drop(drill.observations.remove("rows")),
        |drill| drop(drill.observations.remove("canaries")),
        |drill| drop(drill.observations.remove("identity")),
        |drill| drop(drill.observations.remove("inventory")),
        |drill| drop(drill.observations.remove("writes")),
        |drill| drop(drill.observations.remove("invariants")),
        |drill| drill.forget(|event| matches!(event, Event::RecoveryPoint(_))),
        |drill| drill.forget(|event| matches!(event, Event::SnapshotTaken { .. })),
        |drill| drill.forget(|event| matches!(event, Event::FaultConfirmed { fault: 1, .. })),
        |drill| drill.forget(|event| matches!(event, Event::SourceFenced { .. } | Event::Finished)),
    ];
    losses[dice.roll(losses.len() as u64) as usize](drill);
}

/// A drill with up to two defects, and its data before them.
fn damaged(dice: &mut Dice) -> (Drill, Data) {
    let mut drill = sound(dice);
    let whole = drill.data.clone();
    for _ in 0..dice.roll(3) {
        worsen(dice, &mut drill, &whole);
    }
    (drill, whole)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(1000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reordering_independent_operations_never_changes_a_verdict(seed: u64) {
        let mut drill = state(seed);
        let (findings, rpa) = findings_and_rpa(&drill);
        exchange_some(&mut Dice(seed), &mut drill.data);
        let (exchanged, rpa_of_exchanged) = findings_and_rpa(&drill);
        prop_assert_eq!(exchanged, findings);
        let counts = |rpa: &Result<Rpa, String>| {
            rpa.as_ref().ok().map(|rpa| [rpa.tail_operations, rpa.tail_rows, rpa.hole_operations, rpa.hole_rows])
        };
        prop_assert_eq!(counts(&rpa_of_exchanged), counts(&rpa));
    }

    #[test]
    fn the_order_in_which_the_ledger_was_written_changes_nothing(seed: u64) {
        let mut drill = state(seed);
        let before = findings_and_rpa(&drill);
        drill.data.ledger = shuffled(&mut Dice(seed), &drill.data.ledger);
        prop_assert_eq!(findings_and_rpa(&drill), before);
    }

    #[test]
    fn adding_a_defect_never_improves_a_verdict(seed: u64) {
        let dice = &mut Dice(seed);
        let (mut drill, whole) = damaged(dice);
        let before = verdict(&drill);
        if worsen(dice, &mut drill, &whole) {
            prop_assert!(verdict(&drill) >= before, "{:?} after {before:?}", verdict(&drill));
            prop_assert_eq!(verdict(&drill), Verdict::Missed);
        }
    }

    #[test]
    fn losing_sight_of_something_never_makes_a_verdict_met(seed: u64) {
        let dice = &mut Dice(seed);
        let (mut drill, _) = damaged(dice);
        blind(dice, &mut drill);
        prop_assert_ne!(verdict(&drill), Verdict::Met);
    }
}

/// Agreement on cases in which nothing was exchanged, or on drills that are never met, would be worth nothing.
#[test]
fn the_generated_cases_exchange_operations_and_are_met_before_their_defect() {
    let exchanged = (0..300).filter(|seed| exchange_some(&mut Dice(*seed), &mut state(*seed).data) > 0).count();
    assert!(exchanged >= 150, "operations were exchanged in {exchanged} of 300 states");
    let met = (0..300).filter(|seed| verdict(&sound(&mut Dice(*seed))) == Verdict::Met).count();
    assert!(met >= 100, "{met} of 300 sound drills are met");
}
