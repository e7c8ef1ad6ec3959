//! The ledger as operations, and operations as effects on rows.

use std::collections::BTreeMap;
use std::path::Path;

use blackstart_record::event::Cut;
use blackstart_record::ledger::{self, Completion, LedgerEntry};
use blackstart_record::rows::Key;
use blackstart_record::time::Nanos;

use super::OracleError;
use super::sort::{Fixed, join, split};

/// No more operations than this can be in flight at once; it bounds the memory of joining the ledger.
pub(super) const IN_FLIGHT: usize = 1 << 18;

/// What a cut makes of an operation: this decides whether its effects are owed, allowed or forbidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// Acknowledged before R.
    Owed,
    /// Acknowledged, and R may lie before or after it.
    Straddling,
    /// Acknowledged, invoked after R.
    Tail,
    /// Unknown, invoked before R's latest.
    Unknown,
    /// Unknown, invoked after R.
    UnknownAfter,
    /// Certainly without effect.
    Failed,
    /// Made by the recovered system's own clients.
    Aftermath,
    /// Acknowledged, and owed wherever R lies: a deletion that must not be undone.
    Erased,
}

impl Fate {
    /// Whether a restored state may, but need not, show it.
    pub(super) fn is_either(self) -> bool {
        matches!(self, Self::Straddling | Self::Unknown)
    }

    /// Whether a client of the old incarnation got an acknowledgement.
    pub(super) fn is_acknowledged(self) -> bool {
        matches!(self, Self::Owed | Self::Straddling | Self::Tail)
    }

    /// What it makes of one effect of the operation, where the table's deletions are erasures.
    pub(super) fn of_erasure(self, effect: &ledger::Effect) -> Self {
        match self {
            Self::Straddling | Self::Tail if effect.digest.is_none() => Self::Erased,
            fate => fate,
        }
    }
}

/// An operation of the ledger, joined from its invocation and its completion.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) op: u64,
    pub(super) epoch: u8,
    pub(super) invoked: Nanos,
    pub(super) completed: Nanos,
    pub(super) completion: Completion,
    pub(super) effects: Vec<ledger::Effect>,
}

impl Operation {
    /// What `cut` makes of it.
    pub(super) fn fate(&self, cut: &Cut) -> Fate {
        let after = self.invoked > cut.latest;
        match self.completion {
            Completion::Failed => Fate::Failed,
            _ if self.epoch != 0 => Fate::Aftermath,
            Completion::Acknowledged if after => Fate::Tail,
            Completion::Acknowledged if self.completed <= cut.earliest => Fate::Owed,
            Completion::Acknowledged => Fate::Straddling,
            Completion::Unknown if after => Fate::UnknownAfter,
            Completion::Unknown => Fate::Unknown,
        }
    }
}

/// An invocation that has no completion in the ledger: what it did is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) epoch: u8,
    pub(super) invoked: Nanos,
}

/// What is left when a ledger was read to its end.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// Invocations without completion.
    pub(super) open: BTreeMap<u64, Open>,
    /// Bytes at the end of the file that were no whole entry.
    pub(super) torn_bytes: u64,
}

/// Reads a ledger and hands over each completed operation, in order of completion; at most `in_flight` at once.
pub(super) fn scan(
    path: &Path,
    in_flight: usize,
    mut visit: impl FnMut(Operation) -> Result<(), OracleError>,
) -> Result<Rest, OracleError> {
    let mut reader = ledger::Reader::open(path)?;
    let mut open: BTreeMap<u64, Open> = BTreeMap::new();
    for entry in reader.by_ref() {
        match entry? {
            LedgerEntry::Invoked { op, epoch, at, .. } => {
                if op == 0 || open.insert(op, Open { epoch, invoked: at }).is_some() {
                    return Err(OracleError::Contract(format!("operation {op} is invoked twice, or is 0")));
                }
                if open.len() > in_flight {
                    return Err(OracleError::Contract(format!("more than {in_flight} operations are in flight")));
                }
            }
            LedgerEntry::Completed { op, at, completion, effects } => {
                let Some(Open { epoch, invoked }) = open.remove(&op) else {
                    return Err(OracleError::Contract(format!("operation {op} ends without having begun")));
                };
                if at < invoked {
                    return Err(OracleError::Contract(format!("operation {op} ends before it began")));
                }
                visit(Operation { op, epoch, invoked, completed: at, completion, effects })?;
            }
        }
    }
    Ok(Rest { open, torn_bytes: reader.torn_bytes() })
}

/// What one operation did to one row. Sorts by table, key, then invocation: the order of a row's versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Effect {
    pub(super) table: u8,
    pub(super) key: Key,
    pub(super) invoked: Nanos,
    pub(super) op: u64,
    /// Position among its operation's effects: of several on one row the last counts.
    pub(super) position: u32,
    pub(super) completed: Nanos,
    pub(super) fate: Fate,
    /// The row's digest; `None`: deleted.
    pub(super) digest: Option<u64>,
}

impl Effect {
    /// Whether it was over before `later` began. Others may have happened in either order.
    pub(super) fn precedes(&self, later: &Self) -> bool {
        self.op != later.op && self.completed <= later.invoked
    }
}

impl Fixed for Effect {
    type Bytes = [u8; 1 + 16 + 8 + 8 + 4 + 8 + 1 + 8];
    const ZERO: Self::Bytes = [0; 54];

    /// Table and key, the key as its length in bits and its 48 highest: exact for integers below 2^48, and as good as
    /// exact for random ones.
    fn rank(&self) -> u64 {
        let above = self.key.0.leading_zeros();
        let highest = self.key.0.checked_shl(above).unwrap_or(0) >> (128 - 48);
        u64::from(self.table) << 56 | u64::from(128 - above) << 48 | highest as u64
    }

    fn put(&self, out: &mut &mut [u8]) {
        join(out, [self.table]);
        join(out, self.key.0.to_le_bytes());
        join(out, self.invoked.0.to_le_bytes());
        join(out, self.op.to_le_bytes());
        join(out, self.position.to_le_bytes());
        join(out, self.completed.0.to_le_bytes());
        join(out, [self.fate as u8 | if self.digest.is_some() { 0x80 } else { 0 }]);
        join(out, self.digest.unwrap_or(0).to_le_bytes());
    }

    fn take(mut bytes: &[u8]) -> Option<Self> {
        let input = &mut bytes;
        let [table] = split(input)?;
        let key = Key(u128::from_le_bytes(split(input)?));
        let invoked = Nanos(u64::from_le_bytes(split(input)?));
        let op = u64::from_le_bytes(split(input)?);
        let position = u32::from_le_bytes(split(input)?);
        let completed = Nanos(u64::from_le_bytes(split(input)?));
        let [flags] = split(input)?;
        let digest = u64::from_le_bytes(split(input)?);
        let fate = match flags & 0x7f {
            0 => Fate::Owed,
            1 => Fate::Straddling,
            2 => Fate::Tail,
            3 => Fate::Unknown,
            4 => Fate::UnknownAfter,
            5 => Fate::Failed,
            6 => Fate::Aftermath,
            7 => Fate::Erased,
            _ => return None,
        };
        let digest = (flags & 0x80 != 0).then_some(digest);
        Some(Self { table, key, invoked, op, position, completed, fate, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn effect(table: u8, key: u128) -> Effect {
        let at = Nanos(0);
        Effect { table, key: Key(key), invoked: at, op: 1, position: 0, completed: at, fate: Fate::Owed, digest: None }
    }

    const FATES: [Fate; 8] = [
        Fate::Owed,
        Fate::Straddling,
        Fate::Tail,
        Fate::Unknown,
        Fate::UnknownAfter,
        Fate::Failed,
        Fate::Aftermath,
        Fate::Erased,
    ];

    proptest! {
        #[test]
        fn an_effect_reads_back_as_it_was_written(
            (table, key, invoked, op) in any::<(u8, u128, u64, u64)>(),
            (position, completed, fate, digest) in (any::<u32>(), any::<u64>(), 0_usize..8, any::<Option<u64>>()),
        ) {
            let (invoked, completed) = (Nanos(invoked), Nanos(completed));
            let fate = FATES[fate];
            let effect = Effect { table, key: Key(key), invoked, op, position, completed, fate, digest };
            prop_assert_eq!(Effect::take(&effect.bytes()), Some(effect));
        }

        #[test]
        fn effects_of_different_ranks_are_in_the_order_of_their_ranks(
            tables in prop::array::uniform2(0_u8..3),
            keys in prop::array::uniform2((any::<u128>(), 0_u32..128).prop_map(|(key, shift)| key >> shift)),
        ) {
            let [one, other] = [effect(tables[0], keys[0]), effect(tables[1], keys[1])];
            let by_rank = one.rank().cmp(&other.rank());
            prop_assert!(by_rank.is_eq() || by_rank == one.cmp(&other), "{one:?} {other:?}");
            let small = keys.iter().all(|key| *key < 1 << 48);
            prop_assert!(!small || by_rank == one.cmp(&other), "{one:?} {other:?} are not told apart");
        }
    }

    #[test]
    fn neighbours_below_2_to_the_48_are_told_apart_by_their_ranks_alone() {
        for key in [0, 1, 2, 1_000, 1 << 32, (1 << 48) - 2] {
            assert!(effect(1, key).rank() < effect(1, key + 1).rank(), "{key}");
        }
    }

    #[test]
    fn a_cut_decides_the_fate_of_an_operation() {
        use Completion::{Acknowledged, Failed, Unknown};
        let cut = Cut { earliest: Nanos(100), latest: Nanos(110), claimed_by: String::new() };
        let cases = [
            (0, 90, 100, Acknowledged, Fate::Owed),
            (0, 90, 101, Acknowledged, Fate::Straddling),
            (0, 105, 107, Acknowledged, Fate::Straddling),
            (0, 110, 120, Acknowledged, Fate::Straddling),
            (0, 111, 120, Acknowledged, Fate::Tail),
            (0, 10, 20, Unknown, Fate::Unknown),
            (0, 110, 120, Unknown, Fate::Unknown),
            (0, 111, 120, Unknown, Fate::UnknownAfter),
            (0, 10, 20, Failed, Fate::Failed),
            (0, 111, 120, Failed, Fate::Failed),
            (1, 500, 510, Acknowledged, Fate::Aftermath),
            (1, 500, 510, Unknown, Fate::Aftermath),
            (1, 500, 510, Failed, Fate::Failed),
        ];
        for (epoch, invoked, completed, completion, fate) in cases {
            let (invoked, completed) = (Nanos(invoked), Nanos(completed));
            let operation = Operation { op: 1, epoch, invoked, completed, completion, effects: vec![] };
            assert_eq!(operation.fate(&cut), fate, "{operation:?}");
        }
    }

    #[test]
    fn as_many_operations_are_in_flight_as_there_is_room_for_and_no_more() {
        let folder = crate::oracle::testing::scratch();
        let begun = |op| LedgerEntry::Invoked { op, client: 0, epoch: 0, at: Nanos(op) };
        for (operations, fits) in [(1, true), (2, true), (3, false)] {
            let path = folder.path().join(operations.to_string());
            let mut writer = ledger::Writer::create(&path).unwrap();
            writer.append(&(1..=operations).map(begun).collect::<Vec<_>>()).unwrap();
            drop(writer);
            assert_eq!(scan(&path, 2, |_| Ok(())).is_ok(), fits, "{operations} in flight");
        }
    }
}
