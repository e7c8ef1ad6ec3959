//! What a document wants to be told of at once, and what monitoring saw that tells it.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::{Interval, Nanos};

/// Something that is to sound an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alert {
    /// A backup ended badly.
    BackupFailed,
    /// A replica lacks what its source acknowledged longer ago than this.
    ReplicationLag,
    /// The replica that is to take over does not answer.
    StandbyGone,
    /// A business rule is broken where the application works.
    Integrity,
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::BackupFailed => "backup failed",
            Self::ReplicationLag => "replication lag",
            Self::StandbyGone => "standby gone",
            Self::Integrity => "integrity",
        })
    }
}

/// One look of the monitoring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// When it asked.
    pub asked: Nanos,
    /// When it had its answer, or gave up.
    pub answered: Nanos,
    /// What it saw.
    pub seen: Seen,
}

/// What one look saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Seen {
    /// The replica answered, through the monitoring's link.
    Replica {
        /// The newest heartbeat that it holds; `None`: one of which nothing is known, such as the one that was loaded.
        beat: Option<Beat>,
        /// How far behind it says that it is itself; `None`: it does not say.
        own: Option<OwnLag>,
    },
    /// It did not.
    NoReplica {
        /// Why.
        why: String,
    },
    /// The business rules that are broken at the source, and by how many violations; none: all of them hold.
    Rules(BTreeMap<String, u64>),
    /// They could not be asked.
    NoRules {
        /// Why.
        why: String,
    },
}

/// A heartbeat that the source acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Beat {
    /// When it was sent.
    pub sent: Nanos,
    /// The earliest acknowledgement of one that was sent after this one's own, among those known by then.
    pub next: Option<Nanos>,
}

/// A replica's own figure of its lag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnLag {
    /// How far behind it says that it is.
    pub behind: Nanos,
    /// The steps in which it counts.
    pub resolution: Nanos,
}

impl Look {
    /// How long ago the source acknowledged the oldest write that the replica lacked at this look; from zero where it may have
    /// lacked none. `None`: the look does not tell.
    ///
    /// It holds `beat` and not the one after it: what it lacks was written after the first was sent, and the second, which it
    /// lacks for certain, was acknowledged by `next`.
    pub fn lag(&self) -> Option<Interval> {
        let Seen::Replica { beat: Some(beat), .. } = &self.seen else { return None };
        let lower = beat.next.map_or(Nanos::ZERO, |next| self.asked.since(next));
        Some(Interval { lower, upper: self.answered.since(beat.sent) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_replica_lacks_was_written_after_its_heartbeat_and_before_the_next_was_acknowledged() {
        let ms = Nanos::from_millis;
        let look = |beat| Look { asked: ms(1_000), answered: ms(1_003), seen: Seen::Replica { beat, own: None } };
        let of = |sent, next: Option<u64>| look(Some(Beat { sent: ms(sent), next: next.map(ms) })).lag();
        // Far behind; as fresh as can be told: the next was acknowledged while it was asked, or nobody knows of one.
        assert_eq!(of(400, Some(425)), Some(Interval { lower: ms(575), upper: ms(603) }));
        assert_eq!(of(980, Some(1_001)), Some(Interval { lower: ms(0), upper: ms(23) }));
        assert_eq!(of(990, None), Some(Interval { lower: ms(0), upper: ms(13) }));
        assert_eq!(look(None).lag(), None);
    }
}
