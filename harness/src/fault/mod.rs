//! Disasters: inject, confirm, heal. One file per fault and one line in [`faults`].

mod page_corruption;
mod update_without_where;

use std::time::Duration;

use blackstart_record::plan::Damage;
use blackstart_record::time::Nanos;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::engine::postgres::Postgres;
use crate::failure::Result;
use crate::plan::Asks;

/// What a fault may reach: servers that this drill started, and nothing else.
pub struct Scene<'a> {
    /// The drill's clock.
    pub clock: Clock,
    /// The server on the host that the fault names.
    pub server: &'a mut Postgres,
    /// The database of the application.
    pub database: &'a str,
    /// The bound on each wait.
    pub bound: Duration,
}

/// What an injection did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injected {
    /// What it did, in one sentence.
    pub says: String,
    /// For logical damage: the transaction to go back before.
    pub transaction: Option<Transaction>,
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

    /// Does it.
    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>>;

    /// Looks, by a way other than the injection's, whether it took effect: what was seen of this very injection.
    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>>;
}

macro_rules! faults {
    ($($variant:ident = $name:literal in $module:ident, $damage:ident;)+) => {
        /// A fault as a scenario asks for it.
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        pub enum Spec {
            $(
                #[doc = concat!("`", $name, "`")]
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

            fn hosts(&self) -> Vec<&str> {
                match self { $(Self::$variant(fault) => vec![&fault.host],)+ }
            }

            fn damage(&self) -> Option<Damage> {
                match self { $(Self::$variant(_) => Some(Damage::$damage),)+ }
            }
        }
    };
}

faults! {
    PageCorruption = "page-corruption" in page_corruption, PhysicalReadable;
    UpdateWithoutWhere = "update-without-where" in update_without_where, Logical;
}
