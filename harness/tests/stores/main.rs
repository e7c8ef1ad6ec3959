//! A store keeps one contract, whoever its provider is, natively and in a container: what drills, faults and checks take
//! for granted of S3. What a provider says that it lacks it really lacks.

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
use blackstart::store::{Provider, Store};

use located::located;
use runtimes::{Test, containers, native};

const NETWORK: Spec<'_> = Spec { name: "network", index: 9, disk: None, runs: "toxiproxy", image: None };
const STORE: Spec<'_> = Spec { name: "store", index: 1, disk: None, runs: "s3", image: None };

const fn test(name: &'static str, isolation: fn() -> Result<Isolation, String>, body: Body) -> Test {
    Test { name, isolation, network: NETWORK, body }
}

/// What a test does inside the isolation.
type Body = fn(Isolation, &Path) -> bool;

const MINIO: Body = |isolation, scratch| body(Provider::Minio, isolation, scratch);
const VERSITYGW: Body = |isolation, scratch| body(Provider::Versitygw, isolation, scratch);
const SEAWEEDFS: Body = |isolation, scratch| body(Provider::Seaweedfs, isolation, scratch);

/// Each provider on each runtime, by the name of its test.
const TESTS: [Test; 6] = [
    test("minio_on_a_native_host_keeps_its_promises", native, MINIO),
    test("minio_in_a_container_keeps_its_promises", containers, MINIO),
    test("versitygw_on_a_native_host_keeps_its_promises", native, VERSITYGW),
    test("versitygw_in_a_container_keeps_its_promises", containers, VERSITYGW),
    test("seaweedfs_on_a_native_host_keeps_its_promises", native, SEAWEEDFS),
    test("seaweedfs_in_a_container_keeps_its_promises", containers, SEAWEEDFS),
];

fn main() -> ExitCode {
    runtimes::main(&TESTS)
}

fn body(provider: Provider, isolation: Isolation, scratch: &Path) -> bool {
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
        let program = located(&host, provider.program()).0;
        let store = Store::start(host, provider, &program, &secrets).await.unwrap();
        promises::all(provider, &store, &secrets).await;
    });
    true
}
