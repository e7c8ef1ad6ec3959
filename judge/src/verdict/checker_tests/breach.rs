//! BREACH: somebody broke in, and is still let in.

use blackstart_record::observation::{Credential, Observation};
use blackstart_record::verdict::Verdict::{Inconclusive, Met, Missed};

use super::{check, edit, verdict_of};
use crate::verdict::testing::Drill;

#[test]
fn breach_catches_what_still_opens_the_restored_copy() {
    check(
        "BREACH",
        &[
            (
                "the account is there again",
                |drill| edit!(drill, Credentials, |seen: Vec<Credential>| seen[0].lets_in = Some(true)),
                Missed,
                "open to whoever broke in: an account: refused",
            ),
            (
                "the password was not replaced, and the other login could not be tried",
                |drill| {
                    edit!(drill, Credentials, |seen: Vec<Credential>| {
                        seen[0].lets_in = None;
                        seen[1].lets_in = Some(true);
                    })
                },
                Missed,
                "the old password",
            ),
            (
                "the server answers nobody",
                |drill| edit!(drill, Credentials, |seen: Vec<Credential>| seen[1].lets_in = None),
                Inconclusive,
                "it is not known whether the old password is still let in",
            ),
            (
                "nothing to try",
                |drill| edit!(drill, Credentials, |seen: Vec<Credential>| seen.clear()),
                Inconclusive,
                "nobody tried",
            ),
            ("no look", |drill| drop(drill.observations.remove("credentials")), Inconclusive, "nobody tried"),
        ],
    );
}

#[test]
fn breach_counts_where_somebody_broke_in() {
    let open = |drill: &mut Drill| edit!(drill, Credentials, |seen: Vec<Credential>| seen[0].lets_in = Some(true));
    assert_eq!(verdict_of("BREACH", open).verdict, Missed);
    for (fault, expected) in [("page-corruption", Met), ("rogue-account", Missed)] {
        let mut drill = Drill::healthy();
        open(&mut drill);
        drill.record.scenario.faults[0].name = fault.into();
        let verdict = drill.judge();
        assert_eq!(verdict.verdict, expected, "{fault}: {}", verdict.says);
        assert_eq!(verdict.findings.iter().any(|finding| finding.checker == "BREACH"), expected == Missed);
    }
    let mut drill = Drill::healthy();
    drill.record.scenario.faults[0].name = "rogue-account".into();
    assert_eq!(drill.judge().verdict, Met);
    drill.observations.retain(|_, seen| !matches!(seen, Observation::Credentials(_)));
    assert_eq!(drill.judge().verdict, Inconclusive);
}
