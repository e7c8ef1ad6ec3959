//! The plan and the scenario of the drill that tests judge.

use std::collections::BTreeMap;

use blackstart_record::plan::{
    Damage, FaultPlan, Objective, Pace, Pipeline, Plan, ProbePlan, Scenario, Schedule, Step, StepPlan, WorkloadPlan,
};
use blackstart_record::record::{self, Isolation, Record};
use blackstart_record::time::Nanos;

use super::{ms, sourced};
use crate::oracle::testing::Data;

pub(super) fn record(data: &Data) -> Record {
    Record {
        version: record::VERSION,
        blackstart: "0.1.0".into(),
        run: "01RUN".into(),
        id: "01DRILL".into(),
        started: "2026-01-01T00:00:00Z".into(),
        plan: plan(),
        scenario: scenario(),
        seed: 7,
        isolation: Isolation { hosts: "native".into(), says: "namespaces of their own".into(), cannot_prove: vec![] },
        machine: BTreeMap::new(),
        tools: BTreeMap::new(),
        tables: data.tables.clone(),
        artifacts: BTreeMap::new(),
        previous: None,
        skipped: BTreeMap::new(),
        profile: None,
        programs: BTreeMap::new(),
    }
}

fn plan() -> Plan {
    let objective = |rto: Option<u64>, rpo: Option<u64>| Objective {
        covers: vec!["orders".into()],
        rto: rto.map(Nanos::from_secs).map(sourced),
        rpo: rpo.map(Nanos::from_secs).map(sourced),
        tolerance: Nanos::ZERO,
    };
    let pipeline = Pipeline {
        method: sourced("barman-cloud".into()),
        source: "primary".into(),
        store: "backups".into(),
        schedule: Schedule { interval: Some(sourced(Nanos::from_secs(60))), entries: BTreeMap::new() },
        ships_remainder: true,
        repairs: false,
        pace: Pace::AtOnce,
        immutable_days: Some(30),
    };
    Plan {
        name: "fulexo".into(),
        title: "Fulexo".into(),
        document: None,
        production_bytes: None,
        objectives: [
            ("critical".to_owned(), objective(Some(3600), None)),
            ("database".to_owned(), objective(None, Some(900))),
        ]
        .into(),
        pipelines: [("archive".to_owned(), pipeline)].into(),
        alerts: BTreeMap::new(),
        findings: vec![],
        values: BTreeMap::new(),
    }
}

fn scenario() -> Scenario {
    let fault =
        |name: &str, damage, after| FaultPlan { after, name: name.into(), damage, params: serde_json::Value::Null };
    let steps = [
        Step::Detect,
        Step::Decide,
        Step::StopApplication,
        Step::Fetch,
        Step::Restore,
        Step::Replay,
        Step::Promote,
        Step::Switch,
        Step::Verify,
    ];
    Scenario {
        name: "database-corruption".into(),
        title: "Database corruption".into(),
        hypothesis: "Archiving brings every order back".into(),
        objectives: vec!["critical".into(), "database".into()],
        pipeline: "archive".into(),
        target: "standby".into(),
        workload: WorkloadPlan {
            domain: "fulfilment".into(),
            rows: 100,
            clients: 8,
            rate: None,
            after_recovery: Nanos::from_secs(5),
        },
        faults: vec![
            fault("update-without-where", Damage::Logical, ms(5_000)),
            fault("page-corruption", Damage::PhysicalReadable, ms(5_500)),
        ],
        runbook: steps.map(|step| StepPlan { step, manual: None, bound: Nanos::from_secs(60) }).into(),
        failback: vec![],
        probes: ProbePlan { beat: ms(20), fresh_beat: ms(500), timeout: ms(1_000), stability: 50 },
        compression: 1,
        expendable: vec![],
        erasures: vec![],
    }
}
