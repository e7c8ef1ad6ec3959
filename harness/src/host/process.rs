//! Processes as the kernel lists them: descendants, members of a host, signals to all of them.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use blackstart_record::time::Interval;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::clock::Clock;
use crate::failure::{Error, Result};

/// Every living process and its parent.
fn parents() -> HashMap<u32, u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| Some((pid, status_of(pid)?.parent)))
        .collect()
}

struct Status {
    state: char,
    parent: u32,
    started: u64,
}

fn status_of(pid: u32) -> Option<Status> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name is in parentheses and may hold anything, so fields count from the last one.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Status {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// When a living process started, in clock ticks since boot; with its id this names a process for good. A zombie has
/// ended, whether or not its parent has noticed.
pub fn start_time(pid: u32) -> Option<u64> {
    status_of(pid).filter(|status| status.state != 'Z').map(|status| status.started)
}

/// All living descendants of `ancestor`, itself not among them; zombies are not alive.
pub fn descendants(ancestor: u32) -> Vec<u32> {
    let parents = parents();
    let descends = |mut pid: u32| {
        while let Some(&parent) = parents.get(&pid) {
            if parent == ancestor {
                return true;
            }
            if parent == 0 || parent == pid {
                return false;
            }
            pid = parent;
        }
        false
    };
    parents
        .keys()
        .copied()
        .filter(|&pid| descends(pid) && status_of(pid).is_some_and(|status| status.state != 'Z'))
        .collect()
}

/// All living processes inside the mount namespace of this inode number.
pub fn in_mount_namespace(inode: u64) -> Vec<u32> {
    use std::os::unix::fs::MetadataExt;
    parents()
        .into_keys()
        .filter(|pid| {
            fs::metadata(format!("/proc/{pid}/ns/mnt")).is_ok_and(|meta| meta.ino() == inode)
                && status_of(*pid).is_some_and(|status| status.state != 'Z')
        })
        .collect()
}

/// Signals every process that `list` names, again and again until no new one turns up: a process may fork meanwhile.
pub fn signal_all(list: impl Fn() -> Vec<u32>, signal: Signal) {
    let mut seen = Vec::new();
    for _ in 0..50 {
        let fresh: Vec<u32> = list().into_iter().filter(|pid| !seen.contains(pid)).collect();
        if fresh.is_empty() {
            return;
        }
        for pid in fresh {
            let _ = kill(Pid::from_raw(pid as i32), signal);
            seen.push(pid);
        }
    }
}

/// Kills every process that `list` names and waits until none is left; whether that came about within `bound`.
pub async fn kill_all(list: impl Fn() -> Vec<u32>, bound: Duration) -> bool {
    let deadline = tokio::time::Instant::now() + bound;
    loop {
        let alive = list();
        if alive.is_empty() {
            return true;
        }
        for pid in alive {
            let _ = kill(Pid::from_raw(pid as i32), Signal::SIGKILL);
        }
        if tokio::time::Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A process and all its descendants, standing still. They go on when this is dropped.
#[derive(Debug)]
pub struct Frozen {
    root: u32,
    others: Vec<u32>,
}

impl Frozen {
    /// Freezes `root` with all its descendants: signalled again and again until each is seen to stand still, because
    /// PostgreSQL's processes have groups of their own and may fork meanwhile.
    ///
    /// # Errors
    /// One of them still moves after `bound`, or there is none.
    pub async fn family(root: u32, bound: Duration) -> Result<Self> {
        let deadline = tokio::time::Instant::now() + bound;
        // The root first: from then on there are no new children of it.
        let mut frozen = Self { root, others: Vec::new() };
        signal(root, Signal::SIGSTOP);
        let mut stood_still = false;
        loop {
            frozen.others = descendants(root);
            let moving: Vec<u32> = frozen.all().filter(|pid| !stands_still(*pid)).collect();
            // Who was seen to stand still can't have forked since: a second look finds whom the first one missed.
            if moving.is_empty() && stood_still {
                return Ok(frozen);
            }
            stood_still = moving.is_empty();
            if start_time(root).is_none() {
                return Err(Error::new(format!("cannot freeze process {root}: it has ended")));
            }
            if tokio::time::Instant::now() > deadline {
                return Err(Error::bound(&format!("freezing process {root}"), bound, Vec::new()));
            }
            for pid in moving {
                signal(pid, Signal::SIGSTOP);
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Lets all of them go on, the root last: until that instant, which lies in the interval, it is not whole again.
    pub fn thaw(mut self, clock: Clock) -> Interval {
        for pid in std::mem::take(&mut self.others) {
            signal(pid, Signal::SIGCONT);
        }
        let lower = clock.now();
        signal(self.root, Signal::SIGCONT);
        Interval { lower, upper: clock.now() }
    }

    /// Kills all of them and waits until none lives, at most `bound`.
    ///
    /// # Errors
    /// One still lives after `bound`.
    pub async fn kill(self, bound: Duration) -> Result<()> {
        let lives: Vec<_> = self.all().filter_map(|pid| Some((pid, start_time(pid)?))).collect();
        let left =
            || lives.iter().filter(|(pid, started)| start_time(*pid) == Some(*started)).map(|life| life.0).collect();
        if kill_all(left, bound).await {
            return Ok(());
        }
        Err(Error::bound(&format!("killing process {}", self.root), bound, Vec::new()))
    }

    fn all(&self) -> impl Iterator<Item = u32> {
        self.others.iter().copied().chain([self.root])
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.all().for_each(|pid| signal(pid, Signal::SIGCONT));
    }
}

/// One that has ended meanwhile needs no signal.
fn signal(pid: u32, signal: Signal) {
    let _ = kill(Pid::from_raw(pid as i32), signal);
}

fn stands_still(pid: u32) -> bool {
    status_of(pid).is_none_or(|status| match status.state {
        'T' | 't' | 'Z' => true,
        // It waits in the kernel, for a disk or for the program that a child of its is about to become, and stops before it
        // does anything of its own: where that child was stopped first, it never comes out.
        'D' => has_pending(pid, Signal::SIGSTOP),
        _ => false,
    })
}

/// Whether a signal was sent to a process and not yet taken by it.
fn has_pending(pid: u32, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let masks = status.lines().filter_map(|line| line.strip_prefix("SigPnd:").or(line.strip_prefix("ShdPnd:")));
    let bit = 1_u64 << (signal as i32 - 1);
    masks.filter_map(|mask| u64::from_str_radix(mask.trim(), 16).ok()).any(|mask| mask & bit != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends a family even where its test fails: an endless one would outlive it.
    struct Ended(u32);

    impl Drop for Ended {
        fn drop(&mut self) {
            signal_all(|| descendants(self.0).into_iter().chain([self.0]).collect(), Signal::SIGKILL);
        }
    }

    #[tokio::test]
    async fn a_frozen_family_does_nothing_until_it_is_thawed() {
        // Children of children that come and go, and a count of what was done.
        let folder = tempfile::tempdir().unwrap();
        let count = folder.path().join("count");
        let script = format!("(while :; do sh -c 'echo . >> {}'; done) & wait", count.display());
        let mut child = std::process::Command::new("sh").args(["-c", &script]).spawn().unwrap();
        let ended = Ended(child.id());
        let done = || fs::metadata(&count).map_or(0, |meta| meta.len());
        let progress = async |from: u64| {
            for _ in 0..500 {
                if done() > from {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            false
        };
        assert!(progress(0).await);
        for _ in 0..20 {
            let frozen = Frozen::family(child.id(), Duration::from_secs(60)).await.unwrap();
            let before = done();
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert_eq!(done(), before, "something of it still ran");
            frozen.thaw(Clock::start());
            assert!(progress(before).await, "it never went on");
        }
        drop(ended);
        child.wait().unwrap();
        assert!(Frozen::family(child.id(), Duration::from_secs(1)).await.is_err(), "there is nothing to freeze");
    }

    #[tokio::test]
    async fn a_frozen_family_is_killed_to_the_last() {
        let mut child = std::process::Command::new("sh").args(["-c", "(sleep 77; :) & wait"]).spawn().unwrap();
        let ended = Ended(child.id());
        for _ in 0..500 {
            if descendants(child.id()).len() == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let others = descendants(child.id());
        assert_eq!(others.len(), 2, "a shell and what it waits for");
        Frozen::family(child.id(), Duration::from_secs(60)).await.unwrap().kill(Duration::from_secs(60)).await.unwrap();
        assert!(others.iter().chain([&child.id()]).all(|pid| start_time(*pid).is_none()));
        child.wait().unwrap();
        drop(ended);
    }

    #[test]
    fn a_child_and_its_child_are_descendants_until_they_end() {
        let mut child = std::process::Command::new("sh").args(["-c", "sleep 30 & wait"]).spawn().unwrap();
        let mut found = Vec::new();
        for _ in 0..200 {
            found = descendants(child.id());
            if !found.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(found.len(), 1);
        assert!(descendants(std::process::id()).contains(&child.id()));
        let grandchild = found[0];
        signal_all(|| vec![child.id(), grandchild], Signal::SIGKILL);
        child.wait().unwrap();
        assert!(!descendants(std::process::id()).contains(&child.id()));
    }
}
