//! The heartbeats that were acknowledged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use blackstart_record::time::Nanos;

/// The write beats that were acknowledged: which was sent when, and answered when. A copy of the data holds the number of
/// one of them, and so tells when it was taken.
#[derive(Clone, Debug, Default)]
pub struct Writes(Arc<Mutex<BTreeMap<u64, (Nanos, Nanos)>>>);

impl Writes {
    pub(super) fn acknowledge(&self, beat: u64, sent: Nanos, ended: Nanos) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(beat, (sent, ended));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The latest beat up to `beat` that was acknowledged, when it was sent, and if it is `beat` itself when the next was
    /// answered.
    pub(in crate::examine) fn find_by(&self, beat: u64) -> Option<(u64, Nanos, Option<Nanos>)> {
        if let Some((sent, _, next)) = self.find(beat) {
            return Some((beat, sent, next));
        }
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.range(..beat).next_back().map(|(earlier, (sent, _))| (*earlier, *sent, None))
    }

    pub(super) fn last(&self) -> Option<Nanos> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().map(|(sent, _)| *sent).max()
    }

    pub(super) fn find(&self, beat: u64) -> Option<(Nanos, Nanos, Option<Nanos>)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (sent, ended) = *known.get(&beat)?;
        let next = known.values().filter(|(later, _)| *later >= ended).map(|(_, ended)| *ended).min();
        Some((sent, ended, next))
    }
}
