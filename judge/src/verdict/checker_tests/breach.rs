//! BREACH: somebody broke in, and is still let in.

use blackstart_record::observation::{Credential, Observation};
use blackstart_record::verdict::Verdict::{self, Inconclusive, Met, Missed};

use super::{Spoil, edit};
use crate::verdict::testing::{Drill, credential};

/// Somebody broke in, and all that they held was tried and refused.
fn broken_into() -> Drill {
    let mut drill = Drill::healthy();
    drill.record.scenario.faults[0].name = "rogue-account".into();
    let tried = ["an account", "the old password"].map(|of| credential(of, Some(false)));
    drill.observations.insert("credentials".into(), Observation::Credentials(tried.into()));
    drill
}

#[test]
fn breach_catches_what_still_opens_the_restored_copy() {
    let cases: [(&str, Spoil, Verdict, &str); 6] = [
        ("everything is refused", |_| {}, Met, "none of 2 credentials"),
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
    ];
    for (case, spoil, expected, words) in cases {
        let mut drill = broken_into();
        spoil(&mut drill);
        let verdict = drill.judge();
        assert_eq!(verdict.verdict, expected, "{case}: {}", verdict.says);
        let finding = verdict.findings.iter().find(|finding| finding.checker == "BREACH").unwrap();
        assert_eq!((finding.verdict, finding.cause.is_some()), (expected, expected == Missed), "{case}");
        assert!(finding.says.contains(words), "{case}: {finding:?}");
    }
}

#[test]
fn where_nobody_broke_in_breach_is_not_asked() {
    let verdict = Drill::healthy().judge();
    assert!(verdict.findings.iter().all(|finding| finding.checker != "BREACH"));
    assert!(verdict.notes.iter().all(|note| !note.contains("BREACH")), "{:?}", verdict.notes);
}
