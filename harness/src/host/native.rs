//! Native hosts: a directory as disk, an address of 127.0.0.0/8, and a mount view without the other hosts' disks.

#![allow(unsafe_code, reason = "entering a mount namespace between fork and exec has no safe form")]

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use blackstart_record::event::Processes;
use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid};

use super::command::{Command, Finished, Logs, Process};
use super::isolate::{Isolation, MOUNTS, NOBODY, ServerUser};
use super::mounts::{self, Held};
use super::steps::Steps;
use super::wrong_clock::{Clock, Shift};
use super::{process, tree, watched};
use crate::failure::{Context, Error, Result};

/// What the hosts of one drill stand on.
#[derive(Clone, Debug)]
pub struct Ground {
    /// How hosts are kept apart.
    pub isolation: Isolation,
    /// The drill's scratch folder; hosts get their disks below it.
    pub scratch: PathBuf,
    /// The folder with downloaded tools, shown to hosts read-only.
    pub tools: PathBuf,
    /// The folders of located programs, ahead of the system's own in `PATH`; of what starts once they are known.
    pub programs: Arc<OnceLock<Vec<PathBuf>>>,
    /// Where output goes.
    pub logs: Logs,
}

/// A host. Dropping it ends nothing: [`Host::destroy`] does.
#[derive(Clone, Debug)]
pub struct Host {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    address: Ipv4Addr,
    disk: PathBuf,
    door: Held,
    user: ServerUser,
    view: Option<View>,
    ground: Ground,
    clock: Clock,
    steps: Arc<Steps>,
}

/// A mount namespace of its own: other hosts' disks are not in it.
#[derive(Debug)]
struct View {
    namespace: OwnedFd,
    inode: u64,
}

impl Host {
    /// Makes the `index`-th host of a drill. `disk_limit` in bytes makes its disk a memory file system of that size.
    ///
    /// # Errors
    /// What the system refused.
    pub fn create(ground: &Ground, name: &str, index: u8, disk_limit: Option<u64>) -> Result<Self> {
        let disk = ground.scratch.join("hosts").join(name);
        let user = ServerUser::under(&ground.isolation);
        fs::create_dir_all(&disk).cannot(format_args!("make the disk of host {name}"))?;
        if let Some(limit) = disk_limit {
            mounts::limited(&disk, limit).cannot(format_args!("limit the disk of host {name} to {limit} bytes"))?;
        }
        let isolated = matches!(ground.isolation, Isolation::Namespaces { .. });
        let address = if isolated {
            Ipv4Addr::new(127, 0, 0, 10 + index)
        } else {
            // Plain processes share the machine's loopback: take a corner of it that follows from the process id.
            let [.., high, low] = std::process::id().to_be_bytes();
            Ipv4Addr::new(127, 1 + high % 250, low, 10 + index)
        };
        let (clock, steps) = (Clock::default(), Arc::default());
        let (owned, ground) = (name.to_owned(), ground.clone());
        let door = Held::new(&disk).cannot(format_args!("open the disk of host {name}"))?;
        let inner = Inner { name: owned, address, disk, door, user, view: None, ground, clock, steps };
        for folder in ["home", "tmp", "run"] {
            inner.own_folder(folder)?;
        }
        let view =
            if isolated { Some(inner.view().cannot(format_args!("give host {name} its own view"))?) } else { None };
        Ok(Self { inner: Arc::new(Inner { view, ..inner }) })
    }

    /// Its name in the plan.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Its address, stable over every restart.
    pub fn address(&self) -> Ipv4Addr {
        self.inner.address
    }

    /// A path on its disk as its own processes see it.
    pub fn path(&self, relative: &str) -> String {
        self.inner.seen(relative)
    }

    /// A path on its disk as the harness sees it: only faults and file transfer look at a host from outside.
    pub fn outside(&self, relative: &str) -> PathBuf {
        self.inner.disk.join(relative)
    }

    /// The same, by a path that is short however deep the disk lies: that of a socket has room for a hundred bytes.
    pub fn door(&self, relative: &str) -> PathBuf {
        self.inner.door.path().join(relative)
    }

    /// A program that the harness located, by the path under which this host sees it.
    pub fn tool(&self, located: &Path) -> PathBuf {
        self.inner.tool(located)
    }

    /// Starts a program and returns at once.
    ///
    /// # Errors
    /// It could not be started; a missing program is named.
    pub fn spawn(&self, command: &Command) -> Result<Process> {
        let child =
            self.inner.command(command).spawn().map_err(|error| command.not_started(&self.inner.name, &error))?;
        Process::attach(child, &self.inner.name, command, &self.inner.ground.logs)
    }

    /// Runs a program to its end, within its bound.
    ///
    /// # Errors
    /// It could not be started, or the bound passed. A bad exit code is for the caller to judge.
    pub async fn exec(&self, command: &Command) -> Result<Finished> {
        self.spawn(command)?.wait(command.bound).await
    }

    /// Likewise; and how each process ended that the program started, whoever waited for it.
    ///
    /// # Errors
    /// It could not be started, or the bound passed.
    pub async fn exec_watched(&self, command: &Command) -> Result<(Finished, Processes)> {
        let mut prepared = self.inner.command(command).into_std();
        // SAFETY: the closure runs in the forked child and makes one system call. Refused, the program runs unwatched.
        unsafe {
            prepared.pre_exec(|| {
                let _ = nix::sys::ptrace::traceme();
                Ok(())
            });
        }
        watched::exec(prepared, &self.inner.name, command, &self.inner.ground.logs, self.inner.steps.clone()).await
    }

    /// The programs that its watched programs execute.
    pub fn steps(&self) -> &Steps {
        &self.inner.steps
    }

    /// Writes a file on its disk, owned by the server user.
    ///
    /// # Errors
    /// Any error of writing.
    pub fn write(&self, relative: &str, bytes: &[u8], mode: u32) -> Result<()> {
        let path = self.outside(relative);
        let write = || {
            if let Some(parent) = path.parent() {
                self.inner.own_parents(parent)?;
            }
            // The mode is set on the empty file: a secret is never readable, not even for a moment.
            let file = fs::File::create(&path)?;
            file.set_permissions(fs::Permissions::from_mode(mode))?;
            io::Write::write_all(&mut &file, bytes)?;
            self.inner.own(&path)
        };
        write().cannot(format_args!("write {relative} on host {}", self.inner.name))
    }

    /// Makes a folder on its disk, with its parents, owned by the server user, mode 0700.
    ///
    /// # Errors
    /// Any error of making it.
    pub fn make_folder(&self, relative: &str) -> Result<()> {
        self.inner.own_folder(relative)
    }

    /// Removes a folder of its disk with all that it holds; one that is not there is fine.
    ///
    /// # Errors
    /// Any error of removing it.
    pub fn remove_folder(&self, relative: &str) -> Result<()> {
        match fs::remove_dir_all(self.outside(relative)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::from(error)),
            _ => Ok(()),
        }
        .cannot(format_args!("remove {relative} on host {}", self.inner.name))
    }

    /// Copies a folder from outside onto its disk, owned by the server user.
    ///
    /// # Errors
    /// Any error of copying.
    pub fn copy_in(&self, from: &Path, relative: &str) -> Result<()> {
        tree::copy(from, &self.outside(relative), &|path| self.inner.own(path)).cannot(format_args!(
            "copy {} to host {}",
            from.display(),
            self.inner.name
        ))
    }

    /// Removes all that is on its disk.
    ///
    /// # Errors
    /// Any error of removing it.
    pub fn wipe(&self) -> Result<()> {
        tree::empty(&self.inner.disk).cannot(format_args!("wipe the disk of host {}", self.inner.name))
    }

    /// Sets by how much the clock is wrong that programs see which start from now on; `None`: it is right.
    pub fn set_clock(&self, shift: Option<Shift>) {
        self.inner.clock.set(shift);
    }

    /// Whether its processes can be told from others.
    pub fn knows_its_processes(&self) -> bool {
        self.inner.view.is_some()
    }

    /// Whether its disk is a file system of its own, which it can fill without filling the machine's.
    ///
    /// # Errors
    /// The disk is not there.
    pub fn has_own_disk(&self) -> Result<bool> {
        let device = |path: &Path| fs::metadata(path).map(|meta| meta.dev());
        Ok(device(&self.inner.disk)? != device(&self.inner.ground.scratch)?)
    }

    /// Makes its disk read-only for its own processes, or writable again.
    ///
    /// # Errors
    /// The host has no mounts of its own, or a process has a file open for writing.
    pub fn set_read_only(&self, read_only: bool) -> Result<()> {
        let view = self.inner.view.as_ref().ok_or_else(|| Error::new("a plain process has no mounts of its own"))?;
        let points = [Path::new(MOUNTS).join("disk"), PathBuf::from("/tmp")];
        mounts::set_read_only(&view.namespace, &points, read_only)
            .cannot(format_args!("remount the disk of host {}", self.inner.name))
    }

    /// Every living process of this host. Without namespaces it cannot be told whose a process is: none.
    pub fn processes(&self) -> Vec<u32> {
        self.inner.view.as_ref().map_or_else(Vec::new, |view| process::in_mount_namespace(view.inode))
    }

    /// Signals every process of this host until no new one turns up.
    pub fn signal_all(&self, signal: Signal) {
        process::signal_all(|| self.processes(), signal);
    }

    /// Ends everything on this host; its disk goes with the drill's scratch folder.
    pub async fn destroy(&self) {
        process::kill_all(|| self.processes(), Duration::from_secs(5)).await;
    }
}

impl Inner {
    /// Between fork and exec the child enters the host's view and becomes the server user.
    fn command(&self, command: &Command) -> tokio::process::Command {
        let environment = BTreeMap::from([
            ("PATH", self.search_path()),
            ("HOME", self.seen("home")),
            ("TMPDIR", self.seen("tmp")),
            ("LANG", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
        ]);
        let mut prepared = tokio::process::Command::new(&command.program);
        prepared.args(&command.args).env_clear().envs(environment).envs(self.clock.environment());
        prepared.envs(command.env.iter().cloned());
        let stdin = if command.input.is_some() { Stdio::piped() } else { Stdio::null() };
        prepared.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let namespace = self.view.as_ref().map(|view| view.namespace.as_raw_fd());
        let home = CString::new(self.seen("home")).unwrap_or_default();
        let user = self.user;
        // SAFETY: the closure runs in the forked child; it makes system calls on memory prepared before the fork.
        unsafe {
            prepared.pre_exec(move || {
                step_into(namespace)?;
                assume(user)?;
                nix::unistd::chdir(home.as_c_str())?;
                Ok(())
            });
        }
        prepared
    }

    fn search_path(&self) -> String {
        let located = self.ground.programs.get().into_iter().flatten();
        let located: String = located.map(|folder| format!("{}:", self.tool(folder).display())).collect();
        located + "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    }

    /// What the host sees in the place of a located program or folder.
    fn tool(&self, located: &Path) -> PathBuf {
        match (located.strip_prefix(&self.ground.tools), &self.view) {
            (Ok(relative), Some(_)) => Path::new(MOUNTS).join("tools").join(relative),
            _ => located.to_owned(),
        }
    }

    fn seen(&self, relative: &str) -> String {
        let base = if self.view.is_some() { Path::new(MOUNTS).join("disk") } else { self.disk.clone() };
        base.join(relative).to_string_lossy().into_owned()
    }

    /// Makes the mount namespace: a thread of its own detaches, arranges the mounts and hands over the namespace.
    fn view(&self) -> io::Result<View> {
        std::thread::scope(|scope| {
            scope.spawn(|| self.arrange()).join().unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
        })
    }

    fn arrange(&self) -> io::Result<View> {
        mounts::arrange(&self.disk, &self.ground.tools, self.ground.scratch.parent())?;
        let namespace = fs::File::open("/proc/thread-self/ns/mnt")?;
        Ok(View { inode: namespace.metadata()?.ino(), namespace: namespace.into() })
    }

    fn own(&self, path: &Path) -> io::Result<()> {
        match self.user {
            ServerUser::Drop => chown(path, Some(NOBODY), Some(NOBODY)),
            ServerUser::Nested | ServerUser::Same => Ok(()),
        }
    }

    fn own_folder(&self, relative: &str) -> Result<()> {
        let make = || {
            self.own_parents(&self.disk.join(relative))?;
            fs::set_permissions(self.disk.join(relative), fs::Permissions::from_mode(0o700))
        };
        make().cannot(format_args!("make {relative} on host {}", self.name))
    }

    fn own_parents(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let inside = |path: &&Path| path.starts_with(&self.disk);
        folder.ancestors().take_while(inside).try_for_each(|path| self.own(path))
    }
}

fn step_into(namespace: Option<RawFd>) -> io::Result<()> {
    let Some(namespace) = namespace else { return Ok(()) };
    // SAFETY: the descriptor belongs to the host, which outlives the fork.
    let namespace = unsafe { std::os::fd::BorrowedFd::borrow_raw(namespace) };
    Ok(setns(namespace, CloneFlags::CLONE_NEWNS)?)
}

/// Becomes the server user, between fork and exec.
fn assume(user: ServerUser) -> io::Result<()> {
    match user {
        ServerUser::Same => Ok(()),
        ServerUser::Drop => {
            nix::unistd::setgroups(&[])?;
            nix::unistd::setgid(Gid::from_raw(NOBODY))?;
            Ok(nix::unistd::setuid(Uid::from_raw(NOBODY))?)
        }
        ServerUser::Nested => {
            unshare(CloneFlags::CLONE_NEWUSER)?;
            fs::write("/proc/self/uid_map", b"65534 0 1")?;
            match fs::write("/proc/self/setgroups", "deny") {
                // The namespace outside has denied it already.
                Err(error) if error.raw_os_error() == Some(Errno::EPERM as i32) => {}
                other => other?,
            }
            fs::write("/proc/self/gid_map", b"65534 0 1")
        }
    }
}
