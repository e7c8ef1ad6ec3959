//! Server software on hosts: one folder or file per engine.

pub mod postgres;
