//! The workload against a real server.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use blackstart::clock::Clock;
use blackstart::engine::postgres::binary::{CopyReader, Malformed, Raw};
use blackstart::workload::{self, Domain, Ledger, Loaded, Settings, Stopped, Version, Workload};
use blackstart_record::event::Tally;
use blackstart_record::ledger::{Completion, Effect, LedgerEntry, Reader};
use blackstart_record::rows::{self, Key, Row};
use blackstart_record::time::Nanos;
use futures_util::StreamExt;
use scratch::Scratch;
use tokio::sync::mpsc;
use tokio_postgres::Client;

mod scratch;

type State = BTreeMap<(u8, Key), u64>;

fn domain() -> &'static dyn Domain {
    workload::domain("fulfilment").unwrap()
}

fn settings(rows: u64) -> Settings {
    Settings { rows, op_timeout: Duration::from_secs(10), ..Settings::default() }
}

async fn load(server: &Scratch, settings: &Settings) -> (Client, Loaded) {
    let client = server.superuser().await;
    let loaded = workload::load(domain(), &client, settings, &server.path("initial.rows")).await.unwrap();
    (client, loaded)
}

/// Every row of the database, as `COPY` reads it.
async fn copy_out(client: &Client) -> Vec<Vec<Row>> {
    let mut tables = Vec::new();
    for table in domain().tables() {
        let mut stream = std::pin::pin!(client.copy_out(&table.copy_out()).await.unwrap());
        let (mut reader, mut rows) = (CopyReader::new(table.columns.len()), Vec::new());
        while let Some(chunk) = stream.next().await {
            reader
                .push(&chunk.unwrap(), |fields| {
                    rows.push(table.row(fields)?);
                    Ok::<_, Malformed>(())
                })
                .unwrap();
        }
        assert_eq!(reader.finish().unwrap(), rows.len() as u64);
        tables.push(rows);
    }
    tables
}

fn read_rows(path: &Path) -> Vec<Vec<Row>> {
    let mut reader = rows::Reader::open(path).unwrap();
    let mut tables = Vec::new();
    while let Some(mut table) = reader.table().unwrap() {
        tables.push(table.by_ref().collect::<Result<_, _>>().unwrap());
    }
    tables
}

fn state(tables: &[Vec<Row>]) -> State {
    let rows = (0..).zip(tables).flat_map(|(table, rows)| rows.iter().map(move |row| ((table, row.key), row.digest)));
    rows.collect()
}

fn read_ledger(path: &Path) -> Vec<LedgerEntry> {
    Reader::open(path).unwrap().map(Result::unwrap).collect()
}

/// The effects of acknowledged operations, applied in the ledger's order.
fn replay(mut state: State, ledger: &[LedgerEntry]) -> State {
    for entry in ledger {
        let LedgerEntry::Completed { completion: Completion::Acknowledged, effects, .. } = entry else { continue };
        for Effect { table, key, digest } in effects {
            match digest {
                Some(digest) => state.insert((*table, *key), *digest),
                None => state.remove(&(*table, *key)),
            };
        }
    }
    state
}

async fn assert_invariants(client: &Client) {
    for invariant in domain().invariants() {
        let examined: i64 = client.query_one(invariant.examined, &[]).await.unwrap().get(0);
        assert!(examined > 0, "nothing examined: {}", invariant.rule);
        let violations = client.query(invariant.violations, &[]).await.unwrap();
        let first: Option<String> = violations.first().map(|row| row.get(0));
        assert_eq!(first, None, "{} violations of: {}", violations.len(), invariant.rule);
    }
}

struct Run {
    stopped: Stopped,
    tallies: Vec<(Nanos, Tally)>,
    ledger: Vec<LedgerEntry>,
}

async fn run(server: &Scratch, settings: &Settings, first_op: u64, during: impl AsyncFnOnce()) -> Run {
    let (ledger_path, rows_path) =
        (server.path(&format!("ledger-{first_op}.bin")), server.path(&format!("rows-{first_op}.bin")));
    let ledger = Ledger::open(&ledger_path, &rows_path).unwrap();
    let (tallies, mut received) = mpsc::channel(1000);
    let workload = Workload {
        domain: domain(),
        config: server.config(domain().application_role()),
        settings: settings.clone(),
        epoch: 0,
        first_op,
        ledger: ledger.handle(),
        clock: Clock::start(),
        tallies,
    };
    let running = workload.start();
    during().await;
    let stopped = running.stop().await;
    ledger.close().await.unwrap();
    let mut all = Vec::new();
    while let Some(tally) = received.recv().await {
        all.push(tally);
    }
    Run { stopped, tallies: all, ledger: read_ledger(&ledger_path) }
}

fn completions(ledger: &[LedgerEntry]) -> HashMap<Completion, usize> {
    let mut counts = HashMap::new();
    for entry in ledger {
        if let LedgerEntry::Completed { completion, .. } = entry {
            *counts.entry(*completion).or_default() += 1;
        }
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn loaded_rows_are_what_the_generator_says_in_every_table() {
    let server = Scratch::start();
    for rows in [100, 20_000] {
        let settings = settings(rows);
        let (client, loaded) = load(&server, &settings).await;
        assert_eq!(loaded.rows, rows);
        assert!(loaded.bytes > 0);
        let (expected, found) = (read_rows(&server.path("initial.rows")), copy_out(&client).await);
        for ((table, expected), found) in domain().tables().iter().zip(&expected).zip(&found) {
            assert!(!expected.is_empty(), "{}", table.name);
            let differing = expected.iter().zip(found).find(|(expected, found)| expected != found);
            assert_eq!(differing, None, "{}: first difference (expected, found)", table.name);
            assert_eq!(expected.len(), found.len(), "{}", table.name);
        }
        assert_invariants(&client).await;
        let sql = "DROP SCHEMA app, audit, blackstart CASCADE; SELECT lo_unlink(oid) FROM pg_largeobject_metadata";
        client.batch_execute(sql).await.unwrap();
        std::fs::remove_file(server.path("initial.rows")).unwrap();
    }
}

/// The load switches foreign keys off: here they are all checked anew.
#[tokio::test(flavor = "multi_thread")]
async fn loaded_rows_satisfy_every_constraint_and_canaries_are_planted() {
    let server = Scratch::start();
    let (client, _) = load(&server, &settings(5000)).await;
    let foreign_keys = "SELECT conrelid::regclass::text, conname::text FROM pg_constraint WHERE contype IN ('f', 'c')";
    let constraints = client.query(foreign_keys, &[]).await.unwrap();
    assert!(constraints.len() > 15);
    for constraint in &constraints {
        let (table, name): (String, String) = (constraint.get(0), constraint.get(1));
        let definition = format!(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = '{name}' AND conrelid = '{table}'::regclass"
        );
        let definition: String = client.query_one(&definition, &[]).await.unwrap().get(0);
        let again = format!("ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {definition}");
        client.batch_execute(&again).await.unwrap_or_else(|error| panic!("{again}: {error:?}"));
    }
    for canary in domain().canaries() {
        let row = client.query_one(&canary.sql, &[]).await.unwrap();
        assert_eq!(row.get::<_, Raw<'_>>(0).0, canary.planted.as_deref(), "{}", canary.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_can_do_every_write_trial_and_sees_one_tenant_only() {
    let server = Scratch::start();
    load(&server, &settings(1000)).await;
    let (mut client, connection) =
        server.config(domain().application_role()).connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for trial in domain().write_trials() {
        let transaction = client.transaction().await.unwrap();
        for sql in trial.statements {
            let touched = transaction.execute(*sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            assert!(touched > 0, "{}: {sql}", trial.what);
        }
        transaction.rollback().await.unwrap();
    }
    let seen = "SELECT count(DISTINCT tenant_id) FROM app.customers";
    let count = async |client: &Client| client.query_one(seen, &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(count(&client).await, 0);
    client.batch_execute("SET app.tenant = '3'").await.unwrap();
    assert_eq!(count(&client).await, 1);
    assert!(client.batch_execute("UPDATE app.shipments SET status = -1").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_flat_out_run_the_database_is_the_initial_rows_and_the_ledger() {
    let server = Scratch::start();
    let settings = settings(20_000);
    let (client, _) = load(&server, &settings).await;
    let Run { stopped, tallies, ledger } = run(&server, &settings, 1, async || {
        tokio::time::sleep(Duration::from_secs(3)).await;
    })
    .await;
    let counts = completions(&ledger);
    println!("{counts:?} {:?}", tallies);
    assert!(counts[&Completion::Acknowledged] > 100 && counts[&Completion::Failed] > 5);
    assert_eq!(counts.get(&Completion::Unknown), None);
    let acknowledged: u64 = tallies.iter().map(|(_, tally)| tally.acknowledged).sum();
    assert_eq!(acknowledged, counts[&Completion::Acknowledged] as u64);
    let failed: u64 = tallies.iter().map(|(_, tally)| tally.failed).sum();
    assert_eq!(failed, 0, "only what was meant to fail failed");
    assert!(
        tallies.iter().any(|(_, tally)| tally.p50 > Nanos::ZERO && tally.p99 >= tally.p50 && tally.max >= tally.p99)
    );
    assert!(stopped.ledger_whole);

    assert_invariants(&client).await;
    let expected = replay(state(&read_rows(&server.path("initial.rows"))), &ledger);
    let found = copy_out(&client).await;
    assert_eq!(state(&found), expected);
    check_rolled_back_left_nothing(&ledger, &found);
    check_ledger(&ledger, &stopped, &settings);
    check_images(&server, &ledger);
    check_every_kind_of_effect_was_seen(&ledger);
}

fn check_rolled_back_left_nothing(ledger: &[LedgerEntry], found: &[Vec<Row>]) {
    let failed = |entry: &LedgerEntry| match entry {
        LedgerEntry::Completed { op, completion: Completion::Failed, effects, .. } => Some((*op, effects.len())),
        _ => None,
    };
    let failed: HashMap<u64, usize> = ledger.iter().filter_map(failed).collect();
    assert!(failed.values().any(|effects| *effects > 2), "a rollback of several effects");
    let left: Vec<_> = found.iter().flatten().filter(|row| failed.contains_key(&row.op)).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn check_ledger(ledger: &[LedgerEntry], stopped: &Stopped, settings: &Settings) {
    let (mut client_of, mut open, mut last_op) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut writer: HashMap<(u8, Key), u32> = HashMap::new();
    let mut last = None;
    for entry in ledger {
        match entry {
            LedgerEntry::Invoked { op, client, epoch, at } => {
                assert!(*client < settings.clients && *epoch == 0 && (1..stopped.next_op).contains(op));
                assert_eq!(client_of.insert(*op, *client), None, "an id is used once");
                assert_eq!(open.insert(*client, (*op, *at)), None, "one operation at a time");
                assert!(last_op.insert(*client, *op) < Some(*op), "ids grow");
            }
            LedgerEntry::Completed { op, at, effects, completion } => {
                let client = client_of[op];
                let (invoked, since) = open.remove(&client).unwrap();
                assert!(invoked == *op && since <= *at);
                if *completion == Completion::Acknowledged {
                    last = last.max(Some(*at));
                }
                for effect in effects {
                    let first = *writer.entry((effect.table, effect.key)).or_insert(client);
                    assert_eq!(first, client, "one writer of {effect:?}");
                }
            }
        }
    }
    assert!(open.is_empty(), "every operation completed: {open:?}");
    assert_eq!(last, stopped.last_acknowledged);
}

fn check_images(server: &Scratch, ledger: &[LedgerEntry]) {
    let mut wanted = HashMap::new();
    for entry in ledger {
        let LedgerEntry::Completed { op, completion: Completion::Acknowledged, effects, .. } = entry else { continue };
        for Effect { table, key, digest } in effects.iter().filter(|effect| effect.digest.is_some()) {
            wanted.insert(Version { table: *table, key: *key, op: *op }, *digest);
        }
    }
    let found = workload::find(&server.path("rows-1.bin"), &wanted.keys().copied().collect::<HashSet<_>>()).unwrap();
    for (version, digest) in wanted {
        let row = domain().tables()[version.table as usize].row(&found[&version]).unwrap();
        assert_eq!((row.key, row.op, Some(row.digest)), (version.key, version.op, digest));
    }
}

fn check_every_kind_of_effect_was_seen(ledger: &[LedgerEntry]) {
    let effects = ledger.iter().flat_map(|entry| match entry {
        LedgerEntry::Completed { effects, .. } => effects.as_slice(),
        LedgerEntry::Invoked { .. } => &[],
    });
    let seen: HashSet<(&str, bool)> =
        effects.map(|effect| (domain().tables()[effect.table as usize].name, effect.digest.is_some())).collect();
    for table in ["customers", "stock", "orders", "order_lines", "shipments", "documents"] {
        assert!(seen.contains(&(format!("app.{table}").as_str(), true)), "{table} written");
    }
    assert!(seen.contains(&("app.orders", false)) && seen.contains(&("app.order_lines", false)), "orders deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_rate_is_kept_and_a_second_epoch_goes_on_where_the_first_ended() {
    let server = Scratch::start();
    let settings = Settings { rate: Some(100.0), clients: 3, ..settings(1000) };
    let (client, _) = load(&server, &settings).await;
    let wait = async || tokio::time::sleep(Duration::from_secs(2)).await;
    let first = run(&server, &settings, 1, wait).await;
    let invoked = first.stopped.next_op - 1;
    assert!((150..=215).contains(&invoked), "{invoked} operations in 2 s at 100 a second");
    let second = run(&server, &settings, first.stopped.next_op, wait).await;
    let failed: u64 = second.tallies.iter().map(|(_, tally)| tally.failed).sum();
    assert_eq!(failed, 0);
    let initial = state(&read_rows(&server.path("initial.rows")));
    let expected = replay(replay(initial, &first.ledger), &second.ledger);
    assert_eq!(state(&copy_out(&client).await), expected);
    assert_invariants(&client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_in_the_middle_leaves_at_most_one_unknown_operation_per_client() {
    let mut server = Scratch::start();
    let settings = settings(1000);
    load(&server, &settings).await;
    let (ledger_path, rows_path) = (server.path("ledger.bin"), server.path("rows.bin"));
    let ledger = Ledger::open(&ledger_path, &rows_path).unwrap();
    let workload = Workload {
        domain: domain(),
        config: server.config(domain().application_role()),
        settings: settings.clone(),
        epoch: 0,
        first_op: 1,
        ledger: ledger.handle(),
        clock: Clock::start(),
        tallies: mpsc::channel(1).0,
    };
    let running = workload.start();
    tokio::time::sleep(Duration::from_millis(700)).await;
    server.kill();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let stopped = tokio::time::timeout(Duration::from_secs(5), running.stop()).await.unwrap();
    ledger.close().await.unwrap();
    let entries = read_ledger(&ledger_path);
    check_ledger(&entries, &stopped, &settings);
    let (mut client_of, mut unknown) = (HashMap::new(), HashMap::new());
    for entry in &entries {
        match entry {
            LedgerEntry::Invoked { op, client, .. } => _ = client_of.insert(*op, *client),
            LedgerEntry::Completed { op, completion: Completion::Unknown, .. } => {
                *unknown.entry(client_of[op]).or_insert(0) += 1;
            }
            LedgerEntry::Completed { .. } => {}
        }
    }
    assert!(unknown.values().all(|count| *count == 1), "{unknown:?}");
    assert!(completions(&entries)[&Completion::Acknowledged] > 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_cannot_be_written_stops_the_workload_and_says_why() {
    let server = Scratch::start();
    let settings = settings(1000);
    load(&server, &settings).await;
    // Every write to this device fails as one to a full disk does.
    let full = server.path("full");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    assert!(Ledger::open(&full, &server.path("rows.bin")).is_err(), "an existing file is refused");
    let ledger = Ledger::open(&server.path("ledger.bin"), &server.path("rows.bin")).unwrap();
    let handle = ledger.handle();
    ledger.close().await.unwrap();
    let workload = Workload {
        domain: domain(),
        config: server.config(domain().application_role()),
        settings,
        epoch: 0,
        first_op: 1,
        ledger: handle,
        clock: Clock::start(),
        tallies: mpsc::channel(1).0,
    };
    let running = workload.start();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let stopped = running.stop().await;
    assert!(!stopped.ledger_whole && stopped.last_acknowledged.is_none());
    assert!(read_ledger(&server.path("ledger.bin")).is_empty(), "nothing was sent without a ledger");
}
