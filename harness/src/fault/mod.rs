//! Disasters: inject, confirm, heal. One file per fault and one line in [`faults`].

use std::collections::BTreeMap;
use std::time::Duration;

use blackstart_record::plan::Damage;
use blackstart_record::time::Nanos;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::engine::postgres::Postgres;
use crate::failure::{Error, Result};
use crate::host::Host;
use crate::host::process::Frozen;
use crate::link::Links;
use crate::plan::{Asks, Need};
use crate::store::{Key, Store};

/// What a fault may reach: what this drill started, and nothing else.
pub struct Scene<'a> {
    /// The drill's clock.
    pub clock: Clock,
    /// The server that the pipeline saves.
    pub server: &'a mut Postgres,
    /// Every host, by name.
    pub hosts: &'a BTreeMap<String, Host>,
    /// The links.
    pub links: &'a Links,
    /// The pipeline's store.
    pub store: &'a Store,
    /// The pipeline's key to it.
    pub key: &'a Key,
    /// The database of the application.
    pub database: &'a str,
    /// The bound on each wait.
    pub bound: Duration,
}

impl Scene<'_> {
    /// The host of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn host(&self, name: &str) -> Result<Host> {
        self.hosts.get(name).cloned().ok_or_else(|| Error::new(format!("this drill has no host {name}")))
    }
}

/// What an injection did.
#[derive(Debug)]
pub struct Injected {
    /// What it did, in one sentence.
    pub says: String,
    /// For logical damage: the transaction to go back before.
    pub transaction: Option<Transaction>,
    /// What confirming and healing need of it.
    pub kept: Kept,
}

impl Injected {
    /// An injection of which nothing is needed any more.
    pub fn done(says: impl Into<String>) -> Self {
        Self { says: says.into(), transaction: None, kept: Kept::Nothing }
    }
}

/// What an injection keeps.
#[derive(Debug)]
pub enum Kept {
    /// Nothing.
    Nothing,
    /// Names, rows or positions, as the fault means them.
    Words(Vec<String>),
    /// A number, as the fault means it.
    Number(u64),
    /// A server that stands still for as long as this is kept.
    Server(Frozen),
}

impl Kept {
    /// The words; none where it kept something else.
    pub fn words(&self) -> &[String] {
        if let Self::Words(words) = self { words } else { &[] }
    }
}

/// The transaction of a bad deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its id, as the deploy's own log has it.
    pub xid: u64,
    /// The instant before its commit was sent.
    pub before: Nanos,
    /// The instant after its commit was acknowledged.
    pub after: Nanos,
}

/// A disaster. A new one implements this in a file of its own.
pub trait Fault: Send + Sync {
    /// What it is about to do, in one sentence.
    fn intends(&self) -> String;

    /// What it reaches.
    fn needs(&self) -> Vec<Need<'_>>;

    /// Does it.
    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>>;

    /// Looks, by a way other than the injection's, whether it took effect: what was seen of this very injection.
    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>>;

    /// How its effect is ended by other means than the recovery; `None`: by none.
    fn heal(&self) -> Option<&dyn Heal> {
        None
    }
}

/// A fault that can be healed.
pub trait Heal: Send + Sync {
    /// Ends its effect, and looks whether it has ended.
    fn heal<'a>(&'a self, scene: &'a mut Scene<'_>, injected: Injected) -> BoxFuture<'a, Result<()>>;
}

macro_rules! faults {
    ($($variant:ident = $name:literal in $module:ident, $damage:ident: $says:literal;)+) => {
        $(mod $module;)+

        /// Every fault by name: what it does to the data, and what it is.
        pub const FAULTS: &[(&str, Damage, &str)] = &[$(($name, Damage::$damage, $says)),+];

        /// A fault as a scenario asks for it.
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        pub enum Spec {
            $(
                #[doc = concat!("`", $name, "`: ", $says, ".")]
                #[serde(rename = $name)]
                $variant($module::Params),
            )+
        }

        impl Spec {
            /// The fault itself.
            pub fn fault(&self) -> &dyn Fault {
                match self { $(Self::$variant(fault) => fault,)+ }
            }
        }

        impl Asks for Spec {
            fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            fn needs(&self) -> Vec<Need<'_>> {
                self.fault().needs()
            }

            fn heals(&self) -> bool {
                self.fault().heal().is_some()
            }

            fn damage(&self) -> Option<Damage> {
                match self { $(Self::$variant(_) => Some(Damage::$damage),)+ }
            }
        }
    };
}

faults! {
    PageCorruption = "page-corruption" in page_corruption, PhysicalReadable:
        "pages of a table or an index are overwritten on disk";
    UpdateWithoutWhere = "update-without-where" in update_without_where, Logical:
        "a bad deploy overwrites a column of every row of a tenant";
}
