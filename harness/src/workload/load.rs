//! The initial data set: from the generator into the database and into `initial.rows`.

use std::path::Path;
use std::pin::pin;

use blackstart_record::rows;
use bytes::Bytes;
use futures_util::SinkExt;

use super::{Domain, Generator, Load, Settings, TableSpec, objects};
use crate::engine::fields::Fields;
use crate::engine::mysql::values::literal;
use crate::engine::postgres::copy;
use crate::engine::postgres::wire::Raw;
use crate::engine::{Client, mysql};
use crate::failure::{Context, Error, Result};

/// What was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Rows over all tables.
    pub rows: u64,
    /// Bytes of the database as the server counts them.
    pub bytes: u64,
}

/// Bytes of rows sent at a time.
const CHUNK: usize = 64 * 1024;

/// Makes the domain's schema in an empty database, loads its initial rows and writes their keys and digests to
/// `rows_path`. `client` is a superuser's: foreign keys and triggers are off for the load, as the generator's
/// rows agree with each other by construction. Objects are written down here and put in place by [`super::load_objects`].
///
/// # Errors
/// What the server refused, or an error of writing the rows file; the database is then of no use.
pub async fn load(domain: &dyn Domain, client: &Client, settings: &Settings, rows_path: &Path) -> Result<Loaded> {
    let dialect = client.kind().dialect();
    for statement in dialect.statements(domain.schema()) {
        client.batch(statement).await.cannot("make the schema")?;
    }
    client.batch(dialect.unchecked(true)).await.cannot("switch triggers off or on")?;
    let generator = domain.generator(settings);
    let mut writer = rows::Writer::create(rows_path).cannot("create the rows file")?;
    for (index, table) in domain.tables().iter().enumerate() {
        writer.table(&table.record())?;
        let rows = Rows { generator: &*generator, index, table, writer: &mut writer };
        match (client, table.load) {
            (Client::Postgres(client), Load::Copy) => rows.copy(client).await,
            (Client::Postgres(client), Load::Insert(sql)) => rows.insert(client, sql).await,
            (Client::Mysql(client), _) => rows.write_out(client).await,
        }
        .cannot(format_args!("load {}", table.name))?;
    }
    if let Some(spec) = domain.objects() {
        writer.table(&spec.table.record())?;
        for number in 1..=generator.objects() {
            writer.row(spec.table.row(&objects::fields(number, &objects::object(settings.seed, number, 0)))?)?;
        }
    }
    writer.finish().cannot("write the rows file")?;
    client.batch(dialect.unchecked(false)).await.cannot("switch triggers off or on")?;
    for statement in dialect.statements(domain.after_load()) {
        client.batch(statement).await.cannot("finish the load")?;
    }
    let size = client.value(dialect.size()).await.cannot("ask for the size")?;
    let bytes = size.and_then(|size| size.parse().ok()).ok_or_else(|| Error::new("the server tells no size"))?;
    Ok(Loaded { rows: generator.rows(domain.tables().len()), bytes })
}

/// The rows of one table on their way.
struct Rows<'a> {
    generator: &'a dyn Generator,
    index: usize,
    table: &'a TableSpec,
    writer: &'a mut rows::Writer,
}

impl Rows<'_> {
    async fn copy(self, client: &tokio_postgres::Client) -> Result<()> {
        let sink = client.copy_in::<_, Bytes>(&self.table.copy_in()).await?;
        let mut sink = pin!(sink);
        let mut chunk = Vec::with_capacity(2 * CHUNK);
        copy::put_header(&mut chunk);
        for row in 0..self.generator.count(self.index) {
            chunk.extend_from_slice(&(self.table.columns.len() as i16).to_be_bytes());
            let start = chunk.len();
            self.generator.fields(self.index, row, &mut chunk);
            self.writer.row(self.table.row(&chunk[start..])?)?;
            if chunk.len() >= CHUNK {
                sink.feed(Bytes::copy_from_slice(&chunk)).await?;
                chunk.clear();
            }
        }
        copy::put_trailer(&mut chunk);
        sink.send(Bytes::from(chunk)).await?;
        sink.finish().await?;
        Ok(())
    }

    /// By statements with many rows each, written out.
    async fn write_out(self, client: &mysql::Client) -> Result<()> {
        let (names, kinds) = (self.table.column_list(), self.table.kinds());
        let insert = format!("INSERT INTO {} ({names}) VALUES ", self.table.name);
        let (mut sql, mut fields) = (insert.clone(), Vec::new());
        for row in 0..self.generator.count(self.index) {
            fields.clear();
            self.generator.fields(self.index, row, &mut fields);
            self.writer.row(self.table.row(&fields)?)?;
            let values = kinds.iter().zip(Fields::new(&fields)).map(|(kind, field)| literal(*kind, field));
            let values: Vec<String> = values.collect::<std::result::Result<_, _>>()?;
            sql += &format!("({}),", values.join(","));
            if sql.len() >= CHUNK {
                client.batch(sql.trim_end_matches(',')).await?;
                sql.clone_from(&insert);
            }
        }
        if sql != insert {
            client.batch(sql.trim_end_matches(',')).await?;
        }
        Ok(())
    }

    async fn insert(self, client: &tokio_postgres::Client, sql: &str) -> Result<()> {
        let statement = client.prepare(sql).await?;
        let mut fields = Vec::new();
        for row in 0..self.generator.count(self.index) {
            fields.clear();
            self.generator.fields(self.index, row, &mut fields);
            self.writer.row(self.table.row(&fields)?)?;
            client.execute_raw(&statement, Fields::new(&fields).map(Raw).collect::<Vec<_>>()).await?;
        }
        Ok(())
    }
}
