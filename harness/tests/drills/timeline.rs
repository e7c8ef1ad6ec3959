//! The reported times held against clocks that are not the harness's: the servers' own log lines, and when the kernel says
//! that the tools began and ended.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use blackstart::host::process;
use blackstart_record::history::History;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::PhaseMeasure;
use jiff::Timestamp;

use crate::support::Place;

/// The kernel's ticks: it says no more exactly when a process began.
const TICK: i128 = 10_000_000;

/// A program as the kernel saw it, on the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    begun: i128,
    /// Between when it was seen last and when it was not any more.
    ended: (i128, i128),
}

fn now() -> i128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as i128
}

/// What the kernel showed of a drill's processes.
pub struct Watched {
    /// The programs that were asked for, by their first word.
    pub programs: BTreeMap<&'static str, Seen>,
    /// Every command line, as anybody on this machine could read it.
    pub lines: BTreeSet<String>,
}

/// Runs a drill and looks on: what becomes of the programs in whose command line all of these words stand.
pub fn watch(mut drill: Command, programs: &[&'static [&'static str]]) -> (Output, Watched) {
    let child = drill.spawn().unwrap();
    let (harness, done) = (child.id(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut seen: BTreeMap<&str, (u32, Seen)> = BTreeMap::new();
            let mut lines = BTreeSet::new();
            while !done.load(Ordering::Relaxed) {
                let pids = process::descendants(harness);
                for (_, (_, seen)) in
                    seen.iter_mut().filter(|(_, (pid, seen))| seen.ended.1 == 0 && !pids.contains(pid))
                {
                    seen.ended.1 = now();
                }
                for pid in pids {
                    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                    let line = String::from_utf8_lossy(&line).replace('\0', " ");
                    lines.insert(line.clone());
                    let Some(words) = programs.iter().find(|words| words.iter().all(|word| line.contains(word))) else {
                        continue;
                    };
                    let Some(ticks) = process::start_time(pid) else { continue };
                    let fresh = Seen { begun: since_boot(ticks), ended: (0, 0) };
                    // A server's children have its command line until they name themselves.
                    let (known, seen) = seen.entry(words[0]).or_insert((pid, fresh));
                    if *known == pid {
                        seen.ended.0 = now();
                    }
                }
                // As exactly as the kernel says it; a look at every process costs the drill beside it.
                std::thread::sleep(Duration::from_millis(10));
            }
            Watched { programs: seen.into_iter().map(|(name, (_, seen))| (name, seen)).collect(), lines }
        });
        let output = child.wait_with_output().unwrap();
        done.store(true, Ordering::Relaxed);
        (output, looking.join().unwrap())
    })
}

/// An instant in ticks since boot, on the wall clock.
fn since_boot(ticks: u64) -> i128 {
    let uptime = fs::read_to_string("/proc/uptime").unwrap();
    let hundredths: i128 = uptime.split_whitespace().next().unwrap().replace('.', "").parse().unwrap();
    now() - (hundredths - i128::from(ticks)) * TICK
}

/// The drill's phases on the wall clock.
struct Phases {
    offset: i128,
    phases: Vec<PhaseMeasure>,
    resolution: i128,
}

impl Phases {
    fn of(place: &Place) -> Self {
        let History { entries, .. } = place.history();
        // Both clocks are read one after the other: the least difference is the one that nothing came between.
        let differences = entries.iter().map(|entry| {
            let wall: Timestamp = entry.wall.parse().unwrap();
            wall.as_nanosecond() - i128::from(entry.at.0)
        });
        let rta = place.verdict().measures.rta.unwrap();
        Self { offset: differences.min().unwrap(), phases: rta.phases, resolution: i128::from(rta.resolution.0) }
    }

    fn wall(&self, at: Nanos) -> i128 {
        self.offset + i128::from(at.0)
    }

    fn find(&self, name: &str) -> (i128, i128) {
        let phase = self.phases.iter().find(|phase| phase.name == name).unwrap();
        (self.wall(phase.begun), self.wall(phase.begun.plus(phase.measured)))
    }

    /// Something happened within a phase.
    fn holds(&self, phase: &str, at: i128, what: &str) {
        let (begun, ended) = self.find(phase);
        // A log line's time is cut to milliseconds.
        let early = begun - at - 1_000_000;
        assert!(early <= self.resolution, "{what}: {early} ns before {phase} began");
        assert!(at - ended <= self.resolution, "{what}: {} ns after {phase} had ended", at - ended);
    }

    fn same(&self, one: i128, other: i128, what: &str) {
        let apart = (one - other).abs();
        assert!(apart <= self.resolution + 2 * TICK, "{what}: {apart} ns apart");
    }
}

/// The wall times of the lines of a server's log that say `what`; there is one at least.
fn said(place: &Place, log: &str, what: &str) -> Vec<i128> {
    let log = fs::read_to_string(place.folder().logs().join(log)).unwrap();
    let time = |line: &str| format!("{}Z", line.get(..23).unwrap().replace(' ', "T"));
    let time = |line: &str| time(line).parse::<Timestamp>().unwrap().as_nanosecond();
    let times: Vec<i128> = log.lines().filter(|line| line.contains(what)).map(time).collect();
    assert!(!times.is_empty(), "nothing says {what:?}:\n{log}");
    times
}

/// What `programs` are to [`watch`] for [`agree`].
pub const PROGRAMS: &[&[&str]] = &[&["barman-cloud-restore"], &["listen_addresses=127.0.0.11", "postgres"]];

/// The reported phases agree with what the servers and the kernel say, within the stated resolution.
pub fn agree(place: &Place, kernel: &BTreeMap<&'static str, Seen>) {
    let phases = Phases::of(place);
    let down = said(place, "primary-postgres.log", "database system is shut down");
    phases.holds("stop the application", down[down.len() - 1], "the source is shut down");
    // Of its first life: at the end of the drill it is killed and started again.
    let target = "recovery-postgres.log";
    for (phase, what) in [
        ("replay", "starting PostgreSQL"),
        ("replay", "starting point-in-time recovery"),
        ("replay", "recovery stopping before commit"),
        ("replay", "pausing at the end of recovery"),
        ("promote", "received promote request"),
        ("promote", "selected new timeline ID"),
        ("promote", "archive recovery complete"),
        ("promote", "database system is ready to accept connections"),
    ] {
        phases.holds(phase, said(place, target, what)[0], what);
    }
    phases.same(
        phases.find("replay").1,
        said(place, target, "pausing at the end of recovery")[0],
        "the end of the replay",
    );
    let [tool, server] = PROGRAMS.iter().map(|words| kernel[words[0]]).collect::<Vec<_>>()[..] else { panic!() };
    phases.same(tool.begun, phases.find("fetch").0, "the fetch begins with its tool");
    phases.holds("fetch", tool.ended.0, "its tool is seen");
    phases.same(
        phases.find("fetch").1,
        phases.find("fetch").1.clamp(tool.ended.0, tool.ended.1),
        "the fetch ends with it",
    );
    phases.same(server.begun, phases.find("replay").0, "the replay begins with its server");
}
