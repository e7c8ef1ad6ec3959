//! The ledger check: operations a second on one core, and how time and memory grow.
//!
//! Each measurement is a process of its own, so that its peak of memory is its own too. Time is that of the processor,
//! not of the wall: the check has one thread, and what else runs on the machine is not its cost.

use std::path::Path;
use std::process::{Command, Stdio};

use blackstart_record::record::Folder;

use super::{Comparison, Run};
use crate::Result;
use crate::ledger::{self, EFFECTS};
use crate::samples::{Aim, Row, interleaved, shown};

pub(super) const COMPARISON: Comparison = Comparison { name: "ledger-check", run: Run::Here(run) };

/// The hidden argument of a process that checks one ledger.
pub const ALONE: &str = "check-one-ledger";

const SMALL: u64 = 1_000_000;
const LARGE: u64 = 10 * SMALL;
const PAIRS: usize = 5;

const SPEED: Row = Row { name: "ledger check, 1 effect each", against: "-", unit: "M/s", aim: Aim::AtLeast(2.0) };
const REAL: Row = Row { name: "ledger check, 4 effects each", against: "-", unit: "M/s", aim: Aim::AtLeast(2.0) };
const TIME: Row =
    Row { name: "ledger check, time of 10 million", against: "1 million", unit: "x", aim: Aim::AtMost(11.0) };
const MEMORY: Row =
    Row { name: "ledger check, memory of 10 million", against: "1 million", unit: "x", aim: Aim::AtMost(1.2) };

fn run() -> Result<()> {
    [SPEED, REAL, TIME, MEMORY].iter().for_each(Row::begin);
    let (small, large) = (OnDisk::write(SMALL, 1)?, OnDisk::write(LARGE, 1)?);
    let (mut small_peaks, mut large_peaks) = (Vec::new(), Vec::new());
    let (of_large, of_small) = interleaved(PAIRS, || large.check(&mut large_peaks), || small.check(&mut small_peaks))?;
    for (large, small) in of_large.iter().zip(&of_small) {
        SPEED.sample(SMALL as f64 / small / 1e6);
        TIME.sample(large / small);
    }
    large_peaks.iter().zip(&small_peaks).for_each(|(large, small)| MEMORY.sample(large / small));
    TIME.note(&format!("{} s against {} s of processor time, medians", shown(&of_large), shown(&of_small)));
    MEMORY.note(&format!("{} MB against {} MB at the peak, medians", shown(&large_peaks), shown(&small_peaks)));
    drop(large);
    let real = OnDisk::write(SMALL, EFFECTS)?;
    for _ in 0..PAIRS {
        REAL.sample(SMALL as f64 / real.check(&mut Vec::new())? / 1e6);
    }
    Ok(())
}

/// A record to be checked.
struct OnDisk(tempfile::TempDir);

impl OnDisk {
    fn write(operations: u64, effects: u64) -> Result<Self> {
        let place = tempfile::tempdir()?;
        ledger::write(&Folder::new(place.path()), operations, effects)?;
        Ok(Self(place))
    }

    /// Seconds of processor time of one check in a process of its own; its peak in MB is added to `peaks`.
    fn check(&self, peaks: &mut Vec<f64>) -> Result<f64> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(ALONE).arg(self.0.path()).stderr(Stdio::inherit());
        let said = String::from_utf8(command.output()?.stdout)?;
        let mut figures = said.split_whitespace().map(str::parse::<f64>);
        match (figures.next(), figures.next()) {
            (Some(Ok(seconds)), Some(Ok(peak))) => {
                peaks.push(peak);
                Ok(seconds)
            }
            _ => Err(format!("{command:?} said {said:?}").into()),
        }
    }
}

/// The process that checks one record: seconds of processor time, and its peak in MB.
///
/// # Errors
/// The record could not be checked.
pub fn alone(folder: &Path) -> Result<(f64, f64)> {
    let before = processor()?;
    ledger::check(&Folder::new(folder))?;
    Ok((processor()? - before, peak()?))
}

/// Seconds that this process's first thread has been on a processor.
fn processor() -> Result<f64> {
    let said = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanos = said.split_whitespace().next().ok_or("schedstat is empty")?.parse::<f64>()?;
    Ok(nanos / 1e9)
}

fn peak() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
}
