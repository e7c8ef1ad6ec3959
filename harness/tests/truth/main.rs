//! The figures held against injected truth: known stalls, known defects, on real servers of each engine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test")]

mod defects;
mod engine;
mod ground;
mod halves;
mod indexes;
mod stalls;
mod twice;
mod world;

/// A test that measures, or loads the machine, has it to itself.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Whether to run all of what is too long for every day: `BLACKSTART_FULL=1`.
fn full() -> bool {
    std::env::var("BLACKSTART_FULL").is_ok_and(|full| full == "1")
}
