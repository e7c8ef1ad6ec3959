//! What is asked of PostgreSQL alone.

use tokio_postgres::Client;

use crate::failure::Result;

/// The id of the session's transaction, which it has from now on if it had none.
///
/// # Errors
/// The server's answer.
pub async fn transaction(client: &Client) -> Result<String> {
    Ok(client.query_one("SELECT pg_current_xact_id()::text", &[]).await?.get(0))
}
