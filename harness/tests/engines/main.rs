//! An engine keeps one contract, whichever it is: the same table of promises on real servers of each, natively.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test")]

mod binlog;
mod engine;
mod lag;
#[path = "../runtimes/located.rs"]
mod located;
mod mysql;
mod physical;
mod promises;
mod replicas;
#[path = "../runtimes/mod.rs"]
mod runtimes;
mod types;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use blackstart::engine::{Role, Server};
use blackstart::host::isolate::Isolation;
use blackstart::host::{Ground, Host, Logs, Spec};
use blackstart::secret::Secrets;
use futures_util::FutureExt;

use engine::{BOUND, Kind, MARIADB, MYSQL, POSTGRES};
use promises::{Promise, World};
use runtimes::{Test, native};

const NETWORK: Spec<'_> = Spec { name: "network", index: 9, disk: None, runs: "toxiproxy", image: None };

/// What the whole family promises.
const MYSQLS: &[&[Promise]] =
    &[promises::ALL, mysql::ALL, replicas::ALL, replicas::LATE, lag::ALL, lag::LATE, binlog::ALL, physical::ALL];

/// Each engine, by the name of its test.
const TESTS: [Test; 3] = [
    Test {
        name: "postgresql_keeps_the_promises_of_an_engine",
        isolation: native,
        network: NETWORK,
        body: |isolation, scratch| keeps(isolation, scratch, &POSTGRES, &[promises::ALL, replicas::ALL, lag::ALL]),
    },
    Test {
        name: "mariadb_keeps_the_promises_of_an_engine",
        isolation: native,
        network: NETWORK,
        body: |isolation, scratch| keeps(isolation, scratch, &MARIADB, MYSQLS),
    },
    Test {
        name: "mysql_keeps_the_promises_of_an_engine",
        isolation: || engine::mysql_server().and(native()),
        network: NETWORK,
        body: |isolation, scratch| keeps(isolation, scratch, &MYSQL, MYSQLS),
    },
];

fn main() -> ExitCode {
    runtimes::main(&TESTS)
}

/// Tries each promise on the same two servers; why one was broken has been printed.
fn keeps(isolation: Isolation, scratch: &Path, kind: &'static Kind, promises: &[&[Promise]]) -> bool {
    let logs = scratch.join("logs");
    std::fs::create_dir(&logs).unwrap();
    let secrets = Secrets::default();
    let ground = Ground {
        isolation,
        scratch: scratch.join("scratch"),
        tools: scratch.join("none"),
        programs: Arc::default(),
        logs: Logs::new(&logs, secrets.clone()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let first = start(&ground, kind, Spec { name: "first", index: 0, ..NETWORK }, Role::Source).await;
        let second = start(&ground, kind, Spec { name: "second", index: 1, ..NETWORK }, Role::Target).await;
        let third = kind.make(Host::create(&ground, Spec { name: "third", index: 2, ..NETWORK }).await.unwrap());
        let mut world = World { kind, first, second, third, secrets, logs };
        let mut all = true;
        for (promise, tried) in promises.iter().copied().flatten() {
            let kept = AssertUnwindSafe(tried(&mut world)).catch_unwind().await.is_ok();
            println!("{}: {promise}", if kept { "kept" } else { "broken" });
            all &= kept;
        }
        all
    })
}

async fn start(ground: &Ground, kind: &Kind, spec: Spec<'_>, role: Role) -> Server {
    let mut engine = kind.make(Host::create(ground, spec).await.unwrap());
    initialise(&engine, kind, role).await;
    engine.start(BOUND).await.unwrap();
    engine.run(kind.system, kind.visitor).await.unwrap();
    engine
}

/// Gives a server a data directory, with the settings of its kind.
async fn initialise(engine: &Server, kind: &Kind, role: Role) {
    let cache = blackstart_tools::cache_dir().unwrap();
    let own = kind.settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    engine.initialise(&cache, role, &own.collect::<Vec<_>>()).await.unwrap();
}
