//! What the verdict rests on: faults, fences, what was compared; and the facts of the record.

use blackstart_record::observation::Observation;
use serde::Serialize;

use super::Fact;
use crate::material::Material;
use crate::words;

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultView {
    /// Its number, from 1.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// What it was meant to do.
    pub says: String,
    /// When it was injected.
    pub intended: String,
    /// When its effect was seen.
    pub confirmed: String,
    /// What was seen, or why nothing was.
    pub evidence: String,
    /// Whether it is confirmed.
    pub is_confirmed: bool,
    /// When its end was seen.
    pub healed: String,
}

/// A tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolView {
    /// Its name.
    pub name: String,
    /// What it says of itself.
    pub version: String,
    /// The digest of its binary.
    pub sha256: String,
}

pub(crate) fn faults(material: &Material) -> Vec<FaultView> {
    let planned = material.record.scenario.faults.iter().enumerate();
    let view = |(index, fault): (usize, &blackstart_record::plan::FaultPlan)| {
        let story = material.story.faults.get(&index).cloned().unwrap_or_default();
        let (evidence, is_confirmed) = match (&story.unconfirmed, &story.confirmed, &story.intended) {
            (Some(why), ..) => (format!("not confirmed: {why}"), false),
            (None, Some((_, evidence)), _) => (evidence.clone(), true),
            (None, None, Some(_)) => ("its effect was never seen".to_owned(), false),
            (None, None, None) => ("never injected".to_owned(), false),
        };
        FaultView {
            number: index + 1,
            name: fault.name.clone(),
            says: story.intended.as_ref().map(|(_, says)| says.clone()).unwrap_or_default(),
            intended: story.intended.map_or(String::new(), |(at, _)| material.when(at)),
            confirmed: story.confirmed.map_or(String::new(), |(at, _)| material.when(at)),
            evidence,
            is_confirmed,
            healed: story.healed.map_or(String::new(), |at| material.when(at)),
        }
    };
    planned.map(view).collect()
}

pub(super) fn evidence(material: &Material) -> Vec<Fact> {
    let story = &material.story;
    let mut facts = Vec::new();
    for observation in material.observations.values() {
        let Observation::Rows(rows) = observation else { continue };
        let read: u64 = rows.read.values().sum();
        let tables = words::count(rows.read.len() as u64, "table");
        facts.push(Fact::new(
            "Rows read from the restored copy",
            format!("{} of {tables}, {}", words::count(read, "row"), words::bytes(rows.bytes)),
        ));
        facts.extend(rows.unreadable.iter().map(|(table, why)| Fact::new(format!("Could not be read: {table}"), why)));
    }
    facts.push(Fact::new(
        "Source fenced",
        match &story.fence {
            Some(Ok((at, evidence))) => format!("{}: {evidence}", material.when(*at)),
            Some(Err(why)) => format!("no: {why}"),
            None => "nobody tried".into(),
        },
    ));
    if let Some((at, incarnation)) = story.snapshot {
        let life = story
            .incarnations
            .get(incarnation as usize)
            .map(|(_, host, life)| format!(", of {} branch {} on {host}", life.identity, life.branch));
        let says = format!("{}, before traffic was let in{}", material.when(at), life.unwrap_or_default());
        facts.push(Fact::new("Snapshot that was examined", says));
    }
    facts.extend(story.loaded.map(|(_, rows, bytes)| {
        Fact::new("Initial data set", format!("{}, {}", words::count(rows, "row"), words::bytes(bytes)))
    }));
    facts.extend(story.backups.iter().map(|backup| {
        let took = backup.durable.since(backup.begun);
        Fact::new(
            format!("Backup {}", backup.id),
            format!("{} by {}, durable after {took}", words::bytes(backup.bytes), backup.pipeline),
        )
    }));
    facts.extend(story.shipping.map(|(number, worst)| {
        Fact::new(
            "Pieces of log shipped",
            format!("{}; the slowest was durable {worst} after its end", words::grouped(number)),
        )
    }));
    facts
}

pub(super) fn record(material: &Material) -> Vec<Fact> {
    let record = &material.record;
    let scenario = &record.scenario;
    let rate =
        scenario.workload.rate.map_or("flat out".to_owned(), |rate| format!("{} operations/s", words::figure(rate)));
    let workload = format!(
        "{}: {}, {}, {rate}",
        scenario.workload.domain,
        words::count(scenario.workload.rows, "row"),
        words::count(u64::from(scenario.workload.clients), "client"),
    );
    let mut facts = vec![
        Fact::new("Run", &record.run),
        Fact::new("Drill", &record.id),
        Fact::new("Started", &record.started),
        Fact::new("Blackstart", &record.blackstart),
        Fact::new("Record version", record.version.to_string()),
        Fact::new("Seed", record.seed.to_string()),
        Fact::new("Pipeline", &scenario.pipeline),
        Fact::new("Workload", workload),
        Fact::new("Hosts", format!("{}: {}", record.isolation.hosts, record.isolation.says)),
    ];
    facts.extend(record.profile.iter().map(|profile| Fact::new("Profile", profile)));
    facts.extend(record.programs.iter().map(|(path, digest)| Fact::new(format!("Program {path}"), digest)));
    if scenario.compression > 1 {
        let says = format!("delays and schedules by {}; no measured figure was multiplied", scenario.compression);
        facts.push(Fact::new("Compressed", says));
    }
    if !scenario.expendable.is_empty() {
        facts.push(Fact::new("Tables that may be lost", scenario.expendable.join(", ")));
    }
    if !scenario.erasures.is_empty() {
        facts.push(Fact::new("Tables whose deletions are erasures", scenario.erasures.join(", ")));
    }
    let previous = record.previous.clone().unwrap_or_else(|| "none".into());
    facts.push(Fact::new("Previous run\u{2019}s record", previous));
    facts.extend(record.machine.iter().map(|(name, value)| Fact::new(format!("Machine: {name}"), value)));
    facts
}

pub(super) fn tools(material: &Material) -> Vec<ToolView> {
    let view = |(name, tool): (&String, &blackstart_record::record::Tool)| ToolView {
        name: name.clone(),
        version: tool.version.clone(),
        sha256: tool.sha256.clone(),
    };
    material.record.tools.iter().map(view).collect()
}
