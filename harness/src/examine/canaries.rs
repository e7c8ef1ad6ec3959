//! Values that backups like to change, compared to the byte.

use blackstart_record::observation::Canary;
use blackstart_record::words::hex;

use super::snapshot::Snapshot;
use crate::engine::fields::Fields;
use crate::failure::Result;
use crate::workload::Domain;

/// Reads every canary. One that cannot be read counts as not found.
///
/// # Errors
/// The session was lost.
pub async fn observe(snapshot: &Snapshot, domain: &dyn Domain) -> Result<Vec<Canary>> {
    let mut observed = Vec::new();
    for canary in domain.canaries() {
        let asked = snapshot.attempt(async |client| Ok(client.fields(&canary.sql, &[canary.kind]).await?)).await?;
        let rows = asked.unwrap_or_default();
        let restored = rows.first().map(|fields| Fields::new(fields).next().flatten());
        observed.push(Canary {
            name: canary.name.to_owned(),
            planted: canary.planted.as_deref().map(hex),
            found: restored.is_some(),
            restored: restored.flatten().map(hex),
        });
    }
    Ok(observed)
}
