//! PostgreSQL.

pub mod binary;
