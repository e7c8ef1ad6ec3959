//! A backup in a store, and a host to restore it to: by a drill's own fetch, restore and replay, and by hand, with the bare
//! tools and the same flags. The same backup, from the same store, through the same link, onto the same disk.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use blackstart::clock::Clock;
use blackstart::engine::replication::Way;
use blackstart::engine::{Server, Stop};
use blackstart::host::isolate::Isolation;
use blackstart::pipeline::{Backup, Goal, Repository, Spec, Target, Tools, Wanted};
use blackstart::plan::EngineKind;
use blackstart::secret::Secrets;
use blackstart::store::{Bucket, Key, Provider, Store};
use blackstart::workload::Settings;
use blackstart_record::event::Event;
use blackstart_record::plan::Step;
use blackstart_tools::MINIO;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::Result;
use crate::samples::{Row, interleaved, shown};
use crate::world::{BOUND, DATABASE, World, fast, load, locate, runtime, user_of_servers};

/// The server's own work differs by a tenth from one restore to the next, and the aim is three hundredths.
const PAIRS: usize = 120;
pub(super) const BUCKET: &str = "backups";

/// What a method has of its own.
pub(super) struct Method {
    pub(super) engine: EngineKind,
    /// As a plan asks for it.
    pub(super) spec: fn() -> serde_json::Value,
    /// Writes what is to be replayed, and after it a transaction to stop before, of which it says the id.
    pub(super) history: fn(&Runtime, &Server) -> Result<String>,
    /// Makes the target what it has to be before it is restored, either way.
    pub(super) ready: fn(&mut Scene) -> Result<()>,
    /// Seconds by hand.
    pub(super) bare: fn(&mut Scene) -> Result<f64>,
}

/// Interleaved pairs of both ways, as ratios and as differences.
pub(super) fn compare(method: Method, rows: [Row; 2], isolation: Isolation, scratch: PathBuf) -> Result<()> {
    let cell = std::cell::RefCell::new(Scene::build(method, isolation, scratch)?);
    rows.iter().for_each(Row::begin);
    let (ours, bare) = interleaved(PAIRS, || cell.borrow_mut().ours(), || cell.borrow_mut().bare())?;
    let [ratio, more] = rows;
    for (ours, bare) in ours.iter().zip(&bare) {
        ratio.sample(ours / bare);
        more.sample(ours - bare);
    }
    ratio.note(&format!("{} s against {} s, medians; fetch, restore and replay", shown(&ours), shown(&bare)));
    Ok(())
}

pub(super) struct Scene {
    pub(super) runtime: Runtime,
    pub(super) world: World,
    pub(super) repository: Repository,
    pub(super) backup: Backup,
    /// The transaction to stop before.
    pub(super) bad: String,
    pub(super) target: Server,
    method: Method,
    spec: Spec,
    clock: Clock,
    events: mpsc::Sender<Event>,
    _store: Store,
    _links: blackstart::link::Links,
}

impl Scene {
    fn build(method: Method, isolation: Isolation, files: PathBuf) -> Result<Self> {
        let mut world = World::new(isolation, files.clone(), method.engine)?;
        let (runtime, spec): (_, Spec) = (runtime()?, serde_json::from_value((method.spec)())?);
        let (clock, pipeline) = (Clock::start(), spec.pipeline());
        let (events, mut told) = mpsc::channel(16);
        // A history that nobody reads.
        runtime.spawn(async move { while told.recv().await.is_some() {} });
        let (store, links, repository, mut source, target) = runtime.block_on(async {
            let (store, key) = store(&mut world).await?;
            let mut links = world.links().await?;
            let (source, target) = (world.host("primary").await?, world.host("recovery").await?);
            let mut endpoints: BTreeMap<String, SocketAddrV4> = BTreeMap::new();
            for host in [&source, &target] {
                let link = links.open(host.name(), Store::address_on(store.host())).await?;
                endpoints.insert(host.name().to_owned(), link.listen);
            }
            let (bucket, server) = (BUCKET.to_owned(), "primary".to_owned());
            let repository = Repository { bucket, key, endpoints, server, objects: None };
            pipeline.install(&source, &repository, &files)?;
            pipeline.install(&target, &repository, &files)?;
            let mut settings = pipeline.source_settings(&world.empty(source.clone()), &repository)?;
            settings.extend(fast(method.engine));
            let source = world.start(source, &settings).await?;
            load(&source, &Settings::default(), &files.join("initial.rows")).await?;
            Ok::<_, crate::Error>((store, links, repository, source, world.empty(target)))
        })?;
        let tools = tools(clock, &repository, &events);
        let backup = runtime.block_on(pipeline.backup(tools, Way::from(&source), &target))?;
        let bad = (method.history)(&runtime, &source)?;
        runtime.block_on(async {
            pipeline.ship_remainder(tools, &source).await?;
            source.stop(Stop::Fast, BOUND).await
        })?;
        let (_store, _links) = (store, links);
        Ok(Self { runtime, world, repository, backup, bad, target, method, spec, clock, events, _store, _links })
    }

    /// Seconds of the drill's own three steps.
    fn ours(&mut self) -> Result<f64> {
        (self.method.ready)(self)?;
        let Self { runtime, clock, repository, events, backup, bad, target, spec, .. } = self;
        let goal = Goal { target: Target::BeforeTransaction(bad.clone()), time: String::new(), erased: String::new() };
        let (tools, wanted) = (tools(*clock, repository, events), Wanted { backup, goal });
        let begun = Instant::now();
        runtime.block_on(async {
            for step in [Step::Fetch, Step::Restore, Step::Replay] {
                spec.pipeline().perform(step, tools, target, &wanted).await?;
            }
            Ok::<_, crate::Error>(())
        })?;
        Ok(begun.elapsed().as_secs_f64())
    }

    /// Seconds of the same by hand.
    fn bare(&mut self) -> Result<f64> {
        (self.method.ready)(self)?;
        (self.method.bare)(self)
    }

    /// A program as its user would start it on the host.
    pub(super) fn by_hand(&self, program: &str) -> Command {
        let mut command = Command::new("env");
        let path = self.world.search_path();
        command.arg("-i").args([format!("PATH={path}"), "LANG=C.UTF-8".to_owned(), "TZ=UTC".to_owned()]);
        command.arg(format!("HOME={}", self.target.host().outside("home").display())).arg(program);
        if let Some(user) = user_of_servers() {
            command.uid(user).gid(user);
        }
        command.current_dir("/");
        command
    }
}

/// A store with a bucket, and the key of a pipeline.
async fn store(world: &mut World) -> Result<(Store, Key)> {
    let secrets = Secrets::default();
    let minio = locate(&MINIO)?.path;
    let store = Store::start(world.host("store").await?, Provider::Minio, &minio, &secrets).await?;
    store.make_bucket(&Bucket::plain(BUCKET, true)).await?;
    let key = Key { access: "pipeline".to_owned(), secret: secrets.make()? };
    store.admit(&key, &["put", "get", "list"].map(str::to_owned), &[BUCKET]).await?;
    Ok((store, key))
}

fn tools<'a>(clock: Clock, repository: &'a Repository, events: &'a mpsc::Sender<Event>) -> Tools<'a> {
    Tools { clock, repository, database: DATABASE, events, bound: BOUND, compression: 1 }
}
