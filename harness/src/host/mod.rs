//! Places with their own disk, processes and address, on which servers are started, killed, wiped and restored.
//!
//! A host's main process is never the server: everything runs by [`Host::exec`] and [`Host::spawn`], so a restore can
//! stop the server, empty its data directory and run the real tool where a person would.

pub mod isolate;
pub mod native;
pub mod process;
pub mod scratch;

mod command;
mod mounts;
pub mod overheard;
mod steps;
pub(crate) mod tree;
mod watched;
mod wrong_clock;

pub use command::{Command, Finished, Logs, Process};
pub use native::{Ground, Host};
pub use steps::Steps;
pub use wrong_clock::Shift;
