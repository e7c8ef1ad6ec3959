//! Server software on hosts.

pub mod postgres;
