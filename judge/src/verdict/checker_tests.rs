//! For each checker: defects that it catches, twins without the defect that it passes, and what it cannot know.

use blackstart_record::event::{Event, Processes, ProgramRun, Stage};
use blackstart_record::ledger::Completion;
use blackstart_record::observation::{
    Agreement, Attack, Canary, Fence, Identity, Image, IndexLook, Invariant, Inventory, Observation, Rows, WriteTrial,
};
use blackstart_record::rows::{Key, Row};
use blackstart_record::verdict::Verdict::{self, Inconclusive, Met, Missed};

use super::testing::{Drill, life, ms};
use super::{CHECKERS, Checker, run};
use crate::oracle::testing::row;

pub(super) type Spoil = fn(&mut Drill);

/// Edits the observation of one kind.
macro_rules! edit {
    ($drill:expr, $kind:ident, |$seen:ident: $type:ty| $edit:expr) => {
        for observation in $drill.observations.values_mut() {
            if let Observation::$kind(seen) = observation {
                let $seen: &mut $type = seen;
                $edit;
            }
        }
    };
}

pub(super) fn check(checker: &str, cases: &[(&str, Spoil, Verdict, &str)]) {
    let healthy = verdict_of(checker, |_| {});
    assert_eq!(healthy.verdict, Met, "the healthy twin: {healthy:?}");
    assert!(healthy.compared > 0 && healthy.cause.is_none());
    for (name, spoil, verdict, words) in cases {
        let finding = verdict_of(checker, spoil);
        assert_eq!(finding.verdict, *verdict, "{checker}, {name}: {finding:?}");
        let text = format!("{} {}", finding.says, finding.details.join(" "));
        assert!(text.contains(words), "{checker}, {name}: {text:?} lacks {words:?}");
        assert_eq!(finding.cause.is_some(), *verdict == Missed, "{checker}, {name}: a miss names its usual cause");
    }
}

fn verdict_of(checker: &str, spoil: impl Fn(&mut Drill)) -> blackstart_record::verdict::Finding {
    let mut drill = Drill::healthy();
    spoil(&mut drill);
    let (findings, _) = run(CHECKERS, &drill.evidence());
    findings.into_iter().find(|finding| finding.checker == checker).unwrap()
}

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
            ("no examination", |drill| drop(drill.observations.remove("rows")), Inconclusive, "no examination"),
        ],
    );
}

#[test]
fn atom_catches_what_is_there_in_part() {
    check(
        "ATOM",
        &[
            (
                "half a transaction",
                |drill| {
                    let both = [(0, 700, true), (1, 700, true)];
                    drill.data.operation(
                        900,
                        0,
                        (9_900_000_000, 10_000_500_000),
                        Some(Completion::Acknowledged),
                        &both,
                    );
                    drill.data.restored.push(row(900, 1, 700));
                    drill.recount();
                },
                Missed,
                "1 transaction restored in part",
            ),
            (
                "half a transaction in rows that are not those that were read",
                |drill| {
                    let (both, times) = ([(0, 700, true), (1, 700, true)], (9_900_000_000, 10_000_500_000));
                    drill.data.operation(900, 0, times, Some(Completion::Acknowledged), &both);
                    drill.data.restored.push(row(900, 1, 700));
                },
                Inconclusive,
                "restored.rows holds",
            ),
            (
                "a whole transaction",
                |drill| {
                    let both = [(0, 700, true), (1, 700, true)];
                    drill.data.operation(
                        900,
                        0,
                        (9_900_000_000, 10_000_500_000),
                        Some(Completion::Acknowledged),
                        &both,
                    );
                    drill.data.restored.extend([row(900, 0, 700), row(900, 1, 700)]);
                    drill.recount();
                },
                Met,
                "1 operation around the recovery point whole",
            ),
            (
                "a broken rule",
                |drill| edit!(drill, Invariants, |rules: Vec<Invariant>| rules[1].violations = Some(3)),
                Missed,
                "\"stock is conserved\" is broken 3 times",
            ),
            (
                "a rule that could not be asked",
                |drill| edit!(drill, Invariants, |rules: Vec<Invariant>| rules[1].violations = None),
                Inconclusive,
                "\"stock is conserved\" could not be asked",
            ),
            (
                "rules over nothing",
                |drill| {
                    edit!(drill, Invariants, |rules: Vec<Invariant>| rules
                        .iter_mut()
                        .for_each(|rule| rule.examined = 0));
                },
                Inconclusive,
                "looked at nothing",
            ),
            ("no examination", |drill| drop(drill.observations.remove("invariants")), Inconclusive, "no examination"),
            (
                "a row of an operation without end",
                |drill| {
                    drill.data.operation(900, 0, (9_900_000_000, 0), None, &[]);
                    drill.data.restored.push(row(900, 1, 900));
                    drill.recount();
                },
                Inconclusive,
                "never ended",
            ),
        ],
    );
}

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
fn inv_catches_objects_that_are_missing_changed_or_new() {
    check(
        "INV",
        &[
            (
                "a role missing",
                |drill| {
                    edit!(drill, Inventory, |seen: Inventory| {
                        seen.after.get_mut("role").unwrap().remove("reader");
                    })
                },
                Missed,
                "role (1 missing); the first: role: reader is missing",
            ),
            (
                "a whole kind missing",
                |drill| edit!(drill, Inventory, |seen: Inventory| drop(seen.after.remove("role"))),
                Missed,
                "role (2 missing)",
            ),
            (
                "an index changed",
                |drill| {
                    edit!(drill, Inventory, |seen: Inventory| {
                        seen.after.get_mut("index").unwrap().insert("app.t0_pkey".into(), "other".into());
                    })
                },
                Missed,
                "index: app.t0_pkey is changed",
            ),
            (
                "a function nobody made",
                |drill| {
                    edit!(drill, Inventory, |seen: Inventory| {
                        seen.after.entry("function".into()).or_default().insert("evil".into(), "x".into());
                    })
                },
                Missed,
                "function: evil was not there before",
            ),
            (
                "nothing before",
                |drill| edit!(drill, Inventory, |seen: Inventory| seen.before.clear()),
                Inconclusive,
                "is empty",
            ),
            ("no examination", |drill| drop(drill.observations.remove("inventory")), Inconclusive, "no examination"),
        ],
    );
}

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

/// Ends the stages before a pipe, or those that are not, otherwise.
fn end_stages(drill: &mut Drill, piped: bool, code: Option<i32>, signal: Option<i32>) {
    stages(drill, |stage| {
        if stage.piped_into.is_some() == piped {
            (stage.code, stage.signal) = (code, signal);
        }
    });
}

fn stages(drill: &mut Drill, spoil: impl Fn(&mut Stage)) {
    drill.change(|event| {
        if let Event::ProgramEnded(ProgramRun { processes: Processes::Watched(stages), .. }) = event {
            stages.iter_mut().for_each(|(stage, _)| spoil(stage));
        }
    });
}

#[test]
fn stage_catches_what_failed_behind_a_pipe() {
    check(
        "STAGE",
        &[
            (
                "the first stage fails",
                |drill| end_stages(drill, true, Some(1), None),
                Missed,
                "pg_dump exited with 1 into a pipe to gzip; backup on host primary ended with 0",
            ),
            (
                "the first stage is killed",
                |drill| end_stages(drill, true, None, Some(9)),
                Missed,
                "pg_dump was ended by signal 9",
            ),
            (
                "its reader had enough",
                |drill| end_stages(drill, true, None, Some(13)),
                Met,
                "none failed behind a pipe",
            ),
            (
                "a process that the program waits for itself",
                |drill| end_stages(drill, false, Some(1), None),
                Met,
                "gzip exited with 1, 1 x, which the program saw itself",
            ),
            (
                "the program fails too",
                |drill| {
                    stages(drill, |stage| stage.code = Some(1));
                    drill.change(|event| {
                        if let Event::ProgramEnded(run) = event {
                            run.code = Some(1);
                        }
                    });
                },
                Met,
                "none failed behind a pipe",
            ),
            (
                "an error that the program lives with",
                |drill| {
                    drill.change(|event| {
                        if let Event::ProgramEnded(run) = event {
                            run.complaints = vec!["psql: ERROR: no such role".into()];
                        }
                    });
                },
                Met,
                "backup went on after: psql: ERROR",
            ),
            (
                "not seen",
                |drill| {
                    drill.change(|event| {
                        if let Event::ProgramEnded(run) = event {
                            run.processes = Processes::Unseen { why: "no tracing here".into() };
                        }
                    });
                },
                Inconclusive,
                "no tracing here",
            ),
            (
                "no program",
                |drill| drill.forget(|event| matches!(event, Event::ProgramEnded(_))),
                Inconclusive,
                "no program",
            ),
        ],
    );
}

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
                "1 of 2 indexes disagree with their tables; the first: app.t1_pkey of app.t1: item order invariant",
            ),
            (
                "of a kind without a look",
                |drill| find(drill, &Agreement::Unknown { why: "no look is known for gin".into() }),
                Inconclusive,
                "1 index could not be held against their tables",
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

#[test]
fn attack_catches_backups_that_their_own_key_can_take_away() {
    check(
        "ATTACK",
        &[
            (
                "destroyed",
                |drill| edit!(drill, Attack, |seen: Attack| seen.lost = vec!["base/1".into(), "base/2".into()]),
                Missed,
                "2 of 12 artifacts could be destroyed with the key of \"pipeline\"",
            ),
            (
                "disarmed",
                |drill| edit!(drill, Attack, |seen: Attack| seen.disarmed = vec!["versioning of saved".into()]),
                Missed,
                "versioning of saved could be taken off",
            ),
            (
                "hidden, and still there",
                |drill| edit!(drill, Attack, |seen: Attack| seen.hidden = vec!["base/1".into()]),
                Met,
                "1 artifact could be hidden behind a newer version",
            ),
            (
                "no artifact",
                |drill| edit!(drill, Attack, |seen: Attack| seen.artifacts = 0),
                Inconclusive,
                "nothing was",
            ),
            (
                "destroyed by the application",
                |drill| by_application(drill, 7, &["documents/1"]),
                Missed,
                "1 of 7 artifacts could be destroyed with the key of \"shop\"",
            ),
            (
                "whole after both keys",
                |drill| by_application(drill, 7, &[]),
                Met,
                "none of 19 artifacts could be destroyed with the keys of \"pipeline\" and \"shop\"",
            ),
            (
                "nothing there for one of them",
                |drill| by_application(drill, 0, &[]),
                Inconclusive,
                "nothing was there to attack with the key of \"shop\"",
            ),
            ("no examination", |drill| drop(drill.observations.remove("attack")), Inconclusive, "nobody tried"),
        ],
    );
}

/// The application's key tries too, and destroys these of so many.
fn by_application(drill: &mut Drill, artifacts: u64, lost: &[&str]) {
    let lost = lost.iter().map(|key| (*key).to_owned()).collect();
    let attack = Attack { credential: "shop".into(), artifacts, lost, ..Attack::default() };
    drill.observations.insert("attack-application".into(), Observation::Attack(attack));
}

#[test]
fn what_the_plan_does_not_promise_is_a_note_and_no_finding() {
    let mut drill = Drill::healthy();
    edit!(drill, Attack, |seen: Attack| seen.lost = vec!["base/1".into()]);
    assert_eq!(drill.judge().verdict, Missed, "the plan promises a lock of 30 days");
    drill.record.plan.pipelines.get_mut("archive").unwrap().immutable_days = None;
    let verdict = drill.judge();
    assert_eq!(verdict.verdict, Met, "{}", verdict.says);
    assert!(verdict.findings.iter().all(|finding| !["ATTACK", "CLOSURE", "FENCE"].contains(&finding.checker.as_str())));
    let note = verdict.notes.iter().find(|note| note.starts_with("ATTACK")).unwrap();
    assert!(note.contains("missed: 1 of 12 artifacts could be destroyed"), "{note}");
}

#[test]
fn a_checker_that_panics_is_inconclusive_and_closes_a_gate() {
    let broken = Checker { name: "BROKEN", check: |_| panic!("index out of bounds") };
    let (findings, gates) = run(&[broken], &Drill::healthy().evidence());
    assert_eq!(findings[0].verdict, Inconclusive);
    assert!(findings[0].says.contains("index out of bounds"));
    assert_eq!(gates[0].id, "checker-panicked");
}

#[test]
fn a_checker_that_is_content_with_nothing_is_not_believed() {
    let content =
        Checker { name: "CONTENT", check: |_| super::evidence::finding("CONTENT", Met, 0, "all of no rows are right") };
    let (findings, _) = run(&[content], &Drill::healthy().evidence());
    assert_eq!(findings[0].verdict, Inconclusive);
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
