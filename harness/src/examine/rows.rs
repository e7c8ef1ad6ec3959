//! Every row of every table of the restored copy, streamed in key order: its digest goes to `restored.rows`.
//!
//! A large table is read by two sessions at once, half its keys each: sorting, digesting and the server's own work then
//! share the cores. The second half waits in a file beside, so that memory does not grow with rows.

use std::path::Path;
use std::sync::Arc;

use blackstart_record::observation::Rows;
use blackstart_record::rows::{Cursor, ReadError, Writer};

use super::objects::Seen;
use super::snapshot::Snapshot;
use crate::engine::fields::Malformed;
use crate::failure::{Context, Error, Result};
use crate::workload::{Domain, KeyRange, TableSpec};

/// Bytes of a table from which on a second session gains more than it costs.
pub const LARGE: i64 = 4 << 20;

/// Reads every table, and adds the objects that were read. What cannot be read to its end is noted, and the rest is still read.
///
/// # Errors
/// The rows file could not be written, or the session was lost.
pub async fn observe(snapshot: &Snapshot, domain: &dyn Domain, objects: Option<&Seen>, path: &Path) -> Result<Rows> {
    let mut observed = Rows::default();
    let twin = Arc::new(snapshot.twin().await?);
    let mut writer = Writer::create(path).cannot("create the rows file")?;
    for table in domain.tables() {
        writer.table(&table.record()).cannot("write the rows file")?;
        let mut count = Count::default();
        let ends = match middle(snapshot, table).await? {
            None => vec![read(snapshot, table, KeyRange::All, &mut writer, &mut count).await?],
            Some(middle) => halves(snapshot, &twin, table, &middle, (&mut writer, path), &mut count).await?,
        };
        if let Some(error) = ends.into_iter().find_map(End::unreadable) {
            observed.unreadable.insert(table.name.to_owned(), error.to_string());
        }
        observed.read.insert(table.name.to_owned(), count.rows);
        observed.bytes += count.bytes;
    }
    if let Some(seen) = objects {
        add(seen, &mut writer, &mut observed).cannot("write the rows file")?;
    }
    writer.finish().cannot("write the rows file")?;
    Ok(observed)
}

fn add(seen: &Seen, writer: &mut Writer, observed: &mut Rows) -> std::io::Result<()> {
    let (spec, mut rows) = seen.rows();
    writer.table(&spec.table.record())?;
    rows.try_for_each(|row| writer.row(row))?;
    let (read, bytes, unreadable) = seen.extent();
    let name = spec.table.name.to_owned();
    observed.unreadable.extend(unreadable.map(|why| (name.clone(), why.to_owned())));
    observed.read.insert(name, read);
    observed.bytes += bytes;
    Ok(())
}

#[derive(Default)]
struct Count {
    rows: u64,
    bytes: u64,
}

/// How the reading of a range ended.
enum End {
    Whole,
    Unreadable(Error),
}

impl End {
    fn unreadable(self) -> Option<Error> {
        match self {
            Self::Whole => None,
            Self::Unreadable(error) => Some(error),
        }
    }
}

/// A key that has about as many rows before it as after it; `None` for a table that is small, or is not to be looked into.
async fn middle(snapshot: &Snapshot, table: &TableSpec) -> Result<Option<String>> {
    let (name, key) = (table.name, table.first_key());
    let middle = format!("SELECT (percentile_disc(0.5) WITHIN GROUP (ORDER BY {key}))::text FROM {name}");
    let sql =
        format!("SELECT CASE WHEN pg_relation_size('{name}') >= {LARGE} THEN ({middle} TABLESAMPLE SYSTEM (1)) END");
    let asked = snapshot.attempt(async |client| Ok(client.query_one(sql.as_str(), &[]).await?)).await?;
    // Whatever is wrong with the table, reading it will say.
    Ok(asked.ok().and_then(|row| row.get(0)))
}

/// Reads both halves of a table at once; the second one's rows follow the first one's.
async fn halves(
    snapshot: &Snapshot,
    twin: &Arc<Snapshot>,
    table: &'static TableSpec,
    middle: &str,
    (writer, path): (&mut Writer, &Path),
    count: &mut Count,
) -> Result<Vec<End>> {
    let folder = tempfile::tempdir_in(path.parent().unwrap_or(Path::new("."))).cannot("make room for half a table")?;
    let part = folder.path().join("second.rows");
    let (twin, second) = (Arc::clone(twin), KeyRange::From(middle.to_owned()));
    let mut aside = Writer::create(&part).cannot("create the rows file")?;
    aside.table(&table.record()).cannot("write the rows file")?;
    let second = tokio::spawn(async move {
        let mut count = Count::default();
        let end = read(&twin, table, second, &mut aside, &mut count).await?;
        aside.finish().cannot("write the rows file")?;
        Ok::<_, Error>((end, count))
    });
    let first = read(snapshot, table, KeyRange::Below(middle.to_owned()), writer, count).await;
    let (second, counted) = second.await.map_err(|died| Error::new(format!("half a table was not read: {died}")))??;
    append(writer, &part)?;
    count.rows += counted.rows;
    count.bytes += counted.bytes;
    Ok(vec![first?, second])
}

/// Appends the rows of a file's only table.
fn append(writer: &mut Writer, part: &Path) -> Result<()> {
    let unreadable = |why: ReadError| Error::new(format!("cannot read half a table back: {why}"));
    let mut rows = Cursor::open(part).map_err(unreadable)?;
    rows.next_table().map_err(unreadable)?;
    while let Some(row) = rows.next_row().map_err(unreadable)? {
        writer.row(row).cannot("write the rows file")?;
    }
    Ok(())
}

/// Reads a range of a table's rows, in key order.
///
/// # Errors
/// The session was lost.
async fn read(
    snapshot: &Snapshot,
    table: &TableSpec,
    range: KeyRange,
    writer: &mut Writer,
    count: &mut Count,
) -> Result<End> {
    let read = snapshot.read(table, &range, |fields| {
        let row = table.row(fields)?;
        count.rows += 1;
        count.bytes += fields.len() as u64;
        Ok::<_, Refused>(writer.row(row)?)
    });
    Ok(read.await?.map_or_else(End::Unreadable, |()| End::Whole))
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
