//! BYTES: a value that came back otherwise.

use blackstart_record::observation::Canary;
use blackstart_record::verdict::Verdict::{Inconclusive, Missed};

use super::{check, edit};

#[test]
fn bytes_catches_a_value_that_came_back_otherwise() {
    check(
        "BYTES",
        &[
            (
                "another byte",
                |drill| edit!(drill, Canaries, |all: Vec<Canary>| all[0].restored = Some("00fe".into())),
                Missed,
                "every byte: planted 0x00ff, restored 0x00fe",
            ),
            (
                "empty instead of NULL",
                |drill| edit!(drill, Canaries, |all: Vec<Canary>| all[1].restored = Some(String::new())),
                Missed,
                "a NULL: planted NULL, restored 0x",
            ),
            (
                "not found",
                |drill| edit!(drill, Canaries, |all: Vec<Canary>| (all[1].found, all[1].restored) = (false, None)),
                Missed,
                "a NULL: planted NULL, not found",
            ),
            (
                "none planted",
                |drill| edit!(drill, Canaries, |all: Vec<Canary>| all.clear()),
                Inconclusive,
                "no value was planted",
            ),
            ("no examination", |drill| drop(drill.observations.remove("canaries")), Inconclusive, "no examination"),
        ],
    );
}

#[test]
fn bytes_shows_32_bytes_whole_and_says_of_more_how_many_there_are() {
    for (bytes, shown) in [(32, String::new()), (33, "... (33 bytes)".to_owned())] {
        let finding = super::verdict_of("BYTES", |drill| {
            edit!(drill, Canaries, |all: Vec<Canary>| {
                (all[0].planted, all[0].found) = (Some("ab".repeat(bytes)), false);
            });
        });
        assert_eq!(finding.details, [format!("every byte: planted 0x{}{shown}, not found", "ab".repeat(32))]);
    }
}
