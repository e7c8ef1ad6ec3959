//! Changes to the mounts that a host's processes see, from outside.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::stat::Mode;
use nix::sys::statvfs::{FsFlags, statvfs};

use super::isolate::MOUNTS;
use super::view::apart;

/// Where a mount needs no source, no type or no options.
const NONE: Option<&str> = None;

/// For what anybody may write to.
const SAFE: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV);

/// Remounts `points` of a mount namespace. What was done before a refusal is undone.
pub(super) fn set_read_only(namespace: &(impl AsFd + Sync), points: &[PathBuf], read_only: bool) -> io::Result<()> {
    let remount = |point: &PathBuf, read_only: bool| {
        let mut flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
        flags.set(MsFlags::MS_RDONLY, read_only);
        // In a user namespace the kernel takes none of these from a mount that came from outside with it.
        let kept = statvfs(point)?.flags();
        flags.set(MsFlags::MS_NOSUID, kept.contains(FsFlags::ST_NOSUID));
        flags.set(MsFlags::MS_NODEV, kept.contains(FsFlags::ST_NODEV));
        flags.set(MsFlags::MS_NOEXEC, kept.contains(FsFlags::ST_NOEXEC));
        mount(NONE, point, NONE, flags, NONE)
    };
    inside(namespace, || {
        for (index, point) in points.iter().enumerate() {
            if let Err(errno) = remount(point, read_only) {
                points[..index].iter().try_for_each(|point| remount(point, !read_only))?;
                return Err(io::Error::from(errno));
            }
        }
        Ok(())
    })
}

/// A folder that can be bound after its path has been hidden.
#[derive(Debug)]
pub(super) struct Held(OwnedFd);

impl Held {
    /// Holds `folder` as the calling thread's mount namespace has it.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self(open(folder, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?))
    }

    /// A path of it that only this process can use.
    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()))
    }
}

/// Gives the calling thread a mount namespace as every host has it: its disk, the tools, and nothing that another host can
/// write to; `all` is the folder of every host's disk.
pub(super) fn arrange(disk: &Path, tools: &Path, all: Option<&Path>) -> io::Result<()> {
    unshare(CloneFlags::CLONE_FS | CloneFlags::CLONE_NEWNS)?;
    // Held first: from here on any of the mounts may hide them.
    let disk = Held::new(disk)?;
    let tools = tools.is_dir().then(|| Held::new(tools)).transpose()?;
    let point = |name: &str| Path::new(MOUNTS).join(name);
    mount(Some("tmpfs"), MOUNTS, Some("tmpfs"), SAFE, Some("mode=755,size=1m"))?;
    ["disk", "tools"].iter().try_for_each(|name| std::fs::create_dir(point(name)))?;
    bind(&disk.path(), &point("disk"))?;
    if let Some(tools) = tools {
        bind(&tools.path(), &point("tools"))?;
    }
    // Whatever anybody may write to is a place of its own on each host, so that nothing passes from one to another but over
    // a link. And no other host's disk.
    for shared in ["/tmp", "/var/tmp"] {
        bind(&point("disk").join("tmp"), Path::new(shared))?;
    }
    for shared in ["/dev/shm", "/run/lock"].iter().filter(|shared| Path::new(shared).is_dir()) {
        mount(NONE, *shared, Some("tmpfs"), SAFE, Some("mode=1777"))?;
    }
    // What is not there any more was hidden with the folder that it lay in.
    let elsewhere = |all: &&Path| !all.starts_with("/tmp") && !all.starts_with("/var/tmp") && all.is_dir();
    if let Some(all) = all.filter(elsewhere) {
        mount(Some("tmpfs"), all, Some("tmpfs"), MsFlags::MS_RDONLY, NONE)?;
    }
    Ok(())
}

/// Gives a container's processes the places for temporary files that a native host's have: on its disk.
pub(super) fn furnish(namespace: &(impl AsFd + Sync)) -> io::Result<()> {
    let temporary = Path::new(MOUNTS).join("disk/tmp");
    inside(namespace, || ["/tmp", "/var/tmp"].iter().try_for_each(|place| bind(&temporary, Path::new(place))))
}

/// Does something in a mount namespace, on a thread of its own: the others share their file system with the harness.
pub(super) fn inside<T: Send>(
    namespace: &(impl AsFd + Sync),
    act: impl FnOnce() -> io::Result<T> + Send,
) -> io::Result<T> {
    apart(|| {
        unshare(CloneFlags::CLONE_FS)?;
        setns(namespace, CloneFlags::CLONE_NEWNS)?;
        act()
    })
}

/// Shows `from` at `to` too.
fn bind(from: &Path, to: &Path) -> io::Result<()> {
    Ok(mount(Some(from), to, None::<&str>, MsFlags::MS_BIND, None::<&str>)?)
}

/// Makes the disk of a container a memory file system of this size: a volume of an engine's own can be one for root alone.
pub(super) fn limited_inside(namespace: &(impl AsFd + Sync), bytes: u64) -> io::Result<()> {
    inside(namespace, || limited(&Path::new(MOUNTS).join("disk"), bytes))
}

/// Makes a folder a memory file system of this size.
pub(super) fn limited(disk: &Path, bytes: u64) -> io::Result<()> {
    Ok(mount(Some("tmpfs"), disk, Some("tmpfs"), MsFlags::empty(), Some(format!("size={bytes}").as_str()))?)
}
