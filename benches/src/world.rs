//! The servers of a comparison: hosts, a database server, links and store, as a drill has them.

use std::net::SocketAddrV4;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use blackstart::engine::{Door, Installation, Login, Role, Server, Stop, connect};
use blackstart::host::isolate::{Isolation, NOBODY};
use blackstart::host::{Ground, Host, Logs, Spec};
use blackstart::link::Links;
use blackstart::plan::EngineKind;
use blackstart::secret::Secrets;
use blackstart::workload::{self, Domain, Settings};
use blackstart_tools::{BARMAN_CLOUD, Located, MARIADB, MARIADB_TOOLS, MC, POSTGRES, TOXIPROXY, Tool};
use tokio::runtime::Runtime;

use crate::Result;

/// The database of a comparison.
pub const DATABASE: &str = "bench";
/// No server takes longer to start.
pub const BOUND: Duration = Duration::from_secs(60);

/// What servers are made from.
pub struct World {
    ground: Ground,
    cache: PathBuf,
    hosts: u8,
    engine: EngineKind,
    /// Where the database server's programs are.
    pub installation: Installation,
}

impl World {
    /// A world below `scratch`, of servers of this engine.
    ///
    /// # Errors
    /// A program is missing.
    pub fn new(isolation: Isolation, scratch: PathBuf, engine: EngineKind) -> Result<Self> {
        let cache = blackstart_tools::cache_dir().ok_or("there is no cache folder: set HOME")?;
        let (server, others): (_, &[_]) = match engine {
            EngineKind::Postgres => (locate(&POSTGRES)?, &[&BARMAN_CLOUD]),
            EngineKind::Mysql => (locate(&MARIADB)?, &[&MARIADB_TOOLS, &MC]),
        };
        let folder = |located: &Located| located.path.parent().map(Path::to_owned).unwrap_or_default();
        let mut folders = vec![folder(&server)];
        for tool in others.iter().copied() {
            folders.push(folder(&locate(tool)?));
        }
        let logs = scratch.join("logs");
        std::fs::create_dir_all(&logs)?;
        let installation = Installation { server: server.path, version: server.version };
        let logs = Logs::new(&logs, Secrets::default());
        let programs = Arc::new(OnceLock::from(folders));
        let ground = Ground { isolation, scratch, tools: cache.join("tools"), programs, logs };
        Ok(Self { ground, cache, hosts: 0, engine, installation })
    }

    /// Another host.
    ///
    /// # Errors
    /// What the system refused.
    pub async fn host(&mut self, name: &str) -> Result<Host> {
        self.hosts += 1;
        Ok(Host::create(
            &self.ground,
            Spec { name, index: self.hosts, disk: None, runs: self.engine.dialect().server(), image: None },
        )
        .await?)
    }

    /// A running server with an empty database, on a host of this name.
    ///
    /// # Errors
    /// It could not be started.
    pub async fn server(&mut self, name: &str, settings: &[(String, String)]) -> Result<Server> {
        let host = self.host(name).await?;
        self.start(host, settings).await
    }

    /// A server on a host, which has no data directory yet.
    pub fn empty(&self, host: Host) -> Server {
        Server::empty(self.engine, host, self.installation.clone())
    }

    /// A running server with an empty database, on a host that is there.
    ///
    /// # Errors
    /// It could not be started.
    pub async fn start(&self, host: Host, settings: &[(String, String)]) -> Result<Server> {
        let mut server = self.empty(host);
        server.initialise(&self.cache, Role::Source, settings).await?;
        server.start(BOUND).await?;
        server.create_database(DATABASE).await?;
        Ok(server)
    }

    /// Has a server run on a fresh data directory.
    ///
    /// # Errors
    /// It could not be stopped, or not be started again.
    pub async fn renew(&self, server: &mut Server, settings: &[(String, String)]) -> Result<()> {
        server.stop(Stop::Immediate, BOUND).await?;
        server.host().remove_folder(server.data())?;
        server.initialise(&self.cache, Role::Target, settings).await?;
        Ok(server.start(BOUND).await?)
    }

    /// Toxiproxy, on a host of its own.
    ///
    /// # Errors
    /// It could not be started.
    pub async fn links(&mut self) -> Result<Links> {
        let toxiproxy = locate(&TOXIPROXY)?.path;
        Ok(Links::start(self.host("network").await?, &toxiproxy).await?)
    }

    /// Where the host's programs are looked for, for `PATH`.
    pub fn search_path(&self) -> String {
        let folders =
            self.ground.programs.get().into_iter().flatten().map(|folder| folder.to_string_lossy().into_owned());
        folders.chain(["/usr/bin".to_owned(), "/bin".to_owned()]).collect::<Vec<_>>().join(":")
    }
}

/// The user that servers run as where a drill is root's; bare tools have to be the same. `None`: this process's own.
pub fn user_of_servers() -> Option<u32> {
    // The owner of this process's own entry is who it runs as.
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0).then_some(NOBODY)
}

/// Finds a program.
///
/// # Errors
/// It is missing; the error says what installs it.
pub fn locate(tool: &'static Tool) -> Result<Located> {
    Ok(blackstart_tools::locate(tool).map_err(|missing| missing.to_string())?)
}

/// The settings of a server that is as fast as it can be, so that what is in front of it shows.
pub fn fast(engine: EngineKind) -> Vec<(String, String)> {
    let settings: &[_] = match engine {
        EngineKind::Postgres => &[("fsync", "off"), ("shared_buffers", "256MB"), ("max_wal_size", "8GB")],
        // It reads past the system's cache, so its own has to hold all.
        EngineKind::Mysql => &[
            ("innodb_flush_log_at_trx_commit", "0"),
            ("sync_binlog", "0"),
            ("innodb_buffer_pool_size", "2G"),
            ("innodb_log_file_size", "1G"),
        ],
    };
    settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The domain that an engine is measured on.
///
/// # Errors
/// It is not registered.
pub fn domain(engine: EngineKind) -> Result<&'static dyn Domain> {
    let name = match engine {
        EngineKind::Postgres => "fulfilment",
        EngineKind::Mysql => "logistics",
    };
    Ok(workload::domain(name).ok_or("the domain is not registered")?)
}

/// Loads the domain's rows.
///
/// # Errors
/// The load failed.
pub async fn load(server: &Server, settings: &Settings, rows: &Path) -> Result<()> {
    let client = server.connect(DATABASE).await?;
    workload::load(domain(server.kind())?, &client, settings, rows).await?;
    Ok(())
}

/// The application's login, by its role's password.
///
/// # Errors
/// The server refused the role, or the login.
pub async fn application(server: &Server, address: SocketAddrV4) -> Result<Login> {
    let password = Secrets::default().make()?;
    let role = domain(server.kind())?.application_role();
    server.set_password(role, &password).await?;
    let (user, database) = (role.to_owned(), DATABASE.to_owned());
    let login = Login { engine: server.kind(), door: Door::Address(address), user, password: Some(password), database };
    connect(&login).await?;
    Ok(login)
}

/// A runtime as a drill's.
///
/// # Errors
/// It could not be made.
pub fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// The output of a program that must succeed.
///
/// # Errors
/// It could not be started, or failed.
pub fn output_of(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Waits until a server answers.
///
/// # Errors
/// It did not within [`BOUND`].
pub fn wait(ready: impl Fn() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !ready() {
        if begun.elapsed() > BOUND {
            return Err("a server did not answer".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
