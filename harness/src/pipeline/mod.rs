//! Real backup and restore methods: one file per method and one line in `methods!`.

mod barman_cloud;
mod binary_log;
mod command;
mod dump_and_binlog;
mod own;
mod physical_command;
mod physical_copy;
mod programs;
mod replica;

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::path::Path;
use std::time::Duration;

use blackstart_record::event::Event;
use blackstart_record::plan::{Pace, Step};
use blackstart_record::time::{Interval, Nanos};
use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::engine::Server;
use crate::engine::replication::{Following, Way};
use crate::failure::{Error, Result};
use crate::host::Host;
use crate::plan::{Asks, EngineKind, Method};
use crate::store::{Key, REGION};

/// Where a pipeline's artifacts go, and how each host gets there.
#[derive(Clone, Debug)]
pub struct Repository {
    /// The bucket.
    pub bucket: String,
    /// The pipeline's own key.
    pub key: Key,
    /// By host: the link to the store.
    pub endpoints: BTreeMap<String, SocketAddrV4>,
    /// The name under which the source's artifacts are filed.
    pub server: String,
    /// The bucket of the application's objects, where it has some.
    pub objects: Option<String>,
}

impl Repository {
    /// The store's endpoint as `host` reaches it.
    ///
    /// # Errors
    /// The host has no link to the store.
    pub fn url_from(&self, host: &Host) -> Result<String> {
        let endpoint = self.endpoints.get(host.name());
        let endpoint = endpoint.ok_or_else(|| Error::new(format!("host {} has no link to the store", host.name())))?;
        Ok(format!("http://{endpoint}"))
    }

    /// Puts the key where S3 clients look for it: files in `~/.aws` that only the server user can read.
    ///
    /// # Errors
    /// Any error of writing.
    pub fn install_credentials(&self, host: &Host) -> Result<()> {
        host.write("home/.aws/credentials", self.key.credentials_file().as_bytes(), 0o600)?;
        host.write("home/.aws/config", format!("[default]\nregion = {REGION}\n").as_bytes(), 0o600)
    }
}

/// What every action of a pipeline may use.
#[derive(Clone, Copy, Debug)]
pub struct Tools<'a> {
    /// The drill's clock.
    pub clock: Clock,
    /// The repository.
    pub repository: &'a Repository,
    /// The application's database.
    pub database: &'a str,
    /// Where the history listens.
    pub events: &'a mpsc::Sender<Event>,
    /// The bound on the action.
    pub bound: Duration,
    /// By how much what the schedule has happen in an hour is to happen sooner.
    pub compression: u32,
}

/// A backup that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its id in the repository.
    pub id: String,
    /// When it began.
    pub begun: Nanos,
    /// When it was durable.
    pub durable: Nanos,
    /// How long a finished piece of log took to be durable, as seen once, right after the backup; `None`: the method
    /// ships no log.
    pub lag: Option<Interval>,
}

/// What is to be brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// The backup to begin from.
    pub backup: &'a Backup,
    /// The state to come to.
    pub goal: Goal,
}

/// The state that a recovery is to come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Where it is to end.
    pub target: Target,
    /// The wall-clock time of that, RFC 3339 in UTC, for programs that go by time.
    pub time: String,
    /// What has to stay gone wherever it ends, as the application's register of erasures has it.
    pub erased: String,
}

/// Where a recovery is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Just before the commit of the transaction with this id, in the engine's own words.
    BeforeTransaction(String),
    /// Before everything of the second in which that was committed: who names the end by time names no finer one.
    BeforeSecond {
        /// The second, counted from 1970.
        second: u32,
        /// When it began, as far as the clock by which the server counts is the harness's.
        at: Nanos,
    },
    /// Where the log ends that was shipped.
    EndOfLog,
    /// Where the backup itself ends: its method replays nothing after it.
    Backup,
    /// Wherever a replica has come to when it is promoted.
    LastApplied,
}

impl Target {
    /// The second before which it ends, as `YYYY-MM-DD HH:MM:SS` in UTC; `None`: no second.
    pub fn second(&self) -> Option<String> {
        let Self::BeforeSecond { second, .. } = self else { return None };
        let begins = jiff::Timestamp::from_second(i64::from(*second)).ok()?;
        Some(begins.strftime("%Y-%m-%d %H:%M:%S").to_string())
    }
}

/// How a replay that is to end before a transaction is told where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// By the place of the transaction in the log.
    #[default]
    Position,
    /// By the second in which it was committed: whatever else was written in that second before it is given up too.
    Time,
}

/// Which server a restore works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onto {
    /// A data directory that the method makes; the target's server is started on it.
    DataDirectory,
    /// A running server: an empty one on the target host, or the source's own where the scenario restores in place.
    RunningServer,
    /// A replica on the target host, which follows the source since before the first write.
    Replica,
}

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Bytes moved or made, where it moved any.
    pub bytes: Option<u64>,
    /// One sentence.
    pub says: String,
}

/// A method of backup and restore. A new one implements this in a file of its own.
pub trait Pipeline: Send + Sync {
    /// Programs that every host of the pipeline needs, by the name under which they are installed.
    fn programs(&self) -> Vec<&'static str>;

    /// The runbook's steps that it performs, in their order; each is timed on its own.
    fn steps(&self) -> &'static [Step];

    /// Which server its restore works on.
    fn restores_onto(&self) -> Onto;

    /// Whether its restore can work on the server that it saves.
    fn restores_in_place(&self) -> bool {
        self.restores_onto() == Onto::RunningServer
    }

    /// How its replay is told where to end.
    fn until(&self) -> Until {
        Until::Position
    }

    /// Whether it can replay all of the log that there is, where there is nothing to go back before.
    fn replays_all(&self) -> bool {
        false
    }

    /// The engine that it saves; `None`: whichever, as its programs do.
    fn engine(&self) -> Option<EngineKind> {
        Some(EngineKind::Postgres)
    }

    /// What is wrong with its parameters, if anything is.
    fn wrong(&self) -> Option<String> {
        None
    }

    /// The hosts of the replicas through which its own follows the source, the source's own first.
    fn through(&self) -> &[String] {
        &[]
    }

    /// How far behind its source its replica is by intent, uncompressed.
    fn pace(&self) -> Pace {
        Pace::AtOnce
    }

    /// Whether it can still ship what the source had not shipped, where a fault leaves that readable.
    fn ships_remainder(&self) -> bool;

    /// Ships that, once the source is out, and then nothing any more; what came of it. Asked of a method that does not do so
    /// by itself when its source stops.
    fn ship_remainder<'a>(&'a self, _tools: Tools<'a>, _source: &'a Server) -> BoxFuture<'a, Result<String>> {
        futures_util::future::ready(Ok(String::new())).boxed()
    }

    /// Whether it repairs the damaged data where it is, and keeps what was written since the backup.
    fn repairs(&self) -> bool {
        false
    }

    /// The user's own programs, as paths below the plan's folder.
    fn files(&self) -> Vec<&str> {
        Vec::new()
    }

    /// What stands for the application's configuration, where the method brings one back: the path of a folder below the plan's.
    fn configuration(&self) -> Option<&str> {
        None
    }

    /// Settings that the source server needs.
    fn source_settings(&self, _source: &Server, _repository: &Repository) -> Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    /// Puts configuration, credentials and, out of the folder `plan`, the user's own programs on a host.
    fn install(&self, host: &Host, repository: &Repository, plan: &Path) -> Result<()>;

    /// Makes a replica on `target`, with templates in `cache`, and lets it follow, once it is admitted; asked before the first
    /// write, of a method that restores onto one.
    fn follow<'a>(
        &'a self,
        _tools: Tools<'a>,
        _target: &'a mut Server,
        _following: &'a Following,
        _cache: &'a Path,
    ) -> BoxFuture<'a, Result<()>> {
        futures_util::future::ready(Ok(())).boxed()
    }

    /// Takes a backup of the source that the restore can begin from; a replica on the target that has caught up is one, by its
    /// way from there.
    fn backup<'a>(&'a self, tools: Tools<'a>, way: Way<'a>, target: &'a Server) -> BoxFuture<'a, Result<Backup>>;

    /// Performs one of its steps on the target. After `replay` or `restore`, whichever is last, the target is at the
    /// recovery point.
    fn perform<'a>(
        &'a self,
        step: Step,
        tools: Tools<'a>,
        target: &'a mut Server,
        wanted: &'a Wanted<'a>,
    ) -> BoxFuture<'a, Result<Done>>;
}

macro_rules! methods {
    ($($variant:ident = $name:literal in $module:ident;)+) => {
        /// A method as a plan asks for it.
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        pub enum Spec {
            $(
                #[doc = concat!("`", $name, "`")]
                #[serde(rename = $name)]
                $variant($module::Params),
            )+
        }

        impl Spec {
            /// A replica in the engine's own way, which follows at once and is promoted with nothing forgotten.
            pub fn replica() -> Self {
                Self::Replica(replica::Params::default())
            }

            /// The pipeline itself.
            pub fn pipeline(&self) -> &dyn Pipeline {
                match self { $(Self::$variant(pipeline) => pipeline,)+ }
            }
        }

        impl Asks for Spec {
            fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            fn wrong(&self) -> Option<String> {
                self.pipeline().wrong()
            }

            fn method(&self) -> Option<Method<'_>> {
                let pipeline = self.pipeline();
                Some(Method {
                    steps: pipeline.steps(),
                    in_place: pipeline.restores_in_place(),
                    engine: pipeline.engine(),
                    follows: pipeline.restores_onto() == Onto::Replica,
                    through: pipeline.through(),
                    pace: pipeline.pace(),
                    replays_all: pipeline.replays_all(),
                    ships_remainder: pipeline.ships_remainder(),
                    repairs: pipeline.repairs(),
                    files: pipeline.files(),
                    configuration: pipeline.configuration(),
                })
            }
        }
    };
}

methods! {
    BarmanCloud = "barman-cloud" in barman_cloud;
    Command = "command" in command;
    DumpAndBinlog = "dump-and-binlog" in dump_and_binlog;
    PhysicalCommand = "physical-command" in physical_command;
    PhysicalCopy = "physical-copy" in physical_copy;
    Replica = "replica" in replica;
}
