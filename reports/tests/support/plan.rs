//! The plan, scenario and record of the samples.

use std::collections::BTreeMap;

use blackstart_record::plan::*;
use blackstart_record::record::{Isolation, Record, Tool, VERSION};
use blackstart_record::rows::{KeyKind, Table};
use blackstart_record::time::Nanos;

use super::{HOSTILE, Sample};

fn from<T>(value: T, section: &str, line: u32) -> Sourced<T> {
    Sourced { value, origin: Origin::From { section: section.into(), line } }
}

fn assumed<T>(value: T, why: &str) -> Sourced<T> {
    Sourced { value, origin: Origin::Assumed(why.into()) }
}

pub fn objectives() -> BTreeMap<String, Objective> {
    let objective = |covers: &[&str], rto, rpo| Objective {
        covers: covers.iter().map(|one| (*one).to_owned()).collect(),
        rto,
        rpo,
        tolerance: Nanos::ZERO,
    };
    let rto = from(Nanos::from_secs(3600), "1. Recovery Objectives", 6);
    let rpo = from(Nanos::from_secs(900), "1. Recovery Objectives", 19);
    BTreeMap::from([
        ("critical".to_owned(), objective(&["api", "order processing", "portal"], Some(rto), None)),
        ("database".to_owned(), objective(&["database"], None, Some(rpo))),
    ])
}

fn plan(sample: Sample) -> Plan {
    let interval = assumed(Nanos::from_secs(60), "the document names no archive_timeout");
    let entries = BTreeMap::from([
        ("base".to_owned(), from("0 2 * * *".to_owned(), "3.1 Database Backups", 48)),
        ("archive_timeout".to_owned(), assumed("60s".to_owned(), "the document names none")),
    ]);
    let pipeline = Pipeline {
        method: Sourced { value: "barman-cloud".into(), origin: Origin::Substitutes("WAL-G".into()) },
        source: "primary".into(),
        store: "backups".into(),
        schedule: Schedule { interval: Some(interval), entries },
        ships_remainder: true,
        repairs: false,
        pace: Pace::AtOnce,
        immutable_days: Some(30),
    };
    let finding = DocumentFinding {
        id: "retention-window".into(),
        says: "Backups are kept for 30 days in one place and for 7 days in another.".into(),
        places: vec![
            from("Retention: 30 days".to_owned(), "3.1 Database Backups", 52),
            from("RETENTION_DAYS=7".to_owned(), "Appendix B", 310),
        ],
        consequence: "A deletion that is noticed after 7 days may have no backup left.".into(),
    };
    let mut values = BTreeMap::from([
        ("objectives.critical.rto".to_owned(), from("1 h".to_owned(), "1. Recovery Objectives", 6)),
        ("objectives.database.rpo".to_owned(), from("15 min".to_owned(), "1. Recovery Objectives", 19)),
        (
            "pipelines.archive.schedule.archive_timeout".to_owned(),
            assumed("60 s".to_owned(), "the document names none"),
        ),
        (
            "pipelines.archive.kind".to_owned(),
            Sourced { value: "barman-cloud".into(), origin: Origin::Substitutes("WAL-G".into()) },
        ),
        ("hosts.primary.engine".to_owned(), Sourced { value: "postgres".into(), origin: Origin::Stated }),
    ]);
    if sample == Sample::Bad {
        values.insert("stores.evil".into(), from(HOSTILE.to_owned(), HOSTILE, 666));
    }
    Plan {
        name: "fulexo".into(),
        title: "Fulexo".into(),
        document: Some(Document {
            title: "Disaster Recovery & Business Continuity Plan".into(),
            sha256: "5d".repeat(32),
        }),
        production_bytes: None,
        objectives: objectives(),
        pipelines: BTreeMap::from([("archive".to_owned(), pipeline)]),
        alerts: BTreeMap::new(),
        findings: vec![finding],
        values,
    }
}

fn runbook(sample: Sample) -> Vec<StepPlan> {
    let minutes = if sample == Sample::Bad { 20 } else { 0 };
    let manual = |step, minutes: u64| StepPlan {
        step,
        manual: (minutes > 0).then(|| from(Nanos::from_secs(60 * minutes), "5. Incident Response", 120)),
        bound: Nanos::from_secs(600),
    };
    use Step::*;
    let steps = [Detect, Decide, StopApplication, Fetch, Restore, Replay, Promote, Switch, Verify];
    steps.into_iter().map(|step| manual(step, if matches!(step, Detect | Decide) { minutes } else { 0 })).collect()
}

fn scenario(sample: Sample) -> Scenario {
    let fault = |after, name: &str, damage, params| FaultPlan {
        after: Nanos::from_secs(after),
        name: name.into(),
        damage,
        params,
    };
    let second = if sample == Sample::Bad { HOSTILE } else { "page-corruption" };
    Scenario {
        name: "database-corruption".into(),
        title: "Database corruption, recovered to the moment before".into(),
        hypothesis: "Continuous archiving brings every order back up to the bad deploy".into(),
        objectives: vec!["critical".into(), "database".into()],
        pipeline: "archive".into(),
        target: "standby".into(),
        workload: WorkloadPlan {
            domain: "fulfilment".into(),
            rows: 200_000,
            clients: 8,
            rate: Some(400.0),
            after_recovery: Nanos::from_secs(10),
        },
        faults: vec![
            fault(
                10,
                "update-without-where",
                Damage::Logical,
                serde_json::json!({"host": "primary", "table": "orders"}),
            ),
            fault(12, second, Damage::PhysicalReadable, serde_json::json!({"host": "primary", "relation": "orders"})),
        ],
        runbook: runbook(sample),
        failback: Vec::new(),
        probes: ProbePlan {
            beat: Nanos::from_millis(20),
            fresh_beat: Nanos::from_millis(500),
            timeout: Nanos::from_secs(2),
            stability: 50,
        },
        compression: 1,
        expendable: Vec::new(),
        erasures: Vec::new(),
    }
}

/// `record.json` of a sample.
pub fn record(sample: Sample) -> Record {
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let tool = |version: &str, byte: &str| Tool { version: version.into(), sha256: byte.repeat(32) };
    let tables = ["app.orders", "app.order_lines", "app.stock", "audit.log"];
    Record {
        version: VERSION,
        blackstart: "0.1.0".into(),
        run: "01KAPWZ4R0D2M3Y8X1V9T7Q5JN".into(),
        id: "01KAPWZ52B7H0Q4C6S8E9G1F3K".into(),
        started: "2026-11-22T20:20:46Z".into(),
        plan: plan(sample),
        scenario: scenario(sample),
        seed: 42,
        isolation: Isolation {
            hosts: "native".into(),
            says: "PID, mount and network namespaces, made as root".into(),
            cannot_prove: if sample == Sample::Bad { vec!["FENCE".into()] } else { Vec::new() },
        },
        machine: pairs(&[("cores", "2"), ("kernel", "Linux 6.1"), ("memory", "7.8 GB")]),
        tools: BTreeMap::from([
            ("barman-cloud".to_owned(), tool("barman-cloud 3.10.0", "a1")),
            ("minio".to_owned(), tool("minio RELEASE.2026-02-12", "b2")),
            ("postgres".to_owned(), tool("PostgreSQL 15.18 (Debian)", "c3")),
        ]),
        tables: tables.iter().map(|name| Table { name: (*name).into(), key: KeyKind::Integer }).collect(),
        artifacts: pairs(&[
            ("primary/base/20261122T202101/data.tar", "0f9c1d2e3b4a59687786a5b4c3d2e1f0"),
            ("primary/wals/0000000100000000/000000010000000000000007.gz", "77aa"),
        ]),
        previous: None,
        skipped: pairs(&[("fulexo/region-lost", "this machine lacks docker")]),
        profile: Some("monthly".into()),
        programs: pairs(&[("own/backup.sh", "e4")]),
    }
}
