//! Faults in a drill: one that ends by itself, and a source that cannot be asked to stop.

use blackstart_record::event::Event;
use blackstart_record::plan::Step;
use blackstart_record::time::Nanos;

use crate::killed::has_containers;
use crate::support::{Change, DUMP, Place, assert_intact};

fn at(place: &Place, is: impl Fn(&Event) -> Option<Nanos>) -> Vec<Nanos> {
    place.history().entries.iter().filter_map(|entry| is(&entry.event)).collect()
}

#[test]
fn a_fault_for_a_time_is_healed_after_it_and_the_history_says_when() {
    let cut = "[[faults]]\nafter  = \"500ms\"\nfor    = \"1s\"\ninject = { link-cut = { link = \"application\" } }\n\n\
               [[faults]]\nafter  = \"1s\"";
    // What makes the scenario small comes first.
    let place = Place::of(DUMP, &[("[[faults]]\nafter  = \"1s\"", cut)]);
    let output = place.run().output().unwrap();
    assert_intact(&place, &output, "link cut");
    let confirmed = at(&place, |event| match event {
        Event::FaultConfirmed { fault: 0, at, .. } => Some(*at),
        _ => None,
    });
    let healed = at(&place, |event| match event {
        Event::FaultHealed { fault, at } => {
            assert_eq!(*fault, 0, "the others only the recovery undoes");
            Some(*at)
        }
        _ => None,
    });
    let ([confirmed], [healed]) = (confirmed.as_slice(), healed.as_slice()) else {
        panic!("confirmed {confirmed:?}, healed {healed:?}")
    };
    assert!(healed.since(*confirmed) >= Nanos::from_secs(1), "confirmed at {confirmed}, healed at {healed}");
    let recovery = at(&place, |event| match event {
        Event::StepBegun { step: Step::Detect, at } => Some(*at),
        _ => None,
    });
    assert!(*healed <= recovery[0], "the recovery begins when the fault has ended");
}

const BACKUP: &str = "#!/bin/sh
set -eu
pg_dumpall --globals-only --file=\"$TMPDIR/globals.sql\"
pg_dump --format=custom --file=\"$TMPDIR/all.dump\"
mc cp --quiet \"$TMPDIR/globals.sql\" \"$TMPDIR/all.dump\" \"store/$BLACKSTART_BUCKET/$BLACKSTART_BACKUP_ID/\"
";
const RESTORE: &str = "#!/bin/sh
set -eu
mc cp --quiet --recursive \"store/$BLACKSTART_BUCKET/$BLACKSTART_BACKUP_ID/\" \"$TMPDIR/\"
export PGDATABASE=postgres
psql --quiet --file=\"$TMPDIR/globals.sql\"
pg_restore --create --dbname=postgres --enable-row-security \"$TMPDIR/all.dump\"
";

/// Faults after which the source can be asked nothing.
const GONE: &[&str] = &["server-killed", "server-frozen", "host-destroyed"];
/// Of those that only containers have.
const GONE_IN_CONTAINERS: &[&str] = &["container-killed", "container-paused"];

#[test]
fn a_source_that_is_gone_or_stands_still_is_fenced_and_restored_elsewhere() {
    fenced_and_restored_elsewhere("native", GONE);
}

#[test]
fn a_source_in_a_container_that_is_killed_or_paused_is_fenced_and_restored_elsewhere() {
    if has_containers() {
        fenced_and_restored_elsewhere("docker", GONE_IN_CONTAINERS);
    }
}

/// A drill of one fault that restores onto another host.
fn elsewhere(inject: &str) -> Place {
    let changes: &[Change] = &[("target     = \"primary\" #", "target     = \"recovery\" #")];
    let place = Place::of(DUMP, changes);
    place.rewrite("nightly-dump/backup.sh", BACKUP);
    place.rewrite("nightly-dump/restore.sh", RESTORE);
    place.replace_faults(&format!("[[faults]]\nafter  = \"1s\"\ninject = {{ {inject} }}\n\n"));
    place
}

fn fenced_and_restored_elsewhere(hosts: &str, faults: &[&str]) {
    for fault in faults {
        let place = elsewhere(&format!("{fault} = {{ host = \"primary\" }}"));
        let output = place.run_on(hosts).output().unwrap();
        assert_intact(&place, &output, fault);
        let says = at(&place, |event| match event {
            Event::StepEnded { step: Step::StopApplication, says, at, .. } => {
                assert!(says.contains("did not answer and is killed"), "{fault}: {says}");
                Some(*at)
            }
            _ => None,
        });
        assert_eq!(says.len(), 1, "{fault}");
        assert!(place.scratch().is_empty(), "{fault} left behind: {:?}", place.scratch());
    }
}

#[test]
fn a_source_that_is_well_and_cannot_be_reached_is_found_out_from_outside_and_restored_elsewhere() {
    let place = elsewhere("packets-dropped = { host = \"primary\" }");
    let output = place.run().output().unwrap();
    assert_intact(&place, &output, "packets-dropped");
    let says = |wanted| {
        let entries = place.history().entries.into_iter();
        entries.filter_map(move |entry| match entry.event {
            Event::StepEnded { step, says, .. } if step == wanted => Some(says),
            _ => None,
        })
    };
    assert!(says(Step::Detect).any(|says| says.contains("did not get through to the server")));
    assert!(says(Step::StopApplication).all(|says| !says.contains("killed")), "it answers whoever is on its host");
}
