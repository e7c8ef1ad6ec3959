//! The verdicts of the samples.

use blackstart_record::plan::{Origin, Sourced};
use blackstart_record::rows::Key;
use blackstart_record::time::{Interval, Nanos};
use blackstart_record::verdict::*;

use super::history::{FAULT, RECOVERED, STEPS, cut};
use super::{HOSTILE, Sample, plan, trials};

fn ms(at: u64) -> Nanos {
    Nanos::from_millis(at)
}

/// `verdict.json` of a sample.
pub fn verdict(sample: Sample) -> DrillVerdict {
    let (verdict, exit_code, says) = match sample {
        Sample::Healthy => (Verdict::Met, 0, "all 2 objectives and 8 checks are met"),
        Sample::Bad => (
            Verdict::Inconclusive,
            105,
            "fault 2 (page-corruption) is not confirmed: the page still reads (and 2 more)",
        ),
        Sample::CutOff => (Verdict::Inconclusive, 143, "the drill was stopped by signal 15 (and 1 more)"),
    };
    DrillVerdict {
        version: 5,
        drill: "fulexo/database-corruption".into(),
        verdict,
        says: says.into(),
        exit_code,
        gates: gates(sample),
        objectives: objectives(sample),
        findings: findings(sample),
        sabotage: trials::sabotage(sample),
        crash_points: trials::crash_points(sample),
        disturbed: None,
        measures: measures(sample),
        notes: match sample {
            Sample::Healthy => Vec::new(),
            _ => vec![format!("what the harness could not note: {HOSTILE}")],
        },
    }
}

fn gates(sample: Sample) -> Vec<Gate> {
    let gate = |id: &str, says: &str| Gate { id: id.into(), says: says.into() };
    match sample {
        Sample::Healthy => Vec::new(),
        Sample::Bad => vec![
            gate("fault-not-confirmed", "fault 2 (page-corruption) is not confirmed: the page still reads"),
            gate(
                "source-not-fenced",
                "the source could still be written to: a session of the application's role could",
            ),
            gate("setup-failed", HOSTILE),
        ],
        Sample::CutOff => vec![
            gate("interrupted", "the drill was stopped by signal 15"),
            gate("record-cut-off", "the history has no end: the harness was killed, or is still running"),
        ],
    }
}

fn objectives(sample: Sample) -> Vec<ObjectiveVerdict> {
    let plan = plan::objectives();
    let judge = |name: &str, kind, achieved, verdict, says: &str| {
        let planned = plan.get(name);
        let limit = planned.and_then(|one| if kind == ObjectiveKind::Rto { one.rto.clone() } else { one.rpo.clone() });
        ObjectiveVerdict {
            objective: name.into(),
            kind,
            covers: planned.map(|one| one.covers.clone()).unwrap_or_default(),
            limit: limit.unwrap_or(Sourced { value: Nanos::ZERO, origin: Origin::Stated }),
            achieved,
            verdict,
            says: says.into(),
        }
    };
    let between = |lower, upper| Some(Interval { lower: ms(lower), upper: ms(upper) });
    use ObjectiveKind::{Rpo, Rto};
    match sample {
        Sample::Healthy => vec![
            judge(
                "critical",
                Rto,
                between(9_200, 9_300),
                Verdict::Met,
                "recovered in 9.2 s to 9.3 s; the objective is 1 h; 112.6 MB drilled, production size not stated",
            ),
            judge(
                "database",
                Rpo,
                between(65_150, 65_150),
                Verdict::Met,
                "3.02 s of acknowledged writes lost (120 ms before the fault, 2.9 s after it): 1,145 operations after the recovery point, 0 operations missing before it; the schedule allows 1 min 5 s; the objective is 15 min",
            ),
        ],
        Sample::Bad => vec![
            judge(
                "critical",
                Rto,
                between(2_409_200, 2_409_300),
                Verdict::Met,
                "recovered in 40 min 9 s, 40 min of it declared manual time; the objective is 1 h; 112.6 MB drilled, production size not stated",
            ),
            judge(
                "database",
                Rpo,
                between(2_407_000, 2_407_000),
                Verdict::Missed,
                "40 min 7 s of acknowledged writes lost; the objective is 15 min",
            ),
        ],
        Sample::CutOff => vec![
            judge(
                "critical",
                Rto,
                None,
                Verdict::Inconclusive,
                "known only to be longer than 5 s: the watch ended before the service was stable; the objective is 1 h; 112.6 MB drilled, production size not stated",
            ),
            judge(
                "database",
                Rpo,
                None,
                Verdict::Inconclusive,
                "what was lost is not known (no rows were examined); the objective is 15 min",
            ),
        ],
    }
}

fn findings(sample: Sample) -> Vec<Finding> {
    let names = ["LOST", "RPO", "GHOST", "ATOM", "BYTES", "INV", "WRITE", "IDENT"];
    let plain = |name: &str| Finding {
        checker: name.into(),
        verdict: if sample == Sample::CutOff { Verdict::Inconclusive } else { Verdict::Met },
        says: match sample {
            Sample::CutOff => "nothing was examined".into(),
            _ => format!("all that {name} looks at is as it should be"),
        },
        cause: None,
        compared: if sample == Sample::CutOff { 0 } else { 202_190 },
        details: Vec::new(),
        differences: Vec::new(),
    };
    let mut findings: Vec<Finding> = names.into_iter().map(plain).collect();
    if sample == Sample::Bad {
        findings[0] = lost();
        findings[2] = ghost();
        findings[5].verdict = Verdict::Inconclusive;
        findings[5].says = format!("no inventory of {HOSTILE}");
        findings[5].details = (0..80).map(|line| format!("sequence app.s{line} is missing")).collect();
    }
    findings.extend(trials::findings(sample));
    findings
}

fn lost() -> Finding {
    let difference = |kind, count, first: &[u128]| Difference {
        table: "app.orders".into(),
        kind,
        count,
        first: first.iter().map(|key| Key(*key)).collect(),
        shown: first.iter().map(u128::to_string).collect(),
    };
    Finding {
        checker: "LOST".into(),
        verdict: Verdict::Missed,
        says: "214 rows of 202,190 owed are not as acknowledged: 200 rows missing from app.orders, 14 rows changed in app.orders".into(),
        cause: Some("damaged pages, an encoding or type changed on the way, or a bad change that the restore did not leave behind".into()),
        compared: 202_190,
        details: vec!["app.orders: 14 rows changed: 1042, ...".into(), "3 operations never ended in the ledger".into()],
        differences: vec![
            difference(DifferenceKind::Missing, 200, &[1043, 1044, 1050]),
            difference(DifferenceKind::Changed, 14, &[1042]),
        ],
    }
}

fn ghost() -> Finding {
    Finding {
        checker: "GHOST".into(),
        verdict: Verdict::Missed,
        says: "1 row should not be there: 1 row written after the recovery point in app.orders".into(),
        cause: Some("replay went past the recovery target, had no target, or followed another timeline".into()),
        compared: 202_191,
        details: Vec::new(),
        differences: vec![Difference {
            table: "app.orders".into(),
            kind: DifferenceKind::AfterCut,
            count: 1,
            first: vec![Key(9001)],
            shown: vec!["9001".into()],
        }],
    }
}

fn measures(sample: Sample) -> Measures {
    let manual = if sample == Sample::Bad { 1_200_000 } else { 0 };
    let mut measures = Measures {
        steps: steps(sample, manual),
        recovery_point: Some(cut()),
        exposure: Some(Exposure::Stated {
            worst: ms(65_150),
            interval: ms(60_000),
            until_durable: ms(4_000),
            lag: ms(1_150),
        }),
        throughput_before: Some(402.0),
        rows: 200_000,
        bytes: 112_640_000,
        ..Measures::default()
    };
    match sample {
        Sample::CutOff => {
            measures.recovery_point = None;
            measures.exposure = None;
        }
        Sample::Healthy => measures.throughput_back = Some(ms(6_700)),
        Sample::Bad => {}
    }
    if sample != Sample::CutOff {
        measures.rta = Some(rta(manual));
        measures.rpa = Some(rpa(sample, manual));
    }
    measures
}

fn steps(sample: Sample, manual: u64) -> Vec<StepMeasure> {
    let mut steps: Vec<StepMeasure> = (STEPS.into_iter().enumerate())
        .map(|(index, (step, begun, ended, bytes, says))| StepMeasure {
            step,
            begun: ms(begun),
            ended: Some(ms(ended)),
            manual: if index < 2 { ms(manual) } else { Nanos::ZERO },
            bytes,
            says: says.into(),
            done: !(sample == Sample::Bad && index == 8),
        })
        .collect();
    if sample == Sample::CutOff {
        steps.truncate(4);
        steps[3].ended = None;
        steps[3].done = false;
        steps[3].bytes = None;
    }
    steps
}

fn rta(manual: u64) -> Rta {
    let mut phases = Vec::new();
    let mut cursor = FAULT;
    let steps = STEPS[..8].iter().map(|(step, _, ended, ..)| (step.to_string(), *ended));
    let rest = [("first read", FAULT + 9_262), ("first write", FAULT + 9_281), ("stabilise", RECOVERED)];
    for (index, (name, ended)) in steps.chain(rest.map(|(name, at)| (name.to_owned(), at))).enumerate() {
        let manual = if index < 2 { ms(manual) } else { Nanos::ZERO };
        phases.push(PhaseMeasure { name, begun: ms(cursor), measured: ms(ended - cursor), manual });
        cursor = ended;
    }
    Rta {
        achieved: Interval { lower: ms(9_200 + 2 * manual), upper: ms(9_300 + 2 * manual) },
        from: ms(FAULT),
        recovered: Interval { lower: ms(RECOVERED - 100), upper: ms(RECOVERED) },
        manual: ms(2 * manual),
        resolution: ms(45),
        phases,
    }
}

fn rpa(sample: Sample, manual: u64) -> Rpa {
    let bad = sample == Sample::Bad;
    let before = if bad { 4_100 } else { 120 };
    Rpa {
        achieved: ms(before + 2_900 + 2 * manual),
        before_fault: ms(before),
        after_fault: ms(2_900),
        manual: ms(2 * manual),
        first_gone: Some(ms(FAULT - before)),
        last_acknowledged: Some(ms(FAULT + 2_900)),
        newest_recovered: Some(ms(FAULT - 122)),
        tail_operations: 1_145,
        tail_rows: 2_873,
        hole_operations: if bad { 31 } else { 0 },
        hole_rows: if bad { 214 } else { 0 },
    }
}
