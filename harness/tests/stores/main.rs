//! A store keeps one contract, natively and in a container: what drills, faults and checks take for granted of S3.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test")]

#[path = "../runtimes/located.rs"]
mod located;
mod promises;
#[path = "../runtimes/mod.rs"]
mod runtimes;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use blackstart::host::isolate::Isolation;
use blackstart::host::{Ground, Host, Logs, Spec};
use blackstart::secret::Secrets;
use blackstart::store::Store;

use located::located;
use runtimes::{Test, containers, native};

const NETWORK: Spec<'_> = Spec { name: "network", index: 9, disk: None, runs: "toxiproxy", image: None };
const STORE: Spec<'_> = Spec { name: "store", index: 1, disk: None, runs: "s3", image: None };

/// Each runtime, by the name of its test.
const TESTS: [Test; 2] = [
    Test { name: "minio_on_a_native_host_keeps_its_promises", isolation: native, network: NETWORK, body },
    Test { name: "minio_in_a_container_keeps_its_promises", isolation: containers, network: NETWORK, body },
];

fn main() -> ExitCode {
    runtimes::main(&TESTS)
}

fn body(isolation: Isolation, scratch: &Path) -> bool {
    let (logs, secrets) = (scratch.join("logs"), Secrets::default());
    std::fs::create_dir(&logs).unwrap();
    let ground = Ground {
        isolation,
        scratch: scratch.join("scratch"),
        tools: blackstart_tools::cache_dir().unwrap().join("tools"),
        programs: Arc::default(),
        logs: Logs::new(&logs, secrets.clone()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let host = Host::create(&ground, STORE).await.unwrap();
        let minio = located(&host, "minio").0;
        let store = Store::start(host, &minio, &secrets).await.unwrap();
        promises::all(&store, &secrets).await;
    });
    true
}
