//! Server software on hosts: one folder per engine, and the form that rows of all of them take.

pub mod fields;
mod login;
pub mod postgres;

pub use login::{Door, Login};
