//! The command line, as a person or a script meets it: no server is started here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod configuration;
mod init;
mod looks;
mod recorded;
mod records;
mod support;
mod upkeep;
