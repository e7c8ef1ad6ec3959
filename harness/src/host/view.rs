//! What the processes of a host are inside of: namespaces, and the control groups of a container.

#![allow(unsafe_code, reason = "entering a namespace between fork and exec has no safe form")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sched::{CloneFlags, setns};

/// What a program joins before it becomes one of a host's.
#[derive(Debug)]
pub(super) struct View {
    /// Whose files it sees; this tells a host's processes from others.
    mounts: OwnedFd,
    inode: u64,
    /// Whose processes (a user) are not its own: a container's main process.
    keeper: Option<u32>,
    /// Joined after those: network, IPC, host name.
    others: Vec<(CloneFlags, OwnedFd)>,
    /// Only children of who joins it are in it: joined by the thread that forks.
    processes: Option<OwnedFd>,
    /// Control groups; joined first, while the machine's files are seen.
    groups: Vec<Group>,
}

/// A control group: its folder, and the list of its members.
#[derive(Debug)]
struct Group {
    folder: PathBuf,
    members: OwnedFd,
}

/// What says that everything in a container stands still, in the two versions of control groups, and how.
const STILL: [(&str, &str); 2] = [("freezer.state", "FROZEN"), ("cgroup.freeze", "1")];

impl View {
    /// The mount namespace of the calling thread, and nothing else.
    pub(super) fn of_this_thread() -> io::Result<Self> {
        let (mounts, inode) = namespace(Path::new("/proc/thread-self/ns"), "mnt")?;
        Ok(Self { mounts, inode, keeper: None, others: Vec::new(), processes: None, groups: Vec::new() })
    }

    /// Everything that a process of this machine is inside of; its control groups only where they are to be joined.
    pub(super) fn of_process(pid: u32, grouped: bool) -> io::Result<Self> {
        let process = Path::new("/proc").join(pid.to_string());
        let namespaces = process.join("ns");
        let (mounts, inode) = namespace(&namespaces, "mnt")?;
        let other = |name, flag| Ok((flag, namespace(&namespaces, name)?.0));
        let others =
            [("net", CloneFlags::CLONE_NEWNET), ("ipc", CloneFlags::CLONE_NEWIPC), ("uts", CloneFlags::CLONE_NEWUTS)];
        let others = others.into_iter().map(|(name, flag)| other(name, flag)).collect::<io::Result<_>>()?;
        let processes = Some(namespace(&namespaces, "pid")?.0);
        let groups = if grouped { groups(&std::fs::read_to_string(process.join("cgroup"))?)? } else { Vec::new() };
        let keeper = Some(std::fs::metadata(&process)?.uid());
        Ok(Self { mounts, inode, keeper, others, processes, groups })
    }

    /// The mount namespace.
    pub(super) fn mounts(&self) -> &OwnedFd {
        &self.mounts
    }

    /// Every living process inside, but those by which the place itself is kept.
    pub(super) fn processes(&self) -> Vec<u32> {
        let mut inside = super::process::in_mount_namespace(self.inode);
        let owner = |pid: &u32| std::fs::metadata(format!("/proc/{pid}")).map(|meta| meta.uid()).ok();
        inside.retain(|pid| self.keeper.is_none_or(|keeper| owner(pid) != Some(keeper)));
        inside
    }

    /// Does something in its network, on a thread of its own.
    pub(super) fn in_network<T: Send>(&self, act: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        apart(|| self.join_network().and_then(|()| act()))
    }

    /// Moves the calling thread into its network, and with it the threads that it starts.
    pub(super) fn join_network(&self) -> io::Result<()> {
        let network = self.others.iter().find(|(flag, _)| *flag == CloneFlags::CLONE_NEWNET);
        network.map_or(Ok(()), |(flag, namespace)| Ok(setns(namespace, *flag)?))
    }

    /// What one of its control groups says in the first of these files that one has.
    pub(super) fn told_by_group(&self, files: &[&str]) -> Option<String> {
        let paths = files.iter().flat_map(|file| self.groups.iter().map(move |group| group.folder.join(file)));
        paths.into_iter().find_map(|path| std::fs::read_to_string(path).ok())
    }

    /// Writes to a file of the first of its control groups that has it; false: none has.
    pub(super) fn tell_group(&self, file: &str, value: &str) -> io::Result<bool> {
        let found = self.groups.iter().map(|group| group.folder.join(file)).find(|path| path.exists());
        found.map_or(Ok(false), |path| std::fs::write(path, value).map(|()| true))
    }

    /// Whether everything in it is paused.
    pub(super) fn stands_still(&self) -> bool {
        STILL.iter().any(|(file, word)| self.told_by_group(&[file]).is_some_and(|told| told.trim() == *word))
    }

    /// What a child of `fork` joins between fork and exec. It holds descriptors that live as long as this view.
    pub(super) fn entry(&self) -> Entry {
        let others = self.others.iter().map(|(flag, namespace)| (*flag, namespace.as_raw_fd()));
        Entry {
            groups: self.groups.iter().map(|group| group.members.as_raw_fd()).collect(),
            namespaces: others.chain([(CloneFlags::CLONE_NEWNS, self.mounts.as_raw_fd())]).collect(),
        }
    }

    /// From now on the children of the calling thread are processes among the host's; it can start no thread any more.
    pub(super) fn adopt_children(&self) -> io::Result<()> {
        let Some(processes) = &self.processes else { return Ok(()) };
        Ok(setns(processes, CloneFlags::CLONE_NEWPID)?)
    }

    /// Runs what forks on a thread whose children are the host's.
    pub(super) fn fork<T: Send>(&self, fork: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        if self.processes.is_none() {
            return fork();
        }
        // A child would stand still before it is one, and whoever forks would wait for it.
        if self.stands_still() {
            return Err(io::Error::other("everything in the container stands still"));
        }
        apart(|| self.adopt_children().and_then(|()| fork()))
    }
}

/// Does something on a thread of its own, of which the namespaces then are no other's.
pub(super) fn apart<T: Send>(act: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        scope.spawn(act).join().unwrap_or_else(|_| Err(io::Error::other("the thread apart panicked")))
    })
}

/// The descriptors that a child joins by, prepared before the fork.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    groups: Vec<RawFd>,
    namespaces: Vec<(CloneFlags, RawFd)>,
}

impl Entry {
    /// Joins everything. Makes system calls only.
    pub(super) fn join(&self) -> io::Result<()> {
        for group in &self.groups {
            // SAFETY: the descriptor belongs to the view, which outlives the fork.
            let group = unsafe { BorrowedFd::borrow_raw(*group) };
            // 0 is whoever writes.
            nix::unistd::write(group, b"0")?;
        }
        for (flag, namespace) in &self.namespaces {
            // SAFETY: likewise.
            setns(unsafe { BorrowedFd::borrow_raw(*namespace) }, *flag)?;
        }
        Ok(())
    }
}

fn namespace(folder: &Path, name: &str) -> io::Result<(OwnedFd, u64)> {
    let file = File::open(folder.join(name))?;
    let inode = file.metadata()?.ino();
    Ok((file.into(), inode))
}

/// The list of a control group's members.
const MEMBERS: &str = "cgroup.procs";

/// A process's control groups, of which `/proc/PID/cgroup` tells: one for all controllers, or one for
/// each as in version 1.
fn groups(told: &str) -> io::Result<Vec<Group>> {
    let mut groups = Vec::new();
    for line in told.lines() {
        let Some((controllers, path)) = line.split_once(':').and_then(|(_, rest)| rest.split_once(':')) else {
            continue;
        };
        let places = match controllers.trim_start_matches("name=") {
            "" => ["unified", ""],
            named => [named, named],
        };
        let folder = |place: &str| Path::new("/sys/fs/cgroup").join(place).join(path.trim_start_matches('/'));
        // A hierarchy that is mounted nowhere limits nobody.
        if let Some(folder) = places.into_iter().map(folder).find(|folder| folder.join(MEMBERS).exists()) {
            let members = OpenOptions::new().write(true).open(folder.join(MEMBERS))?.into();
            groups.push(Group { folder, members });
        }
    }
    Ok(groups)
}
