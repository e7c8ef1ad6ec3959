//! What plans take for granted of a store, as promises: each provider keeps them, or says by name which it lacks.

use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::problems::Problems;

/// Something that a store of S3 promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// Objects can be sent in parts.
    Parts,
    /// Objects sent in parts can be summed, as `mc pipe` sends them.
    Summed,
    /// Uploads can be given up.
    GivenUp,
    /// Lists have pages.
    Pages,
    /// Old versions are kept.
    Versions,
    /// What is deleted is hidden.
    Markers,
    /// What is written where something was deleted is there.
    Rewritten,
    /// What is deleted is gone, where no versions are kept.
    Gone,
    /// The lock that nobody can bypass.
    Compliance,
    /// The lock that some may bypass.
    Governance,
    /// A version's lock is its own.
    OwnLock,
    /// Old versions expire.
    Expiry,
    /// Keys have rights.
    Rights,
    /// Keys can be taken back.
    TakenBack,
    /// A key can make a bucket anew.
    Anew,
    /// What protects a bucket is told.
    Told,
    /// A bit on its disk can be changed.
    Rot,
    /// It can be closed to what is new.
    Closed,
}

impl Promise {
    /// Every one.
    pub const ALL: [Self; 18] = [
        Self::Parts,
        Self::Summed,
        Self::GivenUp,
        Self::Pages,
        Self::Versions,
        Self::Markers,
        Self::Rewritten,
        Self::Gone,
        Self::Compliance,
        Self::Governance,
        Self::OwnLock,
        Self::Expiry,
        Self::Rights,
        Self::TakenBack,
        Self::Anew,
        Self::Told,
        Self::Rot,
        Self::Closed,
    ];
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parts => "what is sent in parts comes back to the byte",
            Self::Summed => "what is sent in parts, with a sum over their sums, is taken: so sends `mc pipe`",
            Self::GivenUp => "an upload that is given up leaves nothing",
            Self::Pages => "a list goes on over its pages",
            Self::Versions => "old versions are kept",
            Self::Markers => "what is deleted is hidden under a marker, and is back without it",
            Self::Rewritten => "what is written where something was deleted is there, and is the newest",
            Self::Gone => "where no versions are kept what is deleted is gone",
            Self::Compliance => "under compliance nobody removes a version",
            Self::Governance => "under governance only who may bypass it removes a version",
            Self::OwnLock => "a version keeps the lock that it was written under, whatever its bucket's becomes",
            Self::Expiry => "the time for which old versions are kept is taken, and told",
            Self::Rights => "a key may what it was given, and nothing else",
            Self::TakenBack => "a key that is taken back opens nothing",
            Self::Anew => "a bucket that is made anew by a key is open to all keys as it was",
            Self::Told => "what protects a bucket is told",
            Self::Rot => "what has changed on its disk is not fetched as it was",
            Self::Closed => "closed to what is new, it still gives out what it has",
        })
    }
}

impl Serialize for Promise {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Providers of stores: a registry to the right of this stage.
pub trait Provides:
    Copy + Default + PartialEq + fmt::Debug + Serialize + DeserializeOwned + JsonSchema + 'static
{
    /// Every provider.
    fn all() -> &'static [Self];

    /// Its name, as written in TOML.
    fn name(self) -> &'static str;

    /// Whether its stores do not keep this promise.
    fn lacks(self, promise: Promise) -> bool;
}

/// What every drill relies on, whatever its plan asks for.
pub(super) const EVERY_DRILL: &[Promise] =
    &[Promise::Parts, Promise::GivenUp, Promise::Pages, Promise::Gone, Promise::Rights, Promise::Told];

/// What a bucket with versioning relies on.
pub(super) const VERSIONING: &[Promise] = &[Promise::Versions, Promise::Markers, Promise::Rewritten];

/// What a bucket with a lock relies on.
pub(super) const LOCK: &[Promise] = &[Promise::Compliance, Promise::Governance, Promise::OwnLock];

/// Says at `span`, which relies on `promises`, what `provider` lacks of them.
pub(super) fn check<P: Provides>(provider: P, promises: &[Promise], span: Range<usize>, problems: &mut Problems<'_>) {
    let Some(promise) = promises.iter().find(|promise| provider.lacks(**promise)) else { return };
    let message = format!("stores of `{}` do not keep what this relies on: {promise}", provider.name());
    let keeps = P::all().iter().filter(|other| !other.lacks(*promise));
    let keeps: Vec<String> = keeps.map(|other| format!("`provider = \"{}\"`", other.name())).collect();
    let help = if keeps.is_empty() {
        "no provider keeps it: leave it out".to_owned()
    } else {
        format!("give the store {}, or leave this out", keeps.join(" or "))
    };
    problems.add(span, message, help);
}
