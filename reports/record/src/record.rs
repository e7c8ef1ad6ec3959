//! `record.json` and the folder around it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::observation::Observation;
use crate::plan::{Plan, Scenario};
use crate::rows::Table;
use crate::verdict::DrillVerdict;

/// The version of `record.json` that this code writes.
pub const VERSION: u32 = 7;
/// The oldest one that it reads: what newer ones hold besides may be left out.
pub const OLDEST: u32 = 4;

/// An outside program that took part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// What it says of itself (`PostgreSQL 15.18`).
    pub version: String,
    /// SHA-256 of its binary, in hex.
    pub sha256: String,
}

/// What the hosts could and could not isolate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Isolation {
    /// `native` or `docker`.
    pub hosts: String,
    /// How the hosts were kept apart, in one sentence.
    pub says: String,
    /// Checks that this isolation cannot support; each is inconclusive by name.
    pub cannot_prove: Vec<String>,
}

/// What was drilled, with what. Written at the start and again at each change; everything in it is
/// known without judging.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`VERSION`].
    pub version: u32,
    /// The harness's own version.
    pub blackstart: String,
    /// The run (ULID).
    pub run: String,
    /// The drill (ULID).
    pub id: String,
    /// Start on the wall clock (RFC 3339, UTC), for people.
    pub started: String,
    /// The plan as resolved.
    pub plan: Plan,
    /// The scenario as resolved.
    pub scenario: Scenario,
    /// The seed of everything random.
    pub seed: u64,
    /// Isolation of the hosts.
    pub isolation: Isolation,
    /// The machine: kernel, cores, memory; names to values.
    pub machine: BTreeMap<String, String>,
    /// Outside programs by name.
    pub tools: BTreeMap<String, Tool>,
    /// The tables of the domain; an effect's `table` is an index into this.
    pub tables: Vec<Table>,
    /// Digests of the artifacts in the store: object key to SHA-256 or ETag.
    pub artifacts: BTreeMap<String, String>,
    /// Digest of the previous run's record of the same drill, if there was one beside it.
    pub previous: Option<String>,
    /// Drills of the same run that were skipped, and why.
    pub skipped: BTreeMap<String, String>,
    /// The profile by which the drill was run; `None`: it was asked for by its name, or the record is of version 4.
    #[serde(default)]
    pub profile: Option<String>,
    /// SHA-256, in hex, of the plan's own programs that took part, by their paths below its folder; in version 4 of none.
    #[serde(default)]
    pub programs: BTreeMap<String, String>,
}

/// At the end of the name of a record whose drill was run again.
const ASIDE: &str = "-disturbed";

/// Why a record could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file of it could not be read.
    #[error("cannot read {path}: {why}")]
    Io {
        /// Which, as given.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A file of it holds something else.
    #[error("{path}, line {line}, column {column}: {why}")]
    Malformed {
        /// Which, as given.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The parser's words.
        why: String,
    },
    /// It was written by another version.
    #[error("{path} is a record of version {found}; this blackstart reads versions {OLDEST} to {VERSION}")]
    Version {
        /// Which, as given.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
}

/// The folder of a record: where each of its files is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    /// The record at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// `record.json`.
    pub fn record(&self) -> PathBuf {
        self.0.join("record.json")
    }

    /// `history.jsonl`.
    pub fn history(&self) -> PathBuf {
        self.0.join("history.jsonl")
    }

    /// `ledger.bin`.
    pub fn ledger(&self) -> PathBuf {
        self.0.join("ledger.bin")
    }

    /// `ledger-rows.bin`, the values of every written row, for people.
    pub fn ledger_rows(&self) -> PathBuf {
        self.0.join("ledger-rows.bin")
    }

    /// `initial.rows`.
    pub fn initial_rows(&self) -> PathBuf {
        self.0.join("initial.rows")
    }

    /// `restored.rows`.
    pub fn restored_rows(&self) -> PathBuf {
        self.0.join("restored.rows")
    }

    /// `observations/<name>.json`.
    pub fn observation(&self, name: &str) -> PathBuf {
        self.0.join("observations").join(format!("{name}.json"))
    }

    /// `logs/`, one file per server and tool, secrets redacted.
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// `verdict.json`.
    pub fn verdict(&self) -> PathBuf {
        self.0.join("verdict.json")
    }

    /// Loads `record.json`.
    ///
    /// # Errors
    /// [`LoadError`] names the file and, where it can, the line and column.
    pub fn load_record(&self) -> Result<Record, LoadError> {
        let path = self.record();
        let record: Record = load(&path)?;
        match record.version {
            OLDEST..=VERSION => Ok(record),
            found => Err(LoadError::Version { path, found }),
        }
    }

    /// What a trial of the sabotage restored, as a folder of the same form.
    pub fn sabotage(&self, id: &str) -> Self {
        Self(self.0.join("sabotage").join(id))
    }

    /// What a failback left, as a folder of the same form: its load is what was there when it began.
    pub fn failback(&self) -> Self {
        Self(self.0.join("failback"))
    }

    /// Where this record goes when its drill is run again: a folder beside it.
    pub fn aside(&self) -> Self {
        let mut aside = self.0.as_os_str().to_owned();
        aside.push(ASIDE);
        Self(aside.into())
    }

    /// Whether this record was set aside and its drill's next one is there, which is the drill's result.
    pub fn is_superseded(&self) -> bool {
        let next = self.0.as_os_str().to_str().and_then(|name| name.strip_suffix(ASIDE));
        next.is_some_and(|next| Path::new(next).exists())
    }

    /// Loads `verdict.json`.
    ///
    /// # Errors
    /// [`LoadError`] names the file and, where it can, the line and column.
    pub fn load_verdict(&self) -> Result<DrillVerdict, LoadError> {
        load(&self.verdict())
    }

    /// Loads every observation that is there, by name.
    ///
    /// # Errors
    /// [`LoadError`] names the file and, where it can, the line and column.
    pub fn load_observations(&self) -> Result<BTreeMap<String, Observation>, LoadError> {
        let folder = self.0.join("observations");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(why) => return Err(LoadError::Io { path: folder, why }),
        };
        let mut found = BTreeMap::new();
        for entry in entries {
            let path = entry.map_err(|why| LoadError::Io { path: folder.clone(), why })?.path();
            if let (Some(name), Some("json")) =
                (path.file_stem().and_then(|name| name.to_str()), path.extension().and_then(|e| e.to_str()))
            {
                found.insert(name.to_owned(), load(&path)?);
            }
        }
        Ok(found)
    }

    /// Writes a file of the record as JSON, whole or not at all (a temporary file, then a rename).
    ///
    /// # Errors
    /// Any error of writing, such as a full disk.
    pub fn store(&self, path: &Path, value: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(value)?;
        bytes.push(b'\n');
        let temporary = path.with_extension("json.partial");
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&temporary, bytes)?;
        fs::rename(&temporary, path)
    }
}

fn load<T: DeserializeOwned>(path: &Path) -> Result<T, LoadError> {
    let bytes = fs::read(path).map_err(|why| LoadError::Io { path: path.to_owned(), why })?;
    serde_json::from_slice(&bytes).map_err(|why| LoadError::Malformed {
        path: path.to_owned(),
        line: why.line(),
        column: why.column(),
        why: why.to_string(),
    })
}
