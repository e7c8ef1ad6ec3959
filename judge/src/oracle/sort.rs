//! Sorting more records than fit in memory: sorted runs in anonymous temporary files, merged at the end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::vec;

/// A record of fixed size. Its order is the order of sorting.
pub(super) trait Fixed: Copy + Ord {
    /// Its encoding.
    type Bytes: AsRef<[u8]> + AsMut<[u8]>;
    /// Room for an encoding.
    const ZERO: Self::Bytes;
    /// Where it sorts, coarsely: of two records with different ranks the lesser comes first.
    fn rank(&self) -> u64;
    /// Fills that room from its front, by [`join`].
    fn put(&self, out: &mut &mut [u8]);
    /// Reads back what [`Fixed::put`] wrote; `None` if it is no record.
    fn take(bytes: &[u8]) -> Option<Self>;

    /// Its encoding.
    fn bytes(&self) -> Self::Bytes {
        let mut bytes = Self::ZERO;
        self.put(&mut bytes.as_mut());
        bytes
    }
}

/// Runs merged at once: bounds open files and read buffers.
const FAN_IN: usize = 256;
const BUFFER: usize = 64 << 10;

/// Takes records in any order and gives them back sorted, within a budget of memory.
#[derive(Debug)]
pub(super) struct Sorter<T> {
    buffer: Vec<T>,
    order: Vec<Place>,
    capacity: usize,
    runs: Vec<Run>,
    fan_in: usize,
}

/// A record's rank, and below it the record's index in the buffer. Sorting these instead of the records moves a quarter
/// of the bytes, and compares integers: three times as fast.
type Place = u128;

fn index(place: Place) -> usize {
    place as u32 as usize
}

#[derive(Debug)]
struct Run {
    file: File,
    records: u64,
}

impl<T: Fixed> Sorter<T> {
    /// Memory of a record.
    const COST: usize = size_of::<T>() + size_of::<Place>();

    /// A sorter that holds at most `budget` bytes of records in memory (at least two records).
    pub(super) fn new(budget: usize) -> Self {
        let capacity = (budget / Self::COST).clamp(2, u32::MAX as usize);
        Self { buffer: Vec::new(), order: Vec::new(), capacity, runs: Vec::new(), fan_in: FAN_IN }
    }

    /// Adds a record; spills a run when the budget is used up.
    pub(super) fn push(&mut self, record: T) -> io::Result<()> {
        if self.buffer.len() == self.capacity {
            self.spill()?;
        }
        if self.buffer.is_empty() {
            // Reserved at once: growing by doubling would need half as much again for a moment.
            self.buffer.reserve_exact(self.capacity);
            self.order.reserve_exact(self.capacity);
        }
        self.order.push(Place::from(record.rank()) << 64 | self.buffer.len() as Place);
        self.buffer.push(record);
        Ok(())
    }

    /// Runs on disk so far.
    #[cfg(test)]
    fn spilled(&self) -> usize {
        self.runs.len()
    }

    /// The records in order.
    pub(super) fn finish(mut self) -> io::Result<Sorted<T>> {
        if self.runs.is_empty() {
            self.sort();
            return Ok(Sorted(Source::Memory(self.buffer, self.order.into_iter())));
        }
        self.spill()?;
        Merge::new(self.runs).map(|merge| Sorted(Source::Disk(merge)))
    }

    /// Brings the places into the records' order.
    fn sort(&mut self) {
        self.order.sort_unstable();
        for equal in self.order.chunk_by_mut(|one, other| one >> 64 == other >> 64) {
            equal.sort_unstable_by(|one, other| self.buffer[index(*one)].cmp(&self.buffer[index(*other)]));
        }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let mut run = RunWriter::create()?;
        self.order.iter().try_for_each(|place| run.write(&self.buffer[index(*place)]))?;
        self.buffer.clear();
        self.order.clear();
        self.runs.push(run.end()?);
        if self.runs.len() == self.fan_in {
            let mut merged = RunWriter::create()?;
            let mut merge = Merge::<T>::new(std::mem::take(&mut self.runs))?;
            while let Some(record) = merge.take()? {
                merged.write(&record)?;
            }
            self.runs.push(merged.end()?);
        }
        Ok(())
    }
}

struct RunWriter {
    file: BufWriter<File>,
    records: u64,
}

impl RunWriter {
    fn create() -> io::Result<Self> {
        Ok(Self { file: BufWriter::with_capacity(BUFFER, tempfile::tempfile()?), records: 0 })
    }

    fn write<T: Fixed>(&mut self, record: &T) -> io::Result<()> {
        self.records += 1;
        self.file.write_all(record.bytes().as_ref())
    }

    fn end(self) -> io::Result<Run> {
        let mut file = self.file.into_inner()?;
        file.rewind()?;
        Ok(Run { file, records: self.records })
    }
}

/// Sorted records, one after another.
#[derive(Debug)]
pub(super) struct Sorted<T>(Source<T>);

#[derive(Debug)]
enum Source<T> {
    Memory(Vec<T>, vec::IntoIter<Place>),
    Disk(Merge<T>),
}

impl<T: Fixed> Sorted<T> {
    /// The next record.
    pub(super) fn take(&mut self) -> io::Result<Option<T>> {
        match &mut self.0 {
            Source::Memory(records, order) => Ok(order.next().map(|place| records[index(place)])),
            Source::Disk(merge) => merge.take(),
        }
    }
}

#[derive(Debug)]
struct Merge<T> {
    runs: Vec<(BufReader<File>, u64)>,
    heads: BinaryHeap<Reverse<Head<T>>>,
}

/// The first record of a run that was not taken yet. Sorts as its record does.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Head<T> {
    rank: u64,
    record: T,
    run: usize,
}

impl<T: Fixed> Merge<T> {
    fn new(runs: Vec<Run>) -> io::Result<Self> {
        let runs = runs.into_iter().map(|run| (BufReader::with_capacity(BUFFER, run.file), run.records)).collect();
        let mut merge = Self { runs, heads: BinaryHeap::new() };
        for run in 0..merge.runs.len() {
            let record: Option<T> = read(&mut merge.runs[run])?;
            merge.heads.extend(record.map(|record| Reverse(Head { rank: record.rank(), record, run })));
        }
        Ok(merge)
    }

    fn take(&mut self) -> io::Result<Option<T>> {
        let Some(mut first) = self.heads.peek_mut() else { return Ok(None) };
        let Reverse(Head { record, run, .. }) = *first;
        match read::<T>(&mut self.runs[run])? {
            Some(next) => *first = Reverse(Head { rank: next.rank(), record: next, run }),
            None => drop(PeekMut::pop(first)),
        }
        Ok(Some(record))
    }
}

/// The next record of a run.
fn read<T: Fixed>((input, left): &mut (BufReader<File>, u64)) -> io::Result<Option<T>> {
    if *left == 0 {
        return Ok(None);
    }
    let mut bytes = T::ZERO;
    input.read_exact(bytes.as_mut())?;
    *left -= 1;
    let record = T::take(bytes.as_ref());
    record.map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a sorted run does not read back"))
}

/// Puts an integer's bytes at the front, for [`Fixed::put`].
pub(super) fn join<const N: usize>(out: &mut &mut [u8], bytes: [u8; N]) {
    if let Some((head, rest)) = std::mem::take(out).split_first_chunk_mut::<N>() {
        *head = bytes;
        *out = rest;
    }
}

/// Splits an integer's bytes off the front, for [`Fixed::take`].
pub(super) fn split<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Fixed for u64 {
        type Bytes = [u8; 8];
        const ZERO: Self::Bytes = [0; 8];
        /// Several records have the same.
        fn rank(&self) -> u64 {
            self / 4
        }
        fn put(&self, out: &mut &mut [u8]) {
            join(out, self.to_le_bytes());
        }
        fn take(mut bytes: &[u8]) -> Option<Self> {
            split(&mut bytes).map(u64::from_le_bytes)
        }
    }

    fn sorted(mut sorter: Sorter<u64>, records: &[u64]) -> (Vec<u64>, usize) {
        for record in records {
            sorter.push(*record).unwrap();
            let capacities = [sorter.buffer.capacity(), sorter.order.capacity()];
            assert!(capacities.iter().all(|held| *held <= sorter.capacity.max(4)), "the budget holds");
        }
        let spilled = sorter.spilled();
        let mut sorted = sorter.finish().unwrap();
        let mut all = Vec::new();
        while let Some(record) = sorted.take().unwrap() {
            all.push(record);
        }
        (all, spilled)
    }

    proptest! {
        #[test]
        fn any_records_come_back_in_order_whatever_the_budget(
            records in prop::collection::vec(0_u64..50, 0..300),
            budget in 16_usize..1200,
        ) {
            let mut expected = records.clone();
            expected.sort_unstable();
            let small_fan_in = Sorter { fan_in: 3, ..Sorter::new(budget) };
            prop_assert_eq!(sorted(small_fan_in, &records).0, expected);
        }
    }

    #[test]
    fn a_sorter_over_budget_spills_and_one_within_does_not() {
        let records: Vec<u64> = (0..1000).rev().collect();
        let (all, spilled) = sorted(Sorter::new(100 * 24), &records);
        assert_eq!((all.len(), spilled), (1000, 9), "ten runs of a hundred, the last still in memory");
        assert_eq!(sorted(Sorter::new(1000 * 24), &records).1, 0);
    }

    #[test]
    fn runs_beyond_the_fan_in_are_merged_as_they_come() {
        let records: Vec<u64> = (0..10_000).rev().collect();
        let (all, spilled) = sorted(Sorter::new(10 * 24), &records);
        assert!(spilled < FAN_IN, "{spilled} runs are open at once");
        assert!(all.is_sorted() && all.len() == 10_000);
    }
}
