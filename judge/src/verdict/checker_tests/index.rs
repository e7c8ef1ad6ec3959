//! INDEX: an index that disagrees with its table.

use blackstart_record::observation::{Agreement, IndexLook};
use blackstart_record::verdict::Verdict::{Inconclusive, Met, Missed};

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
                "two that disagree",
                |drill| {
                    edit!(drill, Indexes, |all: Vec<IndexLook>| {
                        all.iter_mut().for_each(|look| look.found = Agreement::Disagrees { why: "it lacks 7".into() });
                    });
                },
                Missed,
                "2 of 2 indexes disagree with their tables; the first: app.t0_pkey of app.t0: it lacks 7",
            ),
            (
                "one that disagrees, and one without a look",
                |drill| {
                    edit!(drill, Indexes, |all: Vec<IndexLook>| {
                        all[0].found = Agreement::Unknown { why: "no look is known for gin".into() };
                        all[1].found = Agreement::Disagrees { why: "it lacks 7".into() };
                    });
                },
                Missed,
                "1 of 1 index disagrees with its table",
            ),
            (
                "two of a kind without a look",
                |drill| {
                    edit!(drill, Indexes, |all: Vec<IndexLook>| {
                        all.iter_mut().for_each(|look| look.found = Agreement::Unknown { why: "no look".into() });
                    });
                },
                Inconclusive,
                "2 indexes could not be held against their tables",
            ),
            (
                "one alone that agrees",
                |drill| edit!(drill, Indexes, |all: Vec<IndexLook>| all.truncate(1)),
                Met,
                "1 index agrees with its table",
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
