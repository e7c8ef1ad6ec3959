//! A dump, and the binary log after it: both in the store, the log as the server closes its files. Restored onto an empty
//! server, and replayed to just before a transaction, or to where the log ends. MariaDB and MySQL.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use blackstart_record::plan::Step;
use blackstart_record::time::Interval;
use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backup, Done, Onto, Pipeline, Repository, Target, Tools, Until, Wanted, own, programs};
use crate::engine::Server;
use crate::engine::mysql::Mysql;
use crate::engine::mysql::binlog::{self, Coordinates, End};
use crate::engine::replication::Way;
use crate::failure::{Context, Error, Result};
use crate::host::{Command, Host};
use crate::plan::{EngineKind, Lapse};

/// What ships the log, and where it remembers what it has shipped.
const SHIP: &str = include_str!("dump_and_binlog/ship.sh");
const SHIPPER: &str = "programs/ship.sh";
const STATE: &str = "ship";
/// Where a dump is made, and where it is brought to, with the log.
const DUMPED: &str = "tmp/dump";
const FETCHED: &str = "tmp/restore";
/// What a dump is made of, compressed in the store.
const DATA: &str = "data.sql";
const USERS: &str = "users.sql";
/// Within so many bytes a dump has said where its data is as of.
const HEAD: u64 = 1 << 16;
/// Longer than any drill.
const ALWAYS: Duration = Duration::from_secs(30 * 86_400);

/// How dump and log are shipped.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The folder in the bucket.
    pub prefix: String,
    /// How often the server begins a new file of its log, and the ones before it are shipped; a drill may compress that.
    pub ship_every: Lapse,
    /// How the replay is told where to end. Default: by the position of the bad transaction.
    #[serde(default)]
    pub until: Until,
    /// The user's own program that writes the dump, uncompressed, into the file `BLACKSTART_DUMP`, as a path below the plan's
    /// folder; runs on the source's host. Default: the engine's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dump: Option<String>,
}

impl Pipeline for Params {
    /// Its programs are the server's own, which lie beside that.
    fn programs(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn steps(&self) -> &'static [Step] {
        &[Step::Fetch, Step::Restore, Step::Replay]
    }

    fn restores_onto(&self) -> Onto {
        Onto::RunningServer
    }

    /// The log is of the server whole.
    fn restores_in_place(&self) -> bool {
        false
    }

    fn engine(&self) -> Option<EngineKind> {
        Some(EngineKind::Mysql)
    }

    fn wrong(&self) -> Option<String> {
        let never = Duration::from(self.ship_every.0).is_zero();
        never.then(|| {
            "`ship-every` is zero: name the time after which the log is shipped again, such as `5m`".to_owned()
        })
    }

    fn until(&self) -> Until {
        self.until
    }

    fn replays_all(&self) -> bool {
        true
    }

    fn ships_remainder(&self) -> bool {
        true
    }

    fn files(&self) -> Vec<&str> {
        self.dump.as_deref().into_iter().collect()
    }

    fn source_settings(&self, _source: &Server, _repository: &Repository) -> Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    fn install(&self, host: &Host, repository: &Repository, plan: &Path) -> Result<()> {
        own::install(host, repository, plan, &self.files())?;
        host.write(SHIPPER, SHIP.as_bytes(), 0o755)
    }

    fn backup<'a>(
        &'a self,
        tools: Tools<'a>,
        Way { source, .. }: Way<'a>,
        _target: &'a Server,
    ) -> BoxFuture<'a, Result<Backup>> {
        async move {
            let (begun, id) = (tools.clock.now(), own::backup_id());
            let from = self.dump(tools, source, &id).await?;
            let durable = tools.clock.now();
            let source = source.mysql()?;
            let lag = self.begin_shipping(tools, source, &from).await?;
            Ok(Backup { id, begun, durable, lag: Some(lag) })
        }
        .boxed()
    }

    fn ship_remainder<'a>(&'a self, tools: Tools<'a>, source: &'a Server) -> BoxFuture<'a, Result<String>> {
        async move {
            let source = source.mysql()?;
            let index = format!("{}/binlog.index", source.data());
            if !source.host().outside(&index).exists() {
                return Ok("nothing is left of the source's log".to_owned());
            }
            let ship = self.ship(tools, source, &["rest"])?;
            source.host().exec(&ship).await?.success("ship.sh")?;
            Ok("what was left of the log is shipped".to_owned())
        }
        .boxed()
    }

    fn perform<'a>(
        &'a self,
        step: Step,
        tools: Tools<'a>,
        target: &'a mut Server,
        wanted: &'a Wanted<'a>,
    ) -> BoxFuture<'a, Result<Done>> {
        async move {
            let target = target.mysql()?;
            match step {
                Step::Fetch => self.fetch(tools, target.host(), wanted.backup).await,
                Step::Restore => restore(tools, target).await,
                Step::Replay => replay(tools, target, &wanted.goal.target).await,
                other => Err(Error::new(format!("dump-and-binlog has no step \"{other}\""))),
            }
        }
        .boxed()
    }
}

impl Params {
    /// Where this pipeline's artifacts are, as `mc` calls it.
    fn place(&self, repository: &Repository) -> String {
        format!("store/{}/{}/{}", repository.bucket, self.prefix, repository.server)
    }

    /// Makes a dump and brings it to the store; where in the log it is as of.
    async fn dump(&self, tools: Tools<'_>, server: &Server, id: &str) -> Result<Coordinates> {
        let (source, host) = (server.mysql()?, server.host());
        host.remove_folder(DUMPED)?;
        host.make_folder(DUMPED)?;
        let [data, users] = [DATA, USERS].map(|name| host.path(&format!("{DUMPED}/{name}")));
        match &self.dump {
            Some(own) => drop(own::run(own, &[("BLACKSTART_DUMP", &data)], tools, server).await?),
            None => {
                let databases = source.databases().await?;
                run(source.dump(&databases, &data), host, tools).await?;
            }
        }
        // After the data: whoever is made between the two is made again by the replay, which is then refused.
        run(source.dump_users(&users), host, tools).await?;
        let from = coordinates(host, DUMPED)?;
        run(Command::new("gzip").args([&data, &users]), host, tools).await?;
        let to = format!("{}/dumps/{id}/", self.place(tools.repository));
        let zipped = [data, users].map(|file| file + ".gz");
        run(Command::new("mc").args(["cp", "--quiet"]).args(zipped).arg(to), host, tools).await?;
        host.remove_folder(DUMPED)?;
        Ok(from)
    }

    /// Ships the log for the first time, and lets that go on by itself; how long it took.
    async fn begin_shipping(&self, tools: Tools<'_>, source: &Mysql, from: &Coordinates) -> Result<Interval> {
        let every = Duration::from(self.ship_every.0) / tools.compression;
        let host = source.host();
        let first = format!("{STATE}/from");
        if !host.outside(&first).exists() {
            host.write(&first, from.file.as_bytes(), 0o600)?;
        }
        let before = tools.clock.now();
        source.close_log().await?;
        let after = tools.clock.now();
        run(self.ship(tools, source, &["closed"])?, host, tools).await?;
        let shipped = tools.clock.now();
        let shipping = host.spawn(&self.ship(tools, source, &["every", &every.as_secs_f64().to_string()])?)?;
        // It ends with its host; until then somebody has to listen to it.
        tokio::spawn(async move { shipping.wait(ALWAYS).await });
        Ok(Interval { lower: shipped.since(after), upper: shipped.since(before) })
    }

    fn ship(&self, tools: Tools<'_>, source: &Mysql, does: &[&str]) -> Result<Command> {
        let host = source.host();
        let client = source.program(source.flavour().programs().client);
        let command = Command::new(host.path(SHIPPER)).args(does.iter().copied()).bound(tools.bound);
        let store = own::store(host, tools.repository)?;
        let command = store.into_iter().fold(command, |command, (name, value)| command.env(name, value));
        Ok(command
            .env("DATA", host.path(source.data()))
            .env("CLIENT", client.to_string_lossy())
            .env("TO", format!("{}/log", self.place(tools.repository)))
            .env("STATE", host.path(STATE)))
    }

    async fn fetch(&self, tools: Tools<'_>, host: &Host, backup: &Backup) -> Result<Done> {
        let place = self.place(tools.repository);
        host.remove_folder(FETCHED)?;
        host.make_folder(&format!("{FETCHED}/log"))?;
        for (from, to) in [(format!("{place}/dumps/{}/", backup.id), ""), (format!("{place}/log/"), "log/")] {
            let to = host.path(&format!("{FETCHED}/{to}"));
            run(Command::new("mc").args(["cp", "--quiet", "--recursive", &from, &to]), host, tools).await?;
        }
        let bytes = own::folder_bytes(&host.outside(FETCHED)).cannot("size what was fetched")?;
        let zipped = [DATA, USERS].map(|name| host.path(&format!("{FETCHED}/{name}.gz")));
        run(Command::new("gunzip").args(zipped), host, tools).await?;
        Ok(Done { bytes: Some(bytes), says: format!("dump {} and the log to host {}", backup.id, host.name()) })
    }
}

/// Runs one of the method's programs within the bound.
async fn run(command: Command, host: &Host, tools: Tools<'_>) -> Result<()> {
    let command = command.bound(tools.bound);
    programs::run(&command.name(), &command, host, tools).await.map(drop)
}

/// Where in the log the dump in `folder` is as of, as it says itself.
fn coordinates(host: &Host, folder: &str) -> Result<Coordinates> {
    let mut head = Vec::new();
    let file = std::fs::File::open(host.outside(&format!("{folder}/{DATA}"))).cannot("open the dump")?;
    file.take(HEAD).read_to_end(&mut head).cannot("read the dump")?;
    Coordinates::of_dump(&String::from_utf8_lossy(&head)).ok_or_else(|| {
        Error::new("the dump does not say where in the binary log it is as of: have it made with --master-data or --source-data")
    })
}

/// Events stand still until the replay is through: what they did is in the log.
async fn restore(tools: Tools<'_>, target: &Mysql) -> Result<Done> {
    target.schedule_events(false).await?;
    for name in [DATA, USERS] {
        let file = target.host().path(&format!("{FETCHED}/{name}"));
        run(target.load(&file).named(&format!("load-{name}")), target.host(), tools).await?;
    }
    target.reload_accounts().await?;
    let from = coordinates(target.host(), FETCHED)?;
    Ok(Done { bytes: None, says: format!("the dump is loaded, as of {}:{}", from.file, from.at) })
}

async fn replay(tools: Tools<'_>, target: &Mysql, to: &Target) -> Result<Done> {
    let host = target.host();
    let end = match to {
        Target::BeforeTransaction(id) => End::Before(id),
        Target::BeforeSecond { second, .. } => End::BeforeSecond(*second),
        Target::EndOfLog => End::Last,
        Target::Backup | Target::LastApplied => return Err(Error::new("there is nothing to replay to")),
    };
    let folder = format!("{FETCHED}/log");
    let stretch = binlog::stretch(&host.outside(&folder), &coordinates(host, FETCHED)?, end)?;
    let second = to.second();
    run(target.replay(&host.path(&folder), &stretch, second.as_deref()), host, tools).await?;
    target.schedule_events(true).await?;
    let last = stretch.files.last().map_or("", String::as_str);
    let says = match (to, second) {
        (Target::BeforeTransaction(id), _) => {
            format!("replayed up to {last}:{}, just before transaction {id}", stretch.stop)
        }
        (_, Some(second)) => format!("replayed up to the first event of {second} UTC"),
        _ => format!("replayed to the log's end, {last}:{}, after {}", stretch.stop, stretch.held),
    };
    Ok(Done { bytes: None, says })
}
