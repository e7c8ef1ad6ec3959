//! The domain's business rules, asked of the restored copy.

use std::collections::BTreeMap;

use blackstart_record::observation::Invariant;

use super::snapshot::Snapshot;
use crate::engine::Client;
use crate::failure::{Error, Result};
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

/// The rules that are broken where `client` asks, and by how many violations.
///
/// # Errors
/// The server's answer.
pub(super) async fn broken(client: &Client, domain: &dyn Domain) -> Result<BTreeMap<String, u64>> {
    let mut broken = BTreeMap::new();
    for rule in domain.invariants() {
        let sql = format!("WITH violations (what) AS ({}) SELECT count(*) FROM violations", rule.violations);
        let violations = number(client.value(&sql).await?.as_deref())?;
        if violations > 0 {
            broken.insert(rule.rule.to_owned(), violations);
        }
    }
    Ok(broken)
}

async fn ask(client: &Client, rule: &workload::Invariant) -> Result<Invariant> {
    let examined = client.value(rule.examined).await?;
    let counted = format!(
        "WITH violations (what) AS ({}) SELECT what, count(*) OVER () FROM violations LIMIT {FIRST}",
        rule.violations
    );
    let rows = client.rows(&counted).await?;
    let violations = rows.first().and_then(|row| row.get(1)?.as_deref()).or(Some("0"));
    Ok(Invariant {
        rule: rule.rule.to_owned(),
        examined: number(examined.as_deref())?,
        violations: Some(number(violations)?),
        first: rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect(),
    })
}

fn number(said: Option<&str>) -> Result<u64> {
    let number = said.and_then(|said| said.parse().ok());
    number.ok_or_else(|| Error::new(format!("the server counts {}", said.unwrap_or("nothing"))))
}
