//! TOML to a resolved plan and scenario; every value keeps its place in its file.

mod alerts;
mod cadence;
mod cron;
mod diagnostic;
mod discover;
mod failback;
mod load;
mod name;
mod nearest;
mod needs;
mod pattern;
mod plan_file;
mod problems;
mod programs;
mod promise;
mod read;
mod resolve_plan;
mod resolve_scenario;
mod scenario_file;
mod sourced;
mod steps;
mod text;
mod through;
mod units;
mod upkeep;
mod used;
mod values;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Debug;

use blackstart_record::plan::{Pace, Plan, Scenario, Step};
use blackstart_record::time::Nanos;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use cadence::Cadence;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use discover::{Found, discover};
pub use load::{load, plan_schema, scenario_schema, upkeep};
pub use nearest::advice;
pub use needs::{
    APPLICATION_LINK, FAILBACK_LINK, MONITORING_LINK, Need, OWNER_OF_OBJECTS, REPLICATION_LINK, replication_link,
    store_link,
};
pub use pattern::glob;
pub use promise::{Promise, Provides};
pub use text::{check_duration, check_name, check_schedule};
pub use units::{Lapse, Share};
pub use upkeep::{Health, Profile, Upkeep};

/// What a plan can ask for beyond the plan's own words. The registries of faults, methods and providers lie to the right
/// of this stage, so they come in as types.
pub trait Vocabulary: Clone + Debug + 'static {
    /// The faults that a scenario can inject.
    type Fault: Asks;
    /// The methods that a pipeline can be of.
    type Method: Asks;
    /// The providers that a store can be of.
    type Provider: Provides;

    /// The domains that a workload can have.
    fn domains() -> &'static [&'static str] {
        &["fulfilment", "documents", "logistics", "shipping-documents"]
    }

    /// The engine that a domain is for.
    fn engine_of(domain: &str) -> EngineKind {
        if ["logistics", "shipping-documents"].contains(&domain) { EngineKind::Mysql } else { EngineKind::Postgres }
    }

    /// Those of them that keep objects too.
    fn domains_with_objects() -> &'static [&'static str] {
        &["documents", "shipping-documents"]
    }
}

/// What a registry's entry (a fault, a pipeline's method) asks of the plan that names it.
pub trait Asks: Clone + Debug + Serialize + DeserializeOwned + JsonSchema {
    /// Its name, as written in TOML.
    fn name(&self) -> &'static str;

    /// What it reaches; each must be there in a drill of the scenario.
    fn needs(&self) -> Vec<Need<'_>> {
        Vec::new()
    }

    /// What is wrong with its parameters together, if anything is.
    fn wrong(&self) -> Option<String> {
        None
    }

    /// Whether its effect can be ended by other means than the recovery.
    fn heals(&self) -> bool {
        false
    }

    /// What it does to the data; a method damages nothing.
    fn damage(&self) -> Option<blackstart_record::plan::Damage> {
        None
    }

    /// What a pipeline's method is like; a fault is none.
    fn method(&self) -> Option<Method<'_>> {
        None
    }
}

/// What a pipeline's method is like, as far as a plan and a runbook must agree with it.
#[derive(Clone, Debug)]
pub struct Method<'a> {
    /// The runbook's steps that it performs.
    pub steps: &'static [Step],
    /// Whether it can restore on the server that it saves.
    pub in_place: bool,
    /// The engine that it saves; `None`: whichever.
    pub engine: Option<EngineKind>,
    /// Whether the target follows the source from the start, over a link of its own.
    pub follows: bool,
    /// The hosts of the replicas through which it follows, the source's own first.
    pub through: &'a [String],
    /// How far behind that target is by intent, uncompressed.
    pub pace: Pace,
    /// Whether it can replay all of the log that there is.
    pub replays_all: bool,
    /// Whether it can still ship what the source had not shipped, where a fault leaves that readable.
    pub ships_remainder: bool,
    /// Whether it repairs the damaged data where it is.
    pub repairs: bool,
    /// The user's own programs, as paths below the plan's folder.
    pub files: Vec<&'a str>,
    /// What stands for the application's configuration, as the path of a folder below the plan's.
    pub configuration: Option<&'a str>,
}

/// A plan and one of its scenarios, resolved: everything that a drill needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Loaded<V: Vocabulary> {
    /// For the record.
    pub plan: Plan,
    /// For the record.
    pub scenario: Scenario,
    /// What is to be started.
    pub environment: Environment<V::Provider>,
    /// The scenario's faults, in the order of `scenario.faults`.
    pub faults: Vec<Fault<V>>,
    /// The scenario's pipeline, with its parameters.
    pub pipeline: PipelineSpec<V>,
    /// Whether the runbook leaves the source running, and only cuts the application's link to it.
    pub leaves_source: bool,
    /// The bounds of every wait.
    pub bounds: Bounds,
}

impl<V: Vocabulary> Loaded<V> {
    /// The store that the pipeline saves to, which is the one that the drill starts.
    pub fn store(&self) -> &StoreSpec<V::Provider> {
        &self.environment.stores[&self.plan.pipelines[&self.pipeline.name].store]
    }

    /// The engine that is drilled: the domain is for none other.
    pub fn engine(&self) -> EngineKind {
        V::engine_of(&self.scenario.workload.domain)
    }
}

/// A fault with its parameters.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Fault<V: Vocabulary> {
    /// What it is.
    pub inject: V::Fault,
    /// When it is healed, counted from when it was seen; `None`: it stands until the drill is over.
    pub lasts: Option<Nanos>,
}

/// Hosts, stores and credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment<P> {
    /// Hosts by name.
    pub hosts: BTreeMap<String, HostSpec>,
    /// Stores by name.
    pub stores: BTreeMap<String, StoreSpec<P>>,
    /// Credentials by name.
    pub credentials: BTreeMap<String, CredentialSpec>,
    /// The database that the application uses, by its name on the source.
    pub database: String,
    /// Where the application keeps its objects; `None`: all of its data is rows.
    pub objects: Option<ObjectsSpec>,
}

/// Where the application keeps its objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectsSpec {
    /// The store.
    pub store: String,
    /// The bucket.
    pub bucket: String,
    /// The credential that the application uses, by name.
    pub credential: String,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSpec {
    /// Its site.
    pub site: String,
    /// Its engine; `None`: it runs a store or nothing.
    pub engine: Option<EngineKind>,
    /// Bytes of its disk; `None`: as much as the machine has.
    pub disk: Option<u64>,
    /// The image that it is made of in a container; `None`: the one for what it runs.
    pub image: Option<String>,
}

/// Server software that a host can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EngineKind {
    /// PostgreSQL.
    Postgres,
    /// MariaDB or MySQL, whichever is there.
    Mysql,
}

impl std::fmt::Display for EngineKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MariaDB or MySQL",
        })
    }
}

/// A store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreSpec<P> {
    /// The host that it is on.
    pub host: String,
    /// Whose server it is.
    pub provider: P,
    /// Buckets by name.
    pub buckets: BTreeMap<String, BucketSpec>,
}

/// A bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketSpec {
    /// Whether old versions are kept.
    pub versioning: bool,
    /// For how many days a version can't be removed.
    pub lock_days: Option<u32>,
    /// After how many days an old version expires; `None`: never.
    pub old_versions_days: Option<u32>,
}

/// A credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialSpec {
    /// The store that it opens.
    pub store: String,
    /// What it may do.
    pub may: Vec<String>,
    /// What it may do instead in some buckets, by name.
    pub may_in: BTreeMap<String, Vec<String>>,
}

/// A pipeline and what its method needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct PipelineSpec<V: Vocabulary> {
    /// Its name in the plan.
    pub name: String,
    /// The bucket that it saves to.
    pub bucket: String,
    /// The credential that it uses, by name.
    pub credential: String,
    /// The method with its parameters.
    pub method: V::Method,
}

/// The bound of every wait of a drill. A bound that passes is never a result about the system under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// A server's start or stop.
    pub server: Nanos,
    /// A backup, until it is durable.
    pub backup: Nanos,
    /// An operation of the workload, and a connection attempt.
    pub operation: Nanos,
    /// All examinations together.
    pub examine: Nanos,
}
