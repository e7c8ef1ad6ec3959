//! A second oracle, slow and plain, written from the definitions and not from the first.
//!
//! It keeps everything in memory and answers each question by its definition: a version may be the one restored unless
//! it must be absent or an owed version certainly came after it; an operation of either kind is present or absent where
//! every world (set of operations that happened, in an order that real time allows) says so.

use std::collections::{BTreeMap, BTreeSet};

use blackstart_record::ledger::{Completion, LedgerEntry};
use blackstart_record::rows::Row;
use blackstart_record::verdict::DifferenceKind::{self, *};

use super::testing::Data;

/// An operation, all of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Op {
    pub(super) id: u64,
    pub(super) epoch: u8,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) end: Option<Completion>,
    /// Final effect on each row.
    pub(super) effects: BTreeMap<(u8, u128), Option<u64>>,
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
    pub(super) fn owed(&self, data: &Data) -> bool {
        self.acked() && self.to <= data.cut.earliest.0
    }
    fn tail(&self, data: &Data) -> bool {
        self.acked() && self.from > data.cut.latest.0
    }
    pub(super) fn either(&self, data: &Data) -> bool {
        let begun = self.epoch == 0 && self.from <= data.cut.latest.0;
        begun && !self.owed(data) && matches!(self.end, Some(Completion::Acknowledged | Completion::Unknown))
    }
    fn before(&self, other: &Op) -> bool {
        self.id != other.id && self.to <= other.from
    }
}

/// Whether `op` erased the row at `at`, and the cut does not already owe it.
pub(super) fn erases(data: &Data, op: &Op, at: (u8, u128)) -> bool {
    let declared = data.erasures.contains(&data.tables[usize::from(at.0)].name);
    declared && op.acked() && !op.owed(data) && op.effects.get(&at) == Some(&None)
}

/// What the brute-force oracle finds. Pairs are operations and rows.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Findings {
    pub(crate) kinds: BTreeMap<(u8, DifferenceKind), u64>,
    pub(crate) keys: BTreeSet<(u8, DifferenceKind, u128)>,
    /// Owed rows of each table.
    pub(crate) owed: Vec<u64>,
    pub(crate) either: u64,
    pub(crate) torn: u64,
    pub(crate) unverifiable: u64,
    pub(crate) last_acked: Option<u64>,
    pub(crate) newest_recovered: Option<u64>,
    pub(crate) tail: (u64, u64),
    pub(crate) holes: (u64, u64),
    pub(crate) first_gone: Option<u64>,
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
    /// Owed by the cut, or because it is an erasure.
    fn is_owed(&self, op: &Op) -> bool {
        op.owed(self.data) || self.erased_by(op)
    }

    fn erased_by(&self, op: &Op) -> bool {
        erases(self.data, op, self.at)
    }

    fn either(&self, op: &Op) -> bool {
        op.either(self.data) && !self.erased_by(op)
    }

    fn owed_version(&self) -> Option<&'a Op> {
        self.versions.iter().filter(|op| self.is_owed(op)).max_by_key(|op| (op.from, op.id)).copied()
    }

    /// Whether the row may show what `op` did to it.
    fn may_show(&self, op: &Op) -> bool {
        let eligible = self.is_owed(op) || self.either(op);
        eligible && !self.versions.iter().any(|later| self.is_owed(later) && op.before(later))
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

    /// Whether a row is of an operation after R that, as far as one knows, wrote it.
    fn is_later_write(&self, row: &Row, ops: &BTreeMap<u64, Op>) -> bool {
        ops.get(&row.op).is_some_and(|op| {
            let after = op.epoch > 0 || op.from > self.data.cut.latest.0;
            after && op.end != Some(Completion::Failed) && (op.end.is_none() || op.effects.contains_key(&self.at))
        })
    }

    /// The kind of a row that is not fine.
    fn wrongness(&self, row: &Row, ops: &BTreeMap<u64, Op>) -> DifferenceKind {
        let op = ops.get(&row.op);
        match op {
            Some(op) if op.end == Some(Completion::Failed) => return RolledBack,
            Some(op) if self.erased_by(op) => {}
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
        let owed: Vec<&Op> = self.versions.iter().filter(|op| self.is_owed(op)).copied().collect();
        let either: Vec<&Op> = self.versions.iter().filter(|op| self.either(op)).copied().collect();
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

/// Everything that one run over all keys collects.
struct Brute<'a> {
    data: &'a Data,
    ops: &'a BTreeMap<u64, Op>,
    found: Findings,
    present: BTreeSet<u64>,
    absent: BTreeMap<u64, Vec<(u8, u128)>>,
    hole_ops: BTreeSet<u64>,
    gone: Vec<u64>,
}

/// What the brute-force oracle finds in `data`.
pub(crate) fn brute(data: &Data) -> Findings {
    let ops = operations(data);
    let ignored = |table: u8| data.expendable.contains(&data.tables[usize::from(table)].name);
    let mut keys: BTreeSet<(u8, u128)> = ops.values().flat_map(|op| op.effects.keys().copied()).collect();
    keys.extend(data.initial.iter().chain(&data.restored).map(|(table, row)| (*table, row.key.0)));
    keys.retain(|(table, _)| !ignored(*table));
    let mut run = Brute {
        data,
        ops: &ops,
        found: Findings { owed: vec![0; data.tables.len()], ..Findings::default() },
        present: BTreeSet::new(),
        absent: BTreeMap::new(),
        hole_ops: BTreeSet::new(),
        gone: Vec::new(),
    };
    keys.into_iter().for_each(|at| run.judge(at));
    run.finish(ignored)
}

impl Brute<'_> {
    fn judge(&mut self, at: (u8, u128)) {
        let (data, ops) = (self.data, self.ops);
        let under = |rows: &[(u8, Row)]| -> Vec<Row> {
            rows.iter().filter(|(table, row)| (*table, row.key.0) == at).map(|(_, row)| *row).collect()
        };
        let initial = under(&data.initial).first().copied();
        let versions = ops.values().filter(|op| op.effects.contains_key(&at)).collect();
        let case = Case { data, at, initial, versions };
        let rows = under(&data.restored);
        self.found.owed[usize::from(at.0)] += u64::from(case.owed_live());
        let lost = self.judge_rows(&case, &rows);
        match lost {
            Some(0) => {
                self.found.holes.0 += 1;
                self.gone.push(data.loaded_at.0);
            }
            Some(op) => {
                self.hole_ops.insert(op);
                self.gone.push(ops[&op].to);
            }
            None => {}
        }
        let fine = rows.iter().position(|row| case.is_fine(row, ops));
        let of_no_end = |row: &Row| ops.get(&row.op).is_some_and(|op| op.end.is_none());
        self.found.unverifiable += u64::from(fine.is_some_and(|index| of_no_end(&rows[index])));
        let observed = match (rows.is_empty(), fine) {
            (true, _) if lost.is_none() => Some(None),
            (false, Some(index)) => Some(Some((rows[index].op, rows[index].digest))),
            _ => None,
        };
        let mut in_tail = case.versions.iter().any(|op| op.tail(data) && !case.erased_by(op));
        let told =
            |state: Option<(u64, u64)>| state.is_none_or(|(op, _)| ops.get(&op).is_none_or(|op| op.end.is_some()));
        if let Some(state) = observed.filter(|state| told(*state)) {
            in_tail |= self.judge_presence(&case, state);
        }
        self.found.tail.1 += u64::from(in_tail);
    }

    /// Differences of the rows under a key; the operation (0: the load) whose owed write is a hole, if one is.
    fn judge_rows(&mut self, case: &Case<'_>, rows: &[Row]) -> Option<u64> {
        let (ops, at) = (self.ops, case.at);
        let owed = case.owed_version().map_or(0, |op| op.id);
        if rows.is_empty() {
            if case.absence_is_fine() {
                return None;
            }
            self.found.add(at.0, Missing, at.1);
            self.found.holes.1 += 1;
            return Some(owed);
        }
        let fine: Vec<bool> = rows.iter().map(|row| case.is_fine(row, ops)).collect();
        let kinds: Vec<DifferenceKind> = rows.iter().map(|row| case.wrongness(row, ops)).collect();
        let forbidden = |index: &usize| matches!(kinds[*index], RolledBack | AfterCut | Unexplained);
        let all = 0..rows.len();
        let place = all.clone().find(|i| fine[*i]).or_else(|| all.clone().find(|i| !forbidden(i))).unwrap_or(0);
        let mut lost = None;
        for index in all {
            let duplicate = index != place && (fine[index] || !forbidden(&index));
            if index == place && fine[index] {
                continue;
            }
            let kind = if duplicate { Duplicate } else { kinds[index] };
            self.found.add(at.0, kind, at.1);
            if index == place && matches!(kind, Changed | Stale) {
                let by = ops.get(&rows[index].op).filter(|op| case.either(op) && case.may_show(op));
                self.present.extend(by.map(|op| op.id));
                lost = by.filter(|op| op.acked()).map(|op| op.id).or(case.owed_live().then_some(owed));
                self.found.holes.1 += 1;
            }
        }
        // Rows of nobody and of rolled-back operations are not the owed one; a later write has it beneath itself.
        let later = |row: &Row| case.is_later_write(row, ops);
        if (0..rows.len()).all(|index| !fine[index] && forbidden(&index))
            && !case.absence_is_fine()
            && !rows.iter().any(later)
        {
            self.found.add(at.0, Missing, at.1);
            self.found.holes.1 += 1;
            lost = Some(owed);
        }
        lost
    }

    /// What a state that is fine tells of the operations that may be there; whether one of them is tail.
    fn judge_presence(&mut self, case: &Case<'_>, state: Option<(u64, u64)>) -> bool {
        let worlds: Vec<BTreeSet<u64>> =
            case.worlds().into_iter().filter(|(end, _)| *end == state).map(|(_, part)| part).collect();
        assert!(!worlds.is_empty(), "a state that is fine has a world: {:?}", case.at);
        let mut in_tail = false;
        for op in case.versions.iter().filter(|op| case.either(op)) {
            let always = worlds.iter().all(|part| part.contains(&op.id));
            if always {
                self.present.insert(op.id);
            } else if !worlds.iter().any(|part| part.contains(&op.id)) {
                self.absent.entry(op.id).or_default().push(case.at);
                in_tail |= op.acked();
            }
            if op.acked() && (state.is_some_and(|(id, _)| id == op.id) || (state.is_none() && always)) {
                self.found.newest_recovered = self.found.newest_recovered.max(Some(op.to));
            }
        }
        let owed = case.owed_version().filter(|_| state.is_none() && !case.owed_live());
        let shown = state.and_then(|(id, _)| self.ops.get(&id)).or(owed);
        if let Some(op) = shown.filter(|op| op.acked() && !case.erased_by(op)) {
            self.found.newest_recovered = self.found.newest_recovered.max(Some(op.to));
        }
        in_tail
    }

    fn finish(mut self, ignored: impl Fn(u8) -> bool) -> Findings {
        self.found.last_acked = self.ops.values().filter(|op| op.acked()).map(|op| op.to).max();
        let data = self.data;
        let in_tail = |op: &Op, at: &(u8, u128)| !ignored(at.0) && !erases(data, op, *at);
        let counts = |op: &&Op| op.tail(data) && op.effects.keys().any(|at| in_tail(op, at));
        for op in self.ops.values().filter(counts) {
            self.found.tail.0 += 1;
            self.gone.push(op.to);
        }
        self.found.either = self.present.iter().chain(self.absent.keys()).collect::<BTreeSet<_>>().len() as u64;
        for (op, rows) in std::mem::take(&mut self.absent) {
            if self.present.contains(&op) {
                self.found.torn += 1;
                rows.iter().for_each(|(table, key)| self.found.add(*table, Torn, *key));
            }
            if self.ops[&op].acked() {
                self.found.tail.0 += 1;
                self.gone.push(self.ops[&op].to);
            }
        }
        self.found.holes.0 += self.hole_ops.len() as u64;
        self.found.first_gone = self.gone.into_iter().min();
        self.found
    }
}
