//! IDENT: what is no restored copy.

use blackstart_record::event::{Event, Incarnation};
use blackstart_record::observation::Identity;
use blackstart_record::verdict::Verdict::{Inconclusive, Met, Missed};

use super::{check, edit};
use crate::verdict::testing::{Drill, life, ms};

#[test]
fn ident_catches_what_is_no_restored_copy() {
    check(
        "IDENT",
        &[
            (
                "the source itself",
                |drill| edit!(drill, Identity, |it: Identity| it.restored = Some(life(0))),
                Missed,
                "this is the source",
            ),
            ("the poison", |drill| edit!(drill, Identity, |it: Identity| it.poison_found = true), Missed, "poison row"),
            (
                "an older nonce",
                |drill| edit!(drill, Identity, |it: Identity| it.nonce_found = Some("old".into())),
                Missed,
                "of another drill or backup",
            ),
            (
                "no nonce",
                |drill| edit!(drill, Identity, |it: Identity| it.nonce_found = None),
                Missed,
                "does not hold the nonce",
            ),
            (
                "nothing answers",
                |drill| edit!(drill, Identity, |it: Identity| it.restored = None),
                Missed,
                "nothing answers",
            ),
            (
                "the source, restarted",
                |drill| {
                    edit!(drill, Identity, |it: Identity| {
                        it.restored.as_mut().unwrap().branch = it.source.branch.clone();
                    })
                },
                Missed,
                "the source's own branch",
            ),
            (
                "the source under another branch's name",
                |drill| {
                    edit!(drill, Identity, |it: Identity| {
                        it.restored.as_mut().unwrap().started = it.source.started.clone();
                    })
                },
                Missed,
                "the source's own branch",
            ),
            (
                "a new system on a branch of the same number",
                |drill| {
                    let mut fresh = life(0);
                    (fresh.identity, fresh.started) = ("9009".into(), "start 9".into());
                    edit!(drill, Identity, |it: Identity| it.restored = Some(fresh.clone()));
                    drill.change(|event| {
                        if let Event::Incarnation { host, incarnation } = event
                            && host == "standby"
                        {
                            *incarnation = fresh.clone();
                        }
                    });
                },
                Met,
                "fenced",
            ),
            (
                "another life than the one examined",
                |drill| edit!(drill, Identity, |it: Identity| it.restored = Some(life(5))),
                Inconclusive,
                "another life",
            ),
            (
                "no snapshot",
                |drill| drill.forget(|event| matches!(event, Event::SnapshotTaken { .. })),
                Inconclusive,
                "which life",
            ),
            (
                "not fenced",
                |drill| drill.forget(|event| matches!(event, Event::SourceFenced { .. })),
                Inconclusive,
                "nobody tried",
            ),
            (
                "still open",
                |drill| drill.add(ms(14_000), Event::SourceNotFenced { why: "took a row".into() }),
                Inconclusive,
                "took a row",
            ),
            ("no examination", |drill| drop(drill.observations.remove("identity")), Inconclusive, "no examination"),
        ],
    );
}

/// The pipeline repairs the data where it is: the source lives on, and holds no poison.
fn repaired(drill: &mut Drill) {
    drill.record.plan.pipelines.get_mut("archive").unwrap().repairs = true;
    drill.change(|event| {
        if let Event::SnapshotTaken { incarnation, .. } = event {
            *incarnation = 0;
        }
    });
    edit!(drill, Identity, |it: Identity| it.restored = Some(life(0)));
}

#[test]
fn ident_asks_of_repaired_data_whether_it_is_the_right_one_and_was_closed() {
    check(
        "IDENT",
        &[
            ("the same life goes on", repaired, Met, "closed before"),
            (
                "the server was started again",
                |drill| {
                    repaired(drill);
                    let again = Incarnation { started: "start 9".into(), ..life(0) };
                    edit!(drill, Identity, |it: Identity| it.restored = Some(again.clone()));
                    drill.change(|event| match event {
                        Event::Incarnation { host, incarnation } if host == "primary" => *incarnation = again.clone(),
                        _ => {}
                    });
                },
                Met,
                "closed before",
            ),
            (
                "another system's data",
                |drill| {
                    repaired(drill);
                    edit!(drill, Identity, |it: Identity| it.nonce_found = None);
                },
                Missed,
                "does not hold the nonce",
            ),
            (
                "nothing answers",
                |drill| {
                    repaired(drill);
                    edit!(drill, Identity, |it: Identity| it.restored = None);
                },
                Missed,
                "nothing answers",
            ),
            (
                "another life than the one examined",
                |drill| {
                    repaired(drill);
                    edit!(drill, Identity, |it: Identity| it.restored = Some(life(1)));
                },
                Inconclusive,
                "another life",
            ),
            (
                "nobody closed it",
                |drill| {
                    repaired(drill);
                    drill.forget(|event| matches!(event, Event::SourceFenced { .. }));
                },
                Inconclusive,
                "nobody tried",
            ),
        ],
    );
}
