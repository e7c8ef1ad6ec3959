//! Reading every row of a restored copy for its digest, against the same `COPY .. ORDER BY` piped to `wc`.

use std::path::{Path, PathBuf};
use std::process::Command;

use blackstart::engine::postgres::{SUPERUSER, copy};
use blackstart::examine::rows::observe;
use blackstart::examine::snapshot::Snapshot;
use blackstart::host::isolate::Isolation;
use blackstart::workload::{KeyRange, Settings, TableSpec};

use super::{Comparison, Run};
use crate::Result;
use crate::samples::{Aim, Row, interleaved, seconds, shown};
use crate::world::{DATABASE, World, domain, fast, load, output_of, runtime};

pub(super) const COMPARISON: Comparison = Comparison { name: "verify", run: Run::Isolated(run) };

const ROWS: u64 = 3_000_000;
const PAIRS: usize = 7;
const VERIFY: Row = Row {
    name: "verify 3 million rows, two key ranges at once",
    against: "COPY .. ORDER BY | wc",
    unit: "x",
    aim: Aim::AtMost(0.65),
};
const BARE: Row = Row {
    name: "two bare COPYs at once, half of each table's keys each",
    against: "one",
    unit: "x",
    aim: Aim::AtMost(0.65),
};

fn run(isolation: Isolation, scratch: PathBuf) -> Result<()> {
    let files = scratch.clone();
    let mut world = World::new(isolation, scratch)?;
    let runtime = runtime()?;
    let (server, snapshot) = runtime.block_on(async {
        let server = world.postgres("recovery", &fast()).await?;
        load(&server, &Settings { rows: ROWS, ..Settings::default() }, &files.join("initial.rows")).await?;
        // Autovacuum would take its share of the machine in some pairs and not in others.
        server.run(DATABASE, "VACUUM ANALYZE").await?;
        let snapshot = Snapshot::take(&server, DATABASE).await?;
        Ok::<_, crate::Error>((server, snapshot))
    })?;
    let psql = Psql { program: world.installation.bindir().join("psql"), socket: server.host().outside("run") };
    let tables: Vec<&TableSpec> = domain()?.tables().iter().collect();
    let whole =
        psql.script(&files.join("whole.sql"), tables.iter().map(|table| copy::out(&table.select(&KeyRange::All))))?;
    VERIFY.begin();
    let restored = files.join("restored.rows");
    let mut rows = 0;
    let verify = || {
        let taken = seconds(|| {
            rows = runtime.block_on(observe(&snapshot, domain()?, None, &restored))?.read.values().sum();
            Ok(())
        })?;
        std::fs::remove_file(&restored)?;
        Ok(taken)
    };
    let (ours, bare) = interleaved(PAIRS, verify, || seconds(|| psql.run(&[&whole])))?;
    ours.iter().zip(&bare).for_each(|(ours, bare)| VERIFY.sample(ours / bare));
    VERIFY.note(&format!("{} s against {} s, medians; {rows} rows", shown(&ours), shown(&bare)));
    bare_halves(&psql, &files, &tables, &whole)
}

/// How much two readers at once can gain on this machine at best.
fn bare_halves(psql: &Psql, files: &Path, tables: &[&TableSpec], whole: &Path) -> Result<()> {
    let middle = |table: &TableSpec| {
        let (key, name) = (table.first_key(), table.name);
        psql.ask(&format!("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY {key}) FROM {name}"))
    };
    let middles = tables.iter().map(|table| middle(table)).collect::<Result<Vec<String>>>()?;
    let half = |name: &str, range: fn(String) -> KeyRange| {
        let copies =
            tables.iter().zip(&middles).map(|(table, middle)| copy::out(&table.select(&range(middle.clone()))));
        psql.script(&files.join(name), copies)
    };
    let (first, second) = (half("first.sql", KeyRange::Below)?, half("second.sql", KeyRange::From)?);
    BARE.pairs(PAIRS, || seconds(|| psql.run(&[&first, &second])), || seconds(|| psql.run(&[whole])))?;
    BARE.note("what a second session can gain on this machine at best");
    Ok(())
}

struct Psql {
    program: PathBuf,
    socket: PathBuf,
}

impl Psql {
    /// A script of these copies, with the examination's settings.
    fn script(&self, path: &Path, copies: impl Iterator<Item = String>) -> Result<PathBuf> {
        let copies: String = copies.map(|copy| copy + ";\n").collect();
        let settings = "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;\n\
                        SET work_mem = '64MB'; SET max_parallel_workers_per_gather = 0;\n";
        std::fs::write(path, format!("{settings}{copies}"))?;
        Ok(path.to_owned())
    }

    /// The one value that a query answers.
    fn ask(&self, sql: &str) -> Result<String> {
        let Self { program, socket } = self;
        let mut psql = Command::new(program);
        psql.args(["-X", "-q", "-A", "-t", "-U", SUPERUSER, "-d", DATABASE, "-c", sql]).arg("-h").arg(socket);
        Ok(output_of(&mut psql)?.trim().to_owned())
    }

    /// Runs scripts at once, each piped to `wc`; bytes of all.
    fn run(&self, scripts: &[&Path]) -> Result<u64> {
        let Self { program, socket } = self;
        let one = |script: &&Path| {
            let psql = format!("'{}' -X -q -v ON_ERROR_STOP=1", program.display());
            let at = format!("-h '{}' -U {SUPERUSER} -d {DATABASE} -f '{}'", socket.display(), script.display());
            format!("{psql} {at} | wc -c & ")
        };
        let all: String = scripts.iter().map(one).collect();
        let said = output_of(Command::new("sh").args(["-c", &format!("{all}wait")]))?;
        let bytes: Vec<u64> = said.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>()?;
        match bytes.iter().sum() {
            0 => Err("psql copied nothing".into()),
            sum => Ok(sum),
        }
    }
}
