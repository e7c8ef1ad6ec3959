//! The second engine, end to end: the carrier's site is lost, and its dump is restored on MariaDB at another.

use std::process::Output;

use blackstart_record::alert::Alert;
use blackstart_record::verdict::Verdict;

use crate::support::{Change, Place, told};
use crate::timeline;

const SMALL: &[Change] =
    &[("rows    = 50_000", "rows    = 2_000\nafter-recovery = \"2s\""), ("after  = \"5s\"", "after  = \"1s\"")];

#[test]
fn the_dump_of_the_day_brings_a_lost_site_back_and_misses_its_rpo_by_its_schedule() {
    let place = Place::in_plan("baraka-logistics", "complete-infrastructure-failure", SMALL);
    let output = place.run().args(["--profile", "all"]).output().unwrap();
    assert_eq!(output.status.code(), Some(99), "{}", told(&output));
    let record = place.folder().load_record().unwrap();
    assert_eq!((record.profile.as_deref(), record.programs.len()), (Some("all"), 2));
    let verdict = place.verdict();
    assert_eq!((verdict.verdict, verdict.gates.len()), (Verdict::Missed, 0), "{}", verdict.says);
    for finding in &verdict.findings {
        assert!(finding.compared > 0 && finding.verdict == Verdict::Met, "{finding:?}");
    }
    let rpa = verdict.measures.rpa.unwrap();
    assert!(rpa.tail_operations > 0, "what was written after the dump is the tail");
    assert_eq!((rpa.hole_operations, rpa.hole_rows), (0, 0));
    assert!(verdict.says.contains("1 d") && verdict.says.contains("1 h"), "{}", verdict.says);
    assert!(place.scratch().is_empty(), "left behind: {:?}", place.scratch());
}

/// A scenario of the carrier's that goes on from a replica or a log, drilled small.
struct Recovered {
    scenario: &'static str,
    /// Faults sooner, and a delay that is no longer than it has to be.
    changes: &'static [Change],
    code: i32,
    /// Whether acknowledged writes are given up by the choice of where it ends.
    gives_up: bool,
    /// Checks that have to find something.
    missed: &'static [&'static str],
    /// Alerts that sound before anybody recovers; that of a replica's lag may besides.
    sounds: &'static [Alert],
}

const SMALLER: Change = ("rows    = 50_000", "rows    = 2_000\nafter-recovery = \"2s\"");

const PROMOTED: &[Recovered] = &[
    Recovered {
        scenario: "primary-database-failure-far-behind",
        changes: &[
            SMALLER,
            ("after  = \"2s\"", "after  = \"1s\""),
            ("after  = \"7s\"", "after  = \"3s\""),
            ("compression = 60", "compression = 300"),
        ],
        // The alarm comes as late as the objective.
        code: 99,
        gives_up: false,
        missed: &[],
        sounds: &[Alert::ReplicationLag],
    },
    Recovered {
        scenario: "primary-database-failure-as-written",
        changes: &[SMALLER, ("after  = \"5s\"", "after  = \"1s\"")],
        code: 100,
        gives_up: false,
        missed: &["INV", "WRITE"],
        sounds: &[],
    },
    Recovered {
        scenario: "complete-infrastructure-failure-standby",
        // Its lag is told only after the 2 s for which the role that asks is unknown to it.
        changes: &[SMALLER, ("after  = \"10s\"", "after  = \"4s\""), ("compression = 600", "compression = 1800")],
        code: 0,
        gives_up: false,
        missed: &[],
        sounds: &[Alert::ReplicationLag],
    },
    Recovered {
        scenario: "complete-infrastructure-failure-hourly-standby",
        changes: &[SMALLER, ("after  = \"15s\"", "after  = \"5s\""), ("compression = 600", "compression = 1800")],
        // An hour and the way, of an hour.
        code: 99,
        gives_up: true,
        missed: &[],
        sounds: &[Alert::ReplicationLag],
    },
    Recovered {
        scenario: "data-corruption-late-standby",
        changes: &[SMALLER, ("after = \"8s\"", "after = \"2s\""), ("after = \"11s\"", "after = \"3s\"")],
        code: 0,
        gives_up: true,
        missed: &[],
        sounds: &[Alert::Integrity],
    },
    Recovered {
        scenario: "security-breach",
        changes: &[SMALLER, ("after = \"8s\"", "after = \"2s\""), ("after = \"11s\"", "after = \"3s\"")],
        code: 0,
        gives_up: true,
        missed: &[],
        sounds: &[],
    },
];

const BEFORE_THE_RELEASE: Recovered = Recovered {
    scenario: "data-corruption-binlog",
    changes: &[SMALLER, ("after = \"8s\"", "after = \"2s\""), ("after = \"11s\"", "after = \"3s\"")],
    code: 0,
    gives_up: true,
    missed: &[],
    sounds: &[Alert::Integrity],
};

const REPLAYED: &[Recovered] = &[
    Recovered {
        scenario: "data-corruption-binlog",
        changes: &[
            SMALLER,
            ("after = \"8s\"", "after = \"2s\""),
            ("after = \"11s\"", "after = \"3s\""),
            ("ship-every = \"5m\"", "ship-every = \"5m\"\nuntil = \"time\""),
        ],
        code: 0,
        gives_up: true,
        missed: &[],
        sounds: &[Alert::Integrity],
    },
    Recovered {
        scenario: "complete-infrastructure-failure-binlog",
        changes: &[SMALLER, ("after  = \"12s\"", "after  = \"4s\""), ("compression = 150", "compression = 300")],
        code: 0,
        // What was not shipped yet.
        gives_up: true,
        missed: &[],
        sounds: &[],
    },
    Recovered {
        scenario: "complete-infrastructure-failure-physical",
        changes: &[SMALLER, ("after  = \"12s\"", "after  = \"4s\""), ("compression = 150", "compression = 300")],
        code: 0,
        // What was not shipped yet.
        gives_up: true,
        missed: &[],
        sounds: &[],
    },
    Recovered {
        scenario: "complete-infrastructure-failure-physical",
        // The copy alone, without its log.
        changes: &[
            SMALLER,
            ("after  = \"12s\"", "after  = \"1s\""),
            ("prefix     = \"physical\"\nship-every = \"5m\"", "prefix = \"physical\""),
            ("[[runbook]]\nstep  = \"replay\"\nbound = \"15m\"\n\n", ""),
            (
                "archive-timeout = { value = \"5m\", assumed = \"the document ships no log; transactions may lose 5 min (line 16)\" }",
                "",
            ),
        ],
        // A copy a day is up to a day behind.
        code: 99,
        gives_up: true,
        missed: &[],
        sounds: &[],
    },
];

#[test]
fn a_promoted_replica_has_what_its_runbook_did_not_forget() {
    all_recover(PROMOTED);
}

#[test]
fn a_dump_or_a_copy_and_the_log_after_it_lead_to_where_the_log_was_shipped_or_the_data_was_good() {
    all_recover(REPLAYED);
}

#[test]
fn a_log_replayed_to_just_before_a_release_took_as_long_as_servers_and_programs_say() {
    let (place, output, watched) = timeline::watched(|| BEFORE_THE_RELEASE.place(), &timeline::MARIADB);
    BEFORE_THE_RELEASE.assert_recovered(&place, &output);
    timeline::MARIADB.agree(&place, &watched);
}

fn all_recover(all: &[Recovered]) {
    for recovered in all {
        let place = recovered.place();
        recovered.assert_recovered(&place, &place.run().output().unwrap());
    }
}

impl Recovered {
    fn place(&self) -> Place {
        Place::in_plan("baraka-logistics", self.scenario, self.changes)
    }

    fn assert_recovered(&self, place: &Place, output: &Output) {
        let Self { scenario, code, gives_up, missed, sounds, .. } = self;
        assert_eq!(output.status.code(), Some(*code), "{scenario}: {}", told(output));
        let verdict = place.verdict();
        assert_eq!(verdict.gates.len(), 0, "{scenario}: {}", verdict.says);
        for finding in &verdict.findings {
            let expected = if missed.contains(&&*finding.checker) { Verdict::Missed } else { Verdict::Met };
            assert_eq!(finding.verdict, expected, "{scenario}: {finding:?}");
            assert!(finding.compared > 0, "{scenario}: {finding:?}");
        }
        let rpa = verdict.measures.rpa.unwrap();
        assert_eq!((rpa.hole_operations, rpa.hole_rows), (0, 0), "{scenario}");
        assert_eq!(rpa.tail_operations > 0, *gives_up, "{scenario}: {rpa:?}");
        let other = verdict.notes.iter().any(|note| note.contains("MySQL 8.0"));
        assert!(other, "{scenario}: {:?}", verdict.notes);
        let alerts = &verdict.measures.alerts;
        // How late a replica is by intent is told once it has heard of the role that asks, which may be too late for anybody.
        let told = |alert: Alert| alert != Alert::ReplicationLag || sounds.contains(&alert);
        let sounded = alerts.iter().filter(|one| one.sounded.is_some() && told(one.alert));
        let sounded: Vec<Alert> = sounded.map(|one| one.alert).collect();
        assert_eq!(sounded, *sounds, "{scenario}: {alerts:?}");
        assert!(place.scratch().is_empty(), "left behind: {:?}", place.scratch());
    }
}

/// A repair keeps what is newer than its dump, and cannot repair what of that is damaged. It undoes nothing that triggers wrote
/// elsewhere for the release.
#[test]
fn tables_repaired_from_the_dump_keep_newer_rows_and_the_damage_that_is_newer() {
    let changes = [SMALLER, ("after = \"8s\"", "after = \"3s\""), ("after = \"11s\"", "after = \"5s\"")];
    let place = Place::in_plan("baraka-logistics", "data-corruption-table-restore", &changes);
    let output = place.run().output().unwrap();
    assert_eq!(output.status.code(), Some(100), "{}", told(&output));
    let verdict = place.verdict();
    assert_eq!((verdict.verdict, verdict.gates.len()), (Verdict::Missed, 0), "{}", verdict.says);
    for finding in &verdict.findings {
        let missed = ["LOST", "GHOST", "ATOM"].contains(&&*finding.checker);
        assert_eq!(finding.verdict, if missed { Verdict::Missed } else { Verdict::Met }, "{finding:?}");
        let tables: Vec<&str> = finding.differences.iter().map(|difference| &*difference.table).collect();
        let expected: &[&str] = match &*finding.checker {
            "LOST" => &["shipments"],
            "GHOST" => &["audit_trail"],
            _ => &[],
        };
        assert_eq!(tables, expected, "{finding:?}");
    }
    let rpa = verdict.measures.rpa.unwrap();
    assert_eq!((rpa.tail_operations, rpa.tail_rows), (0, 0), "nothing is given up by choice");
    assert!(rpa.hole_rows > 0, "what was damaged after the dump was made is not in it");
    let objectives: Vec<_> = verdict.objectives.iter().map(|one| (one.kind.to_string(), one.verdict)).collect();
    assert_eq!(objectives, [("RTO".to_owned(), Verdict::Met), ("RPO".to_owned(), Verdict::Missed)]);
    assert!(place.scratch().is_empty(), "left behind: {:?}", place.scratch());
}

/// A row without its object is found and counted. A synchronisation with deletion has nothing left to bring back; a copy of its own
/// lacks what is newer than it.
#[test]
fn files_come_back_from_a_copy_and_not_from_what_carries_deletions_over() {
    // As many rows as the scenario has: the application goes on to revise and delete those that were loaded.
    let changes =
        [("rows    = 3_000", "rows    = 3_000\nafter-recovery = \"2s\""), ("after  = \"5s\"", "after  = \"1s\"")];
    let gone = ["files-lost-as-written", "files-lost"].map(|scenario| {
        let place = Place::in_plan("baraka-logistics", scenario, &changes);
        let output = place.run().output().unwrap();
        assert_eq!(output.status.code(), Some(100), "{scenario}: {}", told(&output));
        let verdict = place.verdict();
        assert_eq!(verdict.gates.len(), 0, "{scenario}: {}", verdict.says);
        let found = |checker: &str| verdict.findings.iter().find(|finding| finding.checker == checker).unwrap();
        for checker in ["BYTES", "WRITE", "INV", "IDENT", "GHOST"] {
            assert_eq!(found(checker).verdict, Verdict::Met, "{scenario}: {:?}", found(checker));
        }
        assert_eq!((found("LOST").verdict, found("ATOM").verdict), (Verdict::Missed, Verdict::Missed), "{scenario}");
        assert!(found("ATOM").details.iter().any(|line| line.contains("is not there")), "{:?}", found("ATOM"));
        let [lost] = &found("LOST").differences[..] else { panic!("{scenario}: {:?}", found("LOST")) };
        assert_eq!(lost.table, "s3:shipping-documents", "{scenario}");
        assert!(place.scratch().is_empty(), "left behind: {:?}", place.scratch());
        // The first ten in the order of their numbers, of which those that were loaded have the lowest.
        lost.first.iter().filter(|key| key.0 <= 1_000).count()
    });
    let [as_written, as_meant] = gone;
    assert_eq!(as_written, 10, "what was loaded is gone");
    // Each client may have been about to remove one, whose row is gone already.
    assert!(as_meant <= 8, "what was loaded is back");
}
