//! ATOM: what is there in part.

use blackstart_record::ledger::Completion;
use blackstart_record::observation::Invariant;
use blackstart_record::verdict::Verdict::{Inconclusive, Met, Missed};

use super::{check, edit};
use crate::oracle::testing::row;

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
