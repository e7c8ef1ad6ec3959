//! What is asked of a server, each question by what it means; only here it is SQL.

use blackstart_record::event::Incarnation;

use super::client::{Client, connect};
use crate::engine::Login;
use crate::failure::{Error, Result};

/// The harness's own table in every database that it watches: [`INCARNATION_SQL`] tells databases apart by when it was made.
/// MariaDB takes for that when its file was last given a name or a mode: moved into another database, it is another.
pub const HEARTBEAT: &str = "blackstart_heartbeat";

/// The three columns of an [`Incarnation`]; any role that may read [`HEARTBEAT`] gets the same answer. The data set is a
/// database of a server: one that is restored beside the damaged one is another, unless both were made in one second, the
/// finest that these servers tell. A database without [`HEARTBEAT`], or a role that may not read it, has its name alone.
pub const INCARNATION_SQL: &str = "SELECT CONCAT(SUBSTRING_INDEX(@@report_host, '.', 1), '/', COALESCE((SELECT \
     UNIX_TIMESTAMP(create_time) FROM information_schema.tables WHERE table_schema = DATABASE() AND \
     table_name = 'blackstart_heartbeat'), DATABASE(), '')) AS identity, 'none' AS branch, \
     SUBSTRING_INDEX(@@report_host, '.', -1) AS started";

/// Which life of the database answers at a login.
///
/// # Errors
/// The server does not answer, or was not started by the harness.
pub async fn incarnation(login: &Login) -> Result<Incarnation> {
    lived(&connect(login).await?).await
}

async fn lived(client: &Client) -> Result<Incarnation> {
    let answer = client.rows(INCARNATION_SQL).await?;
    let fields = answer.into_iter().flatten().collect::<Option<Vec<String>>>();
    match fields.and_then(|fields| <[String; 3]>::try_from(fields).ok()) {
        Some([identity, branch, started]) => Ok(Incarnation { identity, branch, started }),
        None => Err(Error::new("the server does not know which life it lives: the harness did not start it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_told_apart_by_the_table_that_is_named_for_it() {
        assert!(INCARNATION_SQL.contains(&format!("table_name = '{HEARTBEAT}'")));
    }
}
