//! Blackstart proves that a system comes back from its backups: how fast, and with which of its
//! acknowledged writes.
//!
//! Data flows one way, and so do imports (`cargo ci tidy` asserts it):
//!
//! ```text
//! plan -> environment (host, engine, link, store) -> workload -> oracle -> fault -> pipeline -> runbook
//!      -> examine -> verdict -> drill (where the stages meet) -> cli
//! ```
//!
//! | module | one line |
//! | --- | --- |
//! | [`plan`] | TOML to a resolved plan and scenario; every value keeps its place in its file |
//! | [`host`] | a place with its own disk, processes and address |
//! | [`engine`] | server software on a host |
//! | [`link`] | the network path between two parties, through Toxiproxy |
//! | [`store`] | an S3 endpoint and its credentials |
//! | [`workload`] | generator, clients and the ledger they keep |
//! | [`fault`] | inject, confirm, heal; one file per fault |
//! | [`pipeline`] | real backup and restore methods; one file per method |
//! | [`runbook`] | the recovery's steps, each timed |
//! | [`sabotage`] | ways to damage a copy of a backup |
//! | [`examine`] | probes and looks at live servers, written down |
//! | [`drill`] | where the stages meet; the only writer of the history |
//! | [`cli`] | one file per subcommand |
//! | [`library`] | a drill as a test of a team's own |
//!
//! `oracle` and `verdict` are not here but in the package `blackstart-judge`, which reads the record that a drill
//! leaves, and knows no server.

pub mod cli;
pub mod clock;
pub mod drill;
pub mod engine;
pub mod examine;
pub mod failure;
pub mod fault;
pub mod host;
pub mod library;
pub mod link;
pub mod pipeline;
pub mod plan;
pub mod runbook;
pub mod sabotage;
pub mod secret;
pub mod store;
pub mod workload;
