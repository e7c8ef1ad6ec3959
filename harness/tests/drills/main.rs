//! Whole drills on real servers: the healthy one, and what happens when things go wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod command;
mod ends;
mod faults;
mod healthy;
mod killed;
mod library;
mod mariadb;
mod side_by_side;
mod support;
mod timeline;
mod trouble;
mod walkthrough;
