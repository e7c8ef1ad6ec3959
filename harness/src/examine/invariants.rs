//! The domain's business rules, asked of the restored copy.

use blackstart_record::observation::Invariant;
use tokio_postgres::Client;

use super::snapshot::Snapshot;
use crate::failure::Result;
use crate::workload::{self, Domain};

/// Violations that are kept as text.
const FIRST: usize = 10;

/// Asks every rule. One that cannot be asked is noted with its error.
///
/// # Errors
/// The session was lost.
pub async fn observe(snapshot: &Snapshot, domain: &dyn Domain) -> Result<Vec<Invariant>> {
    let mut observed = Vec::new();
    for rule in domain.invariants() {
        observed.push(snapshot.attempt(async |client| ask(client, rule).await).await?.unwrap_or_else(|error| {
            let first = vec![error.to_string()];
            Invariant { rule: rule.rule.to_owned(), examined: 0, violations: None, first }
        }));
    }
    Ok(observed)
}

async fn ask(client: &Client, rule: &workload::Invariant) -> Result<Invariant> {
    let examined: i64 = client.query_one(rule.examined, &[]).await?.try_get(0)?;
    let counted = format!(
        "WITH violations (what) AS ({}) SELECT count(*), coalesce((array_agg(what))[1:{FIRST}], '{{}}') FROM violations",
        rule.violations
    );
    let row = client.query_one(&counted, &[]).await?;
    let violations: i64 = row.try_get(0)?;
    Ok(Invariant {
        rule: rule.rule.to_owned(),
        examined: examined.unsigned_abs(),
        violations: Some(violations.unsigned_abs()),
        first: row.try_get(1)?,
    })
}
