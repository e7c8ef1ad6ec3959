//! WRITE: a copy that the application cannot write to.

use blackstart_record::observation::{Observation, WriteTrial};
use blackstart_record::verdict::Verdict::{Inconclusive, Missed};

use super::{check, edit, verdict_of};

#[test]
fn write_catches_a_copy_that_the_application_cannot_write_to() {
    check(
        "WRITE",
        &[
            (
                "the next id is taken",
                |drill| {
                    edit!(drill, Writes, |all: Vec<WriteTrial>| {
                        all[1].error = Some("duplicate key value violates unique constraint".into());
                    })
                },
                Missed,
                "1 write of 2 refused; the first: take the next id: duplicate key",
            ),
            (
                "the next start fails",
                |drill| {
                    edit!(drill, Writes, |all: Vec<WriteTrial>| {
                        let error = Some("the server has ended\n  FATAL: could not access file\n  LOG: bye".into());
                        all.push(WriteTrial { what: "the next start".into(), restarted: true, error });
                    })
                },
                Missed,
                "1 write of 3 refused; the first: the next start after the server was killed: the server has ended (FATAL: could not access file)",
            ),
            (
                "no trial",
                |drill| edit!(drill, Writes, |all: Vec<WriteTrial>| all.clear()),
                Inconclusive,
                "no write was tried",
            ),
            ("no examination", |drill| drop(drill.observations.remove("writes")), Inconclusive, "no write was tried"),
        ],
    );
}

#[test]
fn a_second_observation_of_a_kind_counts_as_well() {
    let finding = verdict_of("WRITE", |drill| {
        let refused = WriteTrial {
            what: "write by the second role".into(),
            restarted: false,
            error: Some("permission denied".into()),
        };
        drill.observations.insert("more-writes".into(), Observation::Writes(vec![refused]));
    });
    assert_eq!(finding.verdict, Missed);
    assert!(finding.cause.unwrap().contains("grants"));
}

#[test]
fn what_only_the_next_life_refuses_has_a_cause_of_its_own() {
    let refused_in = |lives: &'static [bool]| {
        verdict_of("WRITE", move |drill| {
            edit!(drill, Writes, |all: Vec<WriteTrial>| {
                let refused = |life: &bool| WriteTrial {
                    what: "take the next id".into(),
                    restarted: *life,
                    error: Some("permission denied".into()),
                };
                all.extend(lives.iter().map(refused));
            });
        })
    };
    assert!(refused_in(&[true]).cause.unwrap().contains("next start"));
    assert!(refused_in(&[false, true]).cause.unwrap().contains("grants"));
    let healthy = verdict_of("WRITE", |drill| {
        edit!(drill, Writes, |all: Vec<WriteTrial>| all.iter_mut().skip(1).for_each(|one| one.restarted = true));
    });
    assert!(healthy.says.ends_with("taken, 1 of them after the server was killed and started again"), "{healthy:?}");
}
