//! How somebody logs in at a server, whatever engine it is.

use std::net::SocketAddrV4;
use std::path::PathBuf;

use crate::plan::EngineKind;
use crate::secret::Secret;

/// Where a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// Over the network.
    Address(SocketAddrV4),
    /// By the socket in this folder, from the same machine.
    Socket(PathBuf),
}

/// Who logs in where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Which engine's the server is.
    pub engine: EngineKind,
    /// Where the server is.
    pub door: Door,
    /// The role.
    pub user: String,
    /// What it proves itself by; `None`: nobody asks for it.
    pub password: Option<Secret>,
    /// The database.
    pub database: String,
}

impl Login {
    /// The same, at another door.
    pub fn at(&self, door: Door) -> Self {
        Self { door, ..self.clone() }
    }
}
