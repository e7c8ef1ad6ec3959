//! Clients at work.

use std::collections::HashMap;
use std::time::Duration;

use blackstart::clock::Clock;
use blackstart::workload::{Ledger, LedgerHandle, Settings, Stopped, Workload};
use blackstart_record::event::Tally;
use blackstart_record::ledger::{Completion, LedgerEntry};
use blackstart_record::time::Nanos;
use tokio::sync::mpsc;

use crate::ledger::{
    check_every_kind_of_effect_was_seen, check_images, check_ledger, check_rolled_back_left_nothing, read_ledger,
    replay, state,
};
use crate::scratch::Scratch;
use crate::{assert_invariants, copy_out, domain, load, read_rows, settings};

struct Run {
    stopped: Stopped,
    tallies: Vec<(Nanos, Tally)>,
    ledger: Vec<LedgerEntry>,
}

fn workload(
    server: &Scratch,
    settings: &Settings,
    first_op: u64,
    ledger: LedgerHandle,
    tallies: mpsc::Sender<(Nanos, Tally)>,
) -> Workload<'static> {
    let login = server.login(domain().application_role());
    let (settings, clock) = (settings.clone(), Clock::start());
    Workload { domain: domain(), login, objects: None, settings, epoch: 0, first_op, ledger, clock, tallies }
}

async fn run(server: &Scratch, settings: &Settings, first_op: u64, during: impl AsyncFnOnce()) -> Run {
    let (ledger_path, rows_path) =
        (server.path(&format!("ledger-{first_op}.bin")), server.path(&format!("rows-{first_op}.bin")));
    let ledger = Ledger::open(&ledger_path, &rows_path).unwrap();
    let (tallies, mut received) = mpsc::channel(1000);
    let running = workload(server, settings, first_op, ledger.handle(), tallies).start();
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
async fn after_a_flat_out_run_the_database_is_the_initial_rows_and_the_ledger() {
    let server = Scratch::start();
    let settings = settings(20_000);
    let (client, _) = load(&server, &settings).await;
    let Run { stopped, tallies, ledger } = run(&server, &settings, 1, async || {
        tokio::time::sleep(Duration::from_secs(3)).await;
    })
    .await;
    let counts = completions(&ledger);
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
    let running = workload(&server, &settings, 1, ledger.handle(), mpsc::channel(1).0).start();
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
async fn without_a_ledger_nothing_is_sent() {
    let server = Scratch::start();
    let settings = settings(1000);
    let (client, _) = load(&server, &settings).await;
    let ledger = Ledger::open(&server.path("ledger.bin"), &server.path("rows.bin")).unwrap();
    let handle = ledger.handle();
    ledger.close().await.unwrap();
    let running = workload(&server, &settings, 1, handle, mpsc::channel(1).0).start();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let stopped = running.stop().await;
    assert!(!stopped.ledger_whole && stopped.last_acknowledged.is_none());
    assert!(read_ledger(&server.path("ledger.bin")).is_empty());
    let logged: i64 = client.query_one("SELECT count(*) FROM audit.log WHERE op <> 0", &[]).await.unwrap().get(0);
    assert_eq!(logged, 0);
}
