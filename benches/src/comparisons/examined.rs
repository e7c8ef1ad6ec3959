//! A database of which every row is read: for its digest, by our readers, and by the engine's own client piped to `wc`.

use std::path::{Path, PathBuf};
use std::process::Command;

use blackstart::engine::Server;
use blackstart::engine::mysql;
use blackstart::engine::postgres::{self, copy};
use blackstart::examine::rows::observe;
use blackstart::examine::snapshot::Snapshot;
use blackstart::host::isolate::Isolation;
use blackstart::plan::EngineKind;
use blackstart::workload::{KeyRange, Settings, TableSpec};
use tokio::runtime::Runtime;

use crate::Result;
use crate::samples::{Row, interleaved, seconds, shown};
use crate::world::{DATABASE, World, domain, fast, load, output_of, runtime};

const ROWS: u64 = 3_000_000;
pub(super) const PAIRS: usize = 7;

pub(super) struct Examined {
    runtime: Runtime,
    server: Server,
    snapshot: Snapshot,
    files: PathBuf,
    /// Starts the engine's client, which reads a script and prints rows.
    client: String,
    pub(super) tables: &'static [TableSpec],
}

impl Examined {
    /// A server of this engine, loaded and at rest.
    pub(super) fn build(engine: EngineKind, isolation: Isolation, scratch: PathBuf) -> Result<Self> {
        let (files, runtime) = (scratch.clone(), runtime()?);
        let mut world = World::new(isolation, scratch, engine)?;
        let (server, snapshot) = runtime.block_on(async {
            let server = world.server("recovery", &fast(engine)).await?;
            load(&server, &Settings { rows: ROWS, ..Settings::default() }, &files.join("initial.rows")).await?;
            if engine == EngineKind::Postgres {
                // Autovacuum would take its share of the machine in some pairs and not in others.
                server.run(DATABASE, "VACUUM ANALYZE").await?;
            }
            let snapshot = Snapshot::take(&server, DATABASE).await?;
            Ok::<_, crate::Error>((server, snapshot))
        })?;
        let client = client(&server, &world);
        Ok(Self { runtime, server, snapshot, files, client, tables: domain(engine)?.tables() })
    }

    /// Our readers against the client.
    pub(super) fn compare(&self, row: Row) -> Result<()> {
        row.begin();
        let whole = self.script("whole.sql", self.tables.iter().map(|table| table.select(&KeyRange::All)))?;
        let restored = self.files.join("restored.rows");
        let mut rows = 0;
        let verify = || {
            let taken = seconds(|| {
                let read = observe(&self.snapshot, domain(self.server.kind())?, None, &restored);
                rows = self.runtime.block_on(read)?.read.values().sum();
                Ok(())
            })?;
            std::fs::remove_file(&restored)?;
            Ok(taken)
        };
        let (ours, bare) = interleaved(PAIRS, verify, || seconds(|| self.run(&[&whole])))?;
        ours.iter().zip(&bare).for_each(|(ours, bare)| row.sample(ours / bare));
        row.note(&format!("{} s against {} s, medians; {rows} rows", shown(&ours), shown(&bare)));
        Ok(())
    }

    /// A script of these queries, with the examination's settings.
    pub(super) fn script(&self, name: &str, queries: impl Iterator<Item = String>) -> Result<PathBuf> {
        let engine = self.server.kind();
        let statement = |query: String| match engine {
            EngineKind::Postgres => copy::out(&query),
            EngineKind::Mysql => query,
        };
        let statements: String = queries.map(|query| statement(query) + ";\n").collect();
        let path = self.files.join(name);
        std::fs::write(&path, format!("{};\n{statements}", engine.dialect().snapshot()))?;
        Ok(path)
    }

    /// Runs scripts at once, each piped to `wc`; bytes of all.
    pub(super) fn run(&self, scripts: &[&Path]) -> Result<u64> {
        let one = |script: &&Path| format!("{} < '{}' | wc -c & ", self.client, script.display());
        let all: String = scripts.iter().map(one).collect();
        let said = output_of(Command::new("sh").args(["-c", &format!("{all}wait")]))?;
        let bytes: Vec<u64> = said.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>()?;
        match bytes.iter().sum() {
            0 => Err("the client read nothing".into()),
            sum => Ok(sum),
        }
    }

    /// The one value that a query answers.
    pub(super) fn ask(&self, sql: &str) -> Result<String> {
        let client = self.runtime.block_on(self.server.connect(DATABASE))?;
        let value = self.runtime.block_on(client.value(sql))?;
        Ok(value.ok_or("the server says nothing")?)
    }
}

/// The engine's own client for everything that is read, as words of a shell.
fn client(server: &Server, world: &World) -> String {
    let folder = server.host().outside("run");
    match server {
        Server::Postgres(_) => format!(
            "'{}' -X -q -v ON_ERROR_STOP=1 -h '{}' -U {} -d {DATABASE}",
            world.installation.bindir().join("psql").display(),
            folder.display(),
            postgres::SUPERUSER,
        ),
        Server::Mysql(server) => format!(
            "'{}' --no-defaults --quick --batch --skip-column-names --default-character-set=utf8mb4 \
             --socket='{}/mysqld.sock' --user={} {DATABASE}",
            server.program(server.flavour().programs().client).display(),
            folder.display(),
            mysql::SUPERUSER,
        ),
    }
}
