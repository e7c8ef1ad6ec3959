//! The nonce that makes this drill's data its own, and the poison that marks the source after the disaster.

use crate::engine::Server;
use crate::failure::{Context, Result};

/// The ids by which they are planted.
pub const NONCE: &str = "nonce";
/// See [`NONCE`].
pub const POISON: &str = "poison";

/// Writes the drill's nonce into the source, before the backup that will be used.
///
/// # Errors
/// The server's answer.
pub async fn plant_nonce(source: &Server, database: &str, nonce: &str) -> Result<()> {
    plant(source, database, NONCE, nonce).await.cannot("plant the nonce")
}

/// Writes the poison into the source, after everything else: a copy that has it is no copy of the recovery point.
///
/// # Errors
/// The server's answer.
pub async fn plant_poison(source: &Server, database: &str) -> Result<()> {
    plant(source, database, POISON, "written to the source only").await.cannot("plant the poison")
}

async fn plant(source: &Server, database: &str, id: &str, value: &str) -> Result<()> {
    source.run(database, &source.kind().dialect().plant(id, value)).await
}
