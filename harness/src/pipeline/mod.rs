//! Real backup and restore methods: one file per method and one line in [`methods`].

mod barman_cloud;

use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::time::Duration;

use blackstart_record::time::{Interval, Nanos};
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::engine::postgres::Postgres;
use crate::failure::Result;
use crate::host::Host;
use crate::plan::Asks;
use crate::store::Key;

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
}

/// What every action of a pipeline may use.
#[derive(Clone, Copy, Debug)]
pub struct Tools<'a> {
    /// The drill's clock.
    pub clock: Clock,
    /// The repository.
    pub repository: &'a Repository,
    /// The bound on the action.
    pub bound: Duration,
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
    /// How long a finished piece of log took to be durable, as seen once, right after the backup.
    pub lag: Interval,
}

/// Where the replay is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Just before this transaction's commit.
    BeforeTransaction(u64),
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
///
/// The restore's steps are called in this order, each timed on its own: `fetch`, `restore`, `replay`, `promote`.
pub trait Pipeline: Send + Sync {
    /// Programs that every host of the pipeline needs, by the name under which they are installed.
    fn programs(&self) -> Vec<&'static str>;

    /// Settings that the source server needs.
    fn source_settings(&self, source: &Host, repository: &Repository) -> Result<Vec<(String, String)>>;

    /// Puts configuration and credentials on a host.
    fn install(&self, host: &Host, repository: &Repository) -> Result<()>;

    /// Takes a backup that the restore can begin from.
    fn backup<'a>(&'a self, tools: Tools<'a>, source: &'a Postgres) -> BoxFuture<'a, Result<Backup>>;

    /// Brings the artifact to the target host, whose server does not run.
    fn fetch<'a>(&'a self, tools: Tools<'a>, target: &'a Postgres, backup: &'a Backup) -> BoxFuture<'a, Result<Done>>;

    /// Makes the fetched artifact ready to be started.
    fn restore<'a>(&'a self, tools: Tools<'a>, target: &'a Postgres, point: Target) -> BoxFuture<'a, Result<Done>>;

    /// Starts the server and replays up to the target; the server does not take writes yet.
    fn replay<'a>(&'a self, tools: Tools<'a>, target: &'a mut Postgres) -> BoxFuture<'a, Result<Done>>;

    /// Lets the restored copy take writes.
    fn promote<'a>(&'a self, tools: Tools<'a>, target: &'a mut Postgres) -> BoxFuture<'a, Result<Done>>;
}

macro_rules! methods {
    ($($variant:ident = $name:literal in $module:ident, ships_remainder: $ships:literal;)+) => {
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
            /// The pipeline itself.
            pub fn pipeline(&self) -> &dyn Pipeline {
                match self { $(Self::$variant(pipeline) => pipeline,)+ }
            }
        }

        impl Asks for Spec {
            fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            fn hosts(&self) -> Vec<&str> {
                Vec::new()
            }

            fn ships_remainder(&self) -> bool {
                match self { $(Self::$variant(_) => $ships,)+ }
            }
        }
    };
}

methods! {
    BarmanCloud = "barman-cloud" in barman_cloud, ships_remainder: true;
}
