//! One drill of a run, from its start to its end, on a thread of its own beside others.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use blackstart_record::record::Folder;
use ulid::Ulid;

use super::folders::RunFolder;
use super::room::{self, Place};
use super::signals::Signals;
use super::watch::{self, Show};
use crate::cli::exit::Exit;
use crate::cli::output::{self, Format, Paint};
use crate::cli::problem::{Problem, Result};
use crate::drill::{self, Registry, Request};
use crate::plan::{Found, Loaded};

/// Whoever waits for longer is told what for.
const SILENCE: Duration = Duration::from_secs(1);

/// What all drills of a run have in common.
#[derive(Debug)]
pub(super) struct Common {
    /// The drills, in the order in which they were selected.
    pub(super) drills: Vec<(Found, Loaded<Registry>)>,
    pub(super) folder: RunFolder,
    pub(super) hosts: drill::Hosts,
    pub(super) id: Ulid,
    /// The profile that was asked for.
    pub(super) profile: Option<String>,
    pub(super) seed: u64,
    pub(super) sabotage: bool,
    pub(super) crash_points: bool,
    /// How many run side by side.
    pub(super) jobs: usize,
    pub(super) format: Format,
    pub(super) signals: Signals,
}

/// Which drill, and whether it is its second time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub(super) index: usize,
    pub(super) again: bool,
}

/// A drill's end: its record's folder and how its process ended, or why it could not be started.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) turn: Turn,
    pub(super) outcome: Result<(Folder, Exit)>,
}

/// Runs a drill on a thread of its own; whatever becomes of it, its end is told.
pub(super) fn start(common: &Arc<Common>, turn: Turn, ends: &Sender<Ended>) {
    let (common, ends) = (Arc::clone(common), ends.clone());
    thread::spawn(move || {
        let ran = catch_unwind(AssertUnwindSafe(|| common.run(turn)));
        let outcome = ran.unwrap_or_else(|_| Err(Problem::new(Exit::Internal, "the watch of a drill panicked")));
        // Whoever waits for it lives as long as the run.
        let _ = ends.send(Ended { turn, outcome });
    });
}

impl Common {
    fn run(&self, turn: Turn) -> Result<(Folder, Exit)> {
        let (found, loaded) = &self.drills[turn.index];
        let folder = self.folder.drill(found)?;
        let request = Request {
            loaded: loaded.clone(),
            folder: folder.path().to_owned(),
            plan_folder: self.folder.absolute(found.path.parent().unwrap_or(&found.path))?,
            run: self.id.to_string(),
            id: Ulid::new().to_string(),
            seed: self.seed,
            previous: self.folder.previous(found),
            skipped: BTreeMap::new(),
            profile: self.profile.clone(),
            hosts: self.hosts.clone(),
            sabotage: self.sabotage,
            crash_points: self.crash_points,
        };
        let name = found.drill();
        let place = self.place(turn, &name)?;
        let again = match (turn.again, place.is_as_asked()) {
            (true, true) => ", again and alone",
            (true, false) => ", again",
            (false, _) => "",
        };
        let number = format!("drill {} of {}{again}", turn.index + 1, self.drills.len());
        output::note(&format!("{number}: {}, seed {}", Paint::stderr().strong(&name), self.seed));
        let show = Show { drill: &name, beside_others: self.jobs > 1, format: self.format };
        let exit = watch::run(&request, &self.signals, show)?;
        Ok((folder, exit))
    }

    /// A place among the drills that run on this machine; for a second time, a place where there are no others.
    fn place(&self, turn: Turn, name: &str) -> Result<Place> {
        let wrong = |why: &str| Problem::new(Exit::Inconclusive, format!("cannot wait for other drills: {why}"));
        let cache = blackstart_tools::cache_dir().ok_or_else(|| wrong("there is no cache folder: set HOME"))?;
        let told = Cell::new(false);
        let waits = |so_far: Duration| {
            if so_far > SILENCE && !told.replace(true) {
                let why =
                    if turn.again { "for other runs on this machine to end" } else { "for a drill that is run alone" };
                output::note(&format!("{name} waits {why}"));
            }
            self.signals.received().is_none()
        };
        let place = room::enter(&cache, turn.again, waits);
        let place = place.map_err(|error| wrong(&format!("{}: {error}", cache.display())))?;
        if !place.is_as_asked() && self.signals.received().is_none() {
            output::note(&format!("{name} waits no longer: it runs beside what did not end"));
        }
        Ok(place)
    }
}
