//! LOST: what is owed and not there.

use blackstart_record::event::Event;
use blackstart_record::ledger::Completion;
use blackstart_record::observation::{Image, Observation, Rows};
use blackstart_record::rows::{Key, Row, Table};
use blackstart_record::verdict::Verdict::{Inconclusive, Met, Missed};

use super::{check, edit};
use crate::oracle::testing::row;
use crate::verdict::testing::Drill;

/// Takes rows of table 0 away, as many as asked, and makes the examination say so.
fn lose(drill: &mut Drill, rows: usize) {
    let mut seen = 0;
    drill.data.restored.retain(|(table, _)| {
        seen += usize::from(*table == 0);
        *table != 0 || seen > rows
    });
    drill.recount();
}

#[test]
fn lost_catches_what_is_owed_and_not_there() {
    check(
        "LOST",
        &[
            (
                "one row missing",
                |drill| lose(drill, 1),
                Missed,
                "1 row of 190 owed are not as acknowledged: 1 row missing from app.t0",
            ),
            ("seven rows missing", |drill| lose(drill, 7), Missed, "7 rows missing from app.t0"),
            (
                "a value changed",
                |drill| drill.data.restore((0, Row { digest: 1, ..row(7, 0, 7).1 })),
                Missed,
                "1 row changed in app.t0",
            ),
            ("an older value", |drill| drill.data.restore(row(0, 0, 7)), Missed, "1 row with an older value in app.t0"),
            (
                "a row of nobody in the place of an owed one",
                |drill| drill.data.restore(row(5_000, 0, 7)),
                Missed,
                "1 row missing from app.t0",
            ),
            (
                "a rolled-back write over an owed one",
                |drill| {
                    let times = (9_900_000_000, 9_900_000_001);
                    drill.data.operation(900, 0, times, Some(Completion::Failed), &[(0, 7, true)]);
                    drill.data.restore(row(900, 0, 7));
                },
                Missed,
                "1 row missing from app.t0",
            ),
            (
                "a write after R over an owed one, which it has beneath itself",
                |drill| {
                    let times = (11_000_000_000, 11_000_000_001);
                    drill.data.operation(900, 0, times, Some(Completion::Acknowledged), &[(0, 7, true)]);
                    drill.data.restore(row(900, 0, 7));
                },
                Met,
                "all 190 owed rows",
            ),
            (
                "a table not read and not excused",
                |drill| {
                    drill.data.absent = vec![1];
                    drill.data.restored.retain(|(table, _)| *table == 0);
                    drill.recount();
                },
                Missed,
                "140 rows missing from app.t1",
            ),
            (
                "all tables unreadable",
                |drill| {
                    drill.data.restored.clear();
                    drill.recount();
                    let why = |table: &str| (table.to_owned(), "relation does not exist".to_owned());
                    edit!(drill, Rows, |rows: Rows| rows.unreadable = [why("app.t0"), why("app.t1")].into());
                },
                Missed,
                "relation does not exist",
            ),
            (
                "a table that names large objects that are not there",
                |drill| {
                    lose(drill, 50);
                    let why = ("app.t0".to_owned(), "large object 7 does not exist".to_owned());
                    edit!(drill, Rows, |rows: Rows| rows.unreadable = [why.clone()].into());
                },
                Missed,
                "; app.t0 cannot be read: large object 7 does not exist",
            ),
            (
                "an expendable table is lost",
                |drill| {
                    drill.record.scenario.expendable = vec!["app.t0".into()];
                    lose(drill, 50);
                },
                Met,
                "all 140 owed rows",
            ),
            (
                "an expendable table cannot be read",
                |drill| {
                    drill.record.scenario.expendable = vec!["app.t0".into()];
                    let unreadable = [("app.t0".to_owned(), "bad page".to_owned())];
                    edit!(drill, Rows, |rows: Rows| rows.unreadable = unreadable.clone().into());
                },
                Met,
                "all 140 owed rows",
            ),
            (
                "rows missing, while an operation never ended that may have deleted them",
                |drill| {
                    drill.data.operation(900, 0, (9_900_000_000, 0), None, &[]);
                    lose(drill, 1);
                },
                Missed,
                "1 operation never ended in the ledger; what they deleted would show as missing",
            ),
            (
                "both values of a row",
                |drill| {
                    drill.data.restore(row(0, 0, 7));
                    let value = |text: &str| Some([("status".to_owned(), Some(text.to_owned()))].into());
                    let image =
                        Image { table: "app.t0".into(), key: Key(7), expected: value("paid"), observed: value("new") };
                    edit!(drill, Rows, |rows: Rows| rows.images.push(image.clone()));
                },
                Missed,
                "app.t0 7: status should be \"paid\", is \"new\"",
            ),
            (
                "every owed row is there and the table ends in an error",
                |drill| {
                    let unreadable = [("app.t1".to_owned(), "bad page".to_owned())];
                    edit!(drill, Rows, |rows: Rows| rows.unreadable = unreadable.clone().into());
                },
                Inconclusive,
                "app.t1: bad page",
            ),
            ("no examination", |drill| drop(drill.observations.remove("rows")), Inconclusive, "no examination"),
            (
                "the examination counted otherwise",
                |drill| {
                    edit!(drill, Rows, |rows: Rows| rows.read.insert("app.t0".into(), 49));
                },
                Inconclusive,
                "says it read 49 rows, restored.rows holds 50",
            ),
            (
                "a second examination counted otherwise",
                |drill| {
                    let read = [("app.t0".to_owned(), 49)].into();
                    let other = Observation::Rows(Rows { read, ..Rows::default() });
                    drill.observations.insert("rows-again".into(), other);
                },
                Inconclusive,
                "says it read 49 rows, restored.rows holds 50",
            ),
            (
                "more was loaded than is owed",
                |drill| {
                    drill.change(|event| {
                        if let Event::Loaded { rows, .. } = event {
                            *rows += 1;
                        }
                    })
                },
                Inconclusive,
                "initial.rows lacks 1 row",
            ),
            (
                "no load",
                |drill| drill.forget(|event| matches!(event, Event::Loaded { .. })),
                Inconclusive,
                "how many rows",
            ),
            (
                "no recovery point",
                |drill| drill.forget(|event| matches!(event, Event::RecoveryPoint(_))),
                Inconclusive,
                "recovery point",
            ),
            (
                "nothing was looked at",
                |drill| {
                    drill.data.absent = vec![0, 1];
                    drill.data.restored.clear();
                    drill.recount();
                },
                Inconclusive,
                "none of 190 owed rows was looked for",
            ),
        ],
    );
}

/// What is said of each table, and what the usual cause is.
#[test]
fn lost_says_of_each_table_what_is_known_and_of_no_operation_that_ended() {
    let missing = |rows| super::verdict_of("LOST", move |drill| lose(drill, rows));
    for (rows, first) in
        [(10, "0, 41, 42, 43, 44, 45, 46, 47, 48, 49"), (11, "0, 1, 41, 42, 43, 44, 45, 46, 47, 48, ...")]
    {
        assert_eq!(missing(rows).details, [format!("app.t0: {rows} rows missing: {first}")]);
    }
    let one_kept = super::verdict_of("LOST", |drill| {
        lose(drill, 2);
        let image = Image { table: "app.t0".into(), key: Key(41), expected: None, observed: None };
        edit!(drill, Rows, |rows: Rows| rows.images.push(image.clone()));
    });
    let kept = "app.t0 41: is absent, the expected value was not kept";
    assert_eq!(one_kept.details, ["app.t0: 2 rows missing: 41, 42", kept], "of the row that it is of");
    let cause = |rows| missing(rows).cause.unwrap();
    assert!(cause(50).contains("a whole table is empty"), "{}", cause(50));
    assert!(cause(49).contains("older or smaller than its name says"), "{}", cause(49));
    let unused = super::verdict_of("LOST", |drill| {
        let table = Table { name: "app.unused".into(), ..drill.data.tables[0].clone() };
        drill.data.tables.push(table.clone());
        drill.record.tables.push(table);
        lose(drill, 1);
    });
    assert!(unused.cause.unwrap().contains("older or smaller"), "a table that never had a row is not emptied");
    let unread = super::verdict_of("LOST", |drill| {
        drill.data.absent = vec![1];
        drill.data.restored.retain(|(table, _)| *table == 0);
        drill.recount();
    });
    assert_eq!(unread.details.last().unwrap(), "app.t1: not among the tables that were read");
}
