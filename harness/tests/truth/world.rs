//! A real server of the domain behind a real link, on hosts of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use blackstart::drill::Registry;
use blackstart::engine::{self, Door, Installation, Login, Role};
use blackstart::host::isolate::Isolation;
use blackstart::host::{Ground, Host, Logs, Spec, process};
use blackstart::link::{Link, Links};
use blackstart::plan::{self, Loaded};
use blackstart::secret::Secrets;
use blackstart::workload::{self, Settings};
use blackstart_record::record::{Folder, Record, VERSION};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::engine::Engine;

/// The database of the application.
pub const DATABASE: &str = "app";

/// A server, its link, and how the application logs in through it.
pub struct World {
    pub engine: &'static Engine,
    pub server: engine::Server,
    pub links: Links,
    pub link: Link,
    pub application: Login,
    network: Host,
    folder: TempDir,
}

impl World {
    /// Starts the `lane`-th server of this engine and process and loads the domain; its initial rows go to `initial`.
    pub async fn start(engine: &'static Engine, lane: u8, settings: &Settings, initial: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("truth").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let place = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            path
        };
        let secrets = Secrets::default();
        // Where it was located, the servers' user may not go.
        let toxiproxy = folder.path().join("toxiproxy-server");
        std::fs::copy(program("toxiproxy-server").0, &toxiproxy).unwrap();
        let cache = blackstart_tools::cache_dir().unwrap();
        let ground = Ground {
            isolation: Isolation::Plain { why: "a test".into() },
            scratch: place("scratch"),
            tools: cache.join("tools"),
            programs: std::sync::Arc::default(),
            logs: Logs::new(&place("logs"), secrets.clone()),
        };
        let runs = engine.kind.dialect().server();
        let spec = |name, index| Spec { name, index, disk: None, runs, image: None };
        let first = 2 * (engine.first_lane + lane);
        let host = Host::create(&ground, spec("primary", first)).await.unwrap();
        let network = Host::create(&ground, spec("network", first + 1)).await.unwrap();
        let (path, version) = program(runs);
        let server = engine::Server::empty(engine.kind, host, Installation { server: path, version });
        let own: Vec<_> =
            engine.settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        server.initialise(&cache, Role::Source, &own).await.unwrap();
        let mut links = Links::start(network.clone(), &toxiproxy).await.unwrap();
        let link = links.open("application", server.address()).await.unwrap();
        let application = Login {
            engine: engine.kind,
            door: Door::Address(link.listen),
            user: engine.domain().application_role().to_owned(),
            password: Some(secrets.make().unwrap()),
            database: DATABASE.to_owned(),
        };
        let mut world = Self { engine, server, links, link, application, network, folder };
        world.server.start(Duration::from_secs(60)).await.unwrap();
        world.load(settings, initial).await;
        world
    }

    async fn load(&self, settings: &Settings, initial: &Path) {
        self.server.create_database(DATABASE).await.unwrap();
        let client = self.server.connect(DATABASE).await.unwrap();
        workload::load(self.engine.domain(), &client, settings, initial).await.unwrap();
        client.batch(self.engine.kind.dialect().heartbeat()).await.unwrap();
        let Login { user, password, .. } = &self.application;
        self.server.set_password(user, password.as_ref().unwrap()).await.unwrap();
    }

    /// A place for the test's own files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Ends what it started, whichever way the test ended: hosts of plain processes can't tell which are theirs.
impl Drop for World {
    fn drop(&mut self) {
        let (disk, address) = (self.path("scratch"), self.network.address().to_string());
        let ours = |pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&line);
            words.contains(disk.to_str().unwrap()) || words.split('\0').any(|word| word == address)
        };
        for root in process::descendants(std::process::id()).iter().filter(|pid| ours(pid)) {
            for pid in process::descendants(*root).into_iter().chain([*root]) {
                let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
            }
        }
    }
}

/// A located program and its version.
fn program(name: &str) -> (PathBuf, String) {
    let tool = blackstart_tools::all().iter().find(|tool| tool.programs.contains(&name)).unwrap();
    let located = blackstart_tools::locate(tool).unwrap();
    (located.path, located.version)
}

/// The engine's shipped plan and scenario.
pub fn shipped(engine: &Engine) -> Loaded<Registry> {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let (plan, scenario) = engine.shipped;
    plan::load(&scenarios, plan, scenario).unwrap()
}

/// Begins the record of a drill that restores nothing and has one fault: it is judged on the data where it is.
pub fn begin_record(folder: &Folder, engine: &Engine) {
    let loaded = shipped(engine);
    let mut scenario = loaded.scenario;
    scenario.faults.truncate(1);
    scenario.runbook.clear();
    let record = Record {
        version: VERSION,
        blackstart: String::new(),
        run: String::new(),
        id: String::new(),
        started: String::new(),
        plan: loaded.plan,
        scenario,
        seed: 1,
        isolation: Default::default(),
        machine: Default::default(),
        tools: Default::default(),
        tables: engine.domain().tables().iter().map(|table| table.record()).collect(),
        artifacts: Default::default(),
        previous: None,
        skipped: Default::default(),
        profile: None,
        programs: Default::default(),
    };
    std::fs::create_dir_all(folder.path()).unwrap();
    folder.store(&folder.record(), &record).unwrap();
}
