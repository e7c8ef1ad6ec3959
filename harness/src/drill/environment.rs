//! The environment of a drill: hosts, servers, links and store, started from the plan and ended together.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use blackstart_record::event::Incarnation;
use blackstart_record::record::Tool;
use blackstart_record::time::Nanos;
use futures_util::{TryStreamExt, stream};
use tokio::task::JoinHandle;

use super::located::{self, Located, Others};
use super::store::{self, Shelf};
use super::{Drill, Registry, replica};
use crate::engine::replication::Following;
use crate::engine::{Door, Installation, Login, Role, Server};
use crate::examine::monitor::Monitor;
use crate::failure::{Context, Error, Result};
use crate::fault::{Injected, Scene};
use crate::host::isolate::Isolation;
use crate::host::{Ground, Host, Logs, Spec};
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
    pub(super) source: Server,
    /// The side that takes over.
    pub(super) target: Server,
    /// The replicas through which it follows, the source's own first.
    pub(super) through: Vec<Server>,
    /// The source's latest life.
    pub(super) last_source: Incarnation,
    /// When the initial data set was in place.
    pub(super) loaded_at: Nanos,
    /// How the application logs in, through its link, once it is let in.
    pub(super) login: Login,
    /// Everything that an intruder could log in by, and whose that is.
    pub(super) intruders: Vec<(String, Login)>,
    pub(super) secrets: Secrets,
    /// The pipeline's repository.
    pub(super) repository: Repository,
    /// How a host that failed follows the one that took over, once it goes back there.
    pub(super) following: Option<Following>,
    /// What looks at the replica and at business rules while the source serves.
    pub(super) monitor: Monitor,
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
    /// Where the machine's server software is.
    pub(super) installation: Installation,
    /// The store.
    pub(super) store: Store,
    /// The application's bucket, where it has one.
    pub(super) shelf: Option<Shelf>,
    hosts: BTreeMap<String, Host>,
}

/// Starts everything that the scenario is about.
pub(super) async fn build(drill: &Drill, isolation: &Isolation, scratch: PathBuf) -> Result<World> {
    let loaded = &drill.request.loaded;
    let secrets = Secrets::default();
    let cache = blackstart_tools::cache_dir().ok_or_else(|| Error::new("there is no cache folder: set HOME"))?;
    let (isolation, logs) = (isolation.clone(), Logs::new(&drill.folder.logs(), secrets.clone()));
    let ground = Ground { isolation, scratch, tools: cache.join("tools"), programs: Arc::default(), logs };
    let hosts = make_hosts(&ground, loaded).await?;
    let host = |name: &str| hosts.get(name).cloned().ok_or_else(|| Error::new(format!("the plan has no host {name}")));

    let pipeline = &loaded.plan.pipelines[&loaded.pipeline.name];
    let (source, target) = (host(&pipeline.source)?, host(&loaded.scenario.target)?);
    let (store_host, network) = (host(&loaded.store().host)?, host(NETWORK)?);
    let located = Located::servers(loaded, [&source, &store_host, &network])?;
    let mut others = Others::of(&source, loaded, &located)?;
    let folders = others.folders(&located).await?;
    ground.programs.get_or_init(|| folders);
    let mut links = Links::start(network, &located.path("toxiproxy-server")?).await?;
    let (engine, installation) = (loaded.engine(), located.server(loaded)?);
    let empty = |host| Server::empty(engine, host, installation.clone());
    let method = loaded.pipeline.method.pipeline();
    let (mut source, mut target) = (empty(source), empty(target));
    let mut through = method.through().iter().map(|name| host(name).map(&empty)).collect::<Result<Vec<_>>>()?;
    let application = links.open(APPLICATION_LINK, source.address()).await?;
    let savers = savers(loaded, source.host(), target.host());
    let endpoints = store_links(&mut links, &store_host, &savers).await?;
    let shelf = Shelf::open(loaded, drill.domain, &mut links, &store_host, &secrets).await?;

    let key = Key { access: loaded.pipeline.credential.clone(), secret: secrets.make()? };
    let (bucket, server) = (loaded.pipeline.bucket.clone(), pipeline.source.clone());
    let objects = shelf.as_ref().map(|shelf| shelf.bucket.name.clone());
    let repository = Repository { bucket, key, endpoints, server, objects };
    for host in &savers {
        method.install(host, &repository, &drill.request.plan_folder)?;
    }
    // Side by side: a person who has all of this running waits for the slowest of them only.
    let server = located.path(loaded.store().provider.program())?;
    let standby = (savers.len() > 1 && method.restores_onto() == Onto::RunningServer).then_some(&mut target);
    let (store, ()) = tokio::try_join!(
        store::start(&drill.request, store_host, &server, &repository.key, shelf.as_ref(), &secrets),
        start_servers(loaded, &cache, (&mut source, standby), &repository),
    )?;
    let servers = replica::Servers { source: &source, through: &mut through, target: &mut target };
    replica::start(drill, &repository, (&mut links, &secrets), servers, &cache).await?;
    let login = application_login(drill, &application, &secrets)?;
    let last_source = source.incarnation(&loaded.environment.database).await?;
    drill.incarnations.number(source.host().name(), last_source.clone()).await;
    Ok(World {
        source,
        target,
        through,
        last_source,
        loaded_at: Nanos::ZERO,
        login,
        intruders: Vec::new(),
        secrets,
        repository,
        following: None,
        monitor: Monitor::default(),
        standing: Vec::new(),
        tools: located.described(others),
        application,
        links,
        ground,
        cache,
        installation,
        store,
        shelf,
        hosts,
    })
}

/// How the application will log in: through its link, by a password of this run.
fn application_login(drill: &Drill, link: &Link, secrets: &Secrets) -> Result<Login> {
    let (user, database) = (drill.domain.application_role(), &drill.request.loaded.environment.database);
    Ok(Login {
        engine: drill.request.loaded.engine(),
        door: Door::Address(link.listen),
        user: user.to_owned(),
        password: Some(secrets.make()?),
        database: database.clone(),
    })
}

/// Whether the drill's recovery is the promotion of a replica.
pub(super) fn promotes(loaded: &Loaded<Registry>) -> bool {
    loaded.pipeline.method.pipeline().restores_onto() == Onto::Replica
}

/// The host that the links run on; no plan names it.
const NETWORK: &str = "network";
/// What runs on hosts, by which an image is chosen for them.
const STORE: &str = "s3";
const LINKS: &str = "toxiproxy";

async fn make_hosts(ground: &Ground, loaded: &Loaded<Registry>) -> Result<BTreeMap<String, Host>> {
    let made = planned(loaded)?.into_iter().map(|spec| Host::create(ground, spec));
    let hosts = futures_util::future::try_join_all(made).await?;
    Ok(hosts.into_iter().map(|host| (host.name().to_owned(), host)).collect())
}

/// The hosts of a drill: those of the plan that it is about, and last the one that the links run on.
fn planned(loaded: &Loaded<Registry>) -> Result<Vec<Spec<'_>>> {
    let stores: Vec<&str> = loaded.environment.stores.values().map(|store| store.host.as_str()).collect();
    let source = &loaded.plan.pipelines[&loaded.pipeline.name].source;
    let database = loaded.engine().dialect().image(located::named(loaded, source));
    let runs = |name: &str| if stores.contains(&name) { STORE } else { database };
    let used = loaded.used_hosts();
    let planned = loaded.environment.hosts.iter().filter(|(name, _)| used.contains(name.as_str()));
    let hosts = planned.map(|(name, spec)| (name.as_str(), spec.disk, runs(name), spec.image.as_deref()));
    let hosts = hosts.chain([(NETWORK, None, LINKS, None)]).enumerate();
    let spec = |(index, (name, disk, runs, image))| {
        let index = u8::try_from(index).map_err(|_| Error::new("a plan can have 200 hosts at most"))?;
        Ok(Spec { name, index, disk, runs, image })
    };
    hosts.map(spec).collect()
}

/// The host that the links run on: it is there before the drill, which moves into its network.
pub(super) fn network(loaded: &Loaded<Registry>) -> Result<Spec<'_>> {
    planned(loaded)?.pop().ok_or_else(|| Error::new("the plan has no hosts"))
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

/// The source with the application's database, and an empty server to restore onto where one is needed.
pub(super) async fn start_servers(
    loaded: &Loaded<Registry>,
    cache: &Path,
    (source, standby): (&mut Server, Option<&mut Server>),
    repository: &Repository,
) -> Result<()> {
    let settings = loaded.pipeline.method.pipeline().source_settings(source, repository)?;
    let empty = async |standby: &Option<&mut Server>| match standby {
        Some(standby) => standby.initialise(cache, Role::Target, &[]).await,
        None => Ok(()),
    };
    tokio::try_join!(source.initialise(cache, Role::Source, &settings), empty(&standby))?;
    let bound = loaded.bounds.server.into();
    let with_database = async {
        source.start(bound).await?;
        source.create_database(&loaded.environment.database).await
    };
    let to_restore_onto = async {
        match standby {
            Some(standby) => standby.start(bound).await.cannot("start the empty server to restore onto"),
            None => Ok(()),
        }
    };
    tokio::try_join!(with_database, to_restore_onto)?;
    Ok(())
}

/// Who reaches for the store. A replica needs none: neither side saves there, nor restores from it.
fn savers(loaded: &Loaded<Registry>, source: &Host, target: &Host) -> Vec<Host> {
    match (promotes(loaded), source.name() == target.name()) {
        (true, _) => Vec::new(),
        (false, true) => vec![source.clone()],
        (false, false) => vec![source.clone(), target.clone()],
    }
}

impl World {
    /// Another server of the engine that is drilled, which has no data directory yet.
    pub(super) fn server_on(&self, host: Host) -> Server {
        Server::empty(self.source.kind(), host, self.installation.clone())
    }

    /// Lets the application's role log in.
    pub(super) async fn admit_application(&self) -> Result<()> {
        match &self.login.password {
            Some(password) => self.source.set_password(&self.login.user, password).await,
            None => Ok(()),
        }
    }

    /// What took part, once every program has been read.
    pub(super) async fn tools(&mut self) -> Result<BTreeMap<String, Tool>> {
        (&mut self.tools).await.map_err(|error| Error::new(error.to_string()))?
    }

    /// The images that hosts are made of, for the record.
    pub(super) fn images(&self) -> impl Iterator<Item = (String, String)> {
        let images = self.hosts.values().filter_map(|host| Some((host.name(), host.image()?)));
        images.map(|(host, image)| (format!("image of {host}"), format!("{} {}", image.name, image.digest)))
    }

    /// What the runbook's steps touch.
    pub(super) fn parts<'a>(&'a mut self, loaded: &'a Loaded<Registry>) -> Parts<'a> {
        Parts {
            source: &mut self.source,
            target: &mut self.target,
            links: &self.links,
            application: &self.application,
            login: &mut self.login,
            secrets: &self.secrets,
            pipeline: loaded.pipeline.method.pipeline(),
            repository: &self.repository,
            database: &loaded.environment.database,
            leaves_source: loaded.leaves_source,
            following: self.following.as_ref(),
            cache: &self.cache,
        }
    }

    /// What faults reach.
    pub(super) fn scene<'a>(&'a mut self, drill: &'a Drill) -> Scene<'a> {
        let loaded = &drill.request.loaded;
        Scene {
            clock: drill.clock,
            server: &mut self.source,
            replica: promotes(loaded).then_some(&self.target),
            through: &self.through,
            hosts: &self.hosts,
            sites: &loaded.environment.hosts,
            links: &self.links,
            store: &self.store,
            key: &self.repository.key,
            application: self.shelf.as_ref().map(|shelf| (shelf.bucket.name.as_str(), &shelf.key)),
            secrets: &self.secrets,
            database: &loaded.environment.database,
            bound: loaded.bounds.server.into(),
        }
    }

    /// Bytes of all artifacts in the store.
    pub(super) async fn artifact_bytes(&self) -> Result<u64> {
        Ok(self.store.list(&self.repository.bucket, "").await?.values().map(|(_, size)| size).sum())
    }

    /// Every artifact in the store and its ETag. A replica keeps none there, and its store may be lost with its source.
    pub(super) async fn artifacts(&self, loaded: &Loaded<Registry>) -> Result<BTreeMap<String, String>> {
        if promotes(loaded) {
            return Ok(BTreeMap::new());
        }
        let listing = self.store.list(&self.repository.bucket, "").await?;
        Ok(listing.into_iter().map(|(key, (etag, _))| (key, etag)).collect())
    }

    /// The artifacts with their sizes.
    pub(super) async fn listing(&self) -> Result<Listing> {
        self.store.list(&self.repository.bucket, "").await
    }

    /// Makes a bucket that promises nothing.
    pub(super) async fn plain_bucket(&self, name: &str) -> Result<()> {
        self.store.make_bucket(&Bucket::plain(name, false)).await
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
        // As the one that takes over is made.
        let image = self.target.host().image().map(|image| image.name.as_str());
        let spec = Spec { name, index, disk: None, runs: self.source.kind().dialect().image(None), image };
        let host = Host::create(&self.ground, spec).await?;
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

    /// Puts a gate between a link and the store.
    pub(super) async fn gate(&self, link: &Link, rule: Rule) -> Result<Gate> {
        let gate = Gate::open(*link.listen.ip(), Store::address_on(self.store.host()), rule).await?;
        self.links.switch(link, gate.address()).await?;
        Ok(gate)
    }

    /// Ends every process on every host.
    pub(super) async fn destroy(self) {
        for host in self.hosts.values() {
            host.destroy().await;
        }
    }
}
