//! The first form of `record.json`: everything that is known before anything is started.

use std::collections::BTreeMap;

use blackstart_record::record::{Record, VERSION};

use super::Request;
use crate::clock::wall;
use crate::host::isolate::Isolation;
use crate::workload::Domain;

/// The record of a drill that is about to start.
pub(super) fn begin(request: &Request, isolation: &Isolation, domain: &dyn Domain) -> Record {
    Record {
        version: VERSION,
        blackstart: env!("CARGO_PKG_VERSION").to_owned(),
        run: request.run.clone(),
        id: request.id.clone(),
        started: wall(),
        plan: request.loaded.plan.clone(),
        scenario: request.loaded.scenario.clone(),
        seed: request.seed,
        isolation: isolation.describe(),
        machine: machine(),
        tools: BTreeMap::new(),
        tables: domain.recorded(),
        artifacts: BTreeMap::new(),
        previous: request.previous.clone(),
        skipped: request.skipped.clone(),
        profile: request.profile.clone(),
        programs: request.loaded.programs(&request.plan_folder),
    }
}

fn machine() -> BTreeMap<String, String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let memory = read("/proc/meminfo")
        .lines()
        .next()
        .and_then(|line| line.split_once(':'))
        .map(|(_, size)| size.trim().to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    BTreeMap::from([
        ("kernel".to_owned(), read("/proc/sys/kernel/osrelease").trim().to_owned()),
        ("architecture".to_owned(), std::env::consts::ARCH.to_owned()),
        ("cores".to_owned(), cores.to_string()),
        ("memory".to_owned(), memory.unwrap_or_default()),
    ])
}
