//! A plan and a scenario as people write them, and what comes of them.

mod mistakes;
mod resolved;
mod vocabulary;

use std::fs;

use super::*;
use vocabulary::Test;

const PLAN: &str = r#"title = "T"
document = { title = "D", sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
[application]
database = "shop"
expendable = ["app.sessions"]
erasures   = ["app.visitors"]
[objectives.critical]
covers = ["api"]
rto = { value = "1h", from = { section = "1. Goals", line = 6 } }
[objectives.database]
covers = ["database"]
rpo = "15m"
tolerance = "10s"
[objectives.cache]
covers = ["cache"]
note = "rebuilt"
[sites.main]
[hosts.primary]
site = "main"
engine = "postgres"
[hosts.recovery]
site = "main"
engine = { value = "postgres", assumed = "as the primary" }
disk = "2GiB"
[hosts.store]
site = "main"
[stores.backups]
host = "store"
buckets = { saved = { versioning = true, lock = "30d" } }
[credentials.pipeline]
store = "backups"
may = ["put", "get"]
[pipelines.archive]
source = "primary"
store = "backups"
bucket = "saved"
credential = "pipeline"
method = { barman-cloud = { prefix = "pg" } }
substitutes = "WAL-G"
schedule = { base = "0 2 * * *", archive-timeout = { value = "60s", assumed = "silent" }, retention = "30d" }
[profiles.monthly]
drills = { value = ["fire"], from = { section = "6. Tests", line = 12 } }
cadence = { value = "0 2 * * Mon#1", from = { section = "6. Tests", line = 11 } }
[profiles.release]
drills = ["f*"]
[health]
backup-success = { value = "99.9%", from = { section = "5. Alerts", line = 10 } }
mean-recovery = "25m"
[alerts]
backup-failed = "0s"
replication-lag = { value = "5m", from = { section = "5. Alerts", line = 8 } }
[facts.alerts]
age = { value = 25, from = { section = "5. Alerts", line = 9 } }
[[findings]]
id = "two-ways"
says = "S"
places = [{ says = "a", from = { section = "1", line = 1 } }]
consequence = "C"
"#;

const SCENARIO: &str = r#"title = "T"
hypothesis = "H"
objectives = ["critical", "database"]
pipeline = "archive"
target = "recovery"
[workload]
domain = "fulfilment"
rows = 1_000
clients = 8
rate = 200
[[faults]]
after = "11s"
inject = { page-corruption = { host = "primary", blocks = 16 } }
[[faults]]
after = "8s"
inject = { bad-deploy = { host = "primary", blocks = 1 } }
[[runbook]]
step = "detect"
manual = { value = "10m", assumed = "until a person looks" }
bound = "1m"
[[runbook]]
step = "stop-application"
[[runbook]]
step = "fetch"
[[runbook]]
step = "restore"
[[runbook]]
step = "replay"
[[runbook]]
step = "promote"
[[runbook]]
step = "switch"
"#;

fn written(plan: &[u8], scenario: &[u8]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("shop")).unwrap();
    fs::write(root.path().join("shop/plan.toml"), plan).unwrap();
    fs::write(root.path().join("shop/fire.toml"), scenario).unwrap();
    root
}

fn loaded(plan: &str, scenario: &str) -> Result<Loaded<Test>, Diagnostics> {
    let root = written(plan.as_bytes(), scenario.as_bytes());
    load::<Test>(root.path(), "shop", "fire")
}

fn told(error: &Diagnostics) -> String {
    let lines = error.iter().map(|one| format!("{}\n  = {}\n", one.line(), one.advice().unwrap_or("-")));
    lines.collect()
}

/// A plan with a replica on another site, and a scenario that promotes it, out of the usual ones.
fn with_a_replica() -> (String, String) {
    let change = |text: &str, changes: &[(&str, &str)]| {
        changes.iter().fold(text.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from:?}");
            text.replacen(from, to, 1)
        })
    };
    let start = PLAN.find("schedule = ").unwrap();
    let end = start + PLAN[start..].find('\n').unwrap();
    let plan = change(
        PLAN,
        &[
            (&PLAN[start..end], "schedule = { lag-alarm = \"5s\" }"),
            ("barman-cloud = { prefix = \"pg\" }", "replica = {}"),
            ("[sites.main]", "[sites.main]\n[sites.other]"),
            ("[hosts.recovery]\nsite = \"main\"", "[hosts.recovery]\nsite = \"other\""),
        ],
    );
    let faults = SCENARIO.find("[[faults]]").unwrap();
    let steps = "[[faults]]\nafter = \"1s\"\ninject = { link-cut = { link = \"replication\" } }\n\
                 [[faults]]\nafter = \"2s\"\ninject = { replay-paused = { host = \"recovery\" } }\n\
                 [[faults]]\nafter = \"3s\"\ninject = { site-lost = { site = \"main\" } }\n\
                 [[runbook]]\nstep = \"stop-application\"\nleaves-source = true\n\
                 [[runbook]]\nstep = \"promote\"\n[[runbook]]\nstep = \"switch\"\n";
    (plan, SCENARIO[..faults].to_owned() + steps)
}

/// The plan on a provider that lacks some promises, and nothing that relies on them.
fn on_a_poor_store() -> (String, String) {
    let plan = PLAN.replace("buckets = {", "provider = \"poor\"\nbuckets = {").replace(", lock = \"30d\"", "");
    (plan, SCENARIO.to_owned())
}
