//! Every row of every table of the restored copy, streamed in key order: its digest goes to `restored.rows`.

use std::path::Path;
use std::pin::pin;

use blackstart_record::observation::Rows;
use blackstart_record::rows::Writer;
use futures_util::TryStreamExt;

use super::snapshot::Snapshot;
use crate::engine::postgres::binary::{CopyReader, Malformed};
use crate::failure::{Context, Error, Result};
use crate::workload::{Domain, TableSpec};

/// Reads every table. One that cannot be read to its end is noted, and the others are still read.
///
/// # Errors
/// The rows file could not be written, or the session was lost.
pub async fn observe(snapshot: &Snapshot, domain: &dyn Domain, path: &Path) -> Result<Rows> {
    let mut observed = Rows::default();
    let mut writer = Writer::create(path).cannot("create the rows file")?;
    for table in domain.tables() {
        writer.table(&table.record()).cannot("write the rows file")?;
        snapshot.mark().await?;
        let mut count = Count::default();
        if let Err(error) = read(snapshot, table, &mut writer, &mut count).await {
            observed.unreadable.insert(table.name.to_owned(), error.to_string());
            snapshot.back().await?;
        }
        observed.read.insert(table.name.to_owned(), count.rows);
        observed.bytes += count.bytes;
    }
    writer.finish().cannot("write the rows file")?;
    Ok(observed)
}

#[derive(Default)]
struct Count {
    rows: u64,
    bytes: u64,
}

async fn read(snapshot: &Snapshot, table: &TableSpec, writer: &mut Writer, count: &mut Count) -> Result<()> {
    let mut stream = pin!(snapshot.client().copy_out(table.copy_out().as_str()).await?);
    let mut reader = CopyReader::new(table.columns.len());
    while let Some(chunk) = stream.try_next().await? {
        reader.push(&chunk, |fields| -> std::result::Result<(), Refused> {
            let row = table.row(fields)?;
            count.rows += 1;
            count.bytes += fields.len() as u64;
            Ok(writer.row(row)?)
        })?;
    }
    reader.finish().map_err(Refused::from)?;
    Ok(())
}

/// Why a row could not be taken down.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::new(refused.to_string())
    }
}
