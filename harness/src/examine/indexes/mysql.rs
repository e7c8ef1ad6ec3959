//! Indexes of MariaDB and MySQL: `CHECK TABLE .. EXTENDED` looks up each row in each of them.

use blackstart_record::observation::{Agreement, IndexLook};

use crate::engine::Client;
use crate::failure::{Context, Error, Result};

const INDEXES: &str = "SELECT DISTINCT s.table_name, s.index_name FROM information_schema.statistics s \
    JOIN information_schema.tables t ON t.table_schema = s.table_schema AND t.table_name = s.table_name \
    WHERE s.table_schema = database() AND t.table_type = 'BASE TABLE' ORDER BY 1, 2";

/// Looks at every table with its indexes. What is said of a table is said of each of its indexes: the server names none.
pub(super) async fn observe(client: &Client) -> Result<Vec<IndexLook>> {
    let mut observed: Vec<IndexLook> = Vec::new();
    for row in client.rows(INDEXES).await.cannot("list the indexes of the restored copy")? {
        let [Some(table), Some(index)] = &row[..] else {
            return Err(Error::new("the dictionary lists an index without a name or table"));
        };
        let known = observed.last().filter(|last| last.table == *table).map(|last| last.found.clone());
        let found = match known {
            Some(found) => found,
            None => check(client, table).await,
        };
        observed.push(IndexLook { index: format!("{table}.{index}"), table: table.clone(), found });
    }
    Ok(observed)
}

async fn check(client: &Client, table: &str) -> Agreement {
    let sql = format!("CHECK TABLE `{}` EXTENDED", table.replace('`', "``"));
    let rows = match client.rows(&sql).await {
        Ok(rows) => rows,
        Err(error) => return Agreement::Disagrees { why: Error::from(error).to_string() },
    };
    // Table, operation, kind of message, message; the last is the result.
    let said = |row: &Vec<Option<String>>| row.get(3).cloned().flatten().unwrap_or_default();
    match rows.last() {
        Some(last) if rows.len() == 1 && said(last) == "OK" => Agreement::Agrees { by: "CHECK TABLE".into() },
        Some(_) => Agreement::Disagrees { why: rows.iter().map(said).collect::<Vec<_>>().join("; ") },
        None => Agreement::Unknown { why: "the server says nothing of the table".into() },
    }
}
