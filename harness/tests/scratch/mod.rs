//! A PostgreSQL server of a test's own: fresh, on a socket in a temporary directory, ended when dropped.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use blackstart::engine::Login;
use blackstart::engine::postgres::{SUPERUSER, connect, superuser};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use tempfile::TempDir;
use tokio_postgres::Client;

/// A running server.
pub struct Scratch {
    folder: TempDir,
    server: Child,
}

impl Scratch {
    /// Starts one. Without PostgreSQL's binaries the test fails: it is never skipped in silence.
    pub fn start() -> Self {
        let bin = binaries();
        // Below /tmp and not a configured folder: the path of a socket is short, and another user must get there.
        let folder = tempfile::Builder::new().prefix("blackstart-test-").tempdir_in("/tmp").unwrap();
        let data = folder.path().join("data");
        if let Some(user) = &server_user() {
            std::os::unix::fs::chown(folder.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
        }
        let initdb = command(&bin.join("initdb"), folder.path())
            .args(["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(initdb.status.success(), "initdb: {}", String::from_utf8_lossy(&initdb.stderr));
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let server = command(&bin.join("postgres"), folder.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "dynamic_shared_memory_type=mmap", "-k"])
            .arg(folder.path())
            .arg("-D")
            .arg(&data)
            .stderr(log)
            .spawn()
            .unwrap();
        let scratch = Self { folder, server };
        scratch.wait_until_it_answers();
        scratch
    }

    /// How to connect as `role`.
    pub fn login(&self, role: &str) -> Login {
        Login { user: role.to_owned(), ..superuser(self.folder.path().to_owned(), SUPERUSER) }
    }

    /// A superuser's connection.
    #[allow(dead_code, reason = "not every test file needs one")]
    pub async fn superuser(&self) -> Client {
        connect(&self.login(SUPERUSER)).await.unwrap()
    }

    /// A place for the test's own files.
    #[allow(dead_code, reason = "not every test file needs one")]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Ends every process of the server at once, as a loss of power does. The postmaster first: it would see its
    /// children die, and say so to the others.
    #[allow(dead_code, reason = "not every test file needs one")]
    pub fn kill(&mut self) {
        let children = children(self.server.id());
        for pid in std::iter::once(self.server.id()).chain(children) {
            let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
        }
        self.server.wait().unwrap();
    }

    fn wait_until_it_answers(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let socket = self.folder.path().join(".s.PGSQL.5432");
        while std::os::unix::net::UnixStream::connect(&socket).is_err() || !self.is_ready() {
            assert!(Instant::now() < deadline, "the scratch server does not answer: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_ready(&self) -> bool {
        self.log().contains("ready to accept connections")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Immediate shutdown: every backend goes too.
        let _ = kill(Pid::from_raw(self.server.id().cast_signed()), Signal::SIGQUIT);
        let _ = self.server.wait();
    }
}

/// A command that does not run as root, which PostgreSQL refuses.
fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    if let Some(user) = server_user() {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

/// Whom to drop to: nobody, if this is no root.
fn server_user() -> Option<User> {
    if !geteuid().is_root() {
        return None;
    }
    let user = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).unwrap());
    Some(user.expect("root needs a user postgres or nobody to run PostgreSQL as"))
}

fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let packaged = versions.map(|version| version.path().join("bin"));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = packaged.filter(|bin| bin.join("initdb").exists()).collect();
    found.sort_by_key(|bin| bin.parent().and_then(|v| v.file_name()?.to_str()?.parse::<u32>().ok()));
    found.pop().or_else(|| std::env::split_paths(&on_path).find(|bin| bin.join("initdb").exists())).expect(
        "these tests need PostgreSQL's server binaries, under /usr/lib/postgresql or on PATH (run `cargo ci setup`)",
    )
}

fn children(pid: u32) -> Vec<u32> {
    let listed = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    listed.split_whitespace().map(|child| child.parse().unwrap()).collect()
}
