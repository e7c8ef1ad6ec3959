//! A host keeps one contract, whatever it is made of: the same table of promises, natively and in containers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test")]

mod promises;
#[path = "../runtimes/mod.rs"]
mod runtimes;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use blackstart::host::isolate::Isolation;
use blackstart::host::{Ground, Logs, Spec};
use blackstart::secret::Secrets;

use runtimes::{Test, containers, native};

const NETWORK: Spec<'_> = Spec { name: "network", index: 9, disk: None, runs: "toxiproxy", image: None };

/// Each runtime, by the name of its test.
const TESTS: [Test; 2] = [
    Test { name: "a_native_host_keeps_its_promises", isolation: native, network: NETWORK, body },
    Test { name: "a_host_in_a_container_keeps_its_promises", isolation: containers, network: NETWORK, body },
];

fn main() -> ExitCode {
    runtimes::main(&TESTS)
}

fn body(isolation: Isolation, scratch: &Path) -> bool {
    let logs = scratch.join("logs");
    std::fs::create_dir(&logs).unwrap();
    let ground = Ground {
        isolation,
        scratch: scratch.join("scratch"),
        tools: scratch.join("none"),
        programs: Arc::default(),
        logs: Logs::new(&logs, Secrets::default()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let kept: BTreeMap<&str, bool> = runtime.block_on(promises::all(&ground));
    kept.iter().filter(|(_, kept)| !**kept).for_each(|(promise, _)| println!("broken: {promise}"));
    kept.values().all(|kept| *kept)
}
