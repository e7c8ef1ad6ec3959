//! ART and CLOSURE: what a restore on a clean host must come to.

use blackstart_record::observation::{CleanRestore, Observation, Overheard, Reached, SabotageOutcome};
use blackstart_record::plan::{Damage, FaultPlan, Step};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::Verdict::{Inconclusive, Met, Missed};

use super::check;
use crate::verdict::testing::{Drill, clean_restore};

fn with(drill: &mut Drill, change: impl FnOnce(&mut CleanRestore)) {
    let mut look = clean_restore();
    change(&mut look);
    drill.observations.insert("clean-restore".into(), Observation::CleanRestore(look));
}

fn refused() -> SabotageOutcome {
    SabotageOutcome::Refused { step: Step::Restore, says: "openssl: no such file: backup.key\n  more".into() }
}

fn key_server() -> Overheard {
    let reached = vec![Reached { to: "host primary".into(), port: 8200, by: "tcp".into() }];
    Overheard::Heard { connections: 3, reached }
}

fn without_artifacts(drill: &mut Drill) {
    drill.record.scenario.runbook.retain(|planned| !matches!(planned.step, Step::Fetch | Step::Restore));
    drill.observations.remove("clean-restore");
}

#[test]
fn art_catches_artifacts_that_alone_bring_nothing_back() {
    check(
        "ART",
        &[
            (
                "a key on the lost host",
                |drill| with(drill, |look| look.outcome = refused()),
                Missed,
                "on a clean host without primary and recovery the restore fails at restore: openssl: no such file",
            ),
            (
                "the same, with what the tool said besides",
                |drill| with(drill, |look| look.outcome = refused()),
                Missed,
                "no such file: backup.key more",
            ),
            (
                "nothing to look at",
                |drill| with(drill, |look| look.outcome = SabotageOutcome::Unusable { says: "no database".into() }),
                Missed,
                "cannot be looked at: no database",
            ),
            ("other rows", |drill| with(drill, |look| look.same = Some(false)), Missed, "gave other rows: 190 rows"),
            (
                "not tried",
                |drill| with(drill, |look| look.outcome = SabotageOutcome::NotTried { why: "no room".into() }),
                Inconclusive,
                "could not be tried: no room",
            ),
            (
                "nothing to hold it against",
                |drill| with(drill, |look| look.same = None),
                Inconclusive,
                "the drill's own restore brought back nothing to hold them against",
            ),
            ("no row", |drill| with(drill, |look| look.rows = 0), Inconclusive, "nothing was compared"),
            ("no look", |drill| drop(drill.observations.remove("clean-restore")), Inconclusive, "nobody tried"),
            ("no artifact in the runbook", without_artifacts, Met, "uses no artifact"),
        ],
    );
}

#[test]
fn closure_catches_a_restore_that_needs_what_is_lost() {
    check(
        "CLOSURE",
        &[
            (
                "a key server on the lost host",
                |drill| with(drill, |look| (look.overheard, look.outcome) = (key_server(), refused())),
                Missed,
                "reached for host primary, tcp port 8200, and did not come to its end without",
            ),
            (
                "the same, and it could do without",
                |drill| with(drill, |look| look.overheard = key_server()),
                Met,
                "came to its end without host primary, tcp port 8200",
            ),
            (
                "a restore that fails by itself",
                |drill| with(drill, |look| look.outcome = refused()),
                Inconclusive,
                "did not come to its end",
            ),
            (
                "nobody listened",
                |drill| with(drill, |look| look.overheard = Overheard::Deaf { why: "not permitted".into() }),
                Inconclusive,
                "nobody could listen",
            ),
            ("no look", |drill| drop(drill.observations.remove("clean-restore")), Inconclusive, "nobody listened"),
            ("no artifact in the runbook", without_artifacts, Met, "uses no artifact"),
        ],
    );
}

#[test]
fn what_is_only_reported_counts_where_a_site_is_lost_or_an_attacker_has_the_key() {
    for (fault, counts) in [("site-lost", true), ("object-encrypted-in-place", true), ("server-killed", false)] {
        let mut drill = Drill::healthy();
        drill.record.plan.pipelines.get_mut("archive").unwrap().immutable_days = None;
        let params = serde_json::Value::Null;
        let fault = FaultPlan { after: Nanos::ZERO, name: fault.into(), damage: Damage::Availability, params };
        drill.record.scenario.faults.push(fault);
        with(&mut drill, |look| (look.overheard, look.outcome, look.same) = (key_server(), refused(), None));
        let findings = drill.judge().findings;
        assert_eq!(findings.iter().any(|finding| finding.checker == "CLOSURE"), counts);
        assert!(findings.iter().any(|finding| finding.checker == "ART"), "what is lost has to come back elsewhere");
    }
    let mut in_place = Drill::healthy();
    in_place.record.scenario.target = in_place.record.plan.pipelines["archive"].source.clone();
    with(&mut in_place, |look| look.outcome = refused());
    let verdict = in_place.judge();
    let counts = |name| verdict.findings.iter().any(|finding| finding.checker == name);
    assert!(!counts("ART") && !counts("CLOSURE") && counts("FENCE"), "nothing is lost there");
    assert!(verdict.notes.iter().any(|note| note.starts_with("ART") && note.contains("no such file")));
}
