//! Sabotage: what was refused, noticed, harmless; and a survivor, which makes the drill inconclusive.

use blackstart_record::ledger::Completion;
use blackstart_record::observation::{Observation, SabotageKind, SabotageOutcome, SabotageTrial};
use blackstart_record::plan::Step;
use blackstart_record::record::Folder;
use blackstart_record::verdict::Verdict::{self, Inconclusive, Met, Missed};
use blackstart_record::verdict::{DrillVerdict, Finding, TrialEnd};

use super::judge::judge;
use super::testing::{Drill, finding, ms};
use crate::oracle::testing::{row, scratch};

type Spoil = fn(&mut Drill);

/// A trial, and what its restore spoilt; `None`: it was refused.
type Tried = (&'static str, SabotageKind, Option<Spoil>);

/// A drill with one write that nobody knows the end of, so that either state of its row is right.
fn drill() -> Drill {
    let mut drill = Drill::healthy();
    let times = (9_000_000_000, 9_100_000_000);
    drill.data.operation(777, 0, times, Some(Completion::Unknown), &[(0, 7_000, true)]);
    drill.recount();
    drill
}

/// What a trial touches: damage has a key, all else none.
fn touched(kind: SabotageKind) -> Vec<String> {
    (kind == SabotageKind::Damage).then(|| "p/all.dump".to_owned()).into_iter().collect()
}

fn refused() -> SabotageOutcome {
    SabotageOutcome::Refused { step: Step::Restore, says: "checksum differs\nand more".into() }
}

fn judged(tried: &[Tried], outcome: impl Fn(&Tried) -> SabotageOutcome) -> DrillVerdict {
    let place = scratch();
    let folder = Folder::new(place.path());
    let mut drill = drill();
    let trials = tried.iter().map(|tried| SabotageTrial {
        id: tried.0.into(),
        what: format!("the largest object {}", tried.0),
        touched: touched(tried.1),
        kind: tried.1,
        took: ms(1_500),
        outcome: outcome(tried),
        programs: Vec::new(),
    });
    drill.observations.insert("sabotage".into(), Observation::Sabotage(trials.collect()));
    drill.write(&folder);
    for (id, _, spoil) in tried {
        let Some(spoil) = spoil else { continue };
        let mut restored = self::drill();
        spoil(&mut restored);
        let own = folder.sabotage(id);
        std::fs::create_dir_all(own.path()).unwrap();
        restored.write(&own);
    }
    judge(&folder).unwrap()
}

fn said(tried: &[Tried]) -> (DrillVerdict, Finding) {
    let outcome = |tried: &Tried| if tried.2.is_some() { SabotageOutcome::Restored } else { refused() };
    let verdict = judged(tried, outcome);
    let finding = finding(&verdict, "SABOTAGE").clone();
    (verdict, finding)
}

const CONTROL: Tried = ("as it is", SabotageKind::Control, Some(|_| {}));
const REFUSED: Tried = ("cut", SabotageKind::Damage, None);
const NOTICED: Tried = ("emptied", SabotageKind::Damage, Some(lose_a_row));
const HARMLESS: Tried = ("padded", SabotageKind::Damage, Some(|_| {}));
/// Of a write that nobody knows the end of, the other state came back: no check can tell.
const SURVIVOR: Tried = ("flipped", SabotageKind::Damage, Some(bring_the_unknown));

fn lose_a_row(drill: &mut Drill) {
    drill.data.restored.retain(|(table, row)| (*table, row.key.0) != (0, 7));
    drill.recount();
}

fn bring_the_unknown(drill: &mut Drill) {
    drill.data.restore(row(777, 0, 7_000));
    drill.recount();
}

#[test]
fn damage_that_is_refused_noticed_or_harmless_leaves_the_drill_met() {
    let (verdict, finding) = said(&[CONTROL, REFUSED, NOTICED, HARMLESS]);
    assert_eq!((verdict.verdict, finding.verdict, finding.compared), (Met, Met, 3), "{}", verdict.says);
    let expected = "3 kinds of damage to the backup: 1 refused by the restore, 1 noticed by a check, 1 harmless";
    assert_eq!(finding.says, expected);
    let lines = [
        "the largest object as it is: came out the same, after 1.5 s",
        "the largest object cut (p/all.dump): refused at restore: checksum differs, after 1.5 s",
        "the largest object emptied (p/all.dump): noticed by LOST, after 1.5 s",
        "the largest object padded (p/all.dump): came out the same, after 1.5 s",
    ];
    assert_eq!(finding.details, lines);
    let [control, refused, noticed, harmless] = &verdict.sabotage[..] else { panic!("{:?}", verdict.sabotage) };
    assert_eq!((control.kind, &control.end), (SabotageKind::Control, &TrialEnd::Same));
    let (says, telling) = ("checksum differs".to_owned(), Some("and more".to_owned()));
    assert_eq!(refused.end, TrialEnd::Refused { step: Step::Restore, says, telling });
    assert!(
        matches!(&noticed.end, TrialEnd::Noticed { by } if by.len() == 1 && by[0].says.contains("1 row")),
        "{noticed:?}"
    );
    assert_eq!((harmless.what.as_str(), &harmless.end), ("the largest object padded", &TrialEnd::Same));
    assert!(control.touched.is_empty() && harmless.touched == ["p/all.dump"], "{control:?}, {harmless:?}");
}

#[test]
fn what_nothing_noticed_makes_the_drill_inconclusive_by_name() {
    let (verdict, finding) = said(&[CONTROL, REFUSED, SURVIVOR]);
    assert_eq!((verdict.verdict, finding.verdict), (Inconclusive, Inconclusive));
    assert_eq!(finding.says, "this drill would not have noticed: the largest object flipped (p/all.dump)");
    assert!(verdict.says.contains("would not have noticed"), "{}", verdict.says);
    let survived = verdict.sabotage.iter().filter(|trial| trial.end == TrialEnd::Survived);
    assert_eq!(survived.map(|trial| trial.what.as_str()).collect::<Vec<_>>(), ["the largest object flipped"]);
}

#[test]
fn a_drill_without_sabotage_has_no_such_finding() {
    let verdict = drill().judge();
    assert!(verdict.verdict == Met && verdict.findings.iter().all(|finding| finding.checker != "SABOTAGE"));
    assert!(verdict.sabotage.is_empty());
}

#[test]
fn without_a_faithful_control_nothing_is_believed() {
    let cases: [(&[Tried], Verdict, &str); 4] = [
        (&[REFUSED, NOTICED], Inconclusive, "no undamaged copy"),
        (&[("as it is", SabotageKind::Control, None), REFUSED], Inconclusive, "did not come out the same: refused"),
        (
            &[("as it is", SabotageKind::Control, Some(lose_a_row)), REFUSED],
            Inconclusive,
            "did not come out the same: noticed by LOST",
        ),
        (&[CONTROL], Inconclusive, "no kind of damage"),
    ];
    for (tried, verdict, says) in cases {
        let (_, finding) = said(tried);
        assert_eq!(finding.verdict, verdict, "{says}");
        assert!(finding.says.contains(says), "{says}: {}", finding.says);
    }
}

#[test]
fn a_disturbed_restore_is_done_right_or_given_up() {
    let disturbed =
        |spoil| -> [Tried; 3] { [CONTROL, REFUSED, ("behind a bad link", SabotageKind::Perturbation, spoil)] };
    assert_eq!(said(&disturbed(None)).1.verdict, Met, "given up");
    assert_eq!(said(&disturbed(Some(|_| {}))).1.verdict, Met, "done right");
    let (verdict, finding) = said(&disturbed(Some(lose_a_row)));
    assert_eq!((verdict.verdict, finding.verdict), (Missed, Missed));
    assert!(finding.says.contains("said that it was done, and noticed by LOST"), "{}", finding.says);
}

#[test]
fn a_trial_that_could_not_be_made_is_unknown_and_one_that_left_nothing_to_look_at_is_noticed() {
    let not_tried = judged(&[CONTROL, REFUSED], |tried| match tried.1 {
        SabotageKind::Damage => SabotageOutcome::NotTried { why: "no room".into() },
        _ => SabotageOutcome::Restored,
    });
    let told = finding(&not_tried, "SABOTAGE");
    assert_eq!(told.verdict, Inconclusive);
    assert!(told.says.contains("could not be made: no room"), "{}", told.says);
    let unusable = judged(&[CONTROL, REFUSED], |tried| match tried.1 {
        SabotageKind::Damage => SabotageOutcome::Unusable { says: "database \"d\" does not exist".into() },
        _ => SabotageOutcome::Restored,
    });
    assert_eq!(finding(&unusable, "SABOTAGE").verdict, Met);
}
