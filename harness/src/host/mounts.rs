//! Changes to the mounts that a host's processes see, from outside.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::stat::Mode;

/// Where a mount needs no source, no type or no options.
pub(super) const NONE: Option<&str> = None;

/// For what anybody may write to.
pub(super) const SAFE: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV);

/// Remounts `points` of a mount namespace. What was done before a refusal is undone.
pub(super) fn set_read_only(namespace: &(impl AsFd + Sync), points: &[PathBuf], read_only: bool) -> io::Result<()> {
    let remount = |point: &PathBuf, read_only: bool| {
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
        mount(NONE, point, NONE, if read_only { flags | MsFlags::MS_RDONLY } else { flags }, NONE)
    };
    let inside = || {
        // A thread of its own enters: the others share their file system with the harness.
        unshare(CloneFlags::CLONE_FS)?;
        setns(namespace, CloneFlags::CLONE_NEWNS)?;
        for (index, point) in points.iter().enumerate() {
            if let Err(errno) = remount(point, read_only) {
                points[..index].iter().try_for_each(|point| remount(point, !read_only))?;
                return Err(io::Error::from(errno));
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        scope.spawn(inside).join().unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
    })
}

/// A folder that can be bound after its path has been hidden.
pub(super) struct Held(OwnedFd);

impl Held {
    /// Holds `folder` as the calling thread's mount namespace has it.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self(open(folder, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?))
    }

    /// Shows it at `to`.
    pub(super) fn bind(&self, to: &Path) -> io::Result<()> {
        bind(Path::new(&format!("/proc/thread-self/fd/{}", self.0.as_raw_fd())), to)
    }
}

/// Makes a folder an empty memory file system of the calling thread's mount namespace, with these folders in it.
pub(super) fn points(at: &Path, names: &[&str]) -> io::Result<()> {
    mount(Some("tmpfs"), at, Some("tmpfs"), SAFE, Some("mode=755,size=1m"))?;
    names.iter().try_for_each(|name| std::fs::create_dir(at.join(name)))
}

/// Shows `from` at `to` too.
pub(super) fn bind(from: &Path, to: &Path) -> io::Result<()> {
    Ok(mount(Some(from), to, None::<&str>, MsFlags::MS_BIND, None::<&str>)?)
}

/// Makes a folder a memory file system of this size.
pub(super) fn limited(disk: &Path, bytes: u64) -> io::Result<()> {
    Ok(mount(Some("tmpfs"), disk, Some("tmpfs"), MsFlags::empty(), Some(format!("size={bytes}").as_str()))?)
}
