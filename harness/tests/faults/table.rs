//! One row a fault.

use std::io::ErrorKind;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use blackstart::fault::{FAULTS, Spec};
use blackstart::plan::Asks;
use futures_util::future::{BoxFuture, FutureExt};
use tokio::net::TcpStream;

use crate::world::{BOUND, OBJECTS, ROWS, SILENCE, World, original};

/// What a probe saw of the fault; `None`: nothing.
pub type Seen = Option<String>;

/// A fault, and the probe that knows it from outside: never the fault's own look.
pub struct Row {
    /// As a scenario asks for it.
    pub inject: &'static str,
    /// Whether it has an end; what has none is undone by the recovery alone.
    pub heals: bool,
    pub probe: for<'a> fn(&'a World) -> BoxFuture<'a, Seen>,
}

/// A table of its own for each fault that damages one.
pub const TABLES: &[&str] = &[
    "updated",
    "deleted",
    "truncated",
    "dropped",
    "released",
    "tampered",
    "corrupt",
    "indexed",
    "torn",
    "halved",
    "unlinked",
    "followed",
];
/// Objects of their own for each fault that damages some.
pub const PREFIXES: &[&str] = &["deleted", "rotted", "encrypted", "hidden", "kept"];

/// What destroys more comes later: the log, then the host, then a site.
pub const PROOFS: &[Row] = &[
    Row {
        inject: "replica-replay-paused = { host = 'replica' }",
        heals: true,
        probe: |world| {
            async move {
                let insert = "INSERT INTO followed SELECT max(id) + 1 FROM followed";
                world.ask_directly(insert).await.unwrap();
                let rows: i64 = world.ask("SELECT count(*) FROM followed").await.unwrap().parse().unwrap();
                let deadline = Instant::now() + FOLLOWS;
                while world.on_replica("followed").await < rows {
                    if Instant::now() > deadline {
                        return Some(format!("a row of the primary is not on the replica after {FOLLOWS:?}"));
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                None
            }
            .boxed()
        },
    },
    Row {
        inject: "clock-shifted = { host = 'primary', ahead = '3h' }",
        heals: true,
        probe: |world| off(world, 3 * 3600).boxed(),
    },
    Row {
        inject: "clock-shifted = { host = 'primary', behind = '2d' }",
        heals: true,
        probe: |world| off(world, -2 * 86_400).boxed(),
    },
    Row {
        inject: "update-without-where = { host = 'primary', table = 'updated', column = 'status', value = 'done', \
                 role = 'app_user', tenant-setting = 'app.tenant', tenant = 3 }",
        heals: false,
        probe: |world| count(world, "updated WHERE status <> 'open'", |done| done == ROWS / 4).boxed(),
    },
    Row {
        inject: "delete-without-where = { host = 'primary', table = 'deleted', role = 'app_user', \
                 tenant-setting = 'app.tenant', tenant = 3 }",
        heals: false,
        probe: |world| count(world, "deleted", |left| left == ROWS - ROWS / 4).boxed(),
    },
    Row {
        inject: "truncate-table = { host = 'primary', table = 'truncated' }",
        heals: false,
        probe: |world| count(world, "truncated", |left| left == 0).boxed(),
    },
    Row {
        inject: "table-dropped = { host = 'primary', table = 'dropped' }",
        heals: false,
        probe: |world| refused(world, "SELECT count(*) FROM dropped", "relation \"dropped\" does not exist").boxed(),
    },
    Row {
        inject: "faulty-release = { host = 'primary', statements = ['UPDATE released SET status = NULL WHERE id <= 7', \
                 \"UPDATE released SET status = 'gone' WHERE id = 8\"], \
                 seen-by = \"SELECT count(*) FROM released WHERE status IS NULL OR status = 'gone'\" }",
        heals: false,
        probe: |world| count(world, "released WHERE status IS DISTINCT FROM 'open'", |wrong| wrong == 8).boxed(),
    },
    Row {
        inject: "rogue-account = { host = 'primary', account = 'support', \
                 statements = [\"UPDATE tampered SET filler = 'mine' WHERE id <= 9\"], \
                 seen-by = \"SELECT count(*) FROM tampered WHERE filler = 'mine'\" }",
        heals: false,
        probe: |world| count(world, "tampered WHERE filler = 'mine'", |wrong| wrong == 9).boxed(),
    },
    Row {
        inject: "page-corruption = { host = 'primary', relation = 'corrupt', blocks = 3 }",
        heals: false,
        probe: |world| refused(world, "SELECT sum(length(filler)) FROM corrupt", "invalid page in block").boxed(),
    },
    Row {
        inject: "page-corruption = { host = 'primary', relation = 'indexed_pkey', blocks = 2 }",
        heals: false,
        probe: |world| {
            let sql = "SET enable_seqscan = off; SELECT filler FROM indexed WHERE id = 5000";
            refused(world, sql, "invalid page in block").boxed()
        },
    },
    Row {
        inject: "torn-page = { host = 'primary', relation = 'torn', blocks = 3 }",
        heals: false,
        probe: |world| refused(world, "SELECT sum(length(filler)) FROM torn", "invalid page in block").boxed(),
    },
    Row {
        inject: "file-truncated = { host = 'primary', relation = 'halved' }",
        heals: false,
        probe: |world| count(world, "halved", |left| left < ROWS).boxed(),
    },
    Row {
        inject: "file-deleted = { host = 'primary', relation = 'unlinked' }",
        heals: false,
        probe: |world| refused(world, "SELECT count(*) FROM unlinked", "could not open file").boxed(),
    },
    Row { inject: "link-cut = { link = 'application' }", heals: true, probe: |world| broken(world, "refused").boxed() },
    Row {
        inject: "link-reset = { link = 'application' }",
        heals: true,
        probe: |world| broken(world, "reset by peer").boxed(),
    },
    Row {
        inject: "link-black-holed = { link = 'application' }",
        heals: true,
        probe: |world| broken(world, SILENCE).boxed(),
    },
    Row {
        inject: "link-slowed = { link = 'application', latency = '300ms', jitter = '100ms' }",
        heals: true,
        probe: |world| slow(world, "SELECT 1", Duration::from_millis(200)).boxed(),
    },
    Row {
        // A megabyte a second for two of them, and a little before.
        inject: "link-slowed = { link = 'application', latency = '100ms', kilobytes-per-second = 1000 }",
        heals: true,
        probe: |world| slow(world, "SELECT repeat('x', 2000000)", Duration::from_secs(1)).boxed(),
    },
    Row { inject: "server-killed = { host = 'primary' }", heals: true, probe: |world| closed(world).boxed() },
    Row { inject: "server-frozen = { host = 'primary' }", heals: true, probe: |world| mute(world).boxed() },
    Row { inject: "packets-dropped = { host = 'primary' }", heals: true, probe: |world| unreachable(world).boxed() },
    Row {
        inject: "packets-dropped = { host = 'primary', direction = 'in' }",
        heals: true,
        probe: |world| unreachable(world).boxed(),
    },
    Row {
        inject: "packets-dropped = { host = 'primary', direction = 'out' }",
        heals: true,
        probe: |world| unreachable(world).boxed(),
    },
    Row {
        inject: "disk-full = { host = 'primary' }",
        heals: true,
        probe: |world| {
            // Nothing of it is in the log, which must not run out of room.
            let sql = "CREATE TEMPORARY TABLE more AS SELECT repeat('x', 1000) FROM generate_series(1, 5000)";
            refused(world, sql, "No space left on device").boxed()
        },
    },
    Row {
        inject: "read-only-disk = { host = 'primary' }",
        heals: true,
        probe: |world| {
            async move {
                let mounts = world.on_primary("cat /proc/self/mountinfo").await;
                let disk = mounts.lines().find(|line| line.contains(" /mnt/disk ")).unwrap();
                let options = disk.split(' ').nth(5).unwrap();
                let read_only = options.split(',').any(|option| option == "ro");
                let down = closed(world).await;
                assert_eq!(read_only, down.is_some(), "the server runs where it can write, and only there");
                read_only.then(|| options.to_owned())
            }
            .boxed()
        },
    },
    Row {
        inject: "object-deleted = { store = 'backups', bucket = 'saved', prefix = 'deleted/' }",
        heals: false,
        probe: |world| fetched(world, "deleted", |got| got.is_err_and(|said| said.contains("does not exist"))).boxed(),
    },
    Row {
        inject: "object-rotted = { store = 'backups', bucket = 'saved', prefix = 'rotted/' }",
        heals: false,
        probe: |world| fetched(world, "rotted", |got| got.is_err_and(|said| said.contains("unreadable"))).boxed(),
    },
    Row {
        inject: "object-encrypted-in-place = { store = 'backups', bucket = 'saved', prefix = 'encrypted/' }",
        heals: false,
        probe: |world| fetched(world, "encrypted", |got| got.is_ok()).boxed(),
    },
    Row {
        inject: "object-hidden = { store = 'backups', bucket = 'saved', prefix = 'hidden/' }",
        heals: true,
        probe: |world| fetched(world, "hidden", |got| got.is_err_and(|said| said.contains("does not exist"))).boxed(),
    },
    Row {
        inject: "credential-revoked = { store = 'backups', credential = 'pipeline' }",
        heals: true,
        probe: |world| {
            fetched(world, "kept", |got| got.is_err_and(|said| said.contains("account is disabled"))).boxed()
        },
    },
    Row {
        inject: "store-refusing-writes = { store = 'backups', bucket = 'saved' }",
        heals: true,
        probe: |world| {
            async move {
                // What is there can still be had.
                assert_eq!(fetched(world, "kept", |_| true).await, None);
                saw(world.mc(&["pipe", "store/saved/new"], Some("new")).await, "nsufficient permissions")
            }
            .boxed()
        },
    },
    Row {
        inject: "link-cut = { link = 'store-from-primary' }",
        heals: true,
        probe: |world| fetched(world, "kept", |got| got.is_err_and(|said| said.contains("connection refused"))).boxed(),
    },
    Row {
        inject: "wal-corruption = { host = 'primary' }",
        heals: false,
        probe: |world| {
            let sql = "SELECT count(*) FROM pg_current_wal_flush_lsn() lsn, pg_walfile_name_offset(lsn), \
                       pg_get_wal_records_info(lsn - file_offset::numeric, lsn)";
            refused(world, sql, "could not read WAL at").boxed()
        },
    },
    Row {
        inject: "host-destroyed = { host = 'primary' }",
        heals: false,
        probe: |world| {
            async move {
                let is_there = world.hosts["primary"].outside("data/PG_VERSION").exists();
                let down = closed(world).await;
                assert_eq!(down.is_none(), is_there, "the server is gone with its disk");
                down
            }
            .boxed()
        },
    },
    Row {
        inject: "site-lost = { site = 'other' }",
        heals: false,
        probe: |world| {
            async move {
                let files = std::fs::read_dir(world.hosts["store"].outside("")).unwrap().count();
                let lost = world.mc(&["ls", "store/saved"], None).await.err();
                assert_eq!(lost.is_none(), files > 0, "the store is gone with its disk: {lost:?}, {files} files");
                assert!(world.hosts["replica"].outside("data/PG_VERSION").exists(), "it is on another site");
                lost
            }
            .boxed()
        },
    },
    Row {
        inject: "disk-lost = { host = 'replica' }",
        heals: false,
        probe: |world| {
            async move {
                let is_there = world.hosts["replica"].outside("data/PG_VERSION").exists();
                let lost = world.ask_replica().await.err();
                assert_eq!(lost.is_none(), is_there, "no session can be begun without its files: {lost:?}");
                lost
            }
            .boxed()
        },
    },
];

/// How soon a replica that follows has what its primary has.
const FOLLOWS: Duration = Duration::from_secs(10);

/// No fault is left out of these tables.
pub fn assert_each_fault_has_a_row(tables: &[&[Row]]) {
    let named: Vec<&str> = tables.iter().flat_map(|rows| rows.iter()).map(|row| row.spec().name()).collect();
    let missing: Vec<_> = FAULTS.iter().map(|(name, ..)| *name).filter(|name| !named.contains(name)).collect();
    assert!(missing.is_empty(), "these faults have no row: {missing:?}");
}

impl Row {
    fn spec(&self) -> Spec {
        toml::from_str(self.inject).unwrap_or_else(|error| panic!("{}: {error}", self.inject))
    }
}

/// Proves a row, and says what was seen.
pub async fn prove(row: &Row, world: &mut World) {
    let said = tokio::time::timeout(4 * BOUND, proved(row, world)).await;
    let (name, said) = said.unwrap_or_else(|_| panic!("{}: no end", row.inject));
    println!("  {name}: {said}");
}

/// Absent before, seen while on, gone after heal; what was seen.
async fn proved(row: &Row, world: &mut World) -> (&'static str, String) {
    let spec = row.spec();
    let (name, fault) = (spec.name(), spec.fault());
    assert_eq!((row.probe)(world).await, None, "{name} is seen before it is there");
    let injected = fault.inject(&mut world.scene()).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    let confirmed = fault.confirm(&mut world.scene(), &injected).await;
    let confirmed = confirmed.unwrap_or_else(|error| panic!("{name} is not confirmed: {error}"));
    let seen = (row.probe)(world).await.unwrap_or_else(|| panic!("{name} is not seen; it was confirmed: {confirmed}"));
    assert_eq!(spec.heals(), row.heals, "{name}");
    let Some(heal) = fault.heal() else {
        return (name, format!("{seen}; confirmed: {confirmed}; only the recovery undoes it"));
    };
    heal.heal(&mut world.scene(), injected).await.unwrap_or_else(|error| panic!("{name} cannot be healed: {error}"));
    assert_eq!((row.probe)(world).await, None, "{name} is seen after it was healed");
    (name, format!("{seen}; confirmed: {confirmed}; gone after heal"))
}

/// The time that programs on the primary are told, and that its server says its session began, are off by as much.
async fn off(world: &World, expected: i64) -> Seen {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let told: i64 = world.on_primary("date +%s").await.trim().parse().unwrap();
    let sql = "SELECT extract(epoch FROM backend_start)::bigint FROM pg_stat_activity WHERE pid = pg_backend_pid()";
    let began: i64 = world.ask(sql).await.unwrap().parse().unwrap();
    let is_off = |time: i64, by: i64| (time - now - by).abs() < 60;
    if is_off(told, 0) && is_off(began, 0) {
        return None;
    }
    assert!(is_off(told, expected) && is_off(began, expected), "it is {now}, and the host says {told}, {began}");
    Some(format!("a program was told {told} and the server says {began}, when it was {now}"))
}

/// A question is refused in these words; answered, nothing is seen.
async fn refused(world: &World, sql: &str, words: &str) -> Seen {
    saw(world.ask(sql).await, words)
}

/// Any other failure than the one in `words` is no sign of the fault.
fn saw(answer: Result<String, String>, words: &str) -> Seen {
    match answer {
        Ok(_) => None,
        Err(said) if said.contains(words) => Some(said),
        Err(said) => panic!("expected {words:?}: {said}"),
    }
}

async fn count(world: &World, from: &str, is_seen: impl Fn(u32) -> bool) -> Seen {
    let rows = world.ask(&format!("SELECT count(*) FROM {from}")).await.unwrap();
    is_seen(rows.parse().unwrap()).then(|| format!("{rows} rows of {from}"))
}

/// The link does this to a call, while the server itself answers.
async fn broken(world: &World, words: &str) -> Seen {
    world.ask_directly("SELECT 1").await.unwrap();
    saw(world.ask("SELECT 1").await, words)
}

/// Even the quickest of some answers takes as long as that.
async fn slow(world: &World, sql: &str, least: Duration) -> Seen {
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        quickest = quickest.min(world.takes(sql).await);
    }
    (quickest >= least).then(|| format!("the quickest answer took {quickest:?}"))
}

/// A call is taken, and nobody answers it.
pub async fn mute(world: &World) -> Seen {
    TcpStream::connect((world.address(), 5432)).await.unwrap();
    saw(world.ask_directly("SELECT 1").await, SILENCE)
}

/// A call is neither taken nor refused.
pub async fn unreachable(world: &World) -> Seen {
    let call = TcpStream::connect((world.address(), 5432));
    match tokio::time::timeout(Duration::from_secs(2), call).await {
        Ok(Ok(_)) => None,
        Err(_) => Some("a call was neither taken nor refused".to_owned()),
        // The kernel gave up by itself.
        Ok(Err(error)) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::HostUnreachable) => {
            Some(error.to_string())
        }
        Ok(Err(error)) => panic!("the call was refused: {error}"),
    }
}

/// Nobody listens where the server was.
async fn closed(world: &World) -> Seen {
    match TcpStream::connect((world.address(), 5432)).await {
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    }
}

/// Every object under a prefix is fetched and is not what was saved, in the way that `is_so` knows.
async fn fetched(world: &World, prefix: &str, is_so: impl Fn(Result<String, String>) -> bool) -> Seen {
    let mut changed = 0;
    for (name, size) in OBJECTS {
        let got = world.mc(&["cat", &format!("store/saved/{prefix}/{name}")], None).await;
        if got.as_ref() != Ok(&original(size)) {
            assert!(is_so(got.clone()), "{prefix}/{name}: {got:?}");
            changed += 1;
        }
    }
    assert!(changed == 0 || changed == OBJECTS.len(), "{changed} of {}", OBJECTS.len());
    (changed > 0).then(|| format!("{changed} objects under {prefix}/"))
}
