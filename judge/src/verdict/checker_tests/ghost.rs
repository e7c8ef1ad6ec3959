//! GHOST: what should not be there.

use blackstart_record::ledger::Completion;
use blackstart_record::observation::{Identity, Rows};
use blackstart_record::rows::Key;
use blackstart_record::verdict::Verdict::{Inconclusive, Met, Missed};

use super::{check, edit};
use crate::oracle::testing::row;

#[test]
fn ghost_catches_what_should_not_be_there() {
    check(
        "GHOST",
        &[
            (
                "what only the source got in the end",
                |drill| edit!(drill, Identity, |it: Identity| it.poison_found = true),
                Missed,
                "the row that only the source got, after the application was stopped, is there",
            ),
            (
                "the same in the source itself, which is no copy of anything",
                |drill| {
                    edit!(drill, Identity, |it: Identity| {
                        (it.poison_found, it.restored) = (true, Some(it.source.clone()));
                    });
                },
                Met,
                "has its right to be there",
            ),
            (
                "a duplicate",
                |drill| {
                    drill.data.restored.push(row(7, 0, 7));
                    drill.recount();
                },
                Missed,
                "1 row duplicated in app.t0",
            ),
            (
                "a write after R",
                |drill| {
                    drill.data.restored.push(row(91, 1, 1_091));
                    drill.recount();
                },
                Missed,
                "1 row written after the recovery point in app.t1",
            ),
            (
                "a write of the recovered system in a snapshot before it",
                |drill| {
                    drill.data.restored.push(row(200, 1, 2_200));
                    drill.recount();
                },
                Missed,
                "written after the recovery point",
            ),
            (
                "a row of nobody",
                |drill| {
                    drill.data.restored.push(row(5_000, 1, 5_000));
                    drill.recount();
                },
                Missed,
                "1 row that nobody wrote in app.t1",
            ),
            (
                "a rolled-back write",
                |drill| {
                    drill.data.operation(
                        900,
                        0,
                        (6_000_000_000, 6_000_000_001),
                        Some(Completion::Failed),
                        &[(1, 900, true)],
                    );
                    drill.data.restored.push(row(900, 1, 900));
                    drill.recount();
                },
                Missed,
                "1 row of rolled-back operations in app.t1",
            ),
            (
                "a deletion that came back",
                |drill| {
                    let deleted = [(0, 49, false)];
                    drill.data.operation(
                        900,
                        0,
                        (9_900_000_000, 9_900_000_001),
                        Some(Completion::Acknowledged),
                        &deleted,
                    );
                },
                Missed,
                "1 row deleted before and back again in app.t0",
            ),
            (
                "a deletion that stayed",
                |drill| {
                    let deleted = [(0, 49, false)];
                    drill.data.operation(
                        900,
                        0,
                        (9_900_000_000, 9_900_000_001),
                        Some(Completion::Acknowledged),
                        &deleted,
                    );
                    drill.data.restored.retain(|(table, row)| *table != 0 || row.key != Key(49));
                    drill.recount();
                },
                Met,
                "189 rows",
            ),
            (
                "an unknown write that is there",
                |drill| {
                    drill.data.operation(
                        900,
                        0,
                        (9_900_000_000, 9_900_000_001),
                        Some(Completion::Unknown),
                        &[(1, 900, true)],
                    );
                    drill.data.restored.push(row(900, 1, 900));
                    drill.recount();
                },
                Met,
                "191 rows",
            ),
            (
                "an unknown write that is not there",
                |drill| {
                    drill.data.operation(
                        900,
                        0,
                        (9_900_000_000, 9_900_000_001),
                        Some(Completion::Unknown),
                        &[(1, 900, true)],
                    );
                },
                Met,
                "190 rows",
            ),
            (
                "a table that cannot be read",
                |drill| {
                    edit!(drill, Rows, |rows: Rows| rows.unreadable =
                        [("app.t1".to_owned(), "bad page".to_owned())].into());
                },
                Inconclusive,
                "app.t1 could not be read",
            ),
            (
                "a table that may be lost and cannot be read",
                |drill| {
                    drill.record.scenario.expendable = vec!["app.t1".into()];
                    edit!(drill, Rows, |rows: Rows| rows.unreadable =
                        [("app.t1".to_owned(), "bad page".to_owned())].into());
                },
                Met,
                "each of 50 rows",
            ),
            (
                "a table that was not read",
                |drill| {
                    drill.data.absent = vec![1];
                    drill.data.restored.retain(|(table, _)| *table == 0);
                    drill.recount();
                },
                Inconclusive,
                "app.t1 could not be read",
            ),
            (
                "a row of an operation that never ended",
                |drill| {
                    drill.data.operation(900, 0, (9_900_000_000, 0), None, &[]);
                    drill.data.restored.push(row(900, 1, 900));
                    drill.recount();
                },
                Met,
                "1 row of operations that never ended in the ledger were taken as they are",
            ),
            ("no examination", |drill| drop(drill.observations.remove("rows")), Inconclusive, "no examination"),
        ],
    );
}

#[test]
fn ghost_says_no_more_of_a_healthy_copy_than_that_it_is_one() {
    assert_eq!(super::verdict_of("GHOST", |_| {}).details, Vec::<String>::new());
}
