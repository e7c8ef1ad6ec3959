//! Trials of the sabotage and disturbed backups, as they were judged.

use blackstart_record::observation::{CrashPoints, CrashStep, SabotageKind};
use blackstart_record::plan::Step;
use blackstart_record::time::Nanos;
use blackstart_record::verdict::*;

use super::{HOSTILE, Sample};

/// Requests and programs of the backup that was disturbed: more steps than were tried.
const STEPS: (u64, usize) = (30, 12);

fn trial(what: &str, kind: SabotageKind, end: TrialEnd) -> JudgedTrial {
    JudgedTrial { what: what.into(), touched: touched(what), kind, took: Nanos::from_millis(2_740), end }
}

/// What a trial touched, by what is said of it: one object, or more than a row of a report names.
fn touched(what: &str) -> Vec<String> {
    let base = "fulexo/base/20261122T202101";
    match what {
        HOSTILE => vec![HOSTILE.to_owned()],
        what if what.contains("backup before") => {
            (0..8).map(|number| format!("{base}/data_{number:04}.tar.gz")).collect()
        }
        what if what.contains("largest object") => vec![format!("{base}/data.tar.gz")],
        what if what.contains("log segment") => vec!["fulexo/wals/00000001/000000010000000000000007.gz".to_owned()],
        _ => Vec::new(),
    }
}

fn refused(step: Step, says: &str, telling: Option<&str>) -> TrialEnd {
    TrialEnd::Refused { step, says: says.into(), telling: telling.map(str::to_owned) }
}

/// Who noticed, and what they found.
fn noticed(by: &[(Option<&str>, &str)]) -> TrialEnd {
    let one = |(checker, says): &(Option<&str>, &str)| Noticed {
        checker: checker.map(str::to_owned),
        says: (*says).to_owned(),
    };
    TrialEnd::Noticed { by: by.iter().map(one).collect() }
}

/// Trials of the sabotage: a survivor stands last, where it is easily overlooked.
pub fn sabotage(sample: Sample) -> Vec<JudgedTrial> {
    use SabotageKind::{Control, Damage, Perturbation};
    if sample == Sample::CutOff {
        return Vec::new();
    }
    let exited = "barman-cloud-restore exited with 4";
    let ended = Some("ERROR: unexpected end of data");
    let mut trials = vec![
        trial("nothing: restored a second time, elsewhere", Control, TrialEnd::Same),
        trial("the largest object cut to a half", Damage, refused(Step::Fetch, exited, ended)),
        trial("the largest object followed by itself", Damage, TrialEnd::Same),
        trial("one bit changed in a log segment", Damage, refused(Step::Replay, "cannot replay", None)),
        trial("the backup before, served as this one", Damage, noticed(&[(Some("LOST"), "7 rows of 9 are missing")])),
        trial("no step of the restore performed", Damage, noticed(&[(None, "cannot connect to fulexo")])),
        trial("the store gone for the first 5 s", Perturbation, refused(Step::Fetch, exited, None)),
        trial("restored twice onto the same host", Perturbation, TrialEnd::Same),
    ];
    if sample == Sample::Bad {
        let both = noticed(&[(Some("LOST"), "3 rows are missing"), (Some("INV"), "a role is missing")]);
        trials.push(trial("one request to the store 10 s late", Perturbation, both));
        trials.push(trial(HOSTILE, Damage, refused(Step::Restore, HOSTILE, Some(HOSTILE))));
        let why = "the trial could not be made: no room on the host".into();
        trials.push(trial("4 kB of zeros in the middle of the largest object", Damage, TrialEnd::Unknown { why }));
        trials.push(trial("one bit changed at the tail of the largest object", Damage, TrialEnd::Survived));
    }
    trials
}

/// Disturbed backups: 45 of them, and of four of them the word is worth nothing.
pub fn crash_points(sample: Sample) -> Vec<JudgedPoint> {
    if sample != Sample::Bad {
        return Vec::new();
    }
    let request = |number| match number % 2 {
        0 => CrashStep::Request { number: number / 2 + 1 },
        _ => CrashStep::From { request: number / 2 + 1 },
    };
    let program = |number: u64| {
        let name = ["pg_dump", "mc", "gzip"][number as usize % 3];
        CrashStep::Program { number: 1 + number / 3, name: name.into() }
    };
    let end = |index: u64| match index % 10 {
        3 => PointEnd::Broken {
            says: "its restore failed at the step restore: pg_restore exited with 1".into(),
            telling: Some(format!("ERROR: no such object {HOSTILE}")),
        },
        4 | 5 => PointEnd::Restored,
        6 if index == 36 => PointEnd::NotTried { why: HOSTILE.into() },
        7 => PointEnd::NotReached,
        _ => {
            PointEnd::Failed { says: "backup.sh exited with 1".into(), telling: Some("ERROR: connection reset".into()) }
        }
    };
    let point = |index: u64| JudgedPoint {
        at: if index < 33 { request(index) } else { program(index - 33) },
        took: Nanos::from_millis(900 + index),
        end: end(index),
    };
    (0..45).map(point).collect()
}

/// What was seen of them, as far as reports ask.
pub fn seen_of_crash_points() -> CrashPoints {
    CrashPoints { requests: STEPS.0, programs: vec!["pg_dump".into(); STEPS.1], ..CrashPoints::default() }
}

/// The findings that sum them up.
pub fn findings(sample: Sample) -> Vec<Finding> {
    let finding = |checker: &str, verdict, says: &str, compared| Finding {
        checker: checker.into(),
        verdict,
        says: says.into(),
        cause: None,
        compared,
        details: vec![format!("a line for each trial of {checker}")],
        differences: Vec::new(),
    };
    match sample {
        Sample::CutOff => Vec::new(),
        Sample::Healthy => vec![finding(
            SABOTAGE,
            Verdict::Met,
            "5 kinds of damage to the backup: 2 refused by the restore, 2 noticed by a check, 1 harmless",
            5,
        )],
        Sample::Bad => vec![
            finding(
                SABOTAGE,
                Verdict::Inconclusive,
                "this drill would not have noticed: one bit changed at the tail of the largest object \
                 (fulexo/base/20261122T202101/data.tar.gz)",
                7,
            ),
            finding(CRASH, Verdict::Missed, "4 of 41 disturbed backups reported success and did not come back", 41),
        ],
    }
}
