//! What is wrong with a plan is said at its place, with what would be right: one table of mistakes.

use std::fs;
use std::path::Path;

use blackstart_record::plan::{Damage, Origin, Step};
use blackstart_record::time::Nanos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;

/// A small vocabulary, so that these tests do not depend on which faults and methods there are.
#[derive(Clone, Debug)]
struct Test;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum TestFault {
    BadDeploy(OnHost),
    PageCorruption(OnHost),
    LinkCut(OfLink),
    DiskFull(OfDisk),
    ObjectHidden(OfObject),
    CredentialRevoked(OfKey),
    ReplayPaused(OfDisk),
    SiteLost(OfSite),
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OfSite {
    site: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OfLink {
    link: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OfDisk {
    host: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OfObject {
    store: String,
    bucket: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OfKey {
    store: String,
    credential: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OnHost {
    host: String,
    blocks: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum TestMethod {
    BarmanCloud(Prefix),
    Command(Own),
    Replica(Nothing),
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Own {
    restore: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Prefix {
    prefix: String,
}

impl Asks for TestFault {
    fn name(&self) -> &'static str {
        match self {
            Self::BadDeploy(_) => "bad-deploy",
            Self::PageCorruption(_) => "page-corruption",
            Self::LinkCut(_) => "link-cut",
            Self::DiskFull(_) => "disk-full",
            Self::ObjectHidden(_) => "object-hidden",
            Self::CredentialRevoked(_) => "credential-revoked",
            Self::ReplayPaused(_) => "replay-paused",
            Self::SiteLost(_) => "site-lost",
        }
    }

    fn needs(&self) -> Vec<Need<'_>> {
        match self {
            Self::BadDeploy(on) | Self::PageCorruption(on) => vec![Need::Server(&on.host)],
            Self::LinkCut(link) => vec![Need::Link(&link.link)],
            Self::DiskFull(disk) => vec![Need::LimitedDisk(&disk.host)],
            Self::ObjectHidden(object) => {
                vec![Need::Bucket { store: &object.store, bucket: &object.bucket, relies: Some(Promise::Markers) }]
            }
            Self::CredentialRevoked(key) => vec![Need::Store(&key.store), Need::Credential(&key.credential)],
            Self::ReplayPaused(on) => vec![Need::Replica(&on.host)],
            Self::SiteLost(lost) => vec![Need::Site(&lost.site)],
        }
    }

    fn wrong(&self) -> Option<String> {
        matches!(self, Self::PageCorruption(on) if on.blocks == 0).then(|| "1 is the least".to_owned())
    }

    fn heals(&self) -> bool {
        matches!(self, Self::LinkCut(_))
    }

    fn damage(&self) -> Option<Damage> {
        Some(match self {
            Self::BadDeploy(_) => Damage::Logical,
            Self::PageCorruption(_) => Damage::PhysicalReadable,
            _ => Damage::Availability,
        })
    }
}

impl Asks for TestMethod {
    fn name(&self) -> &'static str {
        match self {
            Self::BarmanCloud(_) => "barman-cloud",
            Self::Command(_) => "command",
            Self::Replica(_) => "replica",
        }
    }

    fn method(&self) -> Option<Method<'_>> {
        Some(match self {
            Self::BarmanCloud(_) => Method {
                steps: &[Step::Fetch, Step::Restore, Step::Replay, Step::Promote],
                in_place: false,
                follows: false,
                ships_remainder: true,
                files: Vec::new(),
            },
            Self::Command(own) => Method {
                steps: &[Step::Restore],
                in_place: true,
                follows: false,
                ships_remainder: false,
                files: vec![&own.restore],
            },
            Self::Replica(_) => Method {
                steps: &[Step::Promote],
                in_place: false,
                follows: true,
                ships_remainder: false,
                files: Vec::new(),
            },
        })
    }
}

impl Vocabulary for Test {
    type Fault = TestFault;
    type Method = TestMethod;
    type Provider = TestProvider;
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum TestProvider {
    #[default]
    Whole,
    Poor,
}

impl Provides for TestProvider {
    fn all() -> &'static [Self] {
        &[Self::Whole, Self::Poor]
    }

    fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Poor => "poor",
        }
    }

    fn lacks(self, promise: Promise) -> bool {
        self == Self::Poor && [Promise::OwnLock, Promise::Expiry, Promise::TakenBack, Promise::Anew].contains(&promise)
    }
}

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

const PAGES: &str = "{ page-corruption = { host = \"primary\", blocks = 16 } }";

/// Each mistake: the file, what is replaced by what (`^` marks where it is told), what is said, what is advised.
type Mistake = (&'static str, &'static str, &'static str, &'static str, &'static str);

const MISTAKES: &[Mistake] = &[
    ("plan", "rpo = \"15m\"", "^rpos = \"15m\"", "unknown key `rpos`", "did you mean `rpo`?"),
    ("plan", "title = \"T\"", "^titel = \"T\"", "unknown key `titel`", "did you mean `title`?"),
    ("plan", "{ value = \"1h\"", "{ ^valeu = \"1h\"", "unknown key `valeu`", "did you mean `value`?"),
    ("plan", "retention = \"30d\"", "^retension = \"30d\"", "unknown key `retension`", "did you mean `retention`?"),
    ("plan", "rpo = \"15m\"", "rpo = ^15", "a duration such as \"15m\" is expected here, not integer `15`", ""),
    (
        "plan",
        "versioning = true",
        "versioning = ^\"yes\"",
        "`true` or `false` is expected here, not string \"yes\"",
        "",
    ),
    ("plan", "rpo = \"15m\"", "rpo = ^\"15 parsecs\"", "unknown unit `parsecs`", "units are `ms`, `s`"),
    ("plan", "\"1h\"", "^\"1 hours\"", "unknown unit `hours`", "did you mean `h`?"),
    ("plan", "rpo = \"15m\"", "rpo = ^\"-15m\"", "cannot be negative", "write a duration"),
    ("plan", "rpo = \"15m\"", "rpo = ^\"9999999999w\"", "is too long: durations end at 500 years", "write"),
    ("plan", "disk = \"2GiB\"", "disk = ^\"2gigs\"", "unknown unit `gigs`", "units are `B`"),
    ("plan", "\"0 2 * * *\"", "^\"0 25 * * *\"", "`25` is no hour from 0 to 23", "a cron line is"),
    ("plan", "\"0 2 * * *\"", "^\"0 2 * *\"", "a cron line has 5 fields", "such as `0 2 * * *`"),
    ("plan", "\"0 2 * * *\"", "^\"0 2 30 2 *\"", "never runs", "a cron line is"),
    ("plan", "lock = \"30d\"", "lock = ^\"36h\"", "a lock lasts whole days", "`30d`"),
    (
        "plan",
        "versioning = true, lock = \"30d\"",
        "lock = ^\"30d\"",
        "without versioning cannot",
        "`versioning = true`",
    ),
    ("plan", "substitutes = \"WAL-G\"", "immutable = ^\"12h\"", "a promise lasts whole days", "`30d`"),
    (
        "plan",
        "versioning = true, lock = \"30d\"",
        "old-versions = ^\"30d\"",
        "without versioning has no old versions",
        "`versioning = true`",
    ),
    (
        "plan",
        "database = \"shop\"",
        "database = \"shop\"\nobjects = { store = \"backups\", bucket = ^\"safed\", credential = \"pipeline\" }",
        "there is no bucket `safed`",
        "did you mean `saved`?",
    ),
    (
        "plan",
        "may = [\"put\", \"get\"]",
        "may = []\nmay-in = { safed = ^[\"put\"] }",
        "there is no bucket `safed`",
        "did you mean `saved`?",
    ),
    (
        "scenario",
        "\"fulfilment\"",
        "^\"documents\"",
        "keeps objects, and the plan has no place for them",
        "`objects = {",
    ),
    ("plan", "site = \"main\"", "site = ^\"mian\"", "there is no site `mian`", "did you mean `main`?"),
    ("plan", "source = \"primary\"", "source = ^\"primry\"", "there is no host `primry`", "did you mean `primary`?"),
    ("plan", "source = \"primary\"", "source = ^\"store\"", "`store` runs no server", "`engine`"),
    ("plan", "bucket = \"saved\"", "bucket = ^\"safed\"", "there is no bucket `safed`", "did you mean `saved`?"),
    ("plan", "store = \"backups\"\nmay", "store = ^\"backup\"\nmay", "there is no store `backup`", "`backups`?"),
    ("plan", "\"pipeline\"", "^\"pipelines\"", "there is no credential `pipelines`", "did you mean `pipeline`?"),
    ("plan", "barman-cloud", "^barman-clout", "unknown name `barman-clout`", "did you mean `barman-cloud`?"),
    ("plan", "prefix = ", "^prefiks = ", "unknown key `prefiks`", "did you mean `prefix`?"),
    ("plan", "engine = \"postgres\"", "engine = ^\"postgresql\"", "unknown name `postgresql`", "`postgres`?"),
    ("plan", "\"put\", \"get\"", "\"put\", ^\"gte\"", "unknown name `gte`", "did you mean `get`?"),
    ("plan", "[hosts.recovery]", "[hosts.^\"../up\"]", "\"../up\" is no name", "lower-case letters"),
    ("plan", "rpo = \"15m\"", "rpo = \"15m\"\n^rpo = \"1h\"", "this key is given twice", ""),
    ("plan", "title = \"T\"\n", "^", "the key `title` is missing", ""),
    ("plan", "[objectives.critical]\ncovers = [\"api\"]", "^[objectives.critical]", "the key `covers` is missing", ""),
    ("plan", "rto = { value =", "rto = { = value ^=", "this is not TOML: ", ""),
    ("plan", "line = 6", "line = ^-6", "number that is not negative is expected here, not integer `-6`", ""),
    (
        "plan",
        "from = { section = \"1. Goals\", line = 6 }",
        "from = ^3",
        "a table is expected here, not integer `3`",
        "",
    ),
    (
        "plan",
        "{ value = \"60s\", assumed = \"silent\" }",
        "^{ value = \"60s\", assumed = \"x\", substitutes = \"y\" }",
        "more than one origin",
        "keep one of",
    ),
    (
        "plan",
        "{ value = \"60s\", assumed = \"silent\" }",
        "^{ value = \"60s\" }",
        "has no origin",
        "write the value alone",
    ),
    (
        "plan",
        "covers = [\"cache\"]\nnote = \"rebuilt\"",
        "covers = ^[\"cache\"]",
        "`cache` says nothing",
        "add an `rto`",
    ),
    ("plan", "sha256 = \"01", "sha256 = ^\"zz", "this is no SHA-256", "64 hexadecimal digits"),
    ("plan", "rpo = \"15m\"", "rpo = ^2026-01-01", "a date or time does not fit here", "in quotes"),
    ("scenario", "\"database\"]", "^\"databse\"]", "there is no objective `databse`", "did you mean `database`?"),
    ("scenario", "\"database\"]", "^\"cache\"]", "neither an RTO nor an RPO", "leave it out"),
    ("scenario", "\"database\"]", "^\"critical\"]", "named twice", "once"),
    ("scenario", "[\"critical\", \"database\"]", "^[]", "no objective judges", "at least one"),
    ("scenario", "\"archive\"", "^\"archiv\"", "there is no pipeline `archiv`", "did you mean `archive`?"),
    ("scenario", "\"recovery\"", "^\"recovry\"", "there is no host `recovry`", "did you mean `recovery`?"),
    ("scenario", "\"recovery\"", "^\"primary\"", "cannot restore in place", "another host"),
    ("scenario", "\"recovery\"", "^\"store\"", "does not run the server", "same `engine`"),
    ("scenario", "\"fulfilment\"", "^\"fulfillment\"", "there is no domain `fulfillment`", "`fulfilment`?"),
    ("scenario", "clients = 8", "clients = ^0", "cannot be zero", "1 is the least"),
    ("scenario", "clients = 8", "clients = ^-8", "number that is not negative is expected here, not integer `-8`", ""),
    ("scenario", "rate = 200", "rate = ^-1", "no number above 0", "flat out"),
    ("scenario", "bad-deploy", "^bad-deplyo", "unknown name `bad-deplyo`", "did you mean `bad-deploy`?"),
    ("scenario", "blocks = 16", "^block = 16", "unknown key `block`", "did you mean `blocks`?"),
    ("scenario", "\"primary\", blocks", "^\"primari\", blocks", "there is no host `primari`", "`primary`?"),
    (
        "scenario",
        "\"primary\", blocks",
        "^\"recovery\", blocks",
        "is not the host that the pipeline saves",
        "`primary`",
    ),
    (
        "scenario",
        PAGES,
        "^{ page-corruption = { host = \"primary\", blocks = 0 } }",
        "cannot be seen",
        "1 is the least",
    ),
    ("scenario", "inject = { page", "for = ^\"5s\"\ninject = { page", "only the recovery undoes it", "leave `for` out"),
    ("scenario", PAGES, "{ link-cut = { link = ^\"aplication\" } }", "there is no link `aplication`", "`application`?"),
    ("scenario", PAGES, "{ link-cut = { link = ^\"store-from-store\" } }", "there is no link", "`store-from-"),
    ("scenario", "inject = { page", "for = ^\"0s\"\ninject = { page", "cannot be zero", "the fault then stays"),
    ("scenario", PAGES, "{ disk-full = { host = ^\"primary\" } }", "no size of its own", "`disk = \"2GiB\"`"),
    (
        "scenario",
        PAGES,
        "{ object-hidden = { store = ^\"bakups\", bucket = \"saved\" } }",
        "there is no store `bakups`",
        "`backups`?",
    ),
    (
        "scenario",
        PAGES,
        "{ object-hidden = { store = \"backups\", bucket = ^\"safed\" } }",
        "there is no bucket `safed`",
        "`saved`?",
    ),
    (
        "scenario",
        PAGES,
        "{ credential-revoked = { store = \"backups\", credential = ^\"pipelin\" } }",
        "there is no credential `pipelin`",
        "`pipeline`?",
    ),
    ("scenario", "\"fetch\"", "^\"fecth\"", "unknown name `fecth`", "did you mean `fetch`?"),
    ("scenario", "bound = \"1m\"", "bound = ^\"1 fortnight\"", "unknown unit `fortnight`", "units are"),
    ("scenario", "\"restore\"", "^\"fetch\"", "\"fetch\" comes twice", "leave one out"),
    ("scenario", "\"restore\"", "^\"decide\"", "\"decide\" cannot come after \"fetch\"", "the order is detect, decide"),
    ("scenario", "step = \"detect\"", "step = ^\"decide\"\n#", "", ""),
    ("scenario", "[[runbook]]\nstep = \"promote\"", "", "it lacks \"promote\"", "add a [[runbook]] entry"),
    (
        "plan",
        "{ barman-cloud = { prefix = \"pg\" } }",
        "{ command = { restore = ^\"own/restore.sh\" } }",
        "the program `own/restore.sh` cannot be found",
        "the plan's folder should hold it",
    ),
    (
        "scenario",
        "bad-deploy = { host = \"primary\", blocks = 1 } }\n",
        "page-corruption = { host = \"primary\", blocks = 1 } }\n",
        "there is nothing to go back before",
        "such a fault",
    ),
];

/// Likewise, of a plan whose pipeline is a replica.
const MISTAKES_WITH_A_REPLICA: &[Mistake] = &[
    ("plan", "lag-alarm = \"5s\"", "lag-alarm = ^\"5 sec\"", "unknown unit `sec`", "did you mean `s`?"),
    ("plan", "lag-alarm", "^lag-alarms", "unknown key `lag-alarms`", "did you mean `lag-alarm`?"),
    ("plan", "lag-alarm = \"5s\"", "base = ^\"6h\"", "`replica` follows its source all the time", "its `lag-alarm`"),
    ("plan", "lag-alarm = \"5s\"", "archive-timeout = ^\"60s\"", "has no schedule", "its `lag-alarm`"),
    (
        "plan",
        "replica = {} }",
        "barman-cloud = { prefix = \"pg\" } }",
        "`barman-cloud` follows no source",
        "leave `lag-alarm` out",
    ),
    (
        "scenario",
        "link = \"replication\"",
        "link = ^\"replicatoin\"",
        "there is no link `replicatoin`",
        "`replication`?",
    ),
    (
        "scenario",
        "link = \"replication\"",
        "link = ^\"store-from-primary\"",
        "there is no link `store-from-primary`",
        "application",
    ),
    (
        "scenario",
        "host = \"recovery\"",
        "host = ^\"primary\"",
        "`primary` runs no replica",
        "the replica is on `recovery`",
    ),
    ("scenario", "site = \"main\"", "site = ^\"mian\"", "there is no site `mian`", "did you mean `main`?"),
    (
        "scenario",
        "site = \"main\"",
        "site = ^\"other\"",
        "`recovery`, which takes over, is on `other`",
        "a `site` of its own",
    ),
    (
        "scenario",
        "step = \"promote\"",
        "step = \"promote\"\nleaves-source = ^true",
        "the step \"promote\" stops no source",
        "at the step \"stop-application\"",
    ),
    ("scenario", "target = \"recovery\"", "target = ^\"primary\"", "cannot restore in place", "another host"),
    ("scenario", "\"promote\"", "^\"restore\"", "the method of `archive` has no step \"restore\"", "leave it out"),
];

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

const MISTAKES_ON_A_POOR_STORE: &[Mistake] = &[
    ("plan", "provider = \"poor\"", "provider = ^\"pour\"", "unknown name `pour`", "did you mean `poor`?"),
    (
        "plan",
        "versioning = true",
        "versioning = true, lock = ^\"30d\"",
        "stores of `poor` do not keep what this relies on: a version keeps the lock",
        "`provider = \"whole\"`",
    ),
    (
        "plan",
        "versioning = true",
        "versioning = true, old-versions = ^\"30d\"",
        "the time for which old versions are kept",
        "`provider = \"whole\"`",
    ),
    (
        "plan",
        "may = [\"put\", \"get\"]",
        "may = ^[\"put\", \"get\", \"configure\"]",
        "a bucket that is made anew",
        "or leave this out",
    ),
    (
        "scenario",
        PAGES,
        "{ credential-revoked = { store = \"backups\", credential = ^\"pipeline\" } }",
        "a key that is taken back opens nothing",
        "`provider = \"whole\"`",
    ),
];

/// The plan on a provider that lacks some promises, and nothing that relies on them.
fn on_a_poor_store() -> (String, String) {
    let plan = PLAN.replace("buckets = {", "provider = \"poor\"\nbuckets = {").replace(", lock = \"30d\"", "");
    (plan, SCENARIO.to_owned())
}

#[test]
fn a_provider_that_lacks_what_nothing_relies_on_is_taken() {
    let (plan, scenario) = on_a_poor_store();
    assert_eq!(loaded(&plan, &scenario).unwrap().store().provider, TestProvider::Poor);
}

#[test]
fn a_replica_needs_no_schedule_and_its_exposure_is_its_alarm() {
    let (plan, scenario) = with_a_replica();
    let whole = loaded(&plan, &scenario).unwrap_or_else(|error| panic!("{}", told(&error)));
    let pipeline = &whole.plan.pipelines["archive"];
    assert_eq!(pipeline.schedule.interval.as_ref().unwrap().value, Nanos::from_secs(5));
    assert_eq!(pipeline.immutable_days, None, "it keeps nothing under the bucket's lock");
    assert!(whole.leaves_source);
    let silent = loaded(&plan.replace("lag-alarm = \"5s\"", ""), &scenario).unwrap();
    assert_eq!(silent.plan.pipelines["archive"].schedule.interval, None);
}

#[test]
fn a_mistake_is_told_at_its_place_with_what_would_be_right() {
    let usual = (PLAN.to_owned(), SCENARIO.to_owned());
    let tables =
        [(MISTAKES, usual), (MISTAKES_WITH_A_REPLICA, with_a_replica()), (MISTAKES_ON_A_POOR_STORE, on_a_poor_store())];
    let all = tables.iter().flat_map(|(mistakes, files)| mistakes.iter().map(move |mistake| (mistake, files)));
    let failures: Vec<String> = all.filter_map(|(mistake, files)| untold(mistake, files)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What is told instead, if the mistake is not told as it should be.
fn untold((file, from, to, says, advises): &Mistake, (plan, scenario): &(String, String)) -> Option<String> {
    let original = if *file == "plan" { plan } else { scenario };
    assert!(original.contains(from), "{from:?} is not in the {file}");
    let marked = original.replacen(from, to, 1);
    let expected = marked.find('^').map(|at| place(&marked[..at]));
    let text = marked.replacen('^', "", 1);
    let result = if *file == "plan" { loaded(&text, scenario) } else { loaded(plan, &text) };
    let error = match result {
        Ok(_) if says.is_empty() => return None,
        Ok(_) => return Some(format!("{from} -> {to}: nothing is told")),
        Err(error) => error,
    };
    let told_well = error.iter().any(|one| {
        one.message().contains(says)
            && one.advice().unwrap_or_default().contains(advises)
            && expected.is_none_or(|expected| one.place() == Some(expected))
    });
    (!told_well).then(|| format!("{from} -> {to} (at {expected:?}):\n{}", told(&error)))
}

fn place(before: &str) -> (usize, usize) {
    let line = before.matches('\n').count() + 1;
    (line, before.rsplit('\n').next().unwrap_or(before).chars().count() + 1)
}

#[test]
fn a_plan_is_resolved_as_written() {
    let loaded = loaded(PLAN, SCENARIO).unwrap_or_else(|error| panic!("{}", told(&error)));
    let Loaded { plan, scenario, environment, faults, pipeline, bounds, .. } = &loaded;
    let critical = plan.objectives["critical"].rto.as_ref().unwrap();
    assert_eq!(critical.value, Nanos::from_secs(3600));
    assert_eq!(critical.origin, Origin::From { section: "1. Goals".into(), line: 6 });
    assert_eq!(plan.objectives["database"].tolerance, Nanos::from_secs(10));
    let archive = &plan.pipelines["archive"];
    assert_eq!(archive.method.origin, Origin::Substitutes("WAL-G".into()));
    let interval = archive.schedule.interval.as_ref().unwrap();
    assert_eq!((interval.value, &interval.origin), (Nanos::from_secs(60), &Origin::Assumed("silent".into())));
    let entries: Vec<_> =
        archive.schedule.entries.iter().map(|(name, said)| (name.as_str(), said.value.as_str())).collect();
    assert_eq!(entries, [("archive-timeout", "1 min"), ("base", "0 2 * * *"), ("retention", "30 d")]);
    assert_eq!(plan.values["facts.alerts.age"].value, "25");
    assert_eq!(plan.findings[0].places[0].origin, Origin::From { section: "1".into(), line: 1 });
    assert_eq!(
        environment.stores["backups"].buckets["saved"],
        BucketSpec { versioning: true, lock_days: Some(30), old_versions_days: None }
    );
    assert_eq!(environment.hosts["recovery"].disk, Some(2 << 30));
    assert_eq!((pipeline.bucket.as_str(), pipeline.credential.as_str()), ("saved", "pipeline"));
    let names: Vec<_> = scenario.faults.iter().map(|fault| (fault.after, fault.name.as_str())).collect();
    assert_eq!(names, [(Nanos::from_secs(8), "bad-deploy"), (Nanos::from_secs(11), "page-corruption")]);
    assert_eq!(faults.iter().map(|fault| fault.inject.name()).collect::<Vec<_>>(), ["bad-deploy", "page-corruption"]);
    assert_eq!(scenario.faults[0].params, serde_json::json!({ "host": "primary", "blocks": 1 }));
    assert_eq!(scenario.runbook[0].step, Step::Detect);
    assert_eq!(scenario.runbook[0].manual.as_ref().unwrap().value, Nanos::from_secs(600));
    assert_eq!(scenario.runbook[1].bound, Nanos::from_secs(900));
    assert_eq!((scenario.compression, scenario.expendable.as_slice()), (1, ["app.sessions".to_owned()].as_slice()));
    assert_eq!(scenario.erasures, ["app.visitors"]);
    assert_eq!((bounds.server, scenario.probes.beat), (Nanos::from_secs(60), Nanos::from_millis(20)));
    let copy: Loaded<Test> = serde_json::from_str(&serde_json::to_string(&loaded).unwrap()).unwrap();
    assert_eq!((&copy.plan, &copy.scenario), (plan, scenario));
}

#[test]
fn objects_need_a_domain_that_keeps_some_and_the_store_that_the_drill_starts() {
    let objects =
        "database = \"shop\"\nobjects = { store = \"backups\", bucket = \"saved\", credential = \"pipeline\" }";
    let plan = PLAN.replace("database = \"shop\"", objects);
    let documents = SCENARIO.replace("\"fulfilment\"", "\"documents\"");
    let loaded_plan = loaded(&plan, &documents).unwrap_or_else(|error| panic!("{}", told(&error)));
    let kept = loaded_plan.environment.objects.unwrap();
    assert_eq!((kept.store.as_str(), kept.bucket.as_str(), kept.credential.as_str()), ("backups", "saved", "pipeline"));
    let said = told(&loaded(&plan, SCENARIO).unwrap_err());
    assert!(said.contains("`fulfilment` keeps no objects") && said.contains("documents"), "{said}");
    let elsewhere = plan.replace("objects = { store = \"backups\"", "objects = { store = \"other\"").replace(
        "[credentials.pipeline]",
        "[stores.other]\nhost = \"store\"\nbuckets = { saved = {} }\n[credentials.shop]\nstore = \"other\"\nmay = []\n[credentials.pipeline]",
    );
    let elsewhere = elsewhere
        .replace("bucket = \"saved\", credential = \"pipeline\" }", "bucket = \"saved\", credential = \"shop\" }");
    let said = told(&loaded(&elsewhere, &documents).unwrap_err());
    assert!(said.contains("are in `other`, which this drill does not start"), "{said}");
}

#[test]
fn what_is_promised_of_artifacts_is_the_pipelines_word_and_else_the_buckets_lock() {
    let (locked, word) = ("versioning = true, lock = \"30d\"", "substitutes = \"WAL-G\"");
    let claims = "immutable = \"7d\"";
    for (lock, claim, promised) in [
        (locked, word, Some(30)),
        ("versioning = true", word, None),
        ("versioning = true", claims, Some(7)),
        (locked, claims, Some(7)),
    ] {
        let plan = PLAN.replace(locked, lock).replace(word, claim);
        let loaded = loaded(&plan, SCENARIO).unwrap_or_else(|error| panic!("{}", told(&error)));
        assert_eq!(loaded.plan.pipelines["archive"].immutable_days, promised, "{lock}, {claim}");
    }
}

#[test]
fn without_continuous_archiving_the_interval_is_that_of_the_most_frequent_backup() {
    for (schedule, interval) in [
        ("{ full = \"0 2 * * *\" }", Some(86_400)),
        ("{ full = \"0 2 * * *\", incremental = \"6h\" }", Some(21_600)),
        ("{ base = \"0 2 * * *\", archive-timeout = \"60s\" }", Some(60)),
        ("{ retention = \"30d\" }", None),
        ("{}", None),
    ] {
        let start = PLAN.find("schedule = ").unwrap();
        let end = start + PLAN[start..].find('\n').unwrap();
        let plan = format!("{}schedule = {schedule}{}", &PLAN[..start], &PLAN[end..]);
        let loaded = loaded(&plan, SCENARIO).unwrap();
        let found = loaded.plan.pipelines["archive"].schedule.interval.as_ref().map(|interval| interval.value);
        assert_eq!(found, interval.map(Nanos::from_secs), "{schedule}");
    }
}

#[test]
fn a_file_that_is_no_plan_is_refused_with_its_name() {
    type Spoil = fn(&Path);
    let sparse: Spoil = |path| fs::File::create(path).unwrap().set_len(100 << 20).unwrap();
    let folder: Spoil = |path| fs::remove_file(path).and_then(|()| fs::create_dir(path)).unwrap();
    let cases: &[(&str, Spoil, &str)] = &[
        ("empty", |path| fs::write(path, "").unwrap(), "toml:1:1: the file is empty"),
        ("only a comment", |path| fs::write(path, "# soon\n").unwrap(), "toml:1:1: the key `"),
        ("not UTF-8", |path| fs::write(path, b"title = \"\xff\"\n").unwrap(), "toml:1:10: this is not UTF-8 text"),
        ("a folder", folder, "toml: is a folder"),
        ("100 MiB", sparse, "toml: has 104857600 bytes and was not read"),
        ("gone", |path| fs::remove_file(path).unwrap(), "there is no"),
        ("no TOML", |path| fs::write(path, "a = \"\u{1b}[31m\"").unwrap(), "toml:1:6: this is not TOML"),
        ("deep", |path| fs::write(path, "a = ".to_owned() + &"[".repeat(100_000)).unwrap(), "toml:1:"),
        ("one long line", |path| fs::write(path, "a = \"".to_owned() + &"x".repeat(500_000)).unwrap(), "toml:1:"),
    ];
    for (name, spoil, expected) in cases {
        for file in ["plan.toml", "fire.toml"] {
            let root = written(PLAN.as_bytes(), SCENARIO.as_bytes());
            spoil(&root.path().join("shop").join(file));
            let error = load::<Test>(root.path(), "shop", "fire").map(|_| ()).expect_err(name);
            let said = told(&error);
            assert!(said.contains(expected), "{name}: {said}");
            assert!(!said.contains('\u{1b}') && said.len() < 2000, "{name}: {said}");
        }
    }
}

#[test]
fn mistakes_in_both_files_are_told_together() {
    let plan = PLAN.replace("site = \"main\"\nengine = \"postgres\"", "site = \"x\"\nengine = \"postgres\"");
    let plan = plan.replace("bucket = \"saved\"", "bucket = \"y\"");
    let error = loaded(&plan, &SCENARIO.replace("title", "titel")).map(|_| ()).unwrap_err();
    let said = told(&error);
    for expected in ["there is no site `x`", "there is no bucket `y`", "unknown key `titel`"] {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn an_unknown_plan_or_scenario_names_the_nearest() {
    let root = written(PLAN.as_bytes(), SCENARIO.as_bytes());
    for (plan, scenario, says) in [
        ("shpo", "fire", "there is no plan `shpo` in this folder\n  = did you mean `shop`?"),
        ("shop", "fir", "there is no scenario `fir` in this folder\n  = did you mean `fire`?"),
        ("shop", "plan", "there is no scenario `plan`"),
        ("../shop", "fire", "there is no plan `../shop`"),
    ] {
        let error = load::<Test>(root.path(), plan, scenario).map(|_| ()).unwrap_err();
        assert!(told(&error).contains(says), "{}", told(&error));
    }
    assert!(discover(&root.path().join("nowhere")).is_err());
}

#[test]
fn scenarios_are_found_in_the_order_of_their_names() {
    let root = written(PLAN.as_bytes(), SCENARIO.as_bytes());
    for file in ["shop/b.toml", "shop/notes.md", "shop/.hidden.toml", "README.md"] {
        fs::write(root.path().join(file), "").unwrap();
    }
    fs::create_dir(root.path().join("shop/d.toml")).unwrap();
    let found: Vec<String> = discover(root.path()).unwrap().iter().map(Found::drill).collect();
    assert_eq!(found, ["shop/b", "shop/d", "shop/fire"]);
}

#[test]
fn a_file_that_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let root = written(PLAN.as_bytes(), SCENARIO.as_bytes());
    let path = root.path().join("shop/fire.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
    // Root may read everything; then there is nothing to see here.
    if fs::read(&path).is_err() {
        let error = load::<Test>(root.path(), "shop", "fire").map(|_| ()).unwrap_err();
        assert!(told(&error).contains("fire.toml: cannot be read"), "{}", told(&error));
    }
}

#[test]
fn the_schemas_know_every_key() {
    let plan = serde_json::to_string(&plan_schema::<Test>()).unwrap();
    let scenario = serde_json::to_string(&scenario_schema::<Test>()).unwrap();
    for key in ["production-size", "objectives", "assumed", "archive-timeout", "barman-cloud", "findings"] {
        assert!(plan.contains(&format!("\"{key}\"")), "{key}");
    }
    for key in ["hypothesis", "bad-deploy", "after-recovery", "stop-application", "manual", "fresh"] {
        assert!(scenario.contains(&format!("\"{key}\"")), "{key}");
    }
}
