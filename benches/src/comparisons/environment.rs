//! A drill's environment, from its launch until it is ready to be loaded, against the slowest of its servers: each
//! started by itself, bare, PostgreSQL from the same template.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Instant, SystemTime};

use blackstart::drill::Hosts;
use blackstart::engine::postgres::{SUPERUSER, connect, superuser};
use blackstart::host::scratch;
use blackstart_record::event::Phase;
use blackstart_tools::{MINIO, POSTGRES, TOXIPROXY};
use tempfile::TempDir;

use super::{Comparison, Run, drilled};
use crate::Result;
use crate::samples::{Aim, Row, interleaved, of, shown};
use crate::world::{locate, output_of, user_of_servers, wait};

pub(super) const COMPARISON: Comparison = Comparison { name: "environment", run: Run::Here(run) };

const ROW: Row =
    Row { name: "environment ready", against: "the slowest of its servers, bare", unit: "x", aim: Aim::AtMost(1.25) };
const PAIRS: usize = 10;

fn run() -> Result<()> {
    let bare = Bare::new()?;
    let mut slowest = BTreeMap::new();
    ROW.begin();
    let mut profile = Profile::default();
    let (ours, alone) = interleaved(PAIRS, || environment(&mut profile), || bare.slowest(&mut slowest))?;
    ours.iter().zip(&alone).for_each(|(ours, alone)| ROW.sample(ours / alone));
    let each: Vec<String> = slowest.iter().map(|(server, times)| format!("{server} {} s", shown(times))).collect();
    ROW.note(&format!("{} s against {} s, medians; bare: {}", shown(&ours), shown(&alone), each.join(", ")));
    ROW.note(&profile.show());
    Ok(())
}

/// Where the time goes: seconds from the launch until each server is started, which makes its log.
#[derive(Default)]
struct Profile([Vec<f64>; STARTS.len()]);

const STARTS: [(&str, &str); 3] = [
    ("Toxiproxy", "network-toxiproxy-server.log"),
    ("MinIO", "store-minio.log"),
    ("PostgreSQL", "primary-postgres.log"),
];

impl Profile {
    fn add(&mut self, begun: SystemTime, logs: &Path) -> Result<()> {
        for ((_, log), times) in STARTS.iter().zip(&mut self.0) {
            let started = std::fs::metadata(logs.join(log))?.created()?;
            times.push(of(started.duration_since(begun).unwrap_or_default()));
        }
        Ok(())
    }

    fn show(&self) -> String {
        let starts: Vec<String> =
            STARTS.iter().zip(&self.0).map(|((name, _), times)| format!("{name} at {} s", shown(times))).collect();
        format!("started: {}", starts.join(", "))
    }
}

/// Launches the shipped drill natively and ends it when its environment is ready; how many seconds that took.
fn environment(profile: &mut Profile) -> Result<f64> {
    let wall = SystemTime::now();
    let drilled = drilled::until(Hosts::Native, "database-corruption", Some(Phase::Load))?;
    profile.add(wall, &drilled.folder.path().join("logs"))?;
    Ok(drilled.seconds)
}

/// The servers' programs.
struct Bare {
    postgres: PathBuf,
    minio: PathBuf,
    toxiproxy: PathBuf,
    template: PathBuf,
}

impl Bare {
    fn new() -> Result<Self> {
        // A drill makes the template if it is not there yet.
        environment(&mut Profile::default())?;
        let postgres = locate(&POSTGRES)?;
        let major = postgres.version.split('.').next().unwrap_or_default();
        Ok(Self {
            template: drilled::template(major)?,
            postgres: postgres.path,
            minio: locate(&MINIO)?.path,
            toxiproxy: locate(&TOXIPROXY)?.path,
        })
    }

    /// Starts each server alone and ends it; the longest of the times until they answered, in seconds.
    fn slowest(&self, times: &mut BTreeMap<&'static str, Vec<f64>>) -> Result<f64> {
        let started = [("PostgreSQL", self.postgres()?), ("MinIO", self.minio()?), ("Toxiproxy", self.toxiproxy()?)];
        started.iter().for_each(|(name, time)| times.entry(name).or_default().push(*time));
        Ok(started.iter().map(|(_, time)| *time).fold(0.0, f64::max))
    }

    fn postgres(&self) -> Result<f64> {
        let folder = beside_drills()?;
        let data = folder.path().join("data");
        let begun = Instant::now();
        output_of(Command::new("cp").arg("-a").arg(&self.template).arg(&data))?;
        if let Some(user) = user_of_servers() {
            output_of(Command::new("chown").args(["-R", &user.to_string()]).arg(folder.path()))?;
        }
        let mut command = Command::new(&self.postgres);
        if let Some(user) = user_of_servers() {
            command.uid(user).gid(user).current_dir("/");
        }
        command.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-c", "listen_addresses="]);
        let server = Server::start(&mut command)?;
        let runtime = crate::world::runtime()?;
        let login = superuser(folder.path().to_owned(), SUPERUSER);
        wait(|| runtime.block_on(connect(&login)).is_ok())?;
        let taken = begun.elapsed();
        drop(server);
        Ok(of(taken))
    }

    fn minio(&self) -> Result<f64> {
        let folder = beside_drills()?;
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 29_000);
        let mut command = Command::new(&self.minio);
        command.args(["server", "--quiet", "--address", &address.to_string()]).arg(folder.path());
        command.env("HOME", folder.path()).env("MINIO_BROWSER", "off");
        answering(&mut command, address, "/minio/health/ready")
    }

    fn toxiproxy(&self) -> Result<f64> {
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 28_474);
        let mut command = Command::new(&self.toxiproxy);
        command.args(["-host", &address.ip().to_string(), "-port", &address.port().to_string()]);
        answering(&mut command, address, "/version")
    }
}

/// A folder where the disks of drills are: file systems, and places that much was deleted from, differ by more than
/// what is compared here.
fn beside_drills() -> Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("bare-").tempdir_in(scratch::root())?)
}

/// Seconds until a server answers over HTTP.
fn answering(command: &mut Command, address: SocketAddrV4, path: &str) -> Result<f64> {
    if TcpStream::connect(address).is_ok() {
        return Err(format!("something listens on {address} already").into());
    }
    let begun = Instant::now();
    let server = Server::start(command)?;
    wait(|| {
        let Ok(mut stream) = TcpStream::connect(address) else { return false };
        let asked = write!(stream, "GET {path} HTTP/1.0\r\nHost: bare\r\n\r\n");
        let mut answer = [0; 12];
        asked.and_then(|()| stream.read_exact(&mut answer)).is_ok() && answer.ends_with(b" 200")
    })?;
    let taken = begun.elapsed();
    drop(server);
    Ok(of(taken))
}

/// A server that ends with its owner.
struct Server(Child);

impl Server {
    fn start(command: &mut Command) -> Result<Self> {
        Ok(Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGQUIT: PostgreSQL takes its children with it; the others have none. A server that has ended needs none.
        let _ = Command::new("kill").args(["-QUIT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}
