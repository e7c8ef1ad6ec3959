//! The environment of a drill: hosts, servers, links and store, started from the plan and ended together.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddrV4};
use std::path::{Path, PathBuf};

use blackstart_record::event::Incarnation;
use blackstart_record::observation::Attack;
use blackstart_record::record::Tool;
use blackstart_record::time::Nanos;
use blackstart_record::words::hex;
use futures_util::{TryStreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use tokio_postgres::Config;

use super::{Drill, Registry, Request};
use crate::engine::postgres::{Installation, PORT, Postgres, Role, SUPERUSER};
use crate::examine::attack;
use crate::failure::{Context, Error, Result};
use crate::fault::{Injected, Scene};
use crate::host::isolate::Isolation;
use crate::host::{Ground, Host, Logs};
use crate::link::{Link, Links};
use crate::pipeline::{Onto, Repository};
use crate::plan::{APPLICATION_LINK, Loaded, store_link};
use crate::runbook::Parts;
use crate::sabotage::Edit;
use crate::secret::Secrets;
use crate::store::gate::{Gate, Rule};
use crate::store::{Bucket, Key, Listing, Store};

/// Everything that runs for one drill.
pub(super) struct World {
    /// The damaged side.
    pub(super) source: Postgres,
    /// The side that takes over.
    pub(super) target: Postgres,
    /// The source's latest life.
    pub(super) last_source: Incarnation,
    /// When the initial data set was in place.
    pub(super) loaded_at: Nanos,
    /// How the application logs in, through its link.
    pub(super) application_config: Config,
    /// The pipeline's repository.
    pub(super) repository: Repository,
    /// Faults that stand until the drill is over.
    pub(super) standing: Vec<Injected>,
    /// What took part, for the record: every program is read, which nobody waits for.
    tools: JoinHandle<Result<BTreeMap<String, Tool>>>,
    application: Link,
    /// Every link.
    pub(super) links: Links,
    ground: Ground,
    /// Where templates of data directories are.
    pub(super) cache: PathBuf,
    /// The machine's PostgreSQL.
    pub(super) installation: Installation,
    store: Store,
    secrets: Secrets,
    hosts: BTreeMap<String, Host>,
}

/// Starts everything that the plan names.
pub(super) async fn build(drill: &Drill, isolation: &Isolation, scratch: PathBuf) -> Result<World> {
    let loaded = &drill.request.loaded;
    let secrets = Secrets::default();
    let located = Located::find(loaded)?;
    let tools = tokio::task::spawn_blocking({
        let located = located.clone();
        move || located.describe()
    });
    let cache = blackstart_tools::cache_dir().ok_or_else(|| Error::new("there is no cache folder: set HOME"))?;
    let ground = Ground {
        isolation: isolation.clone(),
        scratch,
        tools: cache.join("tools"),
        programs: located.folders(),
        logs: Logs::new(&drill.folder.logs(), secrets.clone()),
    };
    let hosts = make_hosts(&ground, loaded)?;
    let host = |name: &str| hosts.get(name).cloned().ok_or_else(|| Error::new(format!("the plan has no host {name}")));

    let pipeline = &loaded.plan.pipelines[&loaded.pipeline.name];
    let (source, target) = (host(&pipeline.source)?, host(&loaded.scenario.target)?);
    let store_host = host(&loaded.environment.stores[&pipeline.store].host)?;
    let mut links = Links::start(host(NETWORK)?, &located.path("toxiproxy-server")?).await?;
    let application = links.open(APPLICATION_LINK, SocketAddrV4::new(source.address(), PORT)).await?;
    let in_place = source.name() == target.name();
    let savers: Vec<Host> = [&source].into_iter().chain((!in_place).then_some(&target)).cloned().collect();
    let endpoints = store_links(&mut links, &store_host, &savers).await?;

    let installation = located.postgres()?;
    let mut source = Postgres::empty(source, installation.clone());
    let mut target = Postgres::empty(target, installation.clone());
    let key = Key { access: loaded.pipeline.credential.clone(), secret: secrets.make()? };
    let (bucket, server) = (loaded.pipeline.bucket.clone(), pipeline.source.clone());
    let repository = Repository { bucket, key, endpoints, server };
    let method = loaded.pipeline.method.pipeline();
    for host in &savers {
        method.install(host, &repository, &drill.request.plan_folder)?;
    }
    // Side by side: a person who has all of this running waits for the slowest of them only.
    let (minio, mc) = (located.path("minio")?, located.path("mc")?);
    let standby = if in_place || method.restores_onto() == Onto::DataDirectory { None } else { Some(&mut target) };
    let (store, ()) = tokio::try_join!(
        start_store(&drill.request, store_host, [&minio, &mc], &repository.key, &secrets),
        start_servers(loaded, &cache, &mut source, standby, &repository),
    )?;
    let last_source = source.incarnation(&loaded.environment.database).await?;
    drill.incarnations.number(source.host().name(), last_source.clone()).await;
    Ok(World {
        source,
        target,
        last_source,
        loaded_at: Nanos::ZERO,
        application_config: Config::new(),
        repository,
        standing: Vec::new(),
        tools,
        application,
        links,
        ground,
        cache,
        installation,
        store,
        secrets,
        hosts,
    })
}

/// The host that the links run on; no plan names it.
const NETWORK: &str = "network";

fn make_hosts(ground: &Ground, loaded: &Loaded<Registry>) -> Result<BTreeMap<String, Host>> {
    let planned = loaded.environment.hosts.iter().map(|(name, spec)| (name.as_str(), spec.disk));
    let mut hosts = BTreeMap::new();
    for (index, (name, disk)) in planned.chain([(NETWORK, None)]).enumerate() {
        let index = u8::try_from(index).map_err(|_| Error::new("a plan can have 200 hosts at most"))?;
        hosts.insert(name.to_owned(), Host::create(ground, name, index, disk)?);
    }
    Ok(hosts)
}

/// A link to the store from each host that saves or restores; where each of them begins.
async fn store_links(links: &mut Links, store: &Host, from: &[Host]) -> Result<BTreeMap<String, SocketAddrV4>> {
    let mut endpoints = BTreeMap::new();
    for host in from {
        let link = links.open(&store_link(host.name()), Store::address_on(store)).await?;
        endpoints.insert(host.name().to_owned(), link.listen);
    }
    Ok(endpoints)
}

/// The store with its buckets and the pipeline's key.
async fn start_store(
    request: &Request,
    host: Host,
    [minio, mc]: [&Path; 2],
    key: &Key,
    secrets: &Secrets,
) -> Result<Store> {
    let loaded = &request.loaded;
    let store = Store::start(host, minio, mc, secrets).await?;
    let spec = &loaded.environment.stores[&loaded.plan.pipelines[&loaded.pipeline.name].store];
    for (name, bucket) in &spec.buckets {
        let bucket = Bucket { name: name.clone(), versioning: bucket.versioning, lock_days: bucket.lock_days };
        store.make_bucket(&bucket).await?;
    }
    let credential = &loaded.environment.credentials[&loaded.pipeline.credential];
    let mut buckets: Vec<&str> = spec.buckets.keys().map(String::as_str).collect();
    let copies = format!("{}*", super::sabotage::BUCKETS);
    buckets.extend((request.sabotage || request.crash_points).then_some(copies.as_str()));
    store.admit(key, &credential.may, &buckets).await?;
    Ok(store)
}

/// The source with the application's database, and an empty server to restore onto where one is needed.
pub(super) async fn start_servers(
    loaded: &Loaded<Registry>,
    cache: &Path,
    source: &mut Postgres,
    standby: Option<&mut Postgres>,
    repository: &Repository,
) -> Result<()> {
    let settings = loaded.pipeline.method.pipeline().source_settings(source.host(), repository)?;
    source.initialise(cache, Role::Source, &settings).await?;
    source.start(loaded.bounds.server.into()).await?;
    if let Some(standby) = standby {
        standby.initialise(cache, Role::Target, &[]).await?;
        standby.start(loaded.bounds.server.into()).await.cannot("start the empty server to restore onto")?;
    }
    let database = loaded.environment.database.replace('"', "\"\"");
    source.run(SUPERUSER, &format!("CREATE DATABASE \"{database}\"")).await.cannot("create the database")
}

impl World {
    /// Lets the application's role log in through its link, with a password of this run.
    pub(super) async fn admit_application(&mut self, role: &str, database: &str) -> Result<()> {
        let password = self.secrets.make()?;
        self.source.set_password(role, &password).await?;
        let mut config = Config::new();
        config
            .hostaddr((*self.application.listen.ip()).into())
            .port(self.application.listen.port())
            .user(role)
            .password(password.reveal())
            .dbname(database)
            .application_name("application")
            .connect_timeout(std::time::Duration::from_secs(5));
        self.application_config = config;
        Ok(())
    }

    /// What took part, once every program has been read.
    pub(super) async fn tools(&mut self) -> Result<BTreeMap<String, Tool>> {
        (&mut self.tools).await.map_err(|error| Error::new(error.to_string()))?
    }

    /// What the runbook's steps touch.
    pub(super) fn parts<'a>(&'a mut self, loaded: &'a Loaded<Registry>) -> Parts<'a> {
        Parts {
            source: &mut self.source,
            target: &mut self.target,
            links: &self.links,
            application: &self.application,
            application_config: &self.application_config,
            pipeline: loaded.pipeline.method.pipeline(),
            repository: &self.repository,
            database: &loaded.environment.database,
        }
    }

    /// What faults reach.
    pub(super) fn scene<'a>(&'a mut self, drill: &'a Drill) -> Scene<'a> {
        let loaded = &drill.request.loaded;
        Scene {
            clock: drill.clock,
            server: &mut self.source,
            hosts: &self.hosts,
            links: &self.links,
            store: &self.store,
            key: &self.repository.key,
            database: &loaded.environment.database,
            bound: loaded.bounds.server.into(),
        }
    }

    /// Bytes of all artifacts in the store.
    pub(super) async fn artifact_bytes(&self) -> Result<u64> {
        Ok(self.store.list(&self.repository.bucket, "").await?.values().map(|(_, size)| size).sum())
    }

    /// Every artifact in the store and its ETag.
    pub(super) async fn artifacts(&self) -> Result<BTreeMap<String, String>> {
        let listing = self.store.list(&self.repository.bucket, "").await?;
        Ok(listing.into_iter().map(|(key, (etag, _))| (key, etag)).collect())
    }

    /// The artifacts with their sizes.
    pub(super) async fn listing(&self) -> Result<Listing> {
        self.store.list(&self.repository.bucket, "").await
    }

    /// Makes a bucket that promises nothing.
    pub(super) async fn plain_bucket(&self, name: &str) -> Result<()> {
        self.store.make_bucket(&Bucket { name: name.to_owned(), versioning: false, lock_days: None }).await
    }

    /// Copies every artifact into a bucket of its own, with these changes.
    pub(super) async fn copy_artifacts(&self, bucket: &str, edits: &[Edit]) -> Result<()> {
        self.plain_bucket(bucket).await?;
        let from = &self.repository.bucket;
        let listing = self.listing().await?;
        let whole = listing.keys().filter(|key| edits.iter().all(|edit| edit.key() != *key));
        let copied = stream::iter(whole.map(Ok));
        copied.try_for_each_concurrent(2, |key| self.store.copy(from, key, bucket, key)).await?;
        for edit in edits {
            match edit {
                Edit::Remove(key) => self.store.remove(bucket, key).await?,
                Edit::Replace(key, by) => self.store.copy(from, by, bucket, key).await?,
                Edit::Change(key, change) => {
                    let bytes = self.store.read(from, key).await?;
                    self.store.write(bucket, key, change(bytes)).await?;
                }
            }
        }
        Ok(())
    }

    /// A host that no plan names, and its link to the store.
    pub(super) async fn another_host(&mut self, name: &str) -> Result<(Host, Link)> {
        let index = u8::try_from(self.hosts.len()).map_err(|_| Error::new("there are over 200 hosts"))?;
        let host = Host::create(&self.ground, name, index, None)?;
        self.hosts.insert(name.to_owned(), host.clone());
        let upstream = Store::address_on(self.store.host());
        let link = self.links.open(&store_link(name), upstream).await?;
        Ok((host, link))
    }

    /// Ends every process of these hosts; their names.
    pub(super) async fn lose(&self, names: &[String]) -> Vec<String> {
        let mut lost = Vec::new();
        for host in self.hosts.values().filter(|host| names.iter().any(|name| name == host.name())) {
            host.destroy().await;
            lost.push(host.name().to_owned());
        }
        lost
    }

    /// Every host by its address.
    pub(super) fn addresses(&self) -> BTreeMap<IpAddr, String> {
        self.hosts.values().map(|host| (host.address().into(), host.name().to_owned())).collect()
    }

    /// How the hosts are kept apart.
    pub(super) fn isolation(&self) -> &Isolation {
        &self.ground.isolation
    }

    /// Puts a gate between a link and the store.
    pub(super) async fn gate(&self, link: &Link, rule: Rule) -> Result<Gate> {
        let gate = Gate::open(*link.listen.ip(), Store::address_on(self.store.host()), rule).await?;
        self.links.switch(link, gate.address()).await?;
        Ok(gate)
    }

    /// Tries what the pipeline's own key can do to the artifacts.
    pub(super) async fn attack(&self) -> Result<Attack> {
        attack::observe(&self.store, &self.repository).await
    }

    /// Ends every process on every host.
    pub(super) async fn destroy(self) {
        for host in self.hosts.values() {
            host.destroy().await;
        }
    }
}

/// The outside programs of a drill, found on this machine, by the name of their first program.
#[derive(Clone)]
struct Located(BTreeMap<&'static str, blackstart_tools::Located>);

impl Located {
    /// Finds what every drill needs, and what the pipeline adds.
    fn find(loaded: &Loaded<Registry>) -> Result<Self> {
        let mut wanted = vec!["postgres", "minio", "mc", "toxiproxy-server"];
        wanted.extend(loaded.pipeline.method.pipeline().programs());
        let needed = |tool: &&blackstart_tools::Tool| tool.programs.iter().any(|program| wanted.contains(program));
        let mut found = BTreeMap::new();
        for tool in blackstart_tools::all().iter().filter(needed) {
            let located = blackstart_tools::locate(tool).map_err(|missing| Error::new(missing.to_string()))?;
            found.insert(tool.programs[0], located);
        }
        Ok(Self(found))
    }

    fn path(&self, program: &str) -> Result<PathBuf> {
        let located = self.0.get(program);
        Ok(located.ok_or_else(|| Error::new(format!("{program} is in no table of tools")))?.path.clone())
    }

    /// The folders that they are in, for `PATH` on the hosts.
    fn folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<_> =
            self.0.values().filter_map(|located| located.path.parent().map(Path::to_owned)).collect();
        folders.sort();
        folders.dedup();
        folders
    }

    fn postgres(&self) -> Result<Installation> {
        let path = self.path("postgres")?;
        let bindir = path.parent().unwrap_or(Path::new("/")).to_owned();
        Ok(Installation { bindir, version: self.0["postgres"].version.clone() })
    }

    /// What the record says of them. Reads every binary: about half a second.
    fn describe(&self) -> Result<BTreeMap<String, Tool>> {
        let digest = |path: &Path| -> Result<String> {
            let (mut hash, mut file) = (Sha256::new(), std::fs::File::open(path)?);
            let mut chunk = vec![0; 1 << 20];
            while let length @ 1.. = std::io::Read::read(&mut file, &mut chunk)? {
                hash.update(&chunk[..length]);
            }
            Ok(hex(&hash.finalize()))
        };
        let tool = |located: &blackstart_tools::Located| {
            let sha256 = digest(&located.path).cannot(format_args!("read {}", located.path.display()))?;
            Ok((located.tool.name.to_owned(), Tool { version: located.version.clone(), sha256 }))
        };
        self.0.values().map(tool).collect()
    }
}
