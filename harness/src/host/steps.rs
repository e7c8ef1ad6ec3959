//! The programs that a watched program executes, counted; one of them is killed at its start where that is asked for.

use std::sync::{Mutex, PoisonError};

/// The count of a host.
#[derive(Debug, Default)]
pub struct Steps(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    kill: Option<(String, u64)>,
    names: Vec<String>,
}

impl Steps {
    /// Counts from the beginning, and kills the program of that name when it is executed that often, counted from 1; the
    /// names of those that were executed before. Two ends of a pipe are executed in either order: a name tells them apart.
    pub fn begin(&self, kill: Option<(String, u64)>) -> Vec<String> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *counted, Counted { kill, names: Vec::new() }).names
    }

    /// One more was executed; whether it is to be killed.
    pub(super) fn next(&self, name: &str) -> bool {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.names.push(name.to_owned());
        let times = counted.names.iter().filter(|other| *other == name).count() as u64;
        counted.kill.as_ref().is_some_and(|(killed, number)| killed == name && *number == times)
    }
}
