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

use crate::support::{Place, told};

/// The kernel's ticks: it says no more exactly when a process began.
const TICK: i128 = 10_000_000;

/// A program as the kernel saw it, on the wall clock.
#[derive(Clone, Copy, Debug)]
struct Seen {
    begun: i128,
    /// Between when it was seen last and when it was not any more.
    ended: (i128, i128),
}

fn now() -> i128 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as i128
}

/// What a drill's servers and programs have to show at which of its phases.
#[derive(Debug)]
pub struct Timeline {
    pub lines: &'static [Line],
    pub programs: &'static [Program],
}

/// A line of a server's log, which is written in a phase.
#[derive(Debug)]
pub struct Line {
    pub log: &'static str,
    pub says: &'static str,
    /// Of several that say so, the last; else the first.
    pub last: bool,
    pub phase: &'static str,
    /// Whether the phase ends with it.
    pub ends: bool,
}

/// A program with which a phase begins.
#[derive(Debug)]
pub struct Program {
    /// They all stand in its command line, and the first in no other's here.
    pub words: &'static [&'static str],
    pub phase: &'static str,
    pub ends: End,
}

/// When a program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    WithPhase,
    InPhase,
    Later,
}

/// A line of the log of the recovered PostgreSQL, of its first life: at the end of the drill it is killed and started again.
const fn recovered(says: &'static str, phase: &'static str) -> Line {
    Line { log: "recovery-postgres.log", says, last: false, phase, ends: false }
}

/// PostgreSQL, restored by barman-cloud and replayed from its archive.
pub const POSTGRESQL: Timeline = Timeline {
    lines: &[
        Line {
            log: "primary-postgres.log",
            says: "database system is shut down",
            last: true,
            phase: "stop the application",
            ends: false,
        },
        recovered("starting PostgreSQL", "replay"),
        recovered("starting point-in-time recovery", "replay"),
        recovered("recovery stopping before commit", "replay"),
        Line { ends: true, ..recovered("pausing at the end of recovery", "replay") },
        recovered("received promote request", "promote"),
        recovered("selected new timeline ID", "promote"),
        recovered("archive recovery complete", "promote"),
        recovered("database system is ready to accept connections", "promote"),
    ],
    programs: &[
        Program { words: &["barman-cloud-restore"], phase: "fetch", ends: End::WithPhase },
        Program { words: &["listen_addresses=127.0.0.11", "postgres"], phase: "replay", ends: End::Later },
    ],
};

/// MariaDB, its dump loaded and its binary log replayed. The server that they go to runs all the time, and has no more to say.
pub const MARIADB: Timeline = Timeline {
    lines: &[Line {
        log: "primary-mariadbd.log",
        says: "Shutdown complete",
        last: true,
        phase: "stop the application",
        ends: false,
    }],
    programs: &[
        Program { words: &["--recursive", "/dumps/"], phase: "fetch", ends: End::InPhase },
        Program { words: &["--init-command=SET SESSION sql_log_bin = 0"], phase: "restore", ends: End::InPhase },
        Program { words: &["--verify-binlog-checksum", "bash"], phase: "replay", ends: End::WithPhase },
    ],
};

/// What the kernel showed of a drill's processes.
pub struct Watched {
    /// The programs of the timeline, by their first word.
    programs: BTreeMap<&'static str, Seen>,
    /// Every command line, as anybody on this machine could read it.
    pub lines: BTreeSet<String>,
}

/// A drill that was looked on at, and not disturbed: of one that is run again, two runs would have been seen.
pub fn watched(place: impl Fn() -> Place, timeline: &Timeline) -> (Place, Output, Watched) {
    for _ in 0..3 {
        let place = place();
        let (output, watched) = watch(place.run(), timeline);
        if !told(&output).contains("it is run again") {
            return (place, output, watched);
        }
    }
    panic!("this machine disturbs every drill");
}

/// Runs a drill and looks on: what becomes of the timeline's programs.
fn watch(mut drill: Command, Timeline { programs, .. }: &Timeline) -> (Output, Watched) {
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
                    let is = |program: &&Program| program.words.iter().all(|word| line.contains(word));
                    let Some(Program { words, .. }) = programs.iter().find(is) else { continue };
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

    /// Something happened within a phase, at most `cut` after it is said to have.
    fn holds(&self, phase: &str, at: i128, cut: i128, what: &str) {
        let (begun, ended) = self.find(phase);
        let early = begun - at - cut;
        assert!(early <= self.resolution, "{what}: {early} ns before {phase} began");
        assert!(at - ended <= self.resolution, "{what}: {} ns after {phase} had ended", at - ended);
    }

    fn same(&self, one: i128, other: i128, what: &str) {
        let apart = (one - other).abs();
        assert!(apart <= self.resolution + 2 * TICK, "{what}: {apart} ns apart");
    }
}

impl Line {
    /// When it was written, and how much later that may have been: a log's time is cut to milliseconds, or to seconds.
    fn written(&self, place: &Place) -> (i128, i128) {
        let Self { log, says, last, .. } = self;
        let log = fs::read_to_string(place.folder().logs().join(log)).unwrap();
        let mut lines = log.lines().filter(|line| line.contains(says));
        let line = if *last { lines.next_back() } else { lines.next() };
        let Some(line) = line else { panic!("nothing says {says:?}:\n{log}") };
        let (digits, cut) = if line.as_bytes()[19] == b'.' { (23, 1_000_000) } else { (19, 1_000_000_000) };
        let (date, time) = (&line[..10], line[11..digits].replace(' ', "0"));
        let at: Timestamp = format!("{date}T{time}Z").parse().unwrap();
        (at.as_nanosecond(), cut)
    }
}

impl Timeline {
    /// The reported phases agree with what the servers and the kernel say, within the stated resolution.
    pub fn agree(&self, place: &Place, kernel: &Watched) {
        let phases = Phases::of(place);
        for line in self.lines {
            let (at, cut) = line.written(place);
            phases.holds(line.phase, at, cut, line.says);
            if line.ends {
                phases.same(phases.find(line.phase).1, at, line.says);
            }
        }
        for Program { words, phase, ends } in self.programs {
            let (what, (begun, ended)) = (words[0], phases.find(phase));
            let Some(seen) = kernel.programs.get(what) else { panic!("{what} was never seen") };
            phases.same(seen.begun, begun, &format!("{phase} begins with {what}"));
            if *ends != End::Later {
                phases.holds(phase, seen.ended.0, 0, what);
            }
            if *ends == End::WithPhase {
                let nearest = ended.clamp(seen.ended.0, seen.ended.1);
                phases.same(ended, nearest, &format!("{phase} ends with {what}"));
            }
        }
    }
}
