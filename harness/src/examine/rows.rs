//! Every row of every table of the restored copy, streamed in key order: its digest goes to `restored.rows`.
//!
//! A large table is read by two sessions at once, half its keys each: sorting, digesting and the server's own work then
//! share the cores. Neither waits for the other from table to table: second halves wait in files beside, so that memory
//! does not grow with rows.

use std::path::{Path, PathBuf};

use blackstart_record::observation::Rows;
use blackstart_record::rows::{Cursor, ReadError, Writer};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::objects::Seen;
use super::snapshot::Snapshot;
use crate::engine::fields::Malformed;
use crate::failure::{Context, Error, Result};
use crate::workload::{Domain, KeyRange, TableSpec};

/// Bytes of a table from which on a second session gains more than it costs.
pub const LARGE: u64 = 4 << 20;

/// Reads every table, and adds the objects that were read. What cannot be read to its end is noted, and the rest is still read.
///
/// # Errors
/// The rows file could not be written, or the session was lost.
pub async fn observe(snapshot: &Snapshot, domain: &dyn Domain, objects: Option<&Seen>, path: &Path) -> Result<Rows> {
    let mut observed = Rows::default();
    let mut middles = Vec::new();
    for table in domain.tables() {
        middles.push(middle(snapshot, table).await?);
    }
    let folder =
        tempfile::tempdir_in(path.parent().unwrap_or(Path::new("."))).cannot("make room for halves of tables")?;
    let halved = domain.tables().iter().zip(middles.clone()).filter_map(|(table, middle)| Some((table, middle?)));
    let mut seconds = Seconds::start(snapshot.twin().await?, halved.collect(), folder.path());
    let mut writer = Writer::create(path).cannot("create the rows file")?;
    for (table, middle) in domain.tables().iter().zip(middles) {
        writer.table(&table.record()).cannot("write the rows file")?;
        let (mut count, is_halved) = (Count::default(), middle.is_some());
        let range = middle.map_or(KeyRange::All, KeyRange::Below);
        let mut ends = vec![read(snapshot, table, range, &mut writer, &mut count).await?];
        if is_halved {
            let second = seconds.next().await?;
            append(&mut writer, &second.part)?;
            count.rows += second.count.rows;
            count.bytes += second.count.bytes;
            ends.push(second.end);
        }
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
    let sql = snapshot.client().kind().dialect().middle(table.name, table.first_key(), LARGE);
    let asked = snapshot.attempt(async |client| Ok(client.value(&sql).await?)).await?;
    // Whatever is wrong with the table, reading it will say.
    Ok(asked.ok().flatten())
}

/// The second half of a table.
struct Second {
    part: PathBuf,
    end: End,
    count: Count,
}

/// The second halves of tables, read one after the other by a session of its own.
struct Seconds {
    done: mpsc::Receiver<Second>,
    reading: JoinHandle<Result<()>>,
}

impl Seconds {
    /// Begins to read the rows of `tables` from their middles on, into files in `folder`.
    fn start(twin: Snapshot, tables: Vec<(&'static TableSpec, String)>, folder: &Path) -> Self {
        let (tell, done) = mpsc::channel(tables.len().max(1));
        let folder = folder.to_owned();
        let reading = tokio::spawn(async move {
            for (number, (table, middle)) in tables.into_iter().enumerate() {
                let (part, mut count) = (folder.join(number.to_string()), Count::default());
                let mut aside = Writer::create(&part).cannot("create a file for half a table")?;
                aside.table(&table.record()).cannot("write half a table")?;
                let end = read(&twin, table, KeyRange::From(middle), &mut aside, &mut count).await?;
                aside.finish().cannot("write half a table")?;
                if tell.send(Second { part, end, count }).await.is_err() {
                    break;
                }
            }
            Ok(())
        });
        Self { done, reading }
    }

    /// That of the next table.
    async fn next(&mut self) -> Result<Second> {
        match self.done.recv().await {
            Some(second) => Ok(second),
            None => match (&mut self.reading).await {
                Ok(Ok(())) => Err(Error::new("there is no second half of a table any more")),
                Ok(Err(error)) => Err(error),
                Err(died) => Err(Error::new(format!("half a table was not read: {died}"))),
            },
        }
    }
}

/// A reader of tables that nobody asks for any more.
impl Drop for Seconds {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// Appends the rows of a file's only table.
fn append(writer: &mut Writer, part: &Path) -> Result<()> {
    let unreadable = |why: ReadError| Error::new(format!("cannot read half a table back: {why}"));
    let mut rows = Cursor::open(part).map_err(unreadable)?;
    rows.next_table().map_err(unreadable)?;
    while let Some(row) = rows.next_row().map_err(unreadable)? {
        writer.row(row).cannot("write the rows file")?;
    }
    std::fs::remove_file(part).cannot("remove half a table")
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
