//! Each fault is absent before, seen while it is on, and gone after it is healed: by a probe from outside, on real servers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test")]

mod containers;
#[path = "../runtimes/located.rs"]
mod located;
#[path = "../runtimes/mod.rs"]
mod runtimes;
mod table;
mod world;

use std::path::Path;
use std::process::ExitCode;

use blackstart::host::isolate::Isolation;

use runtimes::Test;
use table::Row;
use world::{NETWORK, World};

const TESTS: [Test; 2] = [
    Test {
        name: "each_fault_is_absent_before_seen_while_on_and_gone_after_heal",
        isolation: runtimes::native,
        network: NETWORK,
        body: |isolation, scratch| prove(isolation, scratch, table::PROOFS),
    },
    Test {
        name: "each_fault_of_containers_is_absent_before_seen_while_on_and_gone_after_heal",
        isolation: runtimes::containers,
        network: NETWORK,
        body: |isolation, scratch| prove(isolation, scratch, containers::PROOFS),
    },
];

fn main() -> ExitCode {
    table::assert_each_fault_has_a_row(&[table::PROOFS, containers::PROOFS]);
    runtimes::main(&TESTS)
}

/// Every row in order, on one world.
fn prove(isolation: Isolation, scratch: &Path, rows: &[Row]) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut world = World::start(isolation, scratch, table::TABLES, table::PREFIXES).await;
        for row in rows {
            table::prove(row, &mut world).await;
        }
    });
    true
}
