//! INDEX: an index that disagrees with its table.

use blackstart_record::observation::{Agreement, IndexLook};
use blackstart_record::verdict::Verdict::{Inconclusive, Missed};

use super::{check, edit};
use crate::verdict::testing::Drill;

#[test]
fn index_catches_an_index_that_disagrees_with_its_table() {
    fn find(drill: &mut Drill, found: &Agreement) {
        edit!(drill, Indexes, |all: Vec<IndexLook>| all[1].found = found.clone());
    }
    check(
        "INDEX",
        &[
            (
                "built under another collation",
                |drill| {
                    find(drill, &Agreement::Disagrees { why: "item order invariant violated for index".into() });
                },
                Missed,
                "1 of 2 indexes disagrees with its table; the first: app.t1_pkey of app.t1: item order invariant",
            ),
            (
                "of a kind without a look",
                |drill| find(drill, &Agreement::Unknown { why: "no look is known for gin".into() }),
                Inconclusive,
                "1 index could not be held against its table",
            ),
            (
                "no index",
                |drill| edit!(drill, Indexes, |all: Vec<IndexLook>| all.clear()),
                Inconclusive,
                "no examination",
            ),
            ("no examination", |drill| drop(drill.observations.remove("indexes")), Inconclusive, "no examination"),
        ],
    );
}
