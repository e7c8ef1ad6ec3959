//! Fetch, restore and replay of a drill, against barman-cloud and PostgreSQL by hand with the same flags: the same
//! backup, from the same store, through the same link, onto the same disk.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use blackstart::clock::Clock;
use blackstart::engine::postgres::{Postgres, SUPERUSER, connect, setting, superuser};
use blackstart::engine::replication::Way;
use blackstart::engine::{Server, Stop};
use blackstart::host::isolate::Isolation;
use blackstart::pipeline::{Backup, Goal, Pipeline, Repository, Spec, Target, Tools, Wanted};
use blackstart::secret::Secrets;
use blackstart::store::{Bucket, Key, Provider, Store};
use blackstart::workload::Settings;
use blackstart_record::event::Event;
use blackstart_record::plan::Step;
use blackstart_tools::MINIO;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::{Comparison, Run};
use crate::samples::{Aim, Row, interleaved, shown};
use crate::world::{BOUND, DATABASE, World, fast, load, locate, output_of, runtime, user_of_servers};
use crate::{Error, Result};

pub(super) const COMPARISON: Comparison = Comparison { name: "restore", run: Run::Isolated(run) };

const RATIO: Row = Row { name: "restore phase", against: "the bare tools", unit: "x", aim: Aim::AtMost(1.03) };
const MORE: Row = Row {
    name: "restore phase, seconds more (one of the two aims suffices)",
    against: "the bare tools",
    unit: "s",
    aim: Aim::AtMost(0.150),
};
const PAIRS: usize = 10;
const BUCKET: &str = "backups";

fn run(isolation: Isolation, scratch: PathBuf) -> Result<()> {
    let files = scratch.clone();
    let mut world = World::new(isolation, scratch)?;
    let runtime = runtime()?;
    let spec: Spec = serde_json::from_value(serde_json::json!({
        "barman-cloud": { "prefix": "postgres", "archive-timeout": 60 }
    }))?;
    let mut scene = runtime.block_on(Scene::build(&mut world, spec.pipeline(), &files))?;
    [RATIO, MORE].iter().for_each(Row::begin);
    let cell = std::cell::RefCell::new(&mut scene);
    let (ours, bare) =
        interleaved(PAIRS, || runtime.block_on(cell.borrow_mut().ours()), || cell.borrow_mut().bare(&runtime))?;
    for (ours, bare) in ours.iter().zip(&bare) {
        RATIO.sample(ours / bare);
        MORE.sample(ours - bare);
    }
    RATIO.note(&format!("{} s against {} s, medians; fetch, restore and replay", shown(&ours), shown(&bare)));
    Ok(())
}

/// A backup in a store, and a host to restore it to.
struct Scene<'a> {
    pipeline: &'a dyn Pipeline,
    repository: Repository,
    backup: Backup,
    xid: String,
    target: Server,
    programs: String,
    clock: Clock,
    events: mpsc::Sender<Event>,
    _store: Store,
    _links: blackstart::link::Links,
}

impl<'a> Scene<'a> {
    async fn build(world: &mut World, pipeline: &'a dyn Pipeline, files: &std::path::Path) -> Result<Self> {
        let secrets = Secrets::default();
        let minio = locate(&MINIO)?.path;
        let store_host = world.host("store").await?;
        let mut links = world.links().await?;
        let address = Store::address_on(&store_host);
        let store = Store::start(store_host, Provider::Minio, &minio, &secrets).await?;
        store.make_bucket(&Bucket::plain(BUCKET, true)).await?;
        let may = ["put", "get", "list"].map(str::to_owned);
        let key = Key { access: "pipeline".to_owned(), secret: secrets.make()? };
        store.admit(&key, &may, &[BUCKET]).await?;
        let (source, target) = (world.host("primary").await?, world.host("recovery").await?);
        let mut endpoints: BTreeMap<String, SocketAddrV4> = BTreeMap::new();
        for host in [&source, &target] {
            endpoints.insert(host.name().to_owned(), links.open(host.name(), address).await?.listen);
        }
        let repository =
            Repository { bucket: BUCKET.to_owned(), key, endpoints, server: "primary".to_owned(), objects: None };
        pipeline.install(&source, &repository, files)?;
        pipeline.install(&target, &repository, files)?;
        let mut settings = pipeline.source_settings(&world.empty(source.clone()), &repository)?;
        settings.extend(fast());
        let mut source = world.start(source, &settings).await?;
        load(&source, &Settings::default(), &files.join("initial.rows")).await?;
        let clock = Clock::start();
        let (events, mut told) = mpsc::channel(16);
        // A history that nobody reads.
        tokio::spawn(async move { while told.recv().await.is_some() {} });
        let tools =
            Tools { clock, repository: &repository, database: DATABASE, events: &events, bound: BOUND, compression: 1 };
        let target = world.empty(target);
        let backup = pipeline.backup(tools, Way::from(&source), &target).await?;
        let xid = history(source.postgres()?).await?;
        // Archives what is left.
        source.stop(Stop::Fast, BOUND).await?;
        let programs = world.search_path();
        Ok(Self { pipeline, repository, backup, xid, target, programs, clock, events, _store: store, _links: links })
    }

    /// Seconds of the drill's own three steps.
    async fn ours(&mut self) -> Result<f64> {
        let begun = Instant::now();
        let Self { clock, repository, events, .. } = self;
        let tools = Tools { clock: *clock, repository, database: DATABASE, events, bound: BOUND, compression: 1 };
        let target = Target::BeforeTransaction(self.xid.clone());
        let goal = Goal { target, time: String::new(), erased: String::new() };
        let wanted = Wanted { backup: &self.backup, goal };
        for step in [Step::Fetch, Step::Restore, Step::Replay] {
            self.pipeline.perform(step, tools, &mut self.target, &wanted).await?;
        }
        let taken = begun.elapsed();
        self.target.stop(Stop::Immediate, BOUND).await?;
        Ok(taken.as_secs_f64())
    }

    /// Seconds of the same by hand.
    fn bare(&mut self, runtime: &Runtime) -> Result<f64> {
        let (host, target) = (self.target.host(), self.target.postgres()?);
        let data = host.outside(target.data());
        let endpoint = self.repository.endpoints[host.name()];
        let flags = format!("--endpoint-url http://{endpoint} s3://{BUCKET}/postgres {}", self.repository.server);
        let begun = Instant::now();
        output_of(Command::new("rm").arg("-rf").arg(&data))?;
        let mut fetch = self.by_hand("barman-cloud-restore");
        output_of(fetch.args(flags.split(' ')).arg(&self.backup.id).arg(&data))?;
        let settings: String = [
            ("restore_command", format!("barman-cloud-wal-restore {flags} %f %p")),
            ("recovery_target_xid", self.xid.clone()),
            ("recovery_target_inclusive", "off".to_owned()),
            ("recovery_target_action", "pause".to_owned()),
            ("archive_mode", "off".to_owned()),
        ]
        .map(|(name, value)| setting(name, &value))
        .concat();
        let file = data.join("postgresql.auto.conf");
        std::fs::write(&file, std::fs::read_to_string(&file)? + &settings)?;
        std::fs::write(data.join("recovery.signal"), "")?;
        let run = host.outside("run");
        let mut server = self.by_hand(&target.program("postgres").to_string_lossy());
        server.arg("-D").arg(&data).arg("-k").arg(&run).args(["-c", &format!("listen_addresses={}", host.address())]);
        let server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let reached = runtime.block_on(paused(&run));
        let taken = begun.elapsed();
        end(server)?;
        reached?;
        Ok(taken.as_secs_f64())
    }

    /// A program as its user would start it on the host.
    fn by_hand(&self, program: &str) -> Command {
        let mut command = Command::new("env");
        command.arg("-i").args([format!("PATH={}", self.programs), "LANG=C.UTF-8".to_owned(), "TZ=UTC".to_owned()]);
        command.arg(format!("HOME={}", self.target.host().outside("home").display())).arg(program);
        if let Some(user) = user_of_servers() {
            command.uid(user).gid(user);
        }
        command.current_dir("/");
        command
    }
}

/// Writes that make a few segments of log, and a transaction after them to stop before.
async fn history(source: &Postgres) -> Result<String> {
    let client = source.connect(DATABASE).await?;
    for _ in 0..3 {
        client.batch_execute("UPDATE app.customers SET credit = credit + 1; SELECT pg_switch_wal()").await?;
    }
    client.batch_execute("BEGIN; UPDATE app.orders SET note = 'gone'").await?;
    let xid: String = client.query_one("SELECT pg_current_xact_id()::text", &[]).await?.get(0);
    client.batch_execute("COMMIT; SELECT pg_switch_wal()").await?;
    Ok(xid)
}

/// Waits until the server has replayed up to its target, with the question that the drill asks.
async fn paused(socket: &std::path::Path) -> Result<()> {
    let login = superuser(socket.to_owned(), SUPERUSER);
    let begun = Instant::now();
    while begun.elapsed() < BOUND {
        if let Ok(client) = connect(&login).await {
            let sql = "SELECT pg_is_in_recovery() AND pg_get_wal_replay_pause_state() = 'paused'";
            if client.query_one(sql, &[]).await.is_ok_and(|row| row.get(0)) {
                return Ok(());
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(Error::from("the bare server did not reach its target"))
}

/// Ends a server and its children at once.
fn end(mut server: Child) -> Result<()> {
    output_of(Command::new("kill").args(["-QUIT", &server.id().to_string()]))?;
    server.wait()?;
    Ok(())
}
