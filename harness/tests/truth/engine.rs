//! The engines, and what is asked of each in its own words.

use blackstart::engine::Server;
use blackstart::failure::Result;
use blackstart::plan::EngineKind;
use blackstart::workload::{self, Domain};

use crate::full;

/// An engine as a test uses it.
#[derive(Debug)]
pub struct Engine {
    /// What people call it.
    pub name: &'static str,
    pub kind: EngineKind,
    /// The name of the domain that is loaded.
    domain: &'static str,
    /// A shipped plan and scenario of that domain.
    pub shipped: (&'static str, &'static str),
    /// What keeps its servers from waiting for the disk, or from work of their own.
    pub settings: &'static [(&'static str, &'static str)],
    /// The first of its hosts: a server that is on its way out is in nobody's way.
    pub first_lane: u8,
    /// Whether all that there is to try is tried every day.
    daily: bool,
}

pub const POSTGRESQL: Engine = Engine {
    name: "PostgreSQL",
    kind: EngineKind::Postgres,
    domain: "fulfilment",
    shipped: ("fulexo", "database-corruption"),
    settings: &[("fsync", "off"), ("autovacuum", "off")],
    first_lane: 0,
    daily: true,
};

pub const MARIADB: Engine = Engine {
    name: "MariaDB",
    kind: EngineKind::Mysql,
    domain: "logistics",
    shipped: ("baraka-logistics", "data-corruption-binlog"),
    settings: &[("innodb_flush_log_at_trx_commit", "0"), ("sync_binlog", "0")],
    first_lane: 60,
    daily: false,
};

/// The same test of each engine, in a module of its name. Each has the machine to itself.
macro_rules! of_each_engine {
    ($($test:ident),+ $(,)?) => {
        of_each_engine!(postgresql = POSTGRESQL: $($test)+);
        of_each_engine!(mariadb = MARIADB: $($test)+);
    };
    ($module:ident = $engine:ident: $($test:ident)+) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $test() {
                    let _alone = crate::ALONE.lock().await;
                    super::$test(&crate::engine::$engine).await;
                }
            )+
        }
    };
}
pub(crate) use of_each_engine;

impl Engine {
    /// The domain that is loaded.
    pub fn domain(&self) -> &'static dyn Domain {
        workload::domain(self.domain).unwrap()
    }

    /// Whether to try all that there is; else a few.
    pub fn whole(&self) -> bool {
        self.daily || full()
    }
}

/// Makes the database `to` with the rows of `from`, in which nobody writes meanwhile.
pub async fn copy(server: &Server, from: &str, to: &str) -> Result<()> {
    let own = server.kind().own_database();
    match server.kind() {
        EngineKind::Postgres => server.run(own, &format!("CREATE DATABASE {to} TEMPLATE {from}")).await,
        EngineKind::Mysql => copy_tables(server, from, to).await,
    }
}

/// Tables alone: of triggers and foreign keys there are none in the copy.
async fn copy_tables(server: &Server, from: &str, to: &str) -> Result<()> {
    let written = format!(
        "SELECT t.table_name, group_concat(c.column_name) FROM information_schema.tables t \
         JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name \
         WHERE t.table_schema = '{from}' AND t.table_type = 'BASE TABLE' AND c.generation_expression IS NULL \
         GROUP BY t.table_name"
    );
    server.create_database(to).await?;
    let client = server.connect(from).await?;
    client.batch("SET sql_log_bin = 0, unique_checks = 0").await?;
    for row in client.rows(&written).await? {
        let [Some(table), Some(columns)] = &row[..] else { panic!("a table without a name or columns: {row:?}") };
        client.batch(&format!("CREATE TABLE {to}.{table} LIKE {table}")).await?;
        client.batch(&format!("INSERT INTO {to}.{table} ({columns}) SELECT {columns} FROM {table}")).await?;
    }
    Ok(())
}

/// Drops a database whose sessions may be about to end.
pub async fn drop_database(server: &Server, name: &str) -> Result<()> {
    let now = match server.kind() {
        EngineKind::Postgres => " WITH (FORCE)",
        EngineKind::Mysql => "",
    };
    server.run(server.kind().own_database(), &format!("DROP DATABASE {name}{now}")).await
}

/// Runs SQL as a broken restore would, past foreign keys, and past triggers where a copy has them.
pub async fn break_in(server: &Server, database: &str, sql: &str) -> Result<()> {
    server.run(database, &format!("{}; {sql}", server.kind().dialect().unchecked(true))).await
}
