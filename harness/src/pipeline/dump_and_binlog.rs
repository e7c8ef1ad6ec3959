//! A dump, and the binary log after it: both in the store, the log as the server closes its files. Restored onto an empty
//! server, and replayed to just before a transaction, or to where the log ends. MariaDB and MySQL.

use std::io::Read;
use std::path::Path;

use blackstart_record::plan::Step;
use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Backup, Done, Onto, Pipeline, Repository, Tools, Until, Wanted, binary_log, own, programs};
use crate::engine::Server;
use crate::engine::mysql::Mysql;
use crate::engine::mysql::binlog::Coordinates;
use crate::engine::replication::Way;
use crate::failure::{Context, Error, Result};
use crate::host::{Command, Host};
use crate::plan::{EngineKind, Lapse};

/// Where a dump is made, and where it is brought to.
const DUMPED: &str = "tmp/dump";
const FETCHED: &str = "tmp/restore";
/// What a dump is made of, compressed in the store.
const DATA: &str = "data.sql";
const USERS: &str = "users.sql";
/// Within so many bytes a dump has said where its data is as of.
const HEAD: u64 = 1 << 16;

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
        binary_log::wrong(self.ship_every)
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

    fn install(&self, host: &Host, repository: &Repository, plan: &Path) -> Result<()> {
        own::install(host, repository, plan, &self.files())?;
        binary_log::install(host)
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
            let place = own::place(tools.repository, &self.prefix);
            let lag = binary_log::begin_shipping(tools, &place, source.mysql()?, self.ship_every, &from).await?;
            Ok(Backup { id, begun, durable, lag: Some(lag) })
        }
        .boxed()
    }

    fn ship_remainder<'a>(&'a self, tools: Tools<'a>, source: &'a Server) -> BoxFuture<'a, Result<String>> {
        async move {
            binary_log::ship_remainder(tools, &own::place(tools.repository, &self.prefix), source.mysql()?).await
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
                Step::Replay => {
                    let from = coordinates(target.host(), FETCHED)?;
                    binary_log::replay(tools, target, &from, &wanted.goal.target).await
                }
                other => Err(Error::new(format!("dump-and-binlog has no step \"{other}\""))),
            }
        }
        .boxed()
    }
}

impl Params {
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
                programs::within_bound(source.dump(&databases, &data), host, tools).await?;
            }
        }
        // After the data: whoever is made between the two is made again by the replay, which is then refused.
        programs::within_bound(source.dump_users(&users), host, tools).await?;
        let from = coordinates(host, DUMPED)?;
        programs::within_bound(Command::new("gzip").args([&data, &users]), host, tools).await?;
        let to = format!("{}/dumps/{id}/", own::place(tools.repository, &self.prefix));
        let zipped = [data, users].map(|file| file + ".gz");
        programs::within_bound(Command::new("mc").args(["cp", "--quiet"]).args(zipped).arg(to), host, tools).await?;
        host.remove_folder(DUMPED)?;
        Ok(from)
    }

    async fn fetch(&self, tools: Tools<'_>, host: &Host, backup: &Backup) -> Result<Done> {
        let place = own::place(tools.repository, &self.prefix);
        host.remove_folder(FETCHED)?;
        host.make_folder(FETCHED)?;
        let (from, to) = (format!("{place}/dumps/{}/", backup.id), host.path(&format!("{FETCHED}/")));
        let copy = Command::new("mc").args(["cp", "--quiet", "--recursive", &from, &to]);
        programs::within_bound(copy, host, tools).await?;
        let dump = own::folder_bytes(&host.outside(FETCHED)).cannot("size what was fetched")?;
        let bytes = dump + binary_log::fetch(tools, &place, host).await?;
        let zipped = [DATA, USERS].map(|name| host.path(&format!("{FETCHED}/{name}.gz")));
        programs::within_bound(Command::new("gunzip").args(zipped), host, tools).await?;
        Ok(Done { bytes: Some(bytes), says: format!("dump {} and the log to host {}", backup.id, host.name()) })
    }
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
        programs::within_bound(target.load(&file).named(&format!("load-{name}")), target.host(), tools).await?;
    }
    target.reload_accounts().await?;
    let from = coordinates(target.host(), FETCHED)?;
    Ok(Done { bytes: None, says: format!("the dump is loaded, as of {}:{}", from.file, from.at) })
}
