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
        let refused = WriteTrial { what: "write by the second role".into(), error: Some("permission denied".into()) };
        drill.observations.insert("more-writes".into(), Observation::Writes(vec![refused]));
    });
    assert_eq!(finding.verdict, Missed);
    assert!(finding.cause.unwrap().contains("grants"));
}
