//! From a record's folder to a verdict.

use std::collections::BTreeMap;

use blackstart_record::history::{self, History};
use blackstart_record::record::{Folder, LoadError, Record};
use blackstart_record::time::Nanos;
use blackstart_record::verdict::{DrillVerdict, Gate, Measures, Verdict};

use super::evidence::Evidence;
use super::objectives::{self, Measured};
use super::rta::{self, Recovery};
use super::story::Story;
use super::words::count;
use super::{
    CHECKERS, alerts, calibration, counting, crash_points, disturbed, exposure, failback, gates, lag, merge, rpa, run,
    sabotage, throughput,
};
use crate::oracle::{self, Declared};

/// The version of `verdict.json` that this code writes.
pub const VERSION: u32 = 6;

/// Why a record cannot be judged at all: nothing says what was drilled.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// `record.json` is missing, malformed or of another version.
    #[error(transparent)]
    Record(#[from] LoadError),
}

/// Judges the record in `folder`, from its files alone and without changing them. Everything but `record.json` may be
/// missing, torn or damaged: the verdict is then inconclusive and its notes say what.
///
/// # Errors
/// [`JudgeError::Record`] if `record.json` cannot be loaded.
pub fn judge(folder: &Folder) -> Result<DrillVerdict, JudgeError> {
    let Gathered { evidence, broken, notes } = gather(folder, folder.load_record()?);
    Ok(conclude(folder, &evidence, broken, notes))
}

/// The evidence of a folder, with the gates and notes that reading it gave.
pub(super) struct Gathered {
    pub(super) evidence: Evidence,
    pub(super) broken: Vec<Gate>,
    pub(super) notes: Vec<String>,
}

/// Gathers what `folder` holds of a drill with this record.
pub(super) fn gather(folder: &Folder, record: Record) -> Gathered {
    let mut notes = Vec::new();
    let mut broken = Vec::new();
    let history = load_history(folder, &mut notes, &mut broken);
    let story = Story::new(&history.entries);
    let observations = folder.load_observations().unwrap_or_else(|why| {
        let says = format!("an observation cannot be read: {}", without_path(&why));
        broken.push(Gate { id: "observations-unreadable".into(), says });
        BTreeMap::new()
    });
    for name in story.observed.iter().filter(|name| !observations.contains_key(*name)) {
        notes.push(format!("the history tells of an observation \"{name}\", which is not there"));
    }
    let comparison = match &story.cut {
        None => Err("the recovery point is not known".to_owned()),
        Some(cut) => {
            let loaded_at = story.load.map_or(Nanos::ZERO, |load| load.at);
            oracle::compare(folder, &record.tables, cut, loaded_at, Declared::of(&record.scenario))
                .map_err(|why| why.to_string())
        }
    };
    let evidence = Evidence { record, story, observations, comparison };
    note_oddities(&evidence, &mut notes);
    Gathered { evidence, broken, notes }
}

fn load_history(folder: &Folder, notes: &mut Vec<String>, broken: &mut Vec<Gate>) -> History {
    match history::read(&folder.history()) {
        Ok(history) => {
            if history.torn_bytes > 0 {
                notes.push(format!("the history's last line is torn: {} dropped", count(history.torn_bytes, "byte")));
            }
            history
        }
        Err(why) => {
            broken.push(Gate { id: "history-unreadable".into(), says: why.to_string() });
            History::default()
        }
    }
}

/// A record must be judged alike wherever it lies, so a verdict names files without their folder.
fn without_path(error: &LoadError) -> String {
    let name =
        |path: &std::path::Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match error {
        LoadError::Io { path, why } => format!("{}: {why}", name(path)),
        LoadError::Malformed { path, line, column, why } => {
            format!("{}, line {line}, column {column}: {why}", name(path))
        }
        LoadError::Version { path, found } => format!("{} is of version {found}", name(path)),
    }
}

fn note_oddities(evidence: &Evidence, notes: &mut Vec<String>) {
    let scenario = &evidence.record.scenario;
    if let Ok(found) = &evidence.comparison {
        if found.ledger_torn_bytes > 0 {
            notes.push(format!("the ledger's last entry is torn: {} dropped", count(found.ledger_torn_bytes, "byte")));
        }
        if found.unknown > 0 {
            let unknown = count(found.unknown, "operation");
            notes.push(format!("{unknown} broke off before the answer to what commits: each may be there or not"));
        }
        if found.open > 0 {
            let open = count(found.open, "operation");
            notes.push(format!(
                "{open} began before the recovery point and never ended in the ledger: taken as unknown"
            ));
        }
    }
    notes.extend(other_version(evidence));
    if scenario.compression > 1 {
        notes.push(format!(
            "delays and schedules were compressed {} times; no measured figure was multiplied",
            scenario.compression
        ));
    }
    if !scenario.expendable.is_empty() {
        notes.push(format!("the plan lets these tables be lost: {}", scenario.expendable.join(", ")));
    }
    if !scenario.erasures.is_empty() {
        let tables = scenario.erasures.join(", ");
        notes.push(format!("deletions from {tables} are erasures: they hold wherever the recovery point lies"));
    }
}

/// The servers that plans are about, by the name under which the record has their version.
const SERVERS: [&str; 3] = ["PostgreSQL", "MariaDB", "MySQL"];

/// That the source's server is not of the version that the document names, where it names one.
fn other_version(evidence: &Evidence) -> Option<String> {
    let (record, scenario) = (&evidence.record, &evidence.record.scenario);
    let source = &record.plan.pipelines.get(&scenario.pipeline)?.source;
    let named = record.plan.values.get(&format!("hosts.{source}.version"))?;
    let servers = record.tools.iter().filter(|(name, _)| SERVERS.contains(&name.as_str()));
    let drilled: Vec<String> = servers.map(|(name, tool)| format!("{name} {}", tool.version)).collect();
    let is_it = |drilled: &String| {
        let rest = drilled.strip_prefix(&named.value);
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
    };
    let (value, origin) = (&named.value, &named.origin);
    let whether = if drilled.iter().any(|drilled| is_upgrade(value, drilled)) { "upgrade hypothesis: " } else { "" };
    (!drilled.iter().any(is_it)).then(|| {
        let drilled = if drilled.is_empty() { "a server of no known version".to_owned() } else { drilled.join(", ") };
        format!(
            "{whether}drilled on {drilled}, and the plan names {value} ({origin}): what holds of one need not hold of the other"
        )
    })
}

/// Whether one server is a later version of the other.
fn is_upgrade(from: &str, to: &str) -> bool {
    let parts = |server: &str| {
        let (name, version) = server.split_once(' ')?;
        let numbers = version.split(|c: char| !c.is_ascii_digit()).map_while(|number| number.parse::<u64>().ok());
        Some((name.to_owned(), numbers.collect::<Vec<_>>()))
    };
    parts(from).zip(parts(to)).is_some_and(|(from, to)| from.0 == to.0 && from.1 < to.1)
}

fn conclude(folder: &Folder, evidence: &Evidence, mut gates: Vec<Gate>, mut notes: Vec<String>) -> DrillVerdict {
    let story = &evidence.story;
    gates.extend(gates::closed(evidence));
    let (findings, panicked) = run(CHECKERS, evidence);
    let (mut findings, reported) = counting(findings, evidence);
    let (sabotaged, trials) = sabotage::judge(evidence, folder).unzip();
    let (crashed, points) = crash_points::judge(evidence).unzip();
    let (went_back, disturbed_back) = failback::judge(evidence, folder).unzip();
    findings.extend(went_back.into_iter().chain(sabotaged).chain(crashed));
    notes.extend(reported);
    gates.extend(panicked);
    let (recovery, rpa, exposure) = (rta::measure(evidence), rpa::measure(evidence), exposure::of(evidence));
    let measured = Measured { recovery: &recovery, rpa: &rpa, exposure: &exposure };
    let objectives = objectives::judge(evidence, &measured);
    let calibration = calibration::measure(evidence);
    let disturbed = disturbed::why(evidence, &calibration, &recovery).or(disturbed_back.flatten());
    notes.extend(disturbed.as_ref().map(|why| format!("disturbed by this machine: {why}")));
    let conclusion = merge::conclude(&gates, &objectives, &findings, &recovery, story.interrupted);
    let rta = if let Recovery::Back(rta) = recovery { Some(rta) } else { None };
    notes.extend(rta.as_ref().and_then(|rta| rta::unsteady(evidence, rta)));
    let measures = Measures {
        calibration: calibration.ok(),
        steps: rta::steps(evidence),
        throughput_back: rta.as_ref().and_then(|rta| throughput::back(evidence, rta.recovered.upper)),
        throughput_before: throughput::before(evidence),
        rta,
        rpa: rpa.ok(),
        exposure: exposure.ok(),
        lag: lag::measure(evidence),
        alerts: alerts::measure(evidence),
        recovery_point: story.cut.clone(),
        rows: story.load.map_or(0, |load| load.rows),
        bytes: story.load.map_or(0, |load| load.bytes),
    };
    debug_assert!(conclusion.verdict != Verdict::Met || gates.is_empty());
    DrillVerdict {
        version: VERSION,
        drill: format!("{}/{}", evidence.record.plan.name, evidence.record.scenario.name),
        verdict: conclusion.verdict,
        says: conclusion.says,
        exit_code: conclusion.exit_code,
        gates,
        objectives,
        findings,
        sabotage: trials.unwrap_or_default(),
        crash_points: points.unwrap_or_default(),
        disturbed,
        measures,
        notes,
    }
}
