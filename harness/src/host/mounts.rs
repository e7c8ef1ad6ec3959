//! Changes to the mounts that a host's processes see, from outside.

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};

/// Where a mount needs no source, no type or no options.
pub(super) const NONE: Option<&str> = None;

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

/// Shows `from` at `to` too.
pub(super) fn bind(from: &Path, to: &Path) -> io::Result<()> {
    Ok(mount(Some(from), to, None::<&str>, MsFlags::MS_BIND, None::<&str>)?)
}

/// Makes a folder a memory file system of this size.
pub(super) fn limited(disk: &Path, bytes: u64) -> io::Result<()> {
    Ok(mount(Some("tmpfs"), disk, Some("tmpfs"), MsFlags::empty(), Some(format!("size={bytes}").as_str()))?)
}
