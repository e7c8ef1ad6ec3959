//! Disasters: inject, confirm, heal. One file per fault and one line in `faults!`.

mod deploy;
mod dial;
mod gone;
mod objects;
mod offline;
mod silence;

use std::collections::BTreeMap;
use std::time::Duration;

use blackstart_record::plan::Damage;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::engine::{Login, Server, Transaction};
use crate::failure::{Context, Error, Result};
use crate::host::Host;
use crate::host::process::Frozen;
use crate::link::Links;
use crate::plan::{Asks, HostSpec, Need};
use crate::secret::Secrets;
use crate::store::{Key, Store};

/// What a fault may reach: what this drill started, and nothing else.
pub struct Scene<'a> {
    /// The drill's clock.
    pub clock: Clock,
    /// The server that the pipeline saves.
    pub server: &'a mut Server,
    /// The replica that takes over, where the pipeline is one.
    pub replica: Option<&'a Server>,
    /// The replicas through which that follows, the server's own first.
    pub through: &'a [Server],
    /// Every host, by name.
    pub hosts: &'a BTreeMap<String, Host>,
    /// The plan's hosts by name, with their sites.
    pub sites: &'a BTreeMap<String, HostSpec>,
    /// The links.
    pub links: &'a Links,
    /// The pipeline's store.
    pub store: &'a Store,
    /// The pipeline's key to it.
    pub key: &'a Key,
    /// The bucket of the application's objects and its own key to it, where it keeps some.
    pub application: Option<(&'a str, &'a Key)>,
    /// Makes the passwords that a fault needs.
    pub secrets: &'a Secrets,
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

    /// What a query counts in the application's database, as the administrator.
    ///
    /// # Errors
    /// The server's answer, or that it is no count.
    pub async fn count(&self, query: &str) -> Result<u64> {
        let client = self.server.connect(self.database).await?;
        let counted = client.value(query).await.cannot(format_args!("count by \"{query}\""))?.unwrap_or_default();
        counted.parse().map_err(|_| Error::new(format!("\"{query}\" answers \"{counted}\", which is no count")))
    }

    /// That a query counts more of `what` than it did before an injection, which kept that number; both, in a sentence.
    ///
    /// # Errors
    /// It does not, or can't be asked.
    async fn counts_more(&self, query: &str, what: &str, injected: &Injected) -> Result<String> {
        let Kept::Number(before) = injected.kept else { return Err(Error::new("nothing was counted before")) };
        let after = self.count(query).await?;
        if after <= before {
            return Err(Error::new(format!("{after} {what} are seen, and {before} were before")));
        }
        Ok(format!("{after} {what} are seen where {before} were before"))
    }
}

/// What an injection did.
#[derive(Debug)]
pub struct Injected {
    /// What it did, in one sentence.
    pub says: String,
    /// For logical damage: the transaction to go back before.
    pub transaction: Option<Transaction>,
    /// For an intrusion: the login that the intruder has from now on.
    pub intruder: Option<Login>,
    /// What confirming and healing need of it.
    pub kept: Kept,
}

impl Injected {
    /// An injection of which nothing is needed any more.
    pub fn done(says: impl Into<String>) -> Self {
        Self::keeping(says, Kept::Nothing)
    }

    /// An injection of which this is needed.
    pub fn keeping(says: impl Into<String>, kept: Kept) -> Self {
        Self { says: says.into(), transaction: None, intruder: None, kept }
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

/// A disaster. A new one implements this in a file of its own.
pub trait Fault: Send + Sync {
    /// What it is about to do, in one sentence.
    fn intends(&self) -> String;

    /// What it reaches.
    fn needs(&self) -> Vec<Need<'_>>;

    /// Programs of this machine that it needs beyond those of every drill, by the name under which they are installed.
    fn programs(&self) -> &'static [&'static str] {
        &[]
    }

    /// What is wrong with its parameters together, if anything is.
    fn wrong(&self) -> Option<String> {
        None
    }

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

            fn wrong(&self) -> Option<String> {
                self.fault().wrong()
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
    UpdateWithoutWhere = "update-without-where" in update_without_where, Logical:
        "a bad deploy overwrites a column of every row of a tenant";
    DeleteWithoutWhere = "delete-without-where" in delete_without_where, Logical:
        "a bad deploy deletes every row of a tenant";
    TruncateTable = "truncate-table" in truncate_table, Logical:
        "a bad deploy empties a table, and what refers to it";
    TableDropped = "table-dropped" in table_dropped, Logical:
        "a bad deploy drops a table";
    FaultyRelease = "faulty-release" in faulty_release, Logical:
        "a faulty release writes wrong values, in statements of the plan's own";
    RogueAccount = "rogue-account" in rogue_account, Logical:
        "an intruder makes an almighty account, tampers with rows by it and leaves things behind";
    PageCorruption = "page-corruption" in page_corruption, PhysicalReadable:
        "pages of a table or an index are overwritten on disk";
    TornPage = "torn-page" in torn_page, PhysicalReadable:
        "the second half of pages of a table or an index never reached the disk";
    FileTruncated = "file-truncated" in file_truncated, PhysicalReadable:
        "the second half of the file of a table or an index is cut off";
    FileDeleted = "file-deleted" in file_deleted, PhysicalReadable:
        "the file of a table or an index is deleted";
    WalCorruption = "wal-corruption" in wal_corruption, PhysicalLost:
        "a page of the log is overwritten on disk before it is archived";
    ServerKilled = "server-killed" in server_killed, Availability:
        "every process of the server is killed at once";
    ServerFrozen = "server-frozen" in server_frozen, Availability:
        "every process of the server stands still";
    HostDestroyed = "host-destroyed" in host_destroyed, PhysicalLost:
        "every process of a host and all that is on its disk are gone";
    SiteLost = "site-lost" in site_lost, PhysicalLost:
        "every host of a site is gone with its disk";
    DiskLost = "disk-lost" in disk_lost, PhysicalLost:
        "all that is on a host's disk is gone, and what runs there runs on";
    DiskFull = "disk-full" in disk_full, Availability:
        "nothing more fits on a host's disk, which has a size of its own";
    ReadOnlyDisk = "read-only-disk" in read_only_disk, Availability:
        "a host's disk is remounted read-only, its server killed";
    ClockShifted = "clock-shifted" in clock_shifted, Availability:
        "a host's clock is wrong, and its server is started again";
    ReplicaReplayPaused = "replica-replay-paused" in replica_replay_paused, Availability:
        "a replica receives the log and does not replay it";
    LinkCut = "link-cut" in link_cut, Availability:
        "a link refuses connections";
    LinkBlackHoled = "link-black-holed" in link_black_holed, Availability:
        "a link takes connections and passes nothing on";
    LinkSlowed = "link-slowed" in link_slowed, Availability:
        "a link passes everything on late: latency, jitter, bandwidth";
    LinkReset = "link-reset" in link_reset, Availability:
        "a link resets every connection";
    PacketsDropped = "packets-dropped" in packets_dropped, Availability:
        "packets to or from a host vanish: no refusal, no reset";
    ContainerKilled = "container-killed" in container_killed, Availability:
        "a host's container is killed, with every process";
    ContainerPaused = "container-paused" in container_paused, Availability:
        "a host's container is paused: every process stands still";
    NetworkDisconnected = "network-disconnected" in network_disconnected, Availability:
        "a host's container is taken off the network";
    MemoryExhausted = "memory-exhausted" in memory_exhausted, Availability:
        "the server wants more memory than its container may have, and the kernel kills";
    CpuThrottled = "cpu-throttled" in cpu_throttled, Availability:
        "a host's container gets a part of one processor only";
    ObjectDeleted = "object-deleted" in object_deleted, PhysicalLost:
        "objects of the store are deleted with all their versions";
    ObjectRotted = "object-rotted" in object_rotted, PhysicalLost:
        "a bit of objects of the store changes on its disk";
    ObjectEncryptedInPlace = "object-encrypted-in-place" in object_encrypted_in_place, PhysicalLost:
        "objects of the store are replaced by their bytes encrypted";
    ObjectHidden = "object-hidden" in object_hidden, Availability:
        "objects of the store are hidden by a delete marker";
    CredentialRevoked = "credential-revoked" in credential_revoked, Availability:
        "the store no longer knows the pipeline's credential";
    StoreRefusingWrites = "store-refusing-writes" in store_refusing_writes, Availability:
        "the store takes nothing new";
}

/// Faults that act through the control group of a host's container.
pub const BY_CONTROL_GROUP: [&str; 3] = ["container-paused", "memory-exhausted", "cpu-throttled"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_in_the_readme() {
        let readme = include_str!("../../../README.md");
        let unlisted = |(name, _, says): &&(&str, Damage, &str)| !readme.contains(&format!("| `{name}` | {says} |"));
        let unlisted: Vec<_> = FAULTS.iter().filter(unlisted).collect();
        assert!(unlisted.is_empty(), "{unlisted:?}");
    }
}
