//! FENCE: a copy that touches its source.

use blackstart_record::observation::Fence;
use blackstart_record::verdict::Verdict::{Inconclusive, Missed};

use super::{check, edit};

#[test]
fn fence_catches_a_copy_that_touches_its_source() {
    check(
        "FENCE",
        &[
            (
                "it archives into the source's archive",
                |drill| {
                    edit!(drill, Fence, |seen: Fence| {
                        seen.added = ["a", "b", "c", "d"].map(str::to_owned).into();
                        seen.attempts = 1;
                    })
                },
                Missed,
                "4 artifacts new in the source's archive since it was stopped: a, b, c and 1 more",
            ),
            (
                "it overwrites what the source archived",
                |drill| edit!(drill, Fence, |seen: Fence| seen.changed = vec!["wal/1".into()]),
                Missed,
                "1 artifact changed in the source's archive",
            ),
            (
                "it removes what the source archived",
                |drill| edit!(drill, Fence, |seen: Fence| seen.removed = vec!["wal/1".into()]),
                Missed,
                "1 artifact gone",
            ),
            (
                "it only tries",
                |drill| edit!(drill, Fence, |seen: Fence| seen.attempts = 2),
                Missed,
                "tried to archive, 2 log segments",
            ),
            (
                "the source is back",
                |drill| edit!(drill, Fence, |seen: Fence| seen.second_writer = Some("host primary".into())),
                Missed,
                "there are two primaries: host primary",
            ),
            ("no archive", |drill| edit!(drill, Fence, |seen: Fence| seen.archived = 0), Inconclusive, "nothing was"),
            ("no examination", |drill| drop(drill.observations.remove("fence")), Inconclusive, "no examination"),
        ],
    );
}
