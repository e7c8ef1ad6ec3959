//! A second oracle, slow and plain, written from the definitions and not from the first; and generated histories on
//! which the two must agree.
//!
//! It keeps everything in memory and answers each question by its definition: a version may be the one restored unless
//! it must be absent or an owed version certainly came after it; an operation of either kind is present or absent where
//! every world (set of operations that happened, in an order that real time allows) says so.

use std::collections::{BTreeMap, BTreeSet};

use blackstart_record::ledger::{Completion, LedgerEntry};
use blackstart_record::rows::Row;
use blackstart_record::verdict::DifferenceKind::{self, *};
use proptest::prelude::*;

use super::testing::{Data, cut, digest, row};

#[derive(Clone, Debug, PartialEq)]
struct Op {
    id: u64,
    epoch: u8,
    from: u64,
    to: u64,
    end: Option<Completion>,
    /// Final effect on each row.
    effects: BTreeMap<(u8, u128), Option<u64>>,
}

fn operations(data: &Data) -> BTreeMap<u64, Op> {
    let mut ops = BTreeMap::new();
    for entry in &data.ledger {
        match entry {
            LedgerEntry::Invoked { op, epoch, at, .. } => {
                let fresh =
                    Op { id: *op, epoch: *epoch, from: at.0, to: u64::MAX, end: None, effects: BTreeMap::new() };
                ops.insert(*op, fresh);
            }
            LedgerEntry::Completed { op, at, completion, effects } => {
                let known = ops.get_mut(op).unwrap();
                (known.to, known.end) = (at.0, Some(*completion));
                for effect in effects {
                    known.effects.insert((effect.table, effect.key.0), effect.digest);
                }
            }
        }
    }
    ops
}

impl Op {
    fn acked(&self) -> bool {
        self.epoch == 0 && self.end == Some(Completion::Acknowledged)
    }
    fn owed(&self, data: &Data) -> bool {
        self.acked() && self.to <= data.cut.earliest.0
    }
    fn tail(&self, data: &Data) -> bool {
        self.acked() && self.from > data.cut.latest.0
    }
    fn either(&self, data: &Data) -> bool {
        let begun = self.epoch == 0 && self.from <= data.cut.latest.0;
        begun && !self.owed(data) && matches!(self.end, Some(Completion::Acknowledged | Completion::Unknown))
    }
    fn before(&self, other: &Op) -> bool {
        self.id != other.id && self.to <= other.from
    }
}

/// What the brute-force oracle finds.
#[derive(Debug, Default, PartialEq)]
struct Findings {
    kinds: BTreeMap<(u8, DifferenceKind), u64>,
    keys: BTreeSet<(u8, DifferenceKind, u128)>,
    owed: u64,
    torn: u64,
    last_acked: Option<u64>,
    newest_recovered: Option<u64>,
    tail: (u64, u64),
    holes: (u64, u64),
    first_gone: Option<u64>,
}

impl Findings {
    fn add(&mut self, table: u8, kind: DifferenceKind, key: u128) {
        *self.kinds.entry((table, kind)).or_default() += 1;
        self.keys.insert((table, kind, key));
    }
}

/// A row's final state (operation and digest; `None`: absent) and the operations of either kind that took part.
type World = (Option<(u64, u64)>, BTreeSet<u64>);

/// One key's case: its versions and what was found.
struct Case<'a> {
    data: &'a Data,
    at: (u8, u128),
    initial: Option<Row>,
    versions: Vec<&'a Op>,
}

impl<'a> Case<'a> {
    fn owed_version(&self) -> Option<&'a Op> {
        self.versions.iter().filter(|op| op.owed(self.data)).max_by_key(|op| (op.from, op.id)).copied()
    }

    /// Whether the row may show what `op` did to it.
    fn may_show(&self, op: &Op) -> bool {
        let eligible = op.owed(self.data) || op.either(self.data);
        eligible && !self.versions.iter().any(|later| later.owed(self.data) && op.before(later))
    }

    fn initial_may_show(&self) -> bool {
        self.owed_version().is_none()
    }

    fn digest_of(&self, op: &Op) -> Option<u64> {
        op.effects[&self.at]
    }

    fn owed_live(&self) -> bool {
        self.owed_version().map_or(self.initial.is_some(), |op| self.digest_of(op).is_some())
    }

    fn absence_is_fine(&self) -> bool {
        let deleted = self.versions.iter().any(|op| self.may_show(op) && self.digest_of(op).is_none());
        deleted || (self.initial_may_show() && self.initial.is_none())
    }

    fn is_fine(&self, row: &Row, ops: &BTreeMap<u64, Op>) -> bool {
        if row.op == 0 {
            return self.initial_may_show() && self.initial.is_some_and(|initial| initial.digest == row.digest);
        }
        let Some(op) = ops.get(&row.op) else { return false };
        if op.end.is_none() {
            return op.epoch == 0 && op.from <= self.data.cut.latest.0;
        }
        op.effects.contains_key(&self.at) && self.may_show(op) && self.digest_of(op) == Some(row.digest)
    }

    /// The kind of a row that is not fine.
    fn wrongness(&self, row: &Row, ops: &BTreeMap<u64, Op>) -> DifferenceKind {
        let op = ops.get(&row.op);
        match op {
            Some(op) if op.end == Some(Completion::Failed) => return RolledBack,
            Some(op) if op.epoch > 0 || op.from > self.data.cut.latest.0 => return AfterCut,
            _ => {}
        }
        let written_here = op.is_some_and(|op| op.effects.contains_key(&self.at));
        if (row.op == 0 && self.initial.is_none()) || (row.op != 0 && !written_here) {
            return Unexplained;
        }
        let may_show = op.map_or(self.initial_may_show(), |op| self.may_show(op));
        let own = op.map_or(self.initial.map(|initial| initial.digest), |op| self.digest_of(op));
        match (self.owed_live(), may_show) {
            (false, true) if own.is_none() && op.is_some_and(|op| Some(op.id) != self.owed_version().map(|o| o.id)) => {
                Unexplained
            }
            (false, true) if own.is_none() => Resurrected,
            (false, false) => Resurrected,
            (true, false) if own == Some(row.digest) => Stale,
            _ => Changed,
        }
    }

    /// All final states that real time allows, each with the operations of either kind that took part:
    /// every set of them, in every order in which no operation that was over comes after one that began later.
    fn worlds(&self) -> Vec<World> {
        let owed: Vec<&Op> = self.versions.iter().filter(|op| op.owed(self.data)).copied().collect();
        let either: Vec<&Op> = self.versions.iter().filter(|op| op.either(self.data)).copied().collect();
        let mut worlds = Vec::new();
        for chosen in 0_u32..1 << either.len() {
            let taking: Vec<&Op> = (0..either.len()).filter(|i| chosen >> i & 1 == 1).map(|i| either[i]).collect();
            let all: Vec<&Op> = owed.iter().chain(&taking).copied().collect();
            let part: BTreeSet<u64> = taking.iter().map(|op| op.id).collect();
            // Any operation that none of the others certainly follows can be the last.
            let last: Vec<&&Op> = all.iter().filter(|op| !all.iter().any(|later| op.before(later))).collect();
            if last.is_empty() {
                worlds.push((self.initial.map(|initial| (0, initial.digest)), part.clone()));
            }
            for op in last {
                worlds.push((self.digest_of(op).map(|digest| (op.id, digest)), part.clone()));
            }
        }
        worlds
    }
}

fn brute(data: &Data) -> Findings {
    let ops = operations(data);
    let ignored = |table: u8| data.expendable.contains(&data.tables[usize::from(table)].name);
    let mut keys: BTreeSet<(u8, u128)> = ops.values().flat_map(|op| op.effects.keys().copied()).collect();
    keys.extend(data.initial.iter().chain(&data.restored).map(|(table, row)| (*table, row.key.0)));
    keys.retain(|(table, _)| !ignored(*table));

    let mut found =
        Findings { last_acked: ops.values().filter(|op| op.acked()).map(|op| op.to).max(), ..Findings::default() };
    let mut present: BTreeSet<u64> = BTreeSet::new();
    let mut absent: BTreeMap<u64, Vec<(u8, u128)>> = BTreeMap::new();
    let mut hole_ops: BTreeSet<u64> = BTreeSet::new();
    let mut gone: Vec<u64> = Vec::new();
    for at in keys {
        let initial = data.initial.iter().find(|(table, row)| (*table, row.key.0) == at).map(|(_, row)| *row);
        let versions = ops.values().filter(|op| op.effects.contains_key(&at)).collect();
        let case = Case { data, at, initial, versions };
        let rows: Vec<Row> =
            data.restored.iter().filter(|(table, row)| (*table, row.key.0) == at).map(|(_, row)| *row).collect();
        found.owed += u64::from(case.owed_live());
        let mut lost = None;
        let fine = rows.iter().position(|row| case.is_fine(row, &ops));
        if rows.is_empty() && !case.absence_is_fine() {
            found.add(at.0, Missing, at.1);
            lost = Some(case.owed_version().map_or(0, |op| op.id));
        }
        let kinds: Vec<DifferenceKind> = rows.iter().map(|row| case.wrongness(row, &ops)).collect();
        let forbidden = |kind: DifferenceKind| matches!(kind, RolledBack | AfterCut | Unexplained);
        let place =
            fine.or_else(|| kinds.iter().position(|kind| !forbidden(*kind))).or((!rows.is_empty()).then_some(0));
        for (index, row) in rows.iter().enumerate() {
            let is_fine = case.is_fine(row, &ops);
            if Some(index) == place && is_fine {
                continue;
            }
            let kind =
                if is_fine || (Some(index) != place && !forbidden(kinds[index])) { Duplicate } else { kinds[index] };
            found.add(at.0, kind, at.1);
            if Some(index) == place && matches!(kind, Changed | Stale) {
                let by = ops.get(&row.op).filter(|op| op.either(data) && case.may_show(op));
                if let Some(by) = by {
                    present.insert(by.id);
                }
                let acked = by.filter(|op| op.acked()).map(|op| op.id);
                lost = acked.or(case.owed_live().then(|| case.owed_version().map_or(0, |op| op.id)));
                found.holes.1 += 1;
            }
        }
        if rows.is_empty() && lost.is_some() {
            found.holes.1 += 1;
        }
        match lost {
            Some(0) => {
                found.holes.0 += 1;
                gone.push(data.loaded_at.0);
            }
            Some(op) => {
                hole_ops.insert(op);
                gone.push(ops[&op].to);
            }
            None => {}
        }
        let mut in_tail = case.versions.iter().any(|op| op.tail(data));
        let observed = match (rows.is_empty(), fine) {
            (true, _) if lost.is_none() => Some(None),
            (false, Some(index)) => Some(Some((rows[index].op, rows[index].digest))),
            _ => None,
        };
        let unknown_effects =
            |state: Option<(u64, u64)>| state.is_some_and(|(op, _)| ops.get(&op).is_some_and(|op| op.end.is_none()));
        if let Some(state) = observed.filter(|state| !unknown_effects(*state)) {
            let worlds: Vec<BTreeSet<u64>> =
                case.worlds().into_iter().filter(|(end, _)| *end == state).map(|(_, part)| part).collect();
            assert!(!worlds.is_empty(), "a state that is fine has a world: {at:?}");
            for op in case.versions.iter().filter(|op| op.either(data)) {
                let is_last = state.is_some_and(|(id, _)| id == op.id);
                if worlds.iter().all(|part| part.contains(&op.id)) {
                    present.insert(op.id);
                } else if !worlds.iter().any(|part| part.contains(&op.id)) {
                    absent.entry(op.id).or_default().push(at);
                    in_tail |= op.acked();
                }
                let deleted_here = state.is_none() && worlds.iter().all(|part| part.contains(&op.id));
                if op.acked() && (is_last || deleted_here) {
                    found.newest_recovered = found.newest_recovered.max(Some(op.to));
                }
            }
            let owed = case.owed_version();
            let shown = state
                .map(|(id, _)| id)
                .and_then(|id| ops.get(&id))
                .or(owed.filter(|_| state.is_none() && !case.owed_live()));
            if let Some(op) = shown.filter(|op| op.acked()) {
                found.newest_recovered = found.newest_recovered.max(Some(op.to));
            }
        }
        found.tail.1 += u64::from(in_tail);
    }
    let counts = |op: &&Op| op.tail(data) && op.effects.keys().any(|(table, _)| !ignored(*table));
    let tail: Vec<&Op> = ops.values().filter(counts).collect();
    found.tail.0 = tail.len() as u64;
    gone.extend(tail.iter().map(|op| op.to));
    for (op, rows) in absent {
        if present.contains(&op) {
            found.torn += 1;
            rows.iter().for_each(|(table, key)| found.add(*table, Torn, *key));
        }
        if ops[&op].acked() {
            found.tail.0 += 1;
            gone.push(ops[&op].to);
        }
    }
    found.holes.0 += hole_ops.len() as u64;
    found.first_gone = gone.into_iter().min();
    found
}

/// A small generator of its own, so that a failing case is told by one number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }
}

/// A history and a restored state; `locks`: one writer per key at a time, as the workload has it.
fn generate(seed: u64, operations: u64, damages: u64, locks: bool) -> Data {
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
        if op.owed(data) || (op.either(data) && dice.chance(50)) {
            for (at, digest) in &op.effects {
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
            owed: fast.owed(),
            torn: fast.torn,
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
    #![proptest_config(ProptestConfig { cases: cases(400), ..ProptestConfig::default() })]

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

/// Cases by default, or as many as `PROPTEST_CASES` says.
fn cases(default: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(default)
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
