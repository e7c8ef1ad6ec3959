//! Records as drills leave them, made and not drilled.

use std::fs;

use blackstart::drill::Registry;
use blackstart::plan;
use blackstart_record::event::{Entry, Event, Phase};
use blackstart_record::history::Writer;
use blackstart_record::record::{Folder, Isolation, Record, VERSION};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::Verdict;

use crate::support::Place;

/// The scenario that the records are of.
pub fn loaded(place: &Place) -> plan::Loaded<Registry> {
    plan::load::<Registry>(&place.path("scenarios"), "fulexo", "database-corruption").unwrap()
}

/// A record of a drill that was killed while it loaded its data.
pub fn killed(place: &Place, relative: &str) -> Folder {
    let loaded = loaded(place);
    let folder = Folder::new(place.path(relative));
    fs::create_dir_all(folder.path()).unwrap();
    let record = Record {
        version: VERSION,
        blackstart: "0.0.0".into(),
        run: "01ARZ3NDEKTSV4RRFFQ69G5FAV".into(),
        id: "01ARZ3NDEKTSV4RRFFQ69G5FAW".into(),
        started: "2026-01-01T00:00:00Z".into(),
        plan: loaded.plan,
        scenario: loaded.scenario,
        seed: 1,
        isolation: Isolation::default(),
        machine: Default::default(),
        tools: Default::default(),
        tables: Vec::new(),
        artifacts: Default::default(),
        previous: None,
        skipped: Default::default(),
        profile: None,
        programs: Default::default(),
    };
    folder.store(&folder.record(), &record).unwrap();
    let mut history = Writer::create(&folder.history()).unwrap();
    for phase in [Phase::Environment, Phase::Load] {
        let entry = Entry { at: Nanos(1), wall: "2026-01-01T00:00:00Z".into(), event: Event::Phase(phase) };
        history.append(&entry).unwrap();
    }
    folder
}

/// A record of a drill that began at `started` and came to `verdict`.
pub fn ended(place: &Place, relative: &str, started: &str, verdict: Verdict) -> Folder {
    let folder = killed(place, relative);
    let mut record = folder.load_record().unwrap();
    record.started = started.into();
    folder.store(&folder.record(), &record).unwrap();
    place.blackstart(&["judge", relative]);
    let mut judged = folder.load_verdict().unwrap();
    judged.verdict = verdict;
    folder.store(&folder.verdict(), &judged).unwrap();
    folder
}
