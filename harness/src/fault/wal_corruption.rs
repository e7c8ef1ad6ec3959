//! A page of the log is overwritten on disk, after the server flushed it and before it is archived. The server never reads
//! it again unless it crashes; whoever replays it stops there.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::offline::PAGE;
use super::{Fault, Injected, Kept, Scene};
use crate::failure::{Context, Error, Result};
use crate::host::Command;
use crate::plan::Need;

/// Whose log to corrupt.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Params {
    /// The host.
    pub host: String,
}

impl Fault for Params {
    fn intends(&self) -> String {
        "overwrite a page of the log on disk, before its segment is archived".to_owned()
    }

    fn needs(&self) -> Vec<Need<'_>> {
        vec![Need::Postgres(&self.host)]
    }

    fn inject<'a>(&'a self, scene: &'a mut Scene<'_>) -> BoxFuture<'a, Result<Injected>> {
        self.corrupt(scene).boxed()
    }

    fn confirm<'a>(&'a self, scene: &'a mut Scene<'_>, injected: &'a Injected) -> BoxFuture<'a, Result<String>> {
        look(scene, injected).boxed()
    }
}

/// The page is whole on disk, and so is the one after it, where the server goes on writing.
const LEAST: i32 = 4 * PAGE as i32;

impl Params {
    async fn corrupt(&self, scene: &mut Scene<'_>) -> Result<Injected> {
        let client = scene.server.postgres()?.connect(scene.database).await?;
        let sql = "SELECT file_name, file_offset, (lsn - file_offset::numeric)::text, lsn::text \
             FROM pg_current_wal_flush_lsn() lsn, pg_walfile_name_offset(lsn)";
        let deadline = tokio::time::Instant::now() + scene.bound;
        let (segment, end, words) = loop {
            let row = client.query_one(sql, &[]).await?;
            let (segment, end): (String, i32) = (row.get(0), row.get(1));
            if end >= LEAST {
                break (segment.clone(), end, vec![segment, row.get(2), row.get(3)]);
            }
            if tokio::time::Instant::now() > deadline {
                return Err(Error::bound("waiting for a page of log", scene.bound, Vec::new()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let page = u64::from(end.unsigned_abs()) / PAGE / 2;
        let folder = scene.server.host().outside(scene.server.postgres()?.data()).join("pg_wal");
        overwrite(&folder.join(&segment), page).cannot(format_args!("overwrite a page of {segment}"))?;
        Ok(Injected::keeping(format!("page {page} of log segment {segment} overwritten"), Kept::Words(words)))
    }
}

fn overwrite(path: &Path, page: u64) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    file.seek(SeekFrom::Start(page * PAGE + 512))?;
    file.write_all(&[0xB5; 1024])?;
    file.sync_all()
}

/// Reads the log as far as it had been flushed, by the server's own tool.
async fn look(scene: &Scene<'_>, injected: &Injected) -> Result<String> {
    let [segment, start, end] = injected.kept.words() else { return Err(Error::new("its place was not kept")) };
    let timeline = u32::from_str_radix(segment.get(..8).unwrap_or_default(), 16);
    let timeline = timeline.map_err(|_| Error::new(format!("{segment} names no timeline")))?;
    let server = scene.server.postgres()?;
    let folder = server.host().path(&format!("{}/pg_wal", server.data()));
    let command = Command::new(server.program("pg_waldump"))
        .args(["--quiet", "--path", &folder, "--timeline", &timeline.to_string(), "--start", start, "--end", end])
        .bound(scene.bound);
    let read = scene.server.host().exec(&command).await?;
    if read.status.success() {
        return Err(Error::new(format!("the log can still be read from {start} to {end}")));
    }
    Ok(read.lines.last().cloned().unwrap_or_default())
}
