//! Server software on hosts: one folder per engine, what all of them have in common, and the form that rows of all of
//! them take.

mod client;
mod dialect;
pub mod fields;
mod login;
pub mod mysql;
pub mod postgres;
pub mod replication;
mod server;
mod template;
mod transaction;

pub use client::{Client, Error as ClientError, TextRow, connect};
pub use dialect::{Dialect, incarnation};
pub use login::{Door, Login};
pub use server::{Installation, Role, Server, Stop};
pub use transaction::Transaction;
