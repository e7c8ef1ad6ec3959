//! Drills in containers: until the environment is ready, against the same servers by bare `docker run`; and whole, against
//! native ones.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use blackstart::drill::Hosts;
use blackstart::engine::postgres::{SUPERUSER, connect, superuser};
use blackstart::host::docker::{self, Images};
use blackstart_record::event::Phase;

use super::drilled::{self, QUICKEST};
use super::{Comparison, Run};
use crate::Result;
use crate::samples::{Aim, Row, of};
use crate::world::{output_of, wait};

pub(super) const COMPARISON: Comparison = Comparison { name: "containers", run: Run::Here(run) };

const READY: Row = Row {
    name: "environment ready in containers",
    against: "the same servers by bare docker run",
    unit: "x",
    aim: Aim::AtMost(1.10),
};
const WHOLE: Row =
    Row { name: "drill in containers", against: "the same drill on native hosts", unit: "x", aim: Aim::AtMost(1.25) };
const ENVIRONMENTS: usize = 40;
const DRILLS: usize = 4;

fn run() -> Result<()> {
    let (engine, images) = docker::at_once(docker::available()).map_err(|why| why.to_string())?;
    let hosts = Hosts::Docker { engine, images: images.clone() };
    let seconds = |hosts: &Hosts, scenario, phase| Ok(drilled::until(hosts.clone(), scenario, phase)?.seconds);
    // The first makes the template.
    seconds(&hosts, QUICKEST, Some(Phase::Load))?;
    let bare = || bare(&images);
    READY.pairs(ENVIRONMENTS, || seconds(&hosts, QUICKEST, Some(Phase::Load)), bare)?;
    WHOLE.pairs(DRILLS, || seconds(&hosts, QUICKEST, None), || seconds(&Hosts::Native, QUICKEST, None))
}

const DOCKER: &str = "docker";
/// The major version of the image's server.
const POSTGRES: &str = "17";

/// A server in a container: its kind, its port, and what `docker run` is told for it.
type Server<'a> = (&'a str, u16, Vec<String>);

/// Starts the three servers side by side on a network of their own; seconds until each takes calls.
fn bare(images: &Images) -> Result<f64> {
    let folder = tempfile::Builder::new().prefix("bare-").tempdir_in("/var/tmp")?;
    let network = folder.path().file_name().ok_or("a folder without a name")?.to_string_lossy().into_owned();
    let template = drilled::template(POSTGRES)?;
    let begun = Instant::now();
    output_of(Command::new(DOCKER).args(["network", "create", "--internal", &network]))?;
    let data = folder.path().join("data");
    output_of(Command::new("cp").arg("-a").arg(&template).arg(&data))?;
    output_of(Command::new("chown").args(["-R", "65534:65534"]).arg(folder.path()))?;
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let postgres = format!("/usr/lib/postgresql/{POSTGRES}/bin/postgres -D /bare/data -k /bare -c listen_addresses=*");
    let servers: [Server<'_>; 3] = [
        ("postgres", 5432, words(&postgres)),
        ("s3", 9000, words("minio server --quiet --address :9000 /bare/s3")),
        ("toxiproxy", 8474, words("toxiproxy-server -host 0.0.0.0 -port 8474")),
    ];
    let started = thread::scope(|scope| {
        let starting: Vec<_> = (servers.iter())
            .map(|server| scope.spawn(|| start(server, images, &network, folder.path()).map_err(|why| why.to_string())))
            .collect();
        starting.into_iter().map(|started| started.join().map_err(|_| "a thread panicked".to_owned())?).collect()
    });
    let taken = begun.elapsed();
    let names = servers.iter().map(|(kind, ..)| format!("{network}-{kind}"));
    let removed = output_of(Command::new(DOCKER).args(["rm", "--force", "--volumes"]).args(names));
    output_of(Command::new(DOCKER).args(["network", "rm", &network]))?;
    let started: std::result::Result<Vec<()>, String> = started;
    started?;
    removed?;
    Ok(of(taken))
}

/// Runs a server and waits until it takes calls; PostgreSQL, until it answers.
fn start((kind, port, command): &Server<'_>, images: &Images, network: &str, folder: &Path) -> Result<()> {
    let image = images.get(*kind).ok_or("no image")?;
    let name = format!("{network}-{kind}");
    let mount = format!("{}:/bare", folder.display());
    let mut run = Command::new(DOCKER);
    run.args(["run", "--detach", "--init", "--user", "65534:65534", "--env", "HOME=/tmp", "--network", network]);
    run.args(["--name", &name, "--volume", &mount, "--entrypoint", &command[0], image]).args(&command[1..]);
    output_of(&mut run)?;
    let pid = output_of(Command::new(DOCKER).args(["inspect", "--format", "{{.State.Pid}}", &name]))?;
    let call = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
    wait(|| {
        let mut called = Command::new("nsenter");
        called.args(["--net", "--target", pid.trim(), "bash", "-c", &call]).stderr(Stdio::null());
        called.status().is_ok_and(|status| status.success())
    })?;
    if *kind != "postgres" {
        return Ok(());
    }
    let runtime = crate::world::runtime()?;
    let login = superuser(folder.to_owned(), SUPERUSER);
    wait(|| runtime.block_on(connect(&login)).is_ok())
}
