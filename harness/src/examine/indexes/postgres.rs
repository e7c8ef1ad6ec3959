//! Indexes of PostgreSQL.
//!
//! `amcheck` looks at each entry of a B-tree where the server has it. Otherwise the same question is asked by both access
//! paths: of the table, and of the index alone.

use blackstart_record::observation::{Agreement, IndexLook};

use crate::engine::{Client, ClientError, TextRow};
use crate::failure::{Context, Error, Result};

/// Indexes of users and of the catalogs, as far as they outlive a session.
const INDEXES: &str = "SELECT c.oid::regclass::text, i.indrelid::regclass::text, a.amname, i.indisvalid, \
    pg_get_indexdef(i.indexrelid, 1, true), pg_get_expr(i.indpred, i.indrelid) \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam \
    WHERE c.relkind = 'i' AND c.relpersistence <> 't' ORDER BY 2, 1";

/// An index as the catalog describes it.
struct Index {
    name: String,
    table: String,
    method: String,
    valid: bool,
    /// Its first column or expression.
    first: String,
    /// Which rows it is of, where it is not of all.
    of: Option<String>,
}

impl Index {
    fn of(row: TextRow) -> Option<Self> {
        let mut columns = row.into_iter();
        let mut next = || columns.next().flatten();
        let (name, table, method, valid, first, of) = (next()?, next()?, next()?, next()?, next()?, next());
        Some(Self { name, table, method, valid: valid == "t", first, of })
    }
}

/// Looks at every index, in one transaction that changes nothing.
pub(super) async fn observe(client: &Client) -> Result<Vec<IndexLook>> {
    client.batch("BEGIN; SET LOCAL search_path = public, pg_catalog; SET LOCAL lock_timeout = '10s'").await?;
    let rows = client.rows(INDEXES).await.cannot("list the indexes of the restored copy")?;
    let indexes = rows.into_iter().map(Index::of).collect::<Option<Vec<_>>>();
    let indexes = indexes.ok_or_else(|| Error::new("the catalog lists an index without a name, table or kind"))?;
    // It is made for the look, and gone with the transaction: nothing is added to the copy.
    let amcheck = attempt(client, "CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA public").await?.is_ok();
    let mut observed = Vec::new();
    for index in indexes {
        let found = look(client, &index, amcheck).await?;
        observed.push(IndexLook { index: index.name, table: index.table, found });
    }
    client.batch("ROLLBACK").await?;
    Ok(observed)
}

async fn look(client: &Client, index: &Index, amcheck: bool) -> Result<Agreement> {
    let Index { name, method, valid, .. } = index;
    if !valid {
        return Ok(Agreement::Disagrees { why: "it is marked invalid".into() });
    }
    if method != "btree" {
        return Ok(Agreement::Unknown { why: format!("no look is known for an index of kind {method}") });
    }
    if !amcheck {
        return both_paths(client, index).await;
    }
    let sql = format!("SELECT bt_index_check('{}'::regclass, true)", name.replace('\'', "''"));
    Ok(match attempt(client, &sql).await? {
        Ok(()) => Agreement::Agrees { by: "amcheck".into() },
        Err(why) => Agreement::Disagrees { why },
    })
}

/// Rows and their sum of digests, by the index alone and by the table alone.
async fn both_paths(client: &Client, index: &Index) -> Result<Agreement> {
    let Index { name, table, first, of, .. } = index;
    let of = of.as_ref().map_or_else(String::new, |of| format!(" AND ({of})"));
    let question = format!(
        "SELECT count(*) || ' rows, digest ' || coalesce(sum(hashtextextended(({first})::text, 0)), 0) \
         FROM {table} WHERE ({first}) IS NOT NULL{of}"
    );
    let paths = |index: &str, table: &str| {
        format!(
            "SET LOCAL enable_indexscan = {index}; SET LOCAL enable_indexonlyscan = {index}; \
             SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = {table}"
        )
    };
    client.batch(&paths("on", "off")).await?;
    let plan = match ask(client, &format!("EXPLAIN (COSTS off) {question}")).await? {
        Ok(plan) => plan,
        // A file that is not there is missed before anything is read.
        Err(why) => return Ok(Agreement::Disagrees { why }),
    };
    let bare = name.rsplit('.').next().unwrap_or(name);
    if !plan.contains(&format!("using {bare} ")) {
        let why = "the server does not answer from this index, and has no amcheck".into();
        return Ok(Agreement::Unknown { why });
    }
    let by_index = ask(client, &question).await?;
    client.batch(&paths("off", "on")).await?;
    let by_table = ask(client, &question).await?;
    Ok(match (by_index, by_table) {
        (Ok(index), Ok(table)) if index == table => Agreement::Agrees { by: "both access paths".into() },
        (Ok(index), Ok(table)) => Agreement::Disagrees { why: format!("the index has {index}; the table {table}") },
        (Err(why), _) | (_, Err(why)) => Agreement::Disagrees { why },
    })
}

/// Runs a statement; a refusal is the inner error, and leaves the transaction as it was.
async fn attempt(client: &Client, sql: &str) -> Result<std::result::Result<(), String>> {
    client.batch("SAVEPOINT look").await?;
    settle(client, client.batch(sql).await).await
}

/// Likewise, for the text that a query answers, of all its rows a line each.
async fn ask(client: &Client, sql: &str) -> Result<std::result::Result<String, String>> {
    client.batch("SAVEPOINT look").await?;
    let answer = settle(client, client.rows(sql).await).await?;
    Ok(answer.map(|rows| rows.into_iter().filter_map(|row| row.into_iter().next()?).collect::<Vec<_>>().join("\n")))
}

async fn settle<T>(
    client: &Client,
    answer: std::result::Result<T, ClientError>,
) -> Result<std::result::Result<T, String>> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) => {
            client.batch("ROLLBACK TO SAVEPOINT look").await?;
            Ok(Err(Error::from(error).to_string()))
        }
    }
}
