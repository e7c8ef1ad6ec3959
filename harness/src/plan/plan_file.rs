//! `plan.toml` as it is written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use blackstart_record::time::Nanos;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, de};
use toml::Spanned;

use super::EngineKind;
use super::alerts::AlertsFile;
use super::cron::Cron;
use super::name::Name;
use super::sourced::{Place, Said, Text};
use super::units::{Lapse, Size, text_value};
use super::upkeep::{HealthFile, ProfileFile};

/// A disaster-recovery document made executable. Any value may be written alone, or as a table of `value` and one of
/// `from`, `assumed` and `substitutes`, which say where it comes from.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Plan")]
pub(super) struct PlanFile<M, P> {
    /// The title.
    pub(super) title: Said<String>,
    /// The document behind the plan.
    pub(super) document: Option<DocumentFile>,
    /// Bytes of data in production. Left out: the document does not say.
    pub(super) production_size: Option<Said<Size>>,
    /// The application whose data is drilled.
    pub(super) application: ApplicationFile,
    /// Objectives by name.
    pub(super) objectives: BTreeMap<Name, ObjectiveFile>,
    /// Failure domains by name.
    pub(super) sites: BTreeMap<Name, SiteFile>,
    /// Hosts by name.
    pub(super) hosts: BTreeMap<Name, HostFile>,
    /// S3 endpoints by name.
    #[serde(default)]
    pub(super) stores: BTreeMap<Name, StoreFile<P>>,
    /// Credentials by name.
    #[serde(default)]
    pub(super) credentials: BTreeMap<Name, CredentialFile>,
    /// Backup and restore pipelines by name.
    pub(super) pipelines: BTreeMap<Name, PipelineFile<M>>,
    /// Drills that belong together, by name.
    #[serde(default)]
    pub(super) profiles: BTreeMap<Name, ProfileFile>,
    /// What the document says of all drills and backups together.
    #[serde(default)]
    pub(super) health: HealthFile,
    /// What the document wants to be told of at once.
    #[serde(default)]
    pub(super) alerts: AlertsFile,
    /// What else the document says, by topic: quoted in the record, used by no drill.
    #[serde(default)]
    #[expect(dead_code, reason = "listed from the file's own tree, see values.rs; here they are only checked")]
    pub(super) facts: BTreeMap<Name, BTreeMap<Name, Said<Text>>>,
    /// Where the document contradicts itself, or claims what it does not do.
    #[serde(default)]
    pub(super) findings: Vec<FindingFile>,
}

/// The document behind a plan.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Document")]
pub(super) struct DocumentFile {
    /// Its title.
    pub(super) title: String,
    /// SHA-256 of the text that the lines refer to, in hex.
    pub(super) sha256: Said<String>,
}

/// The application whose data is drilled.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Application")]
pub(super) struct ApplicationFile {
    /// The name of its database.
    pub(super) database: Said<String>,
    /// Tables, with schema, that may be lost.
    pub(super) expendable: Option<Said<Vec<String>>>,
    /// Tables, with schema, whose deletions are erasures: what was deleted stays gone, whatever is restored.
    pub(super) erasures: Option<Said<Vec<String>>>,
    /// Where it keeps its objects. Left out: all of its data is rows.
    pub(super) objects: Option<ObjectsFile>,
}

/// Where the application keeps its objects.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Objects")]
pub(super) struct ObjectsFile {
    /// The store.
    pub(super) store: Said<String>,
    /// The bucket of that store.
    pub(super) bucket: Said<String>,
    /// The credential that the application uses; it opens this bucket and no other.
    pub(super) credential: Said<String>,
}

/// A recovery time objective, a recovery point objective, or both, and what they cover.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Objective")]
pub(super) struct ObjectiveFile {
    /// The tiers or data classes that it covers.
    pub(super) covers: Said<Vec<String>>,
    /// The recovery time objective.
    pub(super) rto: Option<Said<Lapse>>,
    /// The recovery point objective.
    pub(super) rpo: Option<Said<Lapse>>,
    /// How far past the objective still counts as met. Default: not at all.
    pub(super) tolerance: Option<Said<Lapse>>,
    /// What the document says instead of a time.
    pub(super) note: Option<Said<String>>,
}

/// A failure domain.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Site")]
pub(super) struct SiteFile {
    /// What the document says of it.
    #[expect(dead_code, reason = "listed from the file's own tree, see values.rs; here it is only checked")]
    pub(super) note: Option<Said<String>>,
}

/// A place with its own disk, processes and address.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Host")]
pub(super) struct HostFile {
    /// The site that it is on.
    pub(super) site: Said<String>,
    /// The server software that it runs. Left out: a store, or nothing.
    pub(super) engine: Option<Said<EngineKind>>,
    /// The size of its disk. Left out: as much as the machine has.
    pub(super) disk: Option<Said<Size>>,
    /// The image that it is made of in a container. Left out: the one for what it runs.
    pub(super) image: Option<Said<String>>,
    /// Its server's version, as the document names it (`MySQL 8.0`): a drill on another one says so.
    #[expect(dead_code, reason = "the judge reads it off the list of values, see values.rs; here it is only checked")]
    pub(super) version: Option<Said<String>>,
    /// What the document calls it, or says of it.
    #[expect(dead_code, reason = "listed from the file's own tree, see values.rs; here it is only checked")]
    pub(super) note: Option<Said<String>>,
}

/// An S3 endpoint.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Store")]
pub(super) struct StoreFile<P> {
    /// The host that it is on.
    pub(super) host: Said<String>,
    /// Whose S3 server it is. Default: `minio`.
    pub(super) provider: Option<Said<P>>,
    /// Its buckets by name.
    pub(super) buckets: BTreeMap<Name, BucketFile>,
    /// What the document says of it.
    #[expect(dead_code, reason = "listed from the file's own tree, see values.rs; here it is only checked")]
    pub(super) note: Option<Said<String>>,
}

/// A bucket.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Bucket")]
pub(super) struct BucketFile {
    /// Whether old versions of an object are kept. Default: no.
    pub(super) versioning: Option<Said<bool>>,
    /// How long a version cannot be removed, in whole days (`30d`). Default: not at all.
    pub(super) lock: Option<Said<Lapse>>,
    /// How long an old version is kept, in whole days (`30d`). Default: for ever.
    pub(super) old_versions: Option<Said<Lapse>>,
}

/// What opens a store, and what it may do there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Credential")]
pub(super) struct CredentialFile {
    /// The store that it opens.
    pub(super) store: Said<String>,
    /// What it may do.
    pub(super) may: Said<Vec<Right>>,
    /// What it may do instead in some buckets, by their names.
    #[serde(default)]
    pub(super) may_in: BTreeMap<Name, Said<Vec<Right>>>,
}

/// Something that a credential may do in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Right {
    /// Write objects.
    Put,
    /// Read objects.
    Get,
    /// List objects.
    List,
    /// Remove objects; of a bucket with versioning no old version.
    Delete,
    /// Make a bucket, remove it with all of its versions, and set its versioning and its lifecycle.
    Configure,
}

impl Right {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Get => "get",
            Self::List => "list",
            Self::Delete => "delete",
            Self::Configure => "configure",
        }
    }
}

/// A method of backup and restore, bound to a source and a store.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Pipeline")]
pub(super) struct PipelineFile<M> {
    /// The host whose data it saves.
    pub(super) source: Said<String>,
    /// The store that it saves to.
    pub(super) store: Said<String>,
    /// The bucket of that store.
    pub(super) bucket: Said<String>,
    /// The credential that it uses.
    pub(super) credential: Said<String>,
    /// The method with its parameters.
    #[schemars(with = "M")]
    pub(super) method: Spanned<M>,
    /// For how long it is promised that nobody can remove an artifact, in whole days. Default: the bucket's `lock`.
    pub(super) immutable: Option<Said<Lapse>>,
    /// The method that the document names, if this one stands in for it.
    pub(super) substitutes: Option<Said<String>>,
    /// Its schedule.
    #[serde(default)]
    pub(super) schedule: ScheduleFile,
}

/// When a pipeline saves what, and for how long it is kept. Times are UTC.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Schedule")]
pub(super) struct ScheduleFile {
    /// Base backups that logs are replayed on: a cron line or an interval.
    pub(super) base: Option<Said<Runs>>,
    /// Full backups: a cron line or an interval.
    pub(super) full: Option<Said<Runs>>,
    /// Incremental backups: a cron line or an interval.
    pub(super) incremental: Option<Said<Runs>>,
    /// Continuous archiving: the longest time for which written data stays at home.
    pub(super) archive_timeout: Option<Said<Lapse>>,
    /// A replica: the lag at which somebody is told, so that it falls no further behind unnoticed.
    pub(super) lag_alarm: Option<Said<Lapse>>,
    /// How long full and base backups are kept.
    pub(super) retention: Option<Said<Lapse>>,
    /// How long incremental backups are kept.
    pub(super) incremental_retention: Option<Said<Lapse>>,
    /// How far back a point in time can be recovered.
    pub(super) window: Option<Said<Lapse>>,
}

/// When something runs: a cron line, or the time between two runs.
#[derive(Clone, Debug)]
pub(super) struct Runs {
    /// As written.
    pub(super) text: String,
    /// The longest time between two runs.
    pub(super) longest_gap: Nanos,
}

impl Runs {
    /// # Errors
    /// What is wrong, and on a second line what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let is_cron = text.trim_start().starts_with('@') || text.split_whitespace().count() > 2;
        let longest_gap =
            if is_cron { Cron::parse(text)?.longest_gap() } else { Lapse::parse(text).map(|lapse| lapse.0)? };
        Ok(Self { text: text.to_owned(), longest_gap })
    }
}

text_value!(
    Runs,
    "a cron line such as \"0 2 * * *\" or an interval such as \"6h\"",
    r"\S",
    "A cron line of five fields in UTC (`0 2 * * *`), or the time between two runs (`6h`)."
);

/// Something that the document says twice in different ways, or claims and does not do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Finding")]
pub(super) struct FindingFile {
    /// A short stable name.
    pub(super) id: Name,
    /// One sentence that says what is wrong.
    pub(super) says: String,
    /// The places that disagree.
    #[schemars(length(min = 1))]
    pub(super) places: Vec<FindingPlace>,
    /// What follows for the objectives.
    pub(super) consequence: String,
}

/// What the document says in one of the places that disagree.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FindingPlace {
    /// What it says there, in short.
    pub(super) says: String,
    /// Where.
    pub(super) from: Place,
}
