//! Sorting more records than fit in memory: sorted runs in anonymous temporary files, merged at the end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::vec;

/// A record of fixed size. Its order is the order of sorting.
pub(super) trait Fixed: Copy + Ord {
    /// Bytes of its encoding, at most [`LARGEST`].
    const SIZE: usize;
    /// Appends exactly [`Fixed::SIZE`] bytes.
    fn put(&self, out: &mut Vec<u8>);
    /// Reads back what [`Fixed::put`] wrote; `None` if it is no record.
    fn take(bytes: &[u8]) -> Option<Self>;
}

/// No record's encoding is larger.
pub(super) const LARGEST: usize = 64;
/// Runs merged at once: bounds open files and read buffers.
const FAN_IN: usize = 64;
const BUFFER: usize = 64 << 10;

/// Takes records in any order and gives them back sorted, within a budget of memory.
#[derive(Debug)]
pub(super) struct Sorter<T> {
    buffer: Vec<T>,
    capacity: usize,
    runs: Vec<Run>,
    fan_in: usize,
}

#[derive(Debug)]
struct Run {
    file: File,
    records: u64,
}

impl<T: Fixed> Sorter<T> {
    /// A sorter that holds at most `budget` bytes of records in memory (at least two records).
    pub(super) fn new(budget: usize) -> Self {
        let capacity = (budget / size_of::<T>()).max(2);
        Self { buffer: Vec::new(), capacity, runs: Vec::new(), fan_in: FAN_IN }
    }

    /// Adds a record; spills a run when the budget is used up.
    pub(super) fn push(&mut self, record: T) -> io::Result<()> {
        if self.buffer.len() == self.capacity {
            self.spill()?;
        }
        if self.buffer.is_empty() {
            // Reserved at once: growing by doubling would need half as much again for a moment.
            self.buffer.reserve_exact(self.capacity);
        }
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
            self.buffer.sort_unstable();
            return Ok(Sorted(Source::Memory(self.buffer.into_iter())));
        }
        self.spill()?;
        self.buffer = Vec::new();
        Merge::new(self.runs).map(|merge| Sorted(Source::Disk(merge)))
    }

    fn spill(&mut self) -> io::Result<()> {
        self.buffer.sort_unstable();
        let mut run = RunWriter::create()?;
        self.buffer.iter().try_for_each(|record| run.write(record))?;
        self.buffer.clear();
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
    bytes: Vec<u8>,
    records: u64,
}

impl RunWriter {
    fn create() -> io::Result<Self> {
        let file = BufWriter::with_capacity(BUFFER, tempfile::tempfile()?);
        Ok(Self { file, bytes: Vec::with_capacity(LARGEST), records: 0 })
    }

    fn write<T: Fixed>(&mut self, record: &T) -> io::Result<()> {
        self.bytes.clear();
        record.put(&mut self.bytes);
        self.records += 1;
        self.file.write_all(&self.bytes)
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
    Memory(vec::IntoIter<T>),
    Disk(Merge<T>),
}

impl<T: Fixed> Sorted<T> {
    /// The next record.
    pub(super) fn take(&mut self) -> io::Result<Option<T>> {
        match &mut self.0 {
            Source::Memory(records) => Ok(records.next()),
            Source::Disk(merge) => merge.take(),
        }
    }
}

#[derive(Debug)]
struct Merge<T> {
    runs: Vec<(BufReader<File>, u64)>,
    heads: BinaryHeap<Reverse<(T, usize)>>,
}

impl<T: Fixed> Merge<T> {
    fn new(runs: Vec<Run>) -> io::Result<Self> {
        let runs = runs.into_iter().map(|run| (BufReader::with_capacity(BUFFER, run.file), run.records)).collect();
        let mut merge = Self { runs, heads: BinaryHeap::new() };
        for index in 0..merge.runs.len() {
            if let Some(record) = merge.read(index)? {
                merge.heads.push(Reverse((record, index)));
            }
        }
        Ok(merge)
    }

    fn take(&mut self) -> io::Result<Option<T>> {
        let Some(&Reverse((record, index))) = self.heads.peek() else { return Ok(None) };
        let next = self.read(index)?;
        if let Some(mut head) = self.heads.peek_mut() {
            match next {
                Some(next) => *head = Reverse((next, index)),
                None => drop(std::collections::binary_heap::PeekMut::pop(head)),
            }
        }
        Ok(Some(record))
    }

    fn read(&mut self, index: usize) -> io::Result<Option<T>> {
        let Some((input, left)) = self.runs.get_mut(index) else { return Ok(None) };
        if *left == 0 {
            return Ok(None);
        }
        let mut bytes = [0; LARGEST];
        let bytes = &mut bytes[..T::SIZE];
        input.read_exact(bytes)?;
        *left -= 1;
        T::take(bytes)
            .map(Some)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a sorted run does not read back"))
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
        const SIZE: usize = 8;
        fn put(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.to_le_bytes());
        }
        fn take(mut bytes: &[u8]) -> Option<Self> {
            split(&mut bytes).map(u64::from_le_bytes)
        }
    }

    fn sorted(mut sorter: Sorter<u64>, records: &[u64]) -> (Vec<u64>, usize) {
        for record in records {
            sorter.push(*record).unwrap();
            assert!(sorter.buffer.capacity() <= sorter.capacity.max(4), "the budget holds");
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
            budget in 16_usize..400,
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
        let (all, spilled) = sorted(Sorter::new(100 * 8), &records);
        assert_eq!((all.len(), spilled), (1000, 9), "ten runs of a hundred, the last still in memory");
        assert_eq!(sorted(Sorter::new(1000 * 8), &records).1, 0);
    }

    #[test]
    fn runs_beyond_the_fan_in_are_merged_as_they_come() {
        let records: Vec<u64> = (0..10_000).rev().collect();
        let (all, spilled) = sorted(Sorter::new(10 * 8), &records);
        assert!(spilled < FAN_IN, "{spilled} runs are open at once");
        assert!(all.is_sorted() && all.len() == 10_000);
    }
}
