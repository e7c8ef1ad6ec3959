//! A host: a place with a disk, processes and an address of its own, and all that is done on it, whatever it is made of.

#![allow(unsafe_code, reason = "becoming another user between fork and exec has no safe form")]

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use blackstart_record::event::Processes;
use blackstart_tools::Search;
use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid};

use super::command::{Command, Finished, Logs, Process};
use super::isolate::{Isolation, MOUNTS, NOBODY, ServerUser};
use super::mounts::{self, Held};
use super::steps::Steps;
use super::view::{Entry, View};
use super::wrong_clock::{Clock, Shift};
use super::{native, process, watched};
use crate::failure::Result;

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

/// Where programs are on any system.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A host to be made.
#[derive(Clone, Copy, Debug)]
pub struct Spec<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its place among the drill's hosts.
    pub index: u8,
    /// Bytes that its disk holds; `None`: as many as the machine's.
    pub disk: Option<u64>,
    /// What runs on it (`postgres`): a container has nothing else.
    pub runs: &'a str,
    /// The image of its container; `None`: the one for what runs on it.
    pub image: Option<&'a str>,
}

/// What a container is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// As it was asked for.
    pub name: String,
    /// Which one of that name.
    pub digest: String,
}

/// What a host is made of.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) address: Ipv4Addr,
    /// Its disk as the harness reaches it.
    pub(super) disk: PathBuf,
    /// The same, opened.
    pub(super) door: Held,
    /// Whether the disk is a file system of its own.
    pub(super) own_disk: bool,
    /// The image of its container.
    pub(super) image: Option<Image>,
    /// What its processes are inside of; `None`: of nothing but the machine.
    pub(super) view: Option<Arc<View>>,
}

/// A host. Dropping it ends nothing: [`Host::destroy`] does.
#[derive(Clone, Debug)]
pub struct Host {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) name: String,
    pub(super) made: Made,
    pub(super) user: ServerUser,
    pub(super) ground: Ground,
    clock: Clock,
    steps: Arc<Steps>,
}

impl Host {
    /// Makes a host.
    ///
    /// # Errors
    /// What the system refused.
    pub async fn create(ground: &Ground, spec: Spec<'_>) -> Result<Self> {
        let made = match &ground.isolation {
            Isolation::Containers(fleet) => fleet.make(spec).await?,
            _ => native::make(ground, spec)?,
        };
        let (user, clock, steps) = (ServerUser::under(&ground.isolation), Clock::default(), Arc::default());
        let inner = Inner { name: spec.name.to_owned(), made, user, ground: ground.clone(), clock, steps };
        let host = Self { inner: Arc::new(inner) };
        host.furnish()?;
        Ok(host)
    }

    /// Makes the folders that every program expects on its disk.
    ///
    /// # Errors
    /// Any error of making them.
    pub fn furnish(&self) -> Result<()> {
        ["home", "tmp", "run"].iter().try_for_each(|folder| self.make_folder(folder))
    }

    /// Its name in the plan.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The image of its container; `None`: it is no container.
    pub fn image(&self) -> Option<&Image> {
        self.inner.made.image.as_ref()
    }

    /// Its address, stable over every restart.
    pub fn address(&self) -> Ipv4Addr {
        self.inner.made.address
    }

    /// A path on its disk as its own processes see it.
    pub fn path(&self, relative: &str) -> String {
        self.inner.seen(relative)
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
        let (mut prepared, runtime) = (self.inner.command(command), tokio::runtime::Handle::current());
        let child = self.inner.fork(|| {
            let _runtime = runtime.enter();
            prepared.spawn()
        });
        let child = child.map_err(|error| command.not_started(&self.inner.name, &error))?;
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
        let inside = (self.name(), self.inner.made.view.clone());
        watched::exec(prepared, inside, command, &self.inner.ground.logs, self.inner.steps.clone()).await
    }

    /// The programs that its watched programs execute.
    pub fn steps(&self) -> &Steps {
        &self.inner.steps
    }

    /// Sets by how much the clock is wrong that programs see which start from now on; `None`: it is right.
    pub fn set_clock(&self, shift: Option<Shift>) {
        self.inner.clock.set(shift);
    }

    /// The places where its programs are looked for.
    pub fn search(&self) -> Search {
        match self.inner.ground.isolation {
            Isolation::Containers(_) => {
                Search { path: SYSTEM_PATH.split(':').map(PathBuf::from).collect(), root: "/".into(), cache_bin: None }
            }
            _ => Search::from_env(),
        }
    }

    /// Does something among the programs and libraries that it has, which for a native host are this machine's.
    ///
    /// # Errors
    /// They can't be reached.
    pub fn among_programs<T: Send>(&self, act: impl FnOnce() -> T + Send) -> io::Result<T> {
        match (&self.inner.ground.isolation, &self.inner.made.view) {
            (Isolation::Containers(_), Some(view)) => mounts::inside(view.mounts(), || Ok(act())),
            _ => Ok(act()),
        }
    }

    /// Does something in its network: a socket that is made there stays there.
    pub(super) fn in_network<T: Send>(&self, act: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        match &self.inner.made.view {
            Some(view) => view.in_network(act),
            None => act(),
        }
    }

    /// Whether its processes can be told from others.
    pub fn knows_its_processes(&self) -> bool {
        self.inner.made.view.is_some()
    }

    /// Every living process of this host. Without namespaces it cannot be told whose a process is: none.
    pub fn processes(&self) -> Vec<u32> {
        self.inner.made.view.as_ref().map_or_else(Vec::new, |view| view.processes())
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
    /// Runs what forks where its child is a process of this host.
    fn fork<T: Send>(&self, fork: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        match &self.made.view {
            Some(view) => view.fork(fork),
            None => fork(),
        }
    }

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
        let entry = self.made.view.as_ref().map(|view| view.entry());
        let home = CString::new(self.seen("home")).unwrap_or_default();
        let user = self.user;
        // SAFETY: the closure runs in the forked child; it makes system calls on memory prepared before the fork.
        unsafe {
            prepared.pre_exec(move || {
                entry.as_ref().map_or(Ok(()), Entry::join)?;
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
        located + SYSTEM_PATH
    }

    /// What the host sees in the place of a located program or folder.
    fn tool(&self, located: &Path) -> PathBuf {
        match (located.strip_prefix(&self.ground.tools), &self.made.view) {
            (Ok(relative), Some(_)) => Path::new(MOUNTS).join("tools").join(relative),
            _ => located.to_owned(),
        }
    }

    fn seen(&self, relative: &str) -> String {
        let base = if self.made.view.is_some() { Path::new(MOUNTS).join("disk") } else { self.made.disk.clone() };
        base.join(relative).to_string_lossy().into_owned()
    }
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
