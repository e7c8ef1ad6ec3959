//! A server, a store and the links to them, on hosts of their own; and the ways in which a probe looks at them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use blackstart::clock::Clock;
use blackstart::engine::postgres::SUPERUSER;
use blackstart::engine::replication::{Beginning, Following};
use blackstart::engine::{Door, Installation, Login, Role, Server, connect};
use blackstart::fault::Scene;
use blackstart::host::isolate::Isolation;
use blackstart::host::{Command, Ground, Host, Logs, Spec};
use blackstart::link::Links;
use blackstart::plan::{APPLICATION_LINK, EngineKind, HostSpec, REPLICATION_LINK, store_link};
use blackstart::secret::Secrets;
use blackstart::store::{Bucket, Key, Provider, Store};
use blackstart_record::plan::Pace;

use crate::located::located;

const fn host(name: &'static str, index: u8, runs: &'static str) -> Spec<'static> {
    Spec { name, index, disk: None, runs, image: None }
}

/// The host of the links, in whose network the test is.
pub const NETWORK: Spec<'_> = host("network", 3, "toxiproxy");
const HOSTS: [Spec<'_>; 5] = [
    Spec { disk: Some(768 << 20), ..host("primary", 0, "postgres") },
    host("replica", 1, "postgres"),
    host("store", 2, "s3"),
    NETWORK,
    host("outside", 4, "postgres"),
];

/// The longest that anything here is waited for.
pub const BOUND: Duration = Duration::from_secs(60);
/// The longest that a probe waits for its answer.
const PATIENCE: Duration = Duration::from_secs(3);

pub const DATABASE: &str = "shop";
pub const BUCKET: &str = "saved";
/// Rows of each table, of tenants 1 to 4.
pub const ROWS: u32 = 10_000;
/// What every object holds: one fits into its description, one is a file of its own.
pub const OBJECTS: [(&str, usize); 2] = [("small", 300), ("large", 400_000)];

pub struct World {
    pub server: Server,
    replica: Server,
    sites: BTreeMap<String, HostSpec>,
    pub hosts: BTreeMap<String, Host>,
    links: Links,
    store: Store,
    key: Key,
    clock: Clock,
    watcher: Login,
    secrets: Secrets,
}

impl World {
    /// Starts it all, with a table for each of `tables` and objects under each of `prefixes`.
    pub async fn start(isolation: Isolation, scratch: &Path, tables: &[&str], prefixes: &[&str]) -> Self {
        let cache = blackstart_tools::cache_dir().unwrap();
        let secrets = Secrets::default();
        let logs = scratch.join("logs");
        std::fs::create_dir(&logs).unwrap();
        let ground = Ground {
            isolation,
            scratch: scratch.join("scratch"),
            tools: cache.join("tools"),
            programs: std::sync::Arc::default(),
            logs: Logs::new(&logs, secrets.clone()),
        };
        let mut hosts = BTreeMap::new();
        for spec in HOSTS {
            hosts.insert(spec.name.to_owned(), Host::create(&ground, spec).await.unwrap());
        }
        let postgres = located(&hosts["primary"], "postgres");
        let installation = Installation { server: postgres.0, version: postgres.1 };
        let engine = EngineKind::Postgres;
        let mut server = Server::empty(engine, hosts["primary"].clone(), installation.clone());
        let mut replica = Server::empty(engine, hosts["replica"].clone(), installation);
        let off = |name: &str| (name.to_owned(), "off".to_owned());
        // So that a replica finds its way back after restarts and checkpoints.
        let settings = [off("fsync"), off("autovacuum"), ("wal_keep_size".to_owned(), "128MB".to_owned())];
        server.initialise(&cache, Role::Source, &settings).await.unwrap();
        server.start(BOUND).await.unwrap();
        let mut links =
            Links::start(hosts["network"].clone(), &located(&hosts["network"], "toxiproxy-server").0).await.unwrap();
        let to_server = server.address();
        let application = links.open(APPLICATION_LINK, to_server).await.unwrap();
        let address = links.open(REPLICATION_LINK, to_server).await.unwrap().listen;
        follow(
            &server,
            &mut replica,
            &Following { address, password: secrets.make().unwrap(), pace: Pace::AtOnce, copies: false },
        )
        .await;
        let minio = located(&hosts["store"], "minio").0;
        let store = Store::start(hosts["store"].clone(), Provider::Minio, &minio, &secrets).await.unwrap();
        let to_store = links.open(&store_link("primary"), Store::address_on(&hosts["store"])).await.unwrap();
        let key = Key { access: "pipeline".into(), secret: secrets.make().unwrap() };
        let outside = &hosts["outside"];
        outside
            .write("home/mc/config.json", key.mc_config(&format!("http://{}", to_store.listen)).as_bytes(), 0o600)
            .unwrap();
        let password = secrets.make().unwrap();
        let (door, user) = (Door::Address(application.listen), "watcher".to_owned());
        let watcher = Login { engine, door, user, password: Some(password.clone()), database: DATABASE.to_owned() };
        let sites = sites(&["primary", "replica"], "main").chain(sites(&["store"], "other")).collect();
        let clock = Clock::start();
        let world = Self { server, replica, sites, hosts, links, store, key, clock, watcher, secrets };
        world.fill_store(prefixes).await;
        world.server.run(SUPERUSER, "CREATE ROLE watcher SUPERUSER; CREATE ROLE app_user").await.unwrap();
        world.server.set_password("watcher", &password).await.unwrap();
        world.server.create_database(DATABASE).await.unwrap();
        world.fill_tables(tables).await;
        world
    }

    async fn fill_store(&self, prefixes: &[&str]) {
        let bucket = Bucket::plain(BUCKET, true);
        self.store.make_bucket(&bucket).await.unwrap();
        self.store.admit(&self.key, &["put", "get", "list"].map(str::to_owned), &[BUCKET]).await.unwrap();
        for prefix in prefixes {
            for (name, size) in OBJECTS {
                let bytes = original(size).into_bytes();
                self.store.write(BUCKET, &format!("{prefix}/{name}"), bytes).await.unwrap();
            }
        }
    }

    async fn fill_tables(&self, tables: &[&str]) {
        for table in tables {
            let sql = format!(
                "CREATE TABLE {table} (id integer PRIMARY KEY, tenant integer, status text, filler text);
                 INSERT INTO {table} SELECT i, i % 4 + 1, 'open', repeat('x', 100) FROM generate_series(1, {ROWS}) i;
                 GRANT ALL ON {table} TO app_user;
                 ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
                 CREATE POLICY own ON {table} USING (tenant = current_setting('app.tenant')::integer)"
            );
            self.server.run(DATABASE, &sql).await.unwrap();
        }
        self.server.run(DATABASE, "CREATE EXTENSION pg_walinspect").await.unwrap();
        let log = "SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1000)) FROM generate_series(1, 200)";
        self.server.run(DATABASE, log).await.unwrap();
    }

    /// What a fault reaches.
    pub fn scene(&mut self) -> Scene<'_> {
        Scene {
            clock: self.clock,
            server: &mut self.server,
            replica: Some(&self.replica),
            through: &[],
            sites: &self.sites,
            hosts: &self.hosts,
            links: &self.links,
            store: &self.store,
            key: &self.key,
            application: None,
            secrets: &self.secrets,
            database: DATABASE,
            bound: BOUND,
        }
    }

    /// The answer of the server to a question over the application's link, afresh; or why there is none.
    pub async fn ask(&self, sql: &str) -> Result<String, String> {
        self.ask_by(&self.watcher, sql, PATIENCE).await
    }

    /// Likewise, past the link.
    pub async fn ask_directly(&self, sql: &str) -> Result<String, String> {
        self.ask_by(&self.direct(), sql, PATIENCE).await
    }

    /// Likewise, for a question that is work: on a busy machine its answer may take a while.
    pub async fn ask_much(&self, sql: &str) -> Result<String, String> {
        self.ask_by(&self.direct(), sql, BOUND).await
    }

    fn direct(&self) -> Login {
        self.server.past_the_link(&self.watcher)
    }

    async fn ask_by(&self, login: &Login, sql: &str, patience: Duration) -> Result<String, String> {
        let asked = async {
            let client = connect(login).await.map_err(|error| error.to_string())?;
            let answer = client.value(sql).await;
            let answer = answer.map_err(|error| blackstart::failure::Error::from(error).to_string())?;
            Ok(answer.unwrap_or_default())
        };
        tokio::time::timeout(patience, asked).await.unwrap_or_else(|_| Err(SILENCE.to_owned()))
    }

    /// How many rows of a table the replica has: none as long as it has not heard of the table, or its database.
    pub async fn on_replica(&self, table: &str) -> i64 {
        let Ok(client) = self.replica.connect(DATABASE).await else { return 0 };
        let counted = client.value(&format!("SELECT count(*) FROM {table}")).await;
        counted.map_or(0, |counted| counted.unwrap().parse().unwrap())
    }

    /// Why no session can be begun on the replica, if none can.
    pub async fn ask_replica(&self) -> Result<(), String> {
        self.replica.connect(DATABASE).await.map(drop).map_err(|error| error.to_string())
    }

    /// How long an answer takes.
    pub async fn takes(&self, sql: &str) -> Duration {
        let begun = Instant::now();
        self.ask(sql).await.unwrap();
        begun.elapsed()
    }

    /// Where the server is.
    pub fn address(&self) -> Ipv4Addr {
        self.hosts["primary"].address()
    }

    /// What the user's own S3 client gets, with the pipeline's key, over the pipeline's link; or what it says.
    pub async fn mc(&self, args: &[&str], input: Option<&str>) -> Result<String, String> {
        let outside = &self.hosts["outside"];
        let mut command = Command::new(outside.tool(&located(outside, "mc").0)).bound(BOUND);
        command = command.args(["--quiet", "--config-dir", &outside.path("home/mc")]).args(args.iter().copied());
        if let Some(input) = input {
            command = command.input(input.as_bytes().to_vec());
        }
        let finished = outside.exec(&command).await.unwrap();
        if finished.status.success() { Ok(finished.stdout) } else { Err(finished.lines.join("\n")) }
    }

    /// What a program on the primary says.
    pub async fn on_primary(&self, script: &str) -> String {
        let command = Command::new("/bin/sh").args(["-c", script]).bound(BOUND);
        self.hosts["primary"].exec(&command).await.unwrap().stdout
    }
}

/// Hosts on a site, as a plan has them.
fn sites<'a>(hosts: &'a [&'a str], site: &'a str) -> impl Iterator<Item = (String, HostSpec)> + 'a {
    let spec = move || HostSpec { site: site.to_owned(), engine: None, disk: None, image: None };
    hosts.iter().map(move |host| ((*host).to_owned(), spec()))
}

async fn follow(server: &Server, replica: &mut Server, following: &Following) {
    server.admit(following).await.unwrap();
    let Beginning::Copy(program, copying) = replica.beginning(following, BOUND).unwrap() else {
        panic!("it begins empty")
    };
    replica.host().exec(&copying).await.unwrap().success(program).unwrap();
    replica.follow(following, BOUND).await.unwrap();
}

/// What is said of a question that was not answered in time.
pub const SILENCE: &str = "no answer in time";

/// What an object of this size holds.
pub fn original(size: usize) -> String {
    "0123456789abcdef\n".repeat(size / 17 + 1)[..size].to_owned()
}
