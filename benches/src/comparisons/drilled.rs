//! A shipped drill, launched as `blackstart run` launches it, and how long it takes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use blackstart::drill::{Hosts, Registry, Request, launch};
use blackstart::plan;
use blackstart_record::event::{Event, Phase};

use crate::Result;
use crate::samples::of;

/// The quickest of the shipped scenarios.
pub(super) const QUICKEST: &str = "database-corruption-nightly-dump";

/// The folder of the shipped plans.
///
/// # Errors
/// It is not there.
pub(super) fn scenarios() -> Result<PathBuf> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").canonicalize()?)
}

/// A drill that was run.
pub(super) struct Drilled {
    /// From its launch to its end, or until it came to the phase that was waited for.
    pub(super) seconds: f64,
    /// Its record.
    pub(super) folder: tempfile::TempDir,
}

/// Launches `scenario` of the shipped plan, and ends it where it comes to `phase`; `None`: where it ends.
///
/// # Errors
/// It could not be started, or never came there.
pub(super) fn until(hosts: Hosts, scenario: &str, phase: Option<Phase>) -> Result<Drilled> {
    launched(hosts, scenario, false, phase)
}

/// Drills `scenario` to its end on native hosts, and sabotages it afterwards where that is asked for.
///
/// # Errors
/// It could not be started, or did not come to its end.
pub(super) fn whole(scenario: &str, sabotage: bool) -> Result<Drilled> {
    launched(Hosts::Native, scenario, sabotage, None)
}

fn launched(hosts: Hosts, scenario: &str, sabotage: bool, phase: Option<Phase>) -> Result<Drilled> {
    let scenarios = scenarios()?;
    let loaded = plan::load::<Registry>(&scenarios, "fulexo", scenario)
        .map_err(|wrong| format!("the shipped plan is wrong: {wrong:?}"))?;
    let folder = tempfile::tempdir()?;
    let id = folder.path().file_name().ok_or("a folder without a name")?.to_string_lossy().into_owned();
    let request = Request {
        loaded,
        folder: folder.path().to_owned(),
        plan_folder: scenarios.join("fulexo"),
        run: id.clone(),
        id,
        seed: 1,
        previous: None,
        hosts,
        sabotage,
        crash_points: false,
        skipped: BTreeMap::new(),
        profile: None,
    };
    let begun = Instant::now();
    let mut drill = launch(&request)?;
    let mut came = None;
    while let Some(entry) = drill.next_entry() {
        let wanted = phase.map_or(Event::Finished, Event::Phase);
        if entry.event == wanted {
            came = Some(begun.elapsed());
            if phase.is_some() {
                drill.lifeline().cut();
            }
        }
    }
    drill.wait()?;
    let ended = begun.elapsed();
    let came = came.ok_or("the drill did not come so far")?;
    Ok(Drilled { seconds: of(if phase.is_some() { came } else { ended }), folder })
}

/// A data directory of this major version that drills clone.
///
/// # Errors
/// No drill has made one yet.
pub(super) fn template(major: &str) -> Result<PathBuf> {
    let templates = blackstart_tools::cache_dir().ok_or("there is no cache folder")?.join("templates");
    let version = |folder: &Path| std::fs::read_to_string(folder.join("PG_VERSION")).unwrap_or_default();
    let mut made = std::fs::read_dir(templates)?.flatten().map(|entry| entry.path());
    Ok(made.find(|folder| version(folder).trim() == major).ok_or("there is no template")?)
}
