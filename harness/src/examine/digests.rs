//! How many rows each table holds, and a digest of them that does not depend on their order.

use std::collections::BTreeMap;

use blackstart_record::observation::TableDigest;

use super::snapshot::Snapshot;
use crate::failure::{Context, Error, Result};
use crate::workload::{Domain, TableSpec};

/// Reads every table of the domain.
///
/// # Errors
/// A table could not be read.
pub async fn observe(snapshot: &Snapshot, domain: &dyn Domain) -> Result<BTreeMap<String, TableDigest>> {
    let mut tables = BTreeMap::new();
    for table in domain.tables() {
        let digest = of(snapshot, table).await.cannot(format_args!("read {}", table.name))?;
        tables.insert(table.name.to_owned(), digest);
    }
    Ok(tables)
}

async fn of(snapshot: &Snapshot, table: &TableSpec) -> Result<TableDigest> {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.expression).collect();
    let client = snapshot.client();
    let row = client.rows(&client.kind().dialect().digest(table.name, &columns)).await?.into_iter().next();
    match row.as_deref() {
        Some([Some(rows), Some(digest)]) => {
            let rows = rows.parse().map_err(|_| Error::new(format!("the server counts {rows} rows")))?;
            Ok(TableDigest { rows, digest: digest.clone() })
        }
        _ => Err(Error::new("the server counts nothing")),
    }
}
