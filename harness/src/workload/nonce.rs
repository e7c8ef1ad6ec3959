//! The nonce that makes this drill's data its own, and the poison that marks the source after the disaster.

use crate::engine::postgres::Postgres;
use crate::failure::{Context, Result};

/// Writes the drill's nonce into the source, before the backup that will be used.
///
/// # Errors
/// The server's answer.
pub async fn plant_nonce(source: &Postgres, database: &str, nonce: &str) -> Result<()> {
    plant(source, database, "nonce", nonce).await.cannot("plant the nonce")
}

/// Writes the poison into the source, after everything else: a copy that has it is no copy of the recovery point.
///
/// # Errors
/// The server's answer.
pub async fn plant_poison(source: &Postgres, database: &str) -> Result<()> {
    plant(source, database, "poison", "written to the source only").await.cannot("plant the poison")
}

async fn plant(source: &Postgres, database: &str, id: &str, value: &str) -> Result<()> {
    let client = source.connect(database).await?;
    let sql = "INSERT INTO blackstart.nonce (id, value) VALUES ($1, $2)";
    client.execute(sql, &[&id, &value]).await?;
    Ok(())
}
