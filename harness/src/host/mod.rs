//! Places with their own disk, processes and address, on which servers are started, killed, wiped and restored.
//!
//! A host's main process is never the server: everything runs by [`Host::exec`] and [`Host::spawn`], so a restore can
//! stop the server, empty its data directory and run the real tool where a person would.

pub mod docker;
pub mod isolate;
pub mod process;
pub mod scratch;

mod command;
mod daemon;
mod disk;
mod handle;
mod mounts;
mod native;
pub mod overheard;
mod packets;
mod routes;
mod steps;
#[cfg(test)]
mod testing;
pub(crate) mod tree;
mod view;
mod watched;
mod wrong_clock;

pub use command::{Command, Finished, Logs, Process};
pub use daemon::Daemon;
pub use handle::{Ground, Host, Spec};
pub use packets::Direction;
pub use steps::Steps;
pub use wrong_clock::Shift;
