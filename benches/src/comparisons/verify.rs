//! Reading every row of a restored copy for its digest, against the same `COPY .. ORDER BY` piped to `wc`.

use std::path::{Path, PathBuf};
use std::process::Command;

use blackstart::engine::postgres::SUPERUSER;
use blackstart::examine::rows::observe;
use blackstart::examine::snapshot::Snapshot;
use blackstart::host::isolate::Isolation;
use blackstart::workload::{Settings, TableSpec};

use super::{Comparison, Run};
use crate::Result;
use crate::samples::{Aim, Row, interleaved, seconds, shown};
use crate::world::{DATABASE, World, domain, fast, load, output_of, runtime};

pub(super) const COMPARISON: Comparison = Comparison { name: "verify", run: Run::Isolated(run) };

const ROWS: u64 = 3_000_000;
const PAIRS: usize = 7;
const WHOLE: Row =
    Row { name: "verify 3 million rows", against: "COPY .. ORDER BY | wc", unit: "x", aim: Aim::AtMost(1.15) };
const PARALLEL: Row = Row {
    name: "two bare COPYs at once, half the tables' bytes each",
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
    let psql = Psql { program: world.installation.bindir.join("psql"), socket: server.host().outside("run") };
    let tables: Vec<&TableSpec> = domain()?.tables().iter().collect();
    let whole = psql.script(&files.join("whole.sql"), &tables)?;
    WHOLE.begin();
    let restored = files.join("restored.rows");
    let mut rows = 0;
    let verify = || {
        let taken = seconds(|| {
            rows = runtime.block_on(observe(&snapshot, domain()?, &restored))?.read.values().sum();
            Ok(())
        })?;
        std::fs::remove_file(&restored)?;
        Ok(taken)
    };
    let (ours, bare) = interleaved(PAIRS, verify, || seconds(|| psql.run(&[&whole])))?;
    ours.iter().zip(&bare).for_each(|(ours, bare)| WHOLE.sample(ours / bare));
    WHOLE.note(&format!("{} s against {} s, medians; {rows} rows", shown(&ours), shown(&bare)));
    parallel(&psql, &files, &tables, &whole)
}

/// How much two readers at once could gain on this machine at best.
fn parallel(psql: &Psql, files: &Path, tables: &[&TableSpec], whole: &Path) -> Result<()> {
    let (mut halves, mut bytes) = ([Vec::new(), Vec::new()], [0, 0]);
    let mut sized: Vec<(u64, &TableSpec)> = Vec::new();
    for table in tables {
        let script = psql.script(&files.join("one.sql"), std::slice::from_ref(table))?;
        sized.push((psql.run(&[&script])?, table));
    }
    sized.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    for (size, table) in sized {
        let smaller = usize::from(bytes[1] < bytes[0]);
        bytes[smaller] += size;
        halves[smaller].push(table);
    }
    let first = psql.script(&files.join("first.sql"), &halves[0])?;
    let second = psql.script(&files.join("second.sql"), &halves[1])?;
    PARALLEL.pairs(PAIRS, || seconds(|| psql.run(&[&first, &second])), || seconds(|| psql.run(&[whole])))?;
    PARALLEL.note("the examination itself reads with one session: this is the most that a second one could gain");
    Ok(())
}

struct Psql {
    program: PathBuf,
    socket: PathBuf,
}

impl Psql {
    /// A script that copies these tables out as the examination does, with the examination's settings.
    fn script(&self, path: &Path, tables: &[&TableSpec]) -> Result<PathBuf> {
        let copies: String = tables.iter().map(|table| table.copy_out() + ";\n").collect();
        let settings = "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;\n\
                        SET work_mem = '64MB'; SET max_parallel_workers_per_gather = 0;\n";
        std::fs::write(path, format!("{settings}{copies}"))?;
        Ok(path.to_owned())
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
