//! Every index of the restored copy held against its table: a row that a scan finds and an index does not is lost to
//! whoever asks by key, and a backup that was taken torn, or under another collation, shows there first.

mod mysql;
mod postgres;

use blackstart_record::observation::IndexLook;

use crate::engine::Server;
use crate::failure::Result;
use crate::plan::EngineKind;

/// Looks at every index, and changes nothing.
///
/// # Errors
/// The session was lost, or the catalog cannot be read.
pub async fn observe(server: &Server, database: &str) -> Result<Vec<IndexLook>> {
    let client = server.connect(database).await?;
    match server.kind() {
        EngineKind::Postgres => postgres::observe(&client).await,
        EngineKind::Mysql => mysql::observe(&client).await,
    }
}
