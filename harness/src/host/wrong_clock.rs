//! A host's clock, where it is wrong: libfaketime tells programs another time.

use std::sync::{Mutex, PoisonError};

/// By how much a clock is ahead; below zero: behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The library that programs load before any other.
    pub library: String,
    /// Seconds.
    pub seconds: i64,
}

/// A host's clock; right at first.
#[derive(Debug, Default)]
pub(super) struct Clock(Mutex<Option<Shift>>);

impl Clock {
    pub(super) fn set(&self, shift: Option<Shift>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = shift;
    }

    /// What a program that starts finds in its environment. How long something took is told it as it is.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let shift = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Shift { library, seconds }) = &*shift else { return Vec::new() };
        vec![
            ("LD_PRELOAD", library.clone()),
            ("FAKETIME", format!("{seconds:+}")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("FAKETIME_DISABLE_SHM", "1".to_owned()),
        ]
    }
}
