//! What is wrong with a plan is said at its place, with what would be right: one table of mistakes.

use super::*;

const PAGES: &str = "{ page-corruption = { host = \"primary\", blocks = 16 } }";

/// Each mistake: the file, what is replaced by what (`^` marks where it is told), what is said, what is advised.
type Mistake = (&'static str, &'static str, &'static str, &'static str, &'static str);

const MISTAKES: &[Mistake] = &[
    ("plan", "rpo = \"15m\"", "^rpos = \"15m\"", "unknown key `rpos`", "did you mean `rpo`?"),
    ("plan", "title = \"T\"", "^titel = \"T\"", "unknown key `titel`", "did you mean `title`?"),
    ("plan", "{ value = \"1h\"", "{ ^valeu = \"1h\"", "unknown key `valeu`", "did you mean `value`?"),
    ("plan", "retention = \"30d\"", "^retension = \"30d\"", "unknown key `retension`", "did you mean `retention`?"),
    ("plan", "failed = \"0s\"", "failed = ^\"5m\"", "a backup fails in one moment", "its pipeline's `schedule`"),
    (
        "plan",
        "replication-lag",
        "^replication-lags",
        "unknown key `replication-lags`",
        "did you mean `replication-lag`?",
    ),
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
    ("plan", "[\"fire\"]", "[^\"fir\"]", "there is no scenario `fir`", "did you mean `fire`?"),
    ("plan", "[\"f*\"]", "[^\"g*\"]", "there is no scenario `g*`", "there is only `fire`"),
    ("plan", "[\"f*\"]", "^[]", "the profile `release` drills nothing", "`*` for all"),
    ("plan", "[\"f*\"]", "[\"f*\", ^\"fire\"]", "`fire` adds no drill to the profile `release`", "leave it out"),
    (
        "plan",
        "\"0 2 * * Mon#1\"",
        "^\"0 25 * * Mon#1\"",
        "hour: value must be in range 0..=23; found 25",
        "`0 2 * * Mon#1`",
    ),
    ("plan", "\"0 2 * * Mon#1\"", "^\"first Monday, 02:00\"", "is no cadence", "`0 2 * * Mon#1`"),
    ("plan", "\"0 2 * * Mon#1\"", "^\"0 2 31 2 *\"", "never comes", "`0 2 * * Mon#1`"),
    ("plan", "cadence =", "^cadense =", "unknown key `cadense`", "did you mean `cadence`?"),
    ("plan", "\"99.9%\"", "^\"99.9\"", "is no share", "`99.9%`"),
    ("plan", "\"99.9%\"", "^\"999%\"", "is no number from 0 to 100", "`99.9%`"),
    ("plan", "mean-recovery", "^meen-recovery", "unknown key `meen-recovery`", "did you mean `mean-recovery`?"),
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
        "replica = {} }\nsubstitutes = \"WAL-G\"\nschedule = { lag-alarm = \"5s\"",
        "replica = { every = \"1h\" } }\nschedule = { lag-alarm = ^\"5s\"",
        "`replica` receives once in 1 h, which is its schedule",
        "the `every` of its method",
    ),
    (
        "plan",
        "replica = {} }",
        "barman-cloud = { prefix = \"pg\" } }",
        "`barman-cloud` follows no source",
        "leave `lag-alarm` out",
    ),
    ("plan", "replica = {}", "replica = { through = [^\"primry\"] }", "there is no host `primry`", "`primary`?"),
    ("plan", "replica = {}", "replica = { through = [^\"primary\"] }", "goes in a circle", "between the two once"),
    (
        "plan",
        "replica = {}",
        "replica = { through = [^\"store\"] }",
        "`store` does not run the server",
        "same `engine`",
    ),
    (
        "plan",
        "replica = {}",
        "replica = { through = [\"recovery\"] }",
        "`recovery` would follow through itself",
        "let another host take over",
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
    (
        "scenario",
        "[workload]",
        "compression = ^7\n[workload]",
        "the replica's delay of 1 h, 7 times compressed, is no whole seconds",
        "a `compression` that leaves whole seconds",
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
    (
        "scenario",
        "step = \"promote\"",
        "step = ^\"fence\"",
        "\"fence\" is a step of a failback",
        "a [[failback]] entry",
    ),
    ("scenario", "step = \"promote\"\n", BACK, "a failback has no step \"restore\"", "a failback has rebuild"),
    (
        "scenario",
        "step = \"promote\"\n",
        "step = \"promote\"\n[[failback]]\nstep = ^\"rebuild\"\n[[failback]]\nstep = \"switch\"\n",
        "this failback does not go back: it lacks \"promote\"",
        "add a [[failback]] entry",
    ),
    (
        "scenario",
        "step = \"promote\"\n",
        "step = \"promote\"\n[[failback]]\nstep = \"rebuild\"\n[[failback]]\nstep = \"promote\"\n\
         [[failback]]\nstep = ^\"catch-up\"\n[[failback]]\nstep = \"switch\"\n",
        "\"catch up\" cannot come after \"promote\"",
        "the order is rebuild, stop-application",
    ),
    (
        "scenario",
        "step = \"promote\"\n",
        "step = \"promote\"\n[[failback]]\nstep = \"rebuild\"\n[[failback]]\nstep = \"stop-application\"\n\
         leaves-source = ^true\n[[failback]]\nstep = \"promote\"\n[[failback]]\nstep = \"switch\"\n",
        "a failback leaves the source running",
        "leave it out",
    ),
];

/// A failback with a step that it cannot have.
const BACK: &str = "step = \"promote\"\n[[failback]]\nstep = \"rebuild\"\n[[failback]]\nstep = ^\"restore\"\n\
     [[failback]]\nstep = \"promote\"\n[[failback]]\nstep = \"switch\"\n";

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
fn mistakes_in_both_files_are_told_together() {
    let plan = PLAN.replace("site = \"main\"\nengine = \"postgres\"", "site = \"x\"\nengine = \"postgres\"");
    let plan = plan.replace("bucket = \"saved\"", "bucket = \"y\"");
    let error = loaded(&plan, &SCENARIO.replace("title", "titel")).map(|_| ()).unwrap_err();
    let said = told(&error);
    for expected in ["there is no site `x`", "there is no bucket `y`", "unknown key `titel`"] {
        assert!(said.contains(expected), "{said}");
    }
}
