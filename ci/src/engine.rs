//! A container engine of our own, for as long as something needs it: in a network namespace of its own, so that it touches
//! neither the machine's firewall nor an engine that is there, and with its images in Blackstart's cache.

mod podman;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::setup::apt::Apt;
use crate::setup::plan::Packages;

/// Programs, and how Debian calls what brings them.
type Needed = [(&'static str, Packages)];

/// What has to be there before Docker is. Its client asks Podman too.
const DOCKER: &Needed = &[
    ("dockerd", Packages { names: &["docker.io", "iptables"], purpose: "the container engine", min: None }),
    ("mmdebstrap", Packages { names: &["mmdebstrap"], purpose: "makes images of Debian's packages", min: None }),
];
/// It starts within a second; with many images on a busy machine it takes longer.
const START_BOUND: Duration = Duration::from_secs(60);
const STOP_BOUND: Duration = Duration::from_secs(30);

/// Whose engine it is.
#[derive(Clone, Copy, Debug)]
enum Make {
    Docker,
    Podman,
}

/// A running engine. Dropping it stops it.
#[derive(Debug)]
pub struct Engine {
    make: Make,
    child: Child,
    /// Its socket and its log.
    folder: PathBuf,
    /// What it has lies in here.
    cache: PathBuf,
}

impl Engine {
    /// Starts Docker, once what it needs is installed.
    ///
    /// # Errors
    /// It can't be had here; in words.
    pub fn start(out: &mut dyn Write) -> io::Result<Self> {
        Self::of(Make::Docker, out)
    }

    /// Starts the service by which Podman is asked as Docker is.
    ///
    /// # Errors
    /// It can't be had here; in words.
    pub fn podman(out: &mut dyn Write) -> io::Result<Self> {
        Self::of(Make::Podman, out)
    }

    fn of(make: Make, out: &mut dyn Write) -> io::Result<Self> {
        install(DOCKER, out)?;
        install(make.needed(), out)?;
        let cache =
            blackstart_tools::cache_dir().ok_or_else(|| io::Error::other("there is no cache folder: set HOME"))?;
        // A socket's path has room for a hundred bytes.
        let folder = std::env::temp_dir().join(format!("blackstart-{}-{}", make.program(), std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let mut engine = Self { make, child: make.spawn(&folder, &cache)?, folder, cache };
        engine.answering()?;
        writeln!(out, "a {} of our own answers at {}", make.program(), address(&engine.folder))?;
        Ok(engine)
    }

    /// Stops it, which ends every container, and starts it again.
    ///
    /// # Errors
    /// It does not start again; in words.
    pub fn restart(&mut self) -> io::Result<()> {
        self.stop();
        self.child = self.make.spawn(&self.folder, &self.cache)?;
        self.answering()
    }

    /// Asked, it ends its containers and lets go of its disks; killed, it would leave both.
    fn stop(&mut self) {
        if let Make::Podman = self.make {
            podman::end_containers(|| self.docker());
        }
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let began = Instant::now();
        while asked.is_ok() && began.elapsed() < STOP_BOUND && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn answering(&mut self) -> io::Result<()> {
        let began = Instant::now();
        loop {
            let mut asked = self.docker();
            if asked.arg("info").stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
                return Ok(());
            }
            let ended = self.child.try_wait()?;
            if ended.is_some() || began.elapsed() > START_BOUND {
                let said = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                let lines: Vec<&str> = said.lines().collect();
                let last = lines[lines.len().saturating_sub(5)..].join("\n");
                let what = self.make.program();
                return Err(io::Error::other(format!("{what} does not answer; it said:\n{last}")));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The client that asks it.
    pub fn docker(&self) -> Command {
        let mut docker = Command::new("docker");
        docker.envs(self.environment()).stdin(Stdio::null());
        docker
    }

    /// By which programs find it.
    pub fn environment(&self) -> [(&'static str, String); 1] {
        [("DOCKER_HOST", address(&self.folder))]
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Make {
    fn program(self) -> &'static str {
        match self {
            Self::Docker => "dockerd",
            Self::Podman => "podman",
        }
    }

    fn needed(self) -> &'static Needed {
        match self {
            Self::Docker => &[],
            Self::Podman => podman::NEEDED,
        }
    }

    fn spawn(self, folder: &Path, cache: &Path) -> io::Result<Child> {
        let log = std::fs::File::create(folder.join("log"))?;
        let mut command = match self {
            Self::Docker => dockerd(folder, cache),
            Self::Podman => podman::service(folder, cache)?,
        };
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
    }
}

fn dockerd(folder: &Path, cache: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "dockerd", "--log-level", "warn"]);
    command.arg("--data-root").arg(cache.join("engine"));
    command.arg("--exec-root").arg(folder.join("exec")).arg("--pidfile").arg(folder.join("pid"));
    command.arg("--host").arg(address(folder));
    // There is nothing outside that packets could be sent to or kept from.
    command.args(["--bridge=none", "--iptables=false", "--ip-forward=false"]);
    command
}

fn address(folder: &Path) -> String {
    format!("unix://{}", folder.join("docker.sock").display())
}

/// Installs what is missing.
fn install(needed: &Needed, out: &mut dyn Write) -> io::Result<()> {
    let missing = |program: &str| {
        let asked = Command::new(program).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).status();
        !asked.is_ok_and(|status| status.success())
    };
    let wanted: Vec<Packages> =
        needed.iter().filter(|(program, _)| missing(program)).map(|(_, packages)| *packages).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    for packages in &wanted {
        writeln!(out, "install  packages {}: {}", packages.names.join(" "), packages.purpose)?;
    }
    out.flush()?;
    Apt::of_machine().install(&wanted).map_err(|stop| io::Error::other(stop.to_string()))
}
