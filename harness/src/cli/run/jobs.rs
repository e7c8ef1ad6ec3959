//! How many drills this machine runs side by side without one disturbing the other's measurement.

use std::num::NonZero;
use std::thread;

/// A drill keeps this many cores busy at its busiest.
const CORES: usize = 2;
/// The memory of a drill's servers, its programs, and its disks where those are in memory, in bytes.
const MEMORY: u64 = 2 << 30;

/// As many as cores and memory give room for; at least one.
pub(super) fn of_machine() -> NonZero<usize> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let memory = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
    fitting(cores, memory)
}

fn fitting(cores: usize, memory: Option<u64>) -> NonZero<usize> {
    let by_memory = memory.map_or(1, |bytes| usize::try_from(bytes / MEMORY).unwrap_or(usize::MAX));
    NonZero::new((cores / CORES).min(by_memory)).unwrap_or(NonZero::<usize>::MIN)
}

/// The available memory in bytes, as `/proc/meminfo` has it.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_scarcer_decides_and_one_always_fits() {
        let gib = |number: u64| Some(number << 30);
        for (cores, memory, jobs) in
            [(1, gib(64), 1), (2, gib(24), 1), (8, gib(64), 4), (16, gib(5), 2), (16, gib(1), 1), (16, None, 1)]
        {
            assert_eq!(fitting(cores, memory).get(), jobs, "{cores} cores, {memory:?}");
        }
    }

    #[test]
    fn meminfo_is_read_in_bytes() {
        assert_eq!(available("MemTotal:  100 kB\nMemAvailable:   22 kB\n"), Some(22 * 1024));
        assert_eq!(available("MemTotal:  100 kB\n"), None);
        assert!(available(&std::fs::read_to_string("/proc/meminfo").unwrap()).is_some());
    }
}
