//! A small vocabulary, so that these tests do not depend on which faults and methods there are.

use blackstart_record::plan::{Damage, Pace, Step};
use blackstart_record::time::Nanos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::*;

/// The vocabulary.
#[derive(Clone, Debug)]
pub(super) struct Test;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TestFault {
    BadDeploy(OnHost),
    PageCorruption(OnHost),
    LinkCut(OfLink),
    DiskFull(OfDisk),
    ObjectHidden(OfObject),
    CredentialRevoked(OfKey),
    ReplayPaused(OfDisk),
    SiteLost(OfSite),
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfSite {
    site: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfLink {
    link: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfDisk {
    host: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfObject {
    store: String,
    bucket: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfKey {
    store: String,
    credential: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OnHost {
    host: String,
    blocks: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TestMethod {
    BarmanCloud(Prefix),
    Command(Own),
    Replica(Following),
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Following {
    #[serde(default)]
    through: Vec<String>,
    every: Option<Lapse>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Own {
    restore: String,
    #[serde(default)]
    repairs: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Prefix {
    prefix: String,
}

impl Asks for TestFault {
    fn name(&self) -> &'static str {
        match self {
            Self::BadDeploy(_) => "bad-deploy",
            Self::PageCorruption(_) => "page-corruption",
            Self::LinkCut(_) => "link-cut",
            Self::DiskFull(_) => "disk-full",
            Self::ObjectHidden(_) => "object-hidden",
            Self::CredentialRevoked(_) => "credential-revoked",
            Self::ReplayPaused(_) => "replay-paused",
            Self::SiteLost(_) => "site-lost",
        }
    }

    fn needs(&self) -> Vec<Need<'_>> {
        match self {
            Self::BadDeploy(on) | Self::PageCorruption(on) => vec![Need::Server(&on.host)],
            Self::LinkCut(link) => vec![Need::Link(&link.link)],
            Self::DiskFull(disk) => vec![Need::LimitedDisk(&disk.host)],
            Self::ObjectHidden(object) => {
                vec![Need::Bucket { store: &object.store, bucket: &object.bucket, relies: Some(Promise::Markers) }]
            }
            Self::CredentialRevoked(key) => vec![Need::Store(&key.store), Need::Credential(&key.credential)],
            Self::ReplayPaused(on) => vec![Need::Replica(&on.host)],
            Self::SiteLost(lost) => vec![Need::Site(&lost.site)],
        }
    }

    fn wrong(&self) -> Option<String> {
        matches!(self, Self::PageCorruption(on) if on.blocks == 0).then(|| "1 is the least".to_owned())
    }

    fn heals(&self) -> bool {
        matches!(self, Self::LinkCut(_))
    }

    fn damage(&self) -> Option<Damage> {
        Some(match self {
            Self::BadDeploy(_) => Damage::Logical,
            Self::PageCorruption(_) => Damage::PhysicalReadable,
            _ => Damage::Availability,
        })
    }
}

impl Asks for TestMethod {
    fn name(&self) -> &'static str {
        match self {
            Self::BarmanCloud(_) => "barman-cloud",
            Self::Command(_) => "command",
            Self::Replica(_) => "replica",
        }
    }

    fn method(&self) -> Option<Method<'_>> {
        Some(match self {
            Self::BarmanCloud(_) => Method {
                steps: &[Step::Fetch, Step::Restore, Step::Replay, Step::Promote],
                in_place: false,
                follows: false,
                through: &[],
                pace: Pace::AtOnce,
                engine: Some(EngineKind::Postgres),
                replays_all: false,
                ships_remainder: true,
                repairs: false,
                files: Vec::new(),
                configuration: None,
            },
            Self::Command(own) => Method {
                steps: &[Step::Restore],
                in_place: true,
                follows: false,
                through: &[],
                pace: Pace::AtOnce,
                engine: None,
                replays_all: false,
                ships_remainder: false,
                repairs: own.repairs,
                files: vec![&own.restore],
                configuration: None,
            },
            Self::Replica(replica) => Method {
                steps: &[Step::Promote],
                in_place: false,
                follows: true,
                through: &replica.through,
                pace: replica.every.map_or(Pace::Late(Nanos::from_secs(3600)), |every| Pace::Every(every.0)),
                engine: None,
                replays_all: false,
                ships_remainder: false,
                repairs: false,
                files: Vec::new(),
                configuration: None,
            },
        })
    }
}

impl Vocabulary for Test {
    type Fault = TestFault;
    type Method = TestMethod;
    type Provider = TestProvider;
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum TestProvider {
    #[default]
    Whole,
    Poor,
}

impl Provides for TestProvider {
    fn all() -> &'static [Self] {
        &[Self::Whole, Self::Poor]
    }

    fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Poor => "poor",
        }
    }

    fn lacks(self, promise: Promise) -> bool {
        self == Self::Poor && [Promise::OwnLock, Promise::Expiry, Promise::TakenBack, Promise::Anew].contains(&promise)
    }
}
