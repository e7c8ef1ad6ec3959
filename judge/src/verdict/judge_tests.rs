//! Whole records, judged: the healthy one, each gate, and records that something tore.

use blackstart_record::event::{Event, Failure, Outcome, Phase, Tally};
use blackstart_record::observation::Observation;
use blackstart_record::plan::Step;
use blackstart_record::record::{Folder, Tool};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{DrillVerdict, Verdict};

use super::judge::{JudgeError, judge};
use super::testing::{Drill, finding, life, ms, sourced};

fn failure(message: &str) -> Failure {
    Failure { message: message.into(), lines: vec!["last words".into()] }
}

fn bytes(verdict: &DrillVerdict) -> String {
    serde_json::to_string_pretty(verdict).unwrap()
}

#[test]
fn a_healthy_drill_is_met_with_evidence_for_everything() {
    let verdict = Drill::healthy().judge();
    assert_eq!((verdict.verdict, verdict.exit_code), (Verdict::Met, 0), "{}", bytes(&verdict));
    assert_eq!(verdict.gates, []);
    assert_eq!(verdict.notes, Vec::<String>::new());
    assert_eq!(verdict.drill, "fulexo/database-corruption");
    for finding in &verdict.findings {
        assert!(finding.compared > 0, "{finding:?}");
    }
    let [rto, rpo] = &verdict.objectives[..] else { panic!("two objectives") };
    assert!(rto.says.contains("48.2 MB drilled, production size not stated"), "{}", rto.says);
    assert!(rpo.says.contains("60 operations after the recovery point"), "{}", rpo.says);
    let rpa = verdict.measures.rpa.unwrap();
    assert_eq!((rpa.tail_operations, rpa.tail_rows, rpa.hole_operations, rpa.hole_rows), (60, 60, 0, 0));
}

#[test]
fn the_same_record_gives_the_same_bytes_wherever_it_lies() {
    let drill = Drill::healthy();
    assert_eq!(bytes(&drill.judge()), bytes(&drill.judge()));
    let mut spoilt = drill;
    spoilt.data.restored.clear();
    spoilt.observations.remove("identity");
    assert_eq!(bytes(&spoilt.judge()), bytes(&spoilt.judge()));
}

/// Each gate: what closes it. The verdict is inconclusive then, even though the data is damaged as well.
#[test]
fn each_gate_makes_the_drill_inconclusive_whatever_else_was_found() {
    type Spoil = fn(&mut Drill);
    let cases: [(&str, Spoil); 17] = [
        ("interrupted", |drill| drill.add(ms(12_000), Event::Interrupted { signal: 1 })),
        ("record-cut-off", |drill| drill.forget(|event| matches!(event, Event::Finished))),
        ("setup-failed", |drill| {
            drill.add(ms(3_000), Event::SetupFailed { phase: Phase::Backup, failure: failure("no room") });
        }),
        ("fault-not-confirmed", |drill| {
            drill.add(ms(10_100), Event::FaultUnconfirmed { fault: 1, why: "still healthy".into() });
        }),
        ("fault-not-confirmed", |drill| drill.forget(|event| matches!(event, Event::FaultConfirmed { fault: 0, .. }))),
        ("fault-not-confirmed", |drill| drill.forget(|event| matches!(event, Event::FaultIntended { fault: 1, .. }))),
        ("runbook-unfinished", |drill| {
            drill.forget(|event| matches!(event, Event::StepEnded { step: Step::Verify, .. }));
        }),
        ("source-not-fenced", |drill| drill.add(ms(14_000), Event::SourceNotFenced { why: "it took a row".into() })),
        ("source-not-fenced", |drill| drill.forget(|event| matches!(event, Event::SourceFenced { .. }))),
        ("recovery-point-unknown", |drill| drill.forget(|event| matches!(event, Event::RecoveryPoint(_)))),
        ("ledger-incomplete", |drill| drill.data.ledger.truncate(200)),
        ("ledger-incomplete", |drill| {
            let missing = drill.data.ledger.len() as u64 / 2 - drill.counted();
            let tally = Tally { acknowledged: missing + 1, ..Tally::default() };
            drill.add(ms(28_000), Event::Tally { until: ms(28_000), tally });
        }),
        ("rows-not-compared", |drill| drop(drill.data.ledger.remove(0))),
        ("rows-not-compared", |drill| {
            drill.change(|event| {
                if let Event::RecoveryPoint(cut) = event {
                    (cut.earliest, cut.latest) = (Nanos(5), Nanos(4));
                }
            });
        }),
        ("nothing-compared", |drill| {
            drill.data.absent = vec![0, 1];
            drill.data.restored.clear();
            drill.recount();
        }),
        ("not-calibrated", |drill| drill.forget(|event| matches!(event, Event::Calibrated { .. }))),
        ("observations-unreadable", |_| {}),
    ];
    for (id, spoil) in cases {
        for damaged in [false, true] {
            let mut drill = Drill::healthy();
            if damaged {
                drill.data.restored.truncate(100);
                drill.recount();
            }
            spoil(&mut drill);
            let directory = tempfile::tempdir().unwrap();
            let folder = Folder::new(directory.path());
            drill.write(&folder);
            if id == "observations-unreadable" {
                std::fs::write(folder.observation("writes"), "{").unwrap();
            }
            let verdict = judge(&folder).unwrap();
            assert!(verdict.gates.iter().any(|gate| gate.id == id), "{id}: {:?}", verdict.gates);
            assert_eq!((verdict.verdict, verdict.exit_code), (Verdict::Inconclusive, 105), "{id}");
        }
    }
}

#[test]
fn an_interruption_asks_for_its_own_exit_code() {
    for (signal, exit_code) in [(2, 130), (15, 143)] {
        let mut drill = Drill::healthy();
        drill.add(ms(12_000), Event::Interrupted { signal });
        let verdict = drill.judge();
        assert_eq!((verdict.verdict, verdict.exit_code), (Verdict::Inconclusive, exit_code));
    }
}

/// A drill whose runbook broke off in this step: nothing after it happened.
fn broken_off(step: Step, outcome: Outcome) -> Drill {
    let mut drill = Drill::healthy();
    let at = drill.events.iter().position(|entry| matches!(entry.event, Event::StepBegun { step: s, .. } if s == step));
    let kept: Vec<_> = drill.events.split_off(at.unwrap() + 1);
    let ended = ms(20_000);
    drill.add(ended, Event::StepEnded { step, at: ended, outcome, bytes: None, says: String::new() });
    let keeps = |event: &Event| matches!(event, Event::Probe { .. } | Event::Phase(Phase::Teardown) | Event::Finished);
    drill.events.extend(kept.into_iter().filter(|entry| keeps(&entry.event)));
    drill.observations.clear();
    drill.without = vec!["restored.rows"];
    drill
}

#[test]
fn a_step_that_fails_is_a_miss_even_though_nothing_could_be_compared() {
    for step in [Step::Detect, Step::StopApplication, Step::Fetch, Step::Restore, Step::Promote, Step::Verify] {
        let verdict = broken_off(step, Outcome::Failed(failure("exit status 1"))).judge();
        assert_eq!((verdict.verdict, verdict.exit_code), (Verdict::Missed, 100), "{}", bytes(&verdict));
        assert!(verdict.says.contains("not recovered") && verdict.says.contains("exit status 1"), "{}", verdict.says);
        assert_eq!(verdict.objectives[0].verdict, Verdict::Missed);
        let mut of_the_data = verdict.findings.iter().filter(|finding| finding.checker != "STAGE");
        assert!(of_the_data.all(|finding| finding.verdict == Verdict::Inconclusive), "{step}");
    }
}

#[test]
fn a_step_that_the_harness_stopped_is_censored_unless_the_objective_had_passed() {
    let bound = || broken_off(Step::Restore, Outcome::Bound(failure("stopped after 10 s")));
    let verdict = bound().judge();
    assert_eq!((verdict.verdict, verdict.exit_code), (Verdict::Inconclusive, 105), "{}", bytes(&verdict));
    // It was stopped 10 s after the fault.
    for (limit, verdict, exit_code) in [
        (Nanos::from_secs(10), Verdict::Inconclusive, 105),
        (Nanos(9_999_999_999), Verdict::Missed, 99),
        (Nanos::from_secs(9), Verdict::Missed, 99),
    ] {
        let mut tight = bound();
        tight.record.plan.objectives.get_mut("critical").unwrap().rto.as_mut().unwrap().value = limit;
        let judged = tight.judge();
        assert_eq!(judged.objectives[0].verdict, verdict, "{:?}", judged.objectives[0]);
        assert_eq!(judged.exit_code, exit_code, "limit {limit}");
    }
}

#[test]
fn a_rightly_empty_database_is_met_and_an_emptied_one_is_not() {
    let mut empty = Drill::healthy();
    empty.data.initial.clear();
    empty.data.restored.clear();
    empty.data.ledger.clear();
    empty.record.scenario.workload.clients = 0;
    empty.forget(|event| matches!(event, Event::Tally { .. }));
    empty.change(|event| {
        if let Event::Loaded { rows, .. } = event {
            *rows = 0;
        }
    });
    if let Some(Observation::Invariants(rules)) = empty.observations.get_mut("invariants") {
        rules.iter_mut().for_each(|rule| rule.examined = 0);
    }
    empty.observations.insert("canaries".into(), Observation::Canaries(vec![]));
    empty.recount();
    let verdict = empty.judge();
    assert_eq!(verdict.verdict, Verdict::Met, "{}", bytes(&verdict));

    let mut emptied = Drill::healthy();
    emptied.data.restored.clear();
    emptied.recount();
    let verdict = emptied.judge();
    assert_eq!((verdict.verdict, verdict.exit_code), (Verdict::Missed, 100), "{}", bytes(&verdict));
    assert_eq!(finding(&verdict, "LOST").verdict, Verdict::Missed);
    assert_eq!(finding(&verdict, "GHOST").verdict, Verdict::Inconclusive, "nothing was read");
}

#[test]
fn an_empty_database_is_right_only_where_each_count_says_so() {
    let empty = |spoil: fn(&mut Drill)| {
        let mut drill = Drill::healthy();
        drill.data.initial.clear();
        drill.data.restored.clear();
        drill.data.ledger.clear();
        drill.change(|event| {
            if let Event::Loaded { rows, .. } = event {
                *rows = 0;
            }
        });
        spoil(&mut drill);
        drill.recount();
        drill.evidence().is_rightly_empty()
    };
    assert!(empty(|_| {}));
    assert!(!empty(|drill| drill.forget(|event| matches!(event, Event::Loaded { .. }))), "nobody says what was loaded");
    assert!(!empty(|drill| drop(drill.observations.remove("rows"))), "nobody looked");
    assert!(!empty(|drill| drill.forget(|event| matches!(event, Event::RecoveryPoint(_)))), "nothing was compared");
    assert!(!empty(|drill| drill.data = Drill::healthy().data), "rows are owed, and there");
    assert!(!empty(|drill| drill.data.ledger = Drill::healthy().data.ledger), "rows are owed");
}

/// A kill can cut any file at any byte: the verdict must never come out better for it.
#[test]
fn a_record_cut_at_any_place_is_never_met() {
    let drill = Drill::healthy();
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::new(directory.path());
    drill.write(&folder);
    assert_eq!(judge(&folder).unwrap().verdict, Verdict::Met);
    let files = [folder.history(), folder.ledger(), folder.initial_rows(), folder.restored_rows()];
    let observations = drill.observations.keys().map(|name| folder.observation(name));
    for path in files.into_iter().chain(observations) {
        let whole = std::fs::read(&path).unwrap();
        let step = (whole.len() / 40).max(1);
        let cuts = (0..whole.len()).step_by(step).chain(whole.len().saturating_sub(12)..whole.len() - 1);
        for cut in cuts.filter(|cut| !whole[*cut..].trim_ascii().is_empty()) {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let verdict = judge(&folder).unwrap();
            assert_ne!(verdict.verdict, Verdict::Met, "{} cut at {cut} of {}", path.display(), whole.len());
        }
        std::fs::remove_file(&path).unwrap();
        assert_ne!(judge(&folder).unwrap().verdict, Verdict::Met, "without {}", path.display());
        std::fs::write(&path, whole).unwrap();
    }
    assert_eq!(judge(&folder).unwrap().verdict, Verdict::Met);
}

#[test]
fn a_torn_record_says_so() {
    let drill = Drill::healthy();
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::new(directory.path());
    drill.write(&folder);
    for path in [folder.history(), folder.ledger()] {
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 2]).unwrap();
    }
    std::fs::remove_file(folder.observation("writes")).unwrap();
    let verdict = judge(&folder).unwrap();
    let notes = verdict.notes.join("\n");
    for words in ["history's last line is torn", "ledger's last entry is torn", "\"writes\", which is not there"] {
        assert!(notes.contains(words), "{notes}");
    }
    let torn = verdict.gates.iter().find(|gate| gate.id == "ledger-torn").unwrap();
    assert!(
        torn.says.starts_with("the ledger ends in ") && torn.says.ends_with(" that are no whole entry"),
        "{torn:?}"
    );
}

#[test]
fn a_folder_without_a_record_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(judge(&Folder::new(directory.path())), Err(JudgeError::Record(_))));
}

#[test]
fn what_the_isolation_cannot_prove_is_inconclusive_by_name() {
    let mut drill = Drill::healthy();
    // The last is of no checker that there is.
    let names = ["FENCE", "IDENT", "SEALED"];
    drill.record.isolation.cannot_prove = names.map(str::to_owned).into();
    let verdict = drill.judge();
    assert_eq!(verdict.verdict, Verdict::Inconclusive);
    for name in names {
        assert_eq!(verdict.findings.iter().filter(|finding| finding.checker == name).count(), 1, "{name}");
        let finding = finding(&verdict, name);
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert_eq!(finding.says, format!("these hosts cannot prove it: {}", drill.record.isolation.says));
    }
    drill.observations.values_mut().for_each(|observation| {
        if let Observation::Identity(identity) = observation {
            identity.restored = Some(life(0));
        }
    });
    assert_eq!(finding(&drill.judge(), "IDENT").verdict, Verdict::Missed, "what was shown wrong stays wrong");
}

#[test]
fn a_drill_on_another_version_than_the_document_names_says_so_and_which_is_the_later() {
    let tool = |version: &str| Tool { version: version.into(), sha256: String::new() };
    for (named, drilled, says) in [
        ("MySQL 8.0", ("MariaDB", "10.11.19-MariaDB"), Some("drilled on MariaDB 10.11.19-MariaDB,")),
        ("MySQL 8.0", ("MySQL", "9.7.4-2"), Some("upgrade hypothesis: drilled on MySQL 9.7.4-2,")),
        ("MySQL 9.7", ("MySQL", "10.0"), Some("upgrade hypothesis: ")),
        ("MySQL 9.7", ("MySQL", "9.6"), Some("drilled on MySQL 9.6,")),
        ("MySQL 8.0", ("MySQL", "8.0.36"), None),
        ("MySQL 8", ("MySQL", "80.1"), Some("upgrade hypothesis: drilled on MySQL 80.1")),
        ("PostgreSQL 15", ("PostgreSQL", "15.18"), None),
        ("PostgreSQL 15", ("MinIO", "15"), Some("drilled on a server of no known version")),
    ] {
        let mut drill = Drill::healthy();
        let source = drill.record.plan.pipelines["archive"].source.clone();
        drill.record.plan.values.insert(format!("hosts.{source}.version"), sourced(named.to_owned()));
        drill.record.tools = [(drilled.0.to_owned(), tool(drilled.1))].into();
        let notes = drill.judge().notes;
        let told = notes.iter().find(|note| note.contains(&format!("the plan names {named}")));
        assert_eq!(told.is_some(), says.is_some(), "{named}: {notes:?}");
        assert!(told.is_none_or(|told| told.starts_with(says.unwrap())), "{told:?}");
    }
}
