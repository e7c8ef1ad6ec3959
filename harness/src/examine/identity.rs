//! Whose data the restored copy holds: the nonce of this drill, without the poison that only the source got.

use blackstart_record::event::Incarnation;
use blackstart_record::observation::Identity;

use super::snapshot::Snapshot;
use crate::engine::Login;
use crate::engine::postgres::questions;
use crate::failure::{Error, Result};

/// Reads nonce and poison from the snapshot, and asks through the application's link who answers there.
///
/// # Errors
/// The session was lost.
pub async fn observe(snapshot: &Snapshot, application: &Login, nonce: &str, source: &Incarnation) -> Result<Identity> {
    let value = |id: &'static str| async move {
        let sql = "SELECT value FROM blackstart.nonce WHERE id = $1";
        let asked = snapshot.attempt(async |client| Ok(client.query_opt(sql, &[&id]).await?)).await?;
        Ok::<_, Error>(asked.ok().flatten().and_then(|row| row.get::<_, Option<String>>(0)))
    };
    Ok(Identity {
        nonce_expected: nonce.to_owned(),
        nonce_found: value("nonce").await?,
        poison_found: value("poison").await?.is_some(),
        source: source.clone(),
        restored: questions::incarnation(application).await.ok(),
    })
}
