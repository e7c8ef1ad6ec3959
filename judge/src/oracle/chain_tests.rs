//! One row's cases, as a table: what was loaded, what was done, what is there; and what that is worth.

use blackstart_record::rows::{Key, Row};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::DifferenceKind::{self, *};

use super::chain::{Chain, Hole, LONGEST_DUPLICATION, Outcome};
use super::effects::{Effect, Fate};
use super::presence::Seen;

const KEY: Key = Key(7);

/// A version: operation, fate, invoked, completed, and whether it leaves a row (its digest is the operation's number).
type Version = (u64, Fate, u64, u64, bool);

/// A case: its name, whether the row was loaded, its versions, the rows that are there, and what is wrong with them.
type Case = (&'static str, bool, Vec<Version>, Vec<Row>, Vec<DifferenceKind>);

fn row(op: u64, digest: u64) -> Row {
    Row { key: KEY, op, digest }
}

fn judge(loaded: bool, versions: &[Version], observed: &[Row]) -> Outcome {
    let mut chain = Chain::default();
    chain.begin(loaded.then_some(row(0, 0)));
    observed.iter().for_each(|row| chain.observe(*row));
    for (position, (op, fate, invoked, completed, live)) in versions.iter().enumerate() {
        chain.push(Effect {
            table: 0,
            key: KEY,
            invoked: Nanos(*invoked),
            op: *op,
            position: position as u32,
            completed: Nanos(*completed),
            fate: *fate,
            digest: live.then_some(*op),
        });
    }
    // Operation 90 never ended and may be there; 91 never ended and began after the cut.
    chain.finish(&|op| match op {
        90 => Some(true),
        91 => Some(false),
        _ => None,
    })
}

#[test]
fn each_way_a_row_can_be_wrong_has_its_kind() {
    use Fate::{Aftermath, Failed, Owed, Straddling, Tail, Unknown, UnknownAfter};
    let write = |op, fate, at| (op, fate, at, at + 5, true);
    let delete = |op, fate, at| (op, fate, at, at + 5, false);
    let exact = |op| row(op, op);
    let other = |op| row(op, 999);
    #[rustfmt::skip]
    let cases: Vec<Case> = vec![
        ("as loaded", true, vec![], vec![exact(0)], vec![]),
        ("never there, not there", false, vec![], vec![], vec![]),
        ("loaded and missing", true, vec![], vec![], vec![Missing]),
        ("loaded and changed", true, vec![], vec![other(0)], vec![Changed]),
        ("loaded and there twice", true, vec![], vec![exact(0), exact(0)], vec![Duplicate]),
        ("nobody loaded it", false, vec![], vec![exact(0)], vec![Unexplained]),
        ("nobody wrote it", false, vec![], vec![exact(5)], vec![]), // a stray: the ledger tells its kind

        ("owed and there", true, vec![write(1, Owed, 10)], vec![exact(1)], vec![]),
        ("owed and missing", true, vec![write(1, Owed, 10)], vec![], vec![Missing]),
        ("owed insert missing", false, vec![write(1, Owed, 10)], vec![], vec![Missing]),
        ("owed and changed", true, vec![write(1, Owed, 10)], vec![other(1)], vec![Changed]),
        ("owed, the load's value is there", true, vec![write(1, Owed, 10)], vec![exact(0)], vec![Stale]),
        ("owed, an older write is there", true, vec![write(1, Owed, 10), write(2, Owed, 20)], vec![exact(1)], vec![Stale]),
        ("owed, an older unknown write is there", true, vec![write(1, Unknown, 10), write(2, Owed, 20)], vec![exact(1)], vec![Stale]),
        ("an older value, changed as well", true, vec![write(1, Owed, 10), write(2, Owed, 20)], vec![other(1)], vec![Changed]),
        ("two versions at once", true, vec![write(1, Owed, 10)], vec![exact(1), exact(0)], vec![Duplicate]),
        ("two versions, the right one second", true, vec![write(1, Owed, 10)], vec![exact(0), exact(1)], vec![Duplicate]),

        ("deleted and gone", true, vec![delete(1, Owed, 10)], vec![], vec![]),
        ("deleted and back", true, vec![delete(1, Owed, 10)], vec![exact(0)], vec![Resurrected]),
        ("deleted and back with another value", true, vec![delete(1, Owed, 10)], vec![other(0)], vec![Resurrected]),
        ("deleted, back twice", true, vec![delete(1, Owed, 10)], vec![exact(0), exact(0)], vec![Resurrected, Duplicate]),
        ("deleted, written again", true, vec![delete(1, Owed, 10), write(2, Owed, 20)], vec![exact(2)], vec![]),
        ("the deletion's own earlier write is there", true, vec![delete(1, Owed, 10)], vec![exact(1)], vec![Resurrected]),

        ("straddling and there", true, vec![write(1, Straddling, 10)], vec![exact(1)], vec![]),
        ("straddling and not there", true, vec![write(1, Straddling, 10)], vec![exact(0)], vec![]),
        ("straddling, both gone", true, vec![write(1, Straddling, 10)], vec![], vec![Missing]),
        ("straddling and changed", true, vec![write(1, Straddling, 10)], vec![other(1)], vec![Changed]),
        ("straddling insert not there", false, vec![write(1, Straddling, 10)], vec![], vec![]),
        ("straddling deletion happened", true, vec![delete(1, Straddling, 10)], vec![], vec![]),
        ("straddling deletion did not happen", true, vec![delete(1, Straddling, 10)], vec![exact(0)], vec![]),
        ("a deletion that straddles, half of it", true, vec![delete(1, Straddling, 10)], vec![exact(1)], vec![Changed]),
        ("unknown and there", true, vec![write(1, Unknown, 10)], vec![exact(1)], vec![]),
        ("unknown and not there", true, vec![write(1, Unknown, 10)], vec![exact(0)], vec![]),
        ("unknown, then owed", true, vec![write(1, Unknown, 10), write(2, Owed, 20)], vec![exact(2)], vec![]),
        ("owed, then unknown: the load is too old", true, vec![write(1, Owed, 10), write(2, Unknown, 20)], vec![exact(0)], vec![Stale]),

        ("written after R", true, vec![write(1, Tail, 200)], vec![exact(1)], vec![AfterCut]),
        ("inserted after R", false, vec![write(1, Tail, 200)], vec![exact(1)], vec![AfterCut]),
        ("after R and absent, as it must", true, vec![write(1, Tail, 200)], vec![exact(0)], vec![]),
        ("deleted after R and gone", true, vec![delete(1, Tail, 200)], vec![], vec![Missing]),
        ("unknown after R and there", true, vec![write(1, UnknownAfter, 200)], vec![exact(1)], vec![AfterCut]),
        ("written by the recovered system", true, vec![write(1, Aftermath, 900)], vec![exact(1)], vec![AfterCut]),
        ("rolled back and there", false, vec![write(1, Failed, 10)], vec![exact(1)], vec![RolledBack]),
        ("rolled back over the load", true, vec![write(1, Failed, 10)], vec![exact(1)], vec![RolledBack, Missing]),
        ("rolled back and absent", true, vec![write(1, Failed, 10)], vec![exact(0)], vec![]),
        ("rolled back over an owed write", true, vec![write(1, Owed, 10), write(2, Failed, 20)], vec![exact(2)], vec![RolledBack, Missing]),
        ("rolled back beside the owed write", true, vec![write(1, Owed, 10), write(2, Failed, 20)], vec![exact(2), exact(1)], vec![RolledBack]),
        ("rolled back beside the owed write, which is changed", true, vec![write(1, Owed, 10), write(2, Failed, 20)], vec![exact(2), other(1)], vec![RolledBack, Changed]),
        ("the same, the other way about", true, vec![write(1, Owed, 10), write(2, Failed, 20)], vec![other(1), exact(2)], vec![Changed, RolledBack]),
        ("deleted, perhaps twice, and what the second wrote before", true, vec![delete(1, Owed, 10), delete(2, Unknown, 20)], vec![exact(2)], vec![Unexplained]),
        ("nobody's row in the place of an owed one", true, vec![write(1, Owed, 10)], vec![exact(5)], vec![Missing]), // and the stray
        ("nobody's row in the place of one that may be deleted", true, vec![delete(1, Unknown, 10)], vec![exact(5)], vec![]),
        ("a ghost beside the right row", true, vec![write(1, Tail, 200)], vec![exact(0), exact(1)], vec![AfterCut]),

        ("never ended, and there", true, vec![], vec![exact(90)], vec![]),
        ("never ended, began after R, and there", true, vec![], vec![exact(91)], vec![AfterCut]),
        ("the last of one operation's effects counts", true, vec![write(1, Owed, 10), delete(1, Owed, 10)], vec![], vec![]),
        ("overlapping owed writes: either", true, vec![(1, Owed, 10, 30, true), (2, Owed, 20, 40, true)], vec![exact(1)], vec![]),
        ("overlapping owed writes: not the load", true, vec![(1, Owed, 10, 30, true), (2, Owed, 20, 40, true)], vec![exact(0)], vec![Stale]),
    ];
    for (name, loaded, versions, observed, kinds) in cases {
        let outcome = judge(loaded, &versions, &observed);
        let found: Vec<DifferenceKind> = outcome.wrong.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(found, kinds, "{name}: {outcome:?}");
    }
}

#[test]
fn a_hole_names_the_acknowledgement_that_is_gone() {
    let owed = (1, Fate::Owed, 10, 15, true);
    assert_eq!(judge(true, &[], &[]).hole, Some(Hole::Initial));
    assert_eq!(judge(true, &[owed], &[]).hole, Some(Hole::Written(1, Nanos(15))));
    assert_eq!(judge(true, &[owed], &[row(0, 0)]).hole, Some(Hole::Written(1, Nanos(15))));
    let straddling = (2, Fate::Straddling, 20, 25, true);
    assert_eq!(judge(true, &[owed, straddling], &[row(2, 99)]).hole, Some(Hole::Written(2, Nanos(25))));
    assert_eq!(judge(false, &[(3, Fate::Unknown, 20, 25, true)], &[row(3, 99)]).hole, Some(Hole::Unowed));
    assert_eq!(judge(true, &[owed], &[row(1, 1)]).hole, None);
    let ghosts = [(row(2, 2), Fate::Failed, Some(Hole::Written(1, Nanos(15)))), (row(2, 2), Fate::Tail, None)];
    for (ghost, fate, hole) in ghosts {
        let outcome = judge(true, &[owed, (2, fate, 20, 25, true)], &[ghost]);
        assert_eq!(outcome.hole, hole, "{fate:?}: only a later write has the owed one beneath itself");
    }
}

#[test]
fn a_row_tells_of_operations_that_may_be_there_only_what_it_can() {
    use Seen::{Absent, Present};
    let owed = (1, Fate::Owed, 10, 15, true);
    let (two, three) = ((2, Fate::Straddling, 20, 25, true), (3, Fate::Unknown, 30, 35, true));
    let gone = (4, Fate::Straddling, 40, 45, false);
    let told = |versions: &[Version], observed: &[Row]| -> Vec<(u64, Seen)> {
        judge(true, versions, observed).sightings.iter().map(|(effect, seen)| (effect.op, *seen)).collect()
    };
    assert_eq!(told(&[owed, two, three], &[row(1, 1)]), [(2, Absent), (3, Absent)]);
    assert_eq!(told(&[owed, two, three], &[row(2, 2)]), [(2, Present), (3, Absent)]);
    assert_eq!(told(&[owed, two, three], &[row(3, 3)]), [(3, Present)], "what 3 overwrote is not known");
    assert_eq!(told(&[owed, gone], &[]), [(4, Present)]);
    assert_eq!(told(&[owed, gone], &[row(1, 1)]), [(4, Absent)]);
    assert_eq!(told(&[owed, two, gone], &[]), [(4, Present)], "what 4 deleted is not known");
    let deleted = (5, Fate::Owed, 5, 12, false);
    assert_eq!(told(&[deleted, owed, two], &[]), [(2, Absent)], "5 overlaps 1 and explains it, and is older than 2");
    assert_eq!(told(&[owed, two], &[row(2, 99)]), [(2, Present)], "changed, but 2 was here");
    assert_eq!(told(&[owed, two], &[]), [], "a missing row tells nothing of 2");
}

#[test]
fn a_row_written_a_million_times_keeps_only_what_may_be_there() {
    let mut chain = Chain::default();
    chain.begin(None);
    chain.observe(row(1_000_000, 1_000_000));
    for op in 1..=1_000_000 {
        let (invoked, completed) = (Nanos(op * 10), Nanos(op * 10 + 5));
        let fate = if op % 2 == 0 { Fate::Owed } else { Fate::Unknown };
        chain.push(Effect { table: 0, key: KEY, invoked, op, position: 0, completed, fate, digest: Some(op) });
        assert!(chain.held() <= 2, "{} versions are held", chain.held());
    }
    assert_eq!(chain.finish(&|_| None).wrong, []);
}

#[test]
fn a_key_there_very_often_is_counted_in_bounded_memory() {
    let mut chain = Chain::default();
    chain.begin(Some(row(0, 0)));
    (0..10_000).for_each(|_| chain.observe(row(0, 0)));
    assert_eq!(chain.looked_at(), LONGEST_DUPLICATION);
    let outcome = chain.finish(&|_| None);
    assert_eq!(outcome.wrong.len(), 9_999);
    assert!(outcome.wrong.iter().all(|(kind, _)| *kind == Duplicate));
}
