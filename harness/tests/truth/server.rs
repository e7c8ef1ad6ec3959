//! A real server of the domain behind a real link, on hosts of its own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use blackstart::drill::Registry;
use blackstart::engine::{self, Door, Installation, Login, Role};
use blackstart::host::isolate::Isolation;
use blackstart::host::{Ground, Host, Logs, Spec, process};
use blackstart::link::{Link, Links};
use blackstart::plan::{self, EngineKind, Loaded};
use blackstart::secret::Secrets;
use blackstart::workload::{self, Domain, Settings};
use blackstart_record::record::{Folder, Record, VERSION};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// The database of the application.
pub const DATABASE: &str = "app";

/// A server, its link, and how the application logs in through it.
pub struct Server {
    pub postgres: engine::Server,
    pub links: Links,
    pub link: Link,
    pub application: Login,
    network: Host,
    folder: TempDir,
}

/// The domain that is loaded.
pub fn domain() -> &'static dyn Domain {
    workload::domain("fulfilment").unwrap()
}

impl Server {
    /// Starts the `lane`-th server of this process and loads the domain; its initial rows go to `initial`.
    pub async fn start(lane: u8, settings: &Settings, initial: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("truth").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let place = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            path
        };
        let secrets = Secrets::default();
        let postgres = program("postgres");
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
        let host =
            Host::create(&ground, Spec { name: "primary", index: 2 * lane, disk: None, runs: "postgres", image: None })
                .await
                .unwrap();
        let network = Host::create(
            &ground,
            Spec { name: "network", index: 2 * lane + 1, disk: None, runs: "postgres", image: None },
        )
        .await
        .unwrap();
        let installation = Installation { server: postgres.0, version: postgres.1 };
        let postgres = engine::Server::empty(EngineKind::Postgres, host, installation);
        let off = |name: &str| (name.to_owned(), "off".to_owned());
        postgres.initialise(&cache, Role::Source, &[off("fsync"), off("autovacuum")]).await.unwrap();
        let mut links = Links::start(network.clone(), &toxiproxy).await.unwrap();
        let link = links.open("application", postgres.address()).await.unwrap();
        let application = Login {
            engine: EngineKind::Postgres,
            door: Door::Address(link.listen),
            user: domain().application_role().to_owned(),
            password: Some(secrets.make().unwrap()),
            database: DATABASE.to_owned(),
        };
        let mut server = Self { postgres, links, link, application, network, folder };
        server.postgres.start(Duration::from_secs(60)).await.unwrap();
        server.load(settings, initial).await;
        server
    }

    async fn load(&self, settings: &Settings, initial: &Path) {
        self.postgres.create_database(DATABASE).await.unwrap();
        let client = self.postgres.connect(DATABASE).await.unwrap();
        workload::load(domain(), &client, settings, initial).await.unwrap();
        client.batch(EngineKind::Postgres.dialect().heartbeat()).await.unwrap();
        let Login { user, password, .. } = &self.application;
        self.postgres.set_password(user, password.as_ref().unwrap()).await.unwrap();
    }

    /// A place for the test's own files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Ends what it started, whichever way the test ended: hosts of plain processes can't tell which are theirs.
impl Drop for Server {
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

/// The shipped plan and scenario.
pub fn shipped() -> Loaded<Registry> {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    plan::load(&scenarios, "fulexo", "database-corruption").unwrap()
}

/// Begins the record of a drill that restores nothing and has one fault: it is judged on the data where it is.
pub fn begin_record(folder: &Folder, loaded: &Loaded<Registry>) {
    let mut scenario = loaded.scenario.clone();
    scenario.faults.truncate(1);
    scenario.runbook.clear();
    let record = Record {
        version: VERSION,
        blackstart: String::new(),
        run: String::new(),
        id: String::new(),
        started: String::new(),
        plan: loaded.plan.clone(),
        scenario,
        seed: 1,
        isolation: Default::default(),
        machine: Default::default(),
        tools: Default::default(),
        tables: domain().tables().iter().map(|table| table.record()).collect(),
        artifacts: Default::default(),
        previous: None,
        skipped: Default::default(),
        profile: None,
        programs: Default::default(),
    };
    std::fs::create_dir_all(folder.path()).unwrap();
    folder.store(&folder.record(), &record).unwrap();
}
