//! Drills of other runs on this machine: what is run alone is alone among all of them.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// Whoever waits for longer goes without: others are not kept out for the sake of a drill that does not end.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(50);

/// A place among the drills of this user, until it is dropped or its process ends.
#[derive(Debug)]
pub(super) struct Place {
    room: Option<Flock<File>>,
    _door: Option<Flock<File>>,
}

impl Place {
    /// Whether it is as it was asked for: otherwise others did not end, or make room, within two minutes.
    pub(super) fn is_as_asked(&self) -> bool {
        self.room.is_some()
    }
}

/// Waits for a place in the room that `folder` keeps the locks of: beside others, or `alone`. Nobody else comes in while
/// somebody waits to be alone. `waits` is told for how long that has been all the time: false, and nobody waits any longer.
///
/// # Errors
/// The locks can't be made.
pub(super) fn enter(folder: &Path, alone: bool, waits: impl Fn(Duration) -> bool) -> io::Result<Place> {
    std::fs::create_dir_all(folder)?;
    let begun = Instant::now();
    let take = |name: &str, how| {
        let mut file = OpenOptions::new().create(true).append(true).open(folder.join(name))?;
        loop {
            file = match Flock::lock(file, how) {
                Ok(taken) => return Ok::<_, io::Error>(Some(taken)),
                Err((file, Errno::EWOULDBLOCK | Errno::EINTR)) => file,
                Err((_, error)) => return Err(error.into()),
            };
            if begun.elapsed() > PATIENCE || !waits(begun.elapsed()) {
                return Ok(None);
            }
            thread::sleep(LOOK);
        }
    };
    let door = take("drills.door", FlockArg::LockExclusiveNonblock)?;
    let how = if alone { FlockArg::LockExclusiveNonblock } else { FlockArg::LockSharedNonblock };
    let room = take("drills.lock", how)?;
    Ok(Place { room, _door: door.filter(|_| alone) })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn whoever_is_alone_has_nobody_beside_and_is_not_kept_waiting_by_those_who_come_later() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, later) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let first = enter(folder.path(), false, |_| true).unwrap();
        thread::scope(|scope| {
            let alone = scope.spawn(|| {
                let _place = enter(folder.path(), true, |_| true).unwrap();
                (inside.load(Ordering::SeqCst), later.load(Ordering::SeqCst))
            });
            thread::sleep(2 * LOOK);
            for _ in 0..3 {
                scope.spawn(|| {
                    let _place = enter(folder.path(), false, |_| true).unwrap();
                    later.fetch_add(1, Ordering::SeqCst);
                    inside.fetch_add(1, Ordering::SeqCst);
                    thread::sleep(LOOK);
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
            thread::sleep(2 * LOOK);
            drop(first);
            assert_eq!(alone.join().unwrap(), (0, 0));
        });
        assert_eq!(later.into_inner(), 3);
    }

    #[test]
    fn those_who_need_not_be_alone_are_side_by_side_and_who_is_told_to_stop_does_not_wait() {
        let folder = tempfile::tempdir().unwrap();
        let _both = [(); 2].map(|()| enter(folder.path(), false, |_| panic!("nobody waits")).unwrap());
        let stopped = enter(folder.path(), true, |_| false).unwrap();
        assert!(!stopped.is_as_asked());
    }
}
