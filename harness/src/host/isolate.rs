//! The drill's own namespaces, and the init process that ends everything in them.
//!
//! `blackstart inside` calls [`enter`] first thing, single-threaded. It leaves three processes: the launcher (outside,
//! waits), an init (process 1 of the PID namespace) and the drill, which alone returns from [`enter`]. The init holds
//! the read end of a lifeline: when the harness dies, in whatever way, the lifeline ends, init exits, and the kernel
//! ends every process of the drill.

#![allow(unsafe_code, reason = "fork, ioctl and prctl have no safe form; each block says why it is sound")]

use std::fs;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::sync::mpsc;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, Uid, fork, getgid, getuid};

use super::docker::Fleet;
use super::process;

/// Where a drill mounts what its hosts see: `disk`, `tools`, `plan`.
pub const MOUNTS: &str = "/mnt";

/// How the hosts of a drill are kept apart.
#[derive(Clone, Debug)]
pub enum Isolation {
    /// Own PID, mount, network and IPC namespaces. `user`: made inside a user namespace, as the plain user of this
    /// id (uid, gid); `None`: made as root.
    Namespaces {
        /// The plain user behind a user namespace.
        user: Option<(u32, u32)>,
    },
    /// Plain processes, because namespaces cannot be had.
    Plain {
        /// What the kernel said.
        why: String,
    },
    /// Containers on a network of their own.
    Containers(Fleet),
}

impl Isolation {
    /// For the record: what this isolation is and what it cannot prove.
    pub fn describe(&self) -> blackstart_record::record::Isolation {
        let (says, cannot_prove) = match self {
            Self::Namespaces { user: None } => {
                ("own PID, mount, network and IPC namespaces, servers as an unprivileged user".to_owned(), vec![])
            }
            Self::Namespaces { user: Some((uid, _)) } => {
                (format!("own namespaces inside a user namespace of user {uid}"), vec![])
            }
            Self::Plain { why } => (
                format!("plain processes, no namespaces ({why}): hosts share this machine's files and network"),
                ["ART", "CLOSURE", "FENCE"].map(str::to_owned).to_vec(),
            ),
            Self::Containers(fleet) => {
                let engine = &fleet.engine().version;
                (
                    format!("containers of {engine} on a network that leads nowhere, servers as an unprivileged user"),
                    vec![],
                )
            }
        };
        let hosts = if let Self::Containers(_) = self { "docker" } else { "native" };
        blackstart_record::record::Isolation { hosts: hosts.to_owned(), says, cannot_prove }
    }
}

/// Whether namespaces can be had here, found out by making them in a throw-away child.
pub fn available() -> Isolation {
    let root = getuid().is_root();
    let plain_user = Some((getuid().as_raw(), getgid().as_raw()));
    let candidates = if root { vec![None, plain_user] } else { vec![plain_user] };
    let mut why = String::new();
    for user in candidates {
        match rehearse(user) {
            Ok(()) => return Isolation::Namespaces { user },
            Err(error) => why = error,
        }
    }
    Isolation::Plain { why }
}

/// Isolates this process's children as `isolation` says; only the drill returns. What could not be ended with it is told to
/// `complain`.
///
/// # Errors
/// What the kernel refused, in words.
pub fn enter(isolation: &Isolation, lifeline: fs::File, complain: fn(&str)) -> Result<(), String> {
    match isolation {
        Isolation::Namespaces { user } => {
            detach(*user)?;
            match fork_here()? {
                ForkResult::Parent { child } => std::process::exit(wait_for(child)),
                ForkResult::Child => furnish()?,
            }
        }
        Isolation::Plain { .. } | Isolation::Containers(_) => {
            // Orphans of the drill come back to this process, so that it can end them.
            nix::sys::prctl::set_child_subreaper(true).map_err(said("make this process a subreaper"))?;
        }
    }
    match fork_here()? {
        ForkResult::Parent { child } => init(child, lifeline, isolation, complain),
        ForkResult::Child => Ok(()),
    }
}

fn said(what: &str) -> impl Fn(Errno) -> String {
    move |errno| format!("cannot {what}: {}", errno.desc())
}

fn fork_here() -> Result<ForkResult, String> {
    // SAFETY: called before any thread is started, so the child may do anything.
    unsafe { fork() }.map_err(said("fork"))
}

fn rehearse(user: Option<(u32, u32)>) -> Result<(), String> {
    let (mut reader, writer) = io::pipe().map_err(|error| error.to_string())?;
    match fork_here()? {
        ForkResult::Parent { child } => {
            drop(writer);
            let mut why = String::new();
            reader.read_to_string(&mut why).map_err(|error| error.to_string())?;
            if wait_for(child) == 0 { Ok(()) } else { Err(why) }
        }
        ForkResult::Child => {
            drop(reader);
            let done = detach(user).and_then(|()| match fork_here()? {
                ForkResult::Parent { child } => std::process::exit(wait_for(child)),
                ForkResult::Child => furnish(),
            });
            if let Err(why) = &done {
                let _ = io::Write::write_all(&mut &writer, why.as_bytes());
            }
            std::process::exit(i32::from(done.is_err()));
        }
    }
}

fn detach(user: Option<(u32, u32)>) -> Result<(), String> {
    let mut flags =
        CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC;
    if user.is_some() {
        flags |= CloneFlags::CLONE_NEWUSER;
    }
    unshare(flags).map_err(said("make namespaces"))?;
    if let Some((uid, gid)) = user {
        let map = |file: &str, line: String| {
            fs::write(format!("/proc/self/{file}"), line).map_err(|error| format!("cannot write {file}: {error}"))
        };
        map("setgroups", "deny".to_owned())?;
        map("uid_map", format!("0 {uid} 1"))?;
        map("gid_map", format!("0 {gid} 1"))?;
    }
    Ok(())
}

/// As process 1 of the new namespaces: private mounts, an own /proc, loopback up.
fn furnish() -> Result<(), String> {
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).map_err(said("make mounts private"))?;
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("proc"), "/proc", Some("proc"), safe | MsFlags::MS_NOEXEC, none).map_err(said("mount /proc"))?;
    loopback_up().map_err(said("bring loopback up"))
}

fn loopback_up() -> Result<(), Errno> {
    let socket = nix::sys::socket::socket(
        nix::sys::socket::AddressFamily::Inet,
        nix::sys::socket::SockType::Datagram,
        nix::sys::socket::SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    // SAFETY: a zeroed ifreq is a valid one; the name fits and stays null-terminated; both calls only read and
    // write this structure.
    unsafe {
        let mut request: nix::libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as nix::libc::c_char;
        request.ifr_name[1] = b'o' as nix::libc::c_char;
        Errno::result(nix::libc::ioctl(socket.as_raw_fd(), nix::libc::SIOCGIFFLAGS as _, &mut request))?;
        request.ifr_ifru.ifru_flags |= nix::libc::IFF_UP as nix::libc::c_short;
        Errno::result(nix::libc::ioctl(socket.as_raw_fd(), nix::libc::SIOCSIFFLAGS as _, &mut request))?;
    }
    Ok(())
}

fn wait_for(child: Pid) -> i32 {
    loop {
        match waitpid(child, None) {
            Ok(WaitStatus::Exited(_, code)) => return code,
            Ok(WaitStatus::Signaled(_, signal, _)) => return 128 + signal as i32,
            Err(Errno::EINTR) | Ok(_) => {}
            Err(_) => return 1,
        }
    }
}

/// Passes signals on, ends everything with the drill or with the lifeline, whichever comes first, and reaps meanwhile: a
/// container does not end before each of its processes has been reaped, and the drill's are this one's then.
fn init(drill: Pid, mut lifeline: fs::File, isolation: &Isolation, complain: fn(&str)) -> ! {
    let fleet = if let Isolation::Containers(fleet) = isolation { Some(fleet.clone()) } else { None };
    let (end, ends) = mpsc::channel();
    let drills_end = end.clone();
    std::thread::spawn(move || {
        let mut signal = [0];
        // Each byte is a signal to pass on; the end of the pipe is the end of the drill.
        while let Ok(1) = lifeline.read(&mut signal) {
            let _ = Signal::try_from(i32::from(signal[0])).map(|signal| kill(drill, signal));
        }
        let _ = end.send(137);
    });
    std::thread::spawn(move || {
        let code = ends.recv().unwrap_or(1);
        end_all(fleet.as_ref(), complain);
        std::process::exit(code);
    });
    loop {
        let code = match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == drill => code,
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == drill => 128 + signal as i32,
            Err(Errno::ECHILD) => {
                std::thread::sleep(std::time::Duration::from_millis(5));
                continue;
            }
            _ => continue,
        };
        let _ = drills_end.send(code);
    }
}

/// In a PID namespace the exit of process 1 does this; elsewhere every descendant is killed until none is left, and
/// containers are removed.
fn end_all(fleet: Option<&Fleet>, complain: fn(&str)) {
    if Pid::this().as_raw() != 1 {
        for _ in 0..100 {
            let left = process::descendants(std::process::id());
            if left.is_empty() {
                break;
            }
            for pid in left {
                let _ = kill(Pid::from_raw(pid as i32), Signal::SIGKILL);
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
    if let Some(Err(error)) = fleet.map(Fleet::clear) {
        complain(&format!("{error}; `blackstart sweep` removes it"));
    }
}

/// The identity that servers run under: never root, because PostgreSQL refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerUser {
    /// Drop from root to [`NOBODY`].
    Drop,
    /// Become [`NOBODY`] in a user namespace of its own, which is the plain user outside.
    Nested,
    /// Stay as we are: already a plain user.
    Same,
}

/// User and group `nobody`, which every Linux knows by name: PostgreSQL asks for the name.
pub const NOBODY: u32 = 65_534;

impl ServerUser {
    /// Who servers run as under `isolation`.
    pub fn under(isolation: &Isolation) -> Self {
        match isolation {
            Isolation::Namespaces { user: Some(_) } => Self::Nested,
            Isolation::Namespaces { user: None } | Isolation::Containers(_) => Self::Drop,
            Isolation::Plain { .. } if Uid::current().is_root() => Self::Drop,
            Isolation::Plain { .. } => Self::Same,
        }
    }
}
