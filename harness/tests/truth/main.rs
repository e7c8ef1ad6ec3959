//! The figures held against injected truth: known stalls, known defects, on real servers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod server;
mod stalls;

/// Whether to run all of what is too long for every day: `BLACKSTART_FULL=1`.
fn full() -> bool {
    std::env::var("BLACKSTART_FULL").is_ok_and(|full| full == "1")
}
