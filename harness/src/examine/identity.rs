//! Whose data the restored copy holds: the nonce of this drill, without the poison that only the source got.

use blackstart_record::event::Incarnation;
use blackstart_record::observation::Identity;

use super::snapshot::Snapshot;
use crate::engine::Login;
use crate::failure::{Error, Result};
use crate::workload::nonce::{NONCE, POISON};

/// Reads nonce and poison from the snapshot, and asks through the application's link who answers there.
///
/// # Errors
/// The session was lost.
pub async fn observe(snapshot: &Snapshot, application: &Login, nonce: &str, source: &Incarnation) -> Result<Identity> {
    let value = |id: &'static str| async move {
        let sql = application.engine.dialect().planted(id);
        let asked = snapshot.attempt(async |client| Ok(client.value(&sql).await?)).await?;
        Ok::<_, Error>(asked.ok().flatten())
    };
    Ok(Identity {
        nonce_expected: nonce.to_owned(),
        nonce_found: value(NONCE).await?,
        poison_found: value(POISON).await?.is_some(),
        source: source.clone(),
        restored: application.incarnation().await.ok(),
    })
}
