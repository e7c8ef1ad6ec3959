//! Changes to a relation's file that a server cannot heal: checkpoint, stop, change, start. Anything less is undone by
//! cached pages and full-page writes.

use std::io;
use std::path::Path;

use super::Scene;
use crate::engine::Stop;
use crate::failure::{Context, Error, Result};

/// Bytes of a page.
pub(super) const PAGE: u64 = 8192;
/// SQLSTATE of a page that fails its checksum, cannot be understood, or is not there.
const DATA_CORRUPTED: &str = "XX001";
/// SQLSTATE of an index whose page cannot be understood.
const INDEX_CORRUPTED: &str = "XX002";
/// SQLSTATE of a file that is not there.
const NO_FILE: &str = "58P01";

/// Changes the file of `relation` while the server is down, and starts it again.
pub(super) async fn change<T>(
    scene: &mut Scene<'_>,
    relation: &str,
    change: impl FnOnce(&Path) -> io::Result<T>,
) -> Result<T> {
    let server = scene.server.postgres()?;
    let client = server.connect(scene.database).await?;
    client.batch_execute("CHECKPOINT").await?;
    let row = client.query_one("SELECT pg_relation_filepath($1::text::regclass)", &[&relation]).await?;
    let file: String = row.get(0);
    drop(client);
    let path = server.host().outside(server.data()).join(&file);
    scene.server.stop(Stop::Fast, scene.bound).await?;
    let changed = change(&path).cannot(format_args!("change {file}"))?;
    scene.server.start(scene.bound).await?;
    Ok(changed)
}

/// Up to `wanted` pages of a file of `bytes`, evenly spread.
pub(super) fn spread(bytes: u64, wanted: u32) -> impl Iterator<Item = u64> {
    let pages = bytes / PAGE;
    let chosen = u64::from(wanted).min(pages);
    (0..chosen).map(move |index| index * pages / chosen)
}

/// Reads every page of a relation through the server: a heap by a sequential scan, an index page by page. What the server
/// says of a page or file that it cannot read.
pub(super) async fn unreadable(scene: &Scene<'_>, relation: &str) -> Result<String> {
    let client = scene.server.postgres()?.connect(scene.database).await?;
    let kind_sql = "SELECT relkind::text FROM pg_class WHERE oid = $1::text::regclass";
    let kind: String = client.query_one(kind_sql, &[&relation]).await?.get(0);
    let read = if kind == "i" {
        // Reading an index into the cache checks every page of it, whatever a plan would have used of it.
        client.batch_execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm").await?;
        client.query_one("SELECT pg_prewarm($1::text::regclass)", &[&relation]).await
    } else {
        client.query_one(&format!("SELECT count(t::text) FROM {relation} t"), &[]).await
    };
    match read {
        Ok(_) => Err(Error::new(format!("every page of {relation} can still be read"))),
        Err(error) => match error.as_db_error() {
            Some(db) if [DATA_CORRUPTED, INDEX_CORRUPTED, NO_FILE].contains(&db.code().code()) => {
                Ok(db.message().to_owned())
            }
            _ => Err(error.into()),
        },
    }
}
