//! Fetch, restore and replay of a drill of a dump and its binary log, against MariaDB's own programs by hand with the same
//! flags. Before each of them the server is a fresh one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use blackstart::engine::Server;
use blackstart::engine::mysql::binlog::{Coordinates, End, Stretch, stretch};
use blackstart::engine::mysql::last_transaction;
use blackstart::host::isolate::Isolation;
use blackstart::plan::EngineKind;
use blackstart_tools::MC;
use tokio::runtime::Runtime;

use super::restored::{BUCKET, Method, Scene, compare};
use super::{Comparison, Run};
use crate::Result;
use crate::samples::{Aim, Row};
use crate::world::{DATABASE, fast, locate, output_of};

pub(super) const COMPARISON: Comparison = Comparison { name: "restore-mariadb", run: Run::Isolated(run) };

const RATIO: Row =
    Row { name: "restore phase of MariaDB", against: "the bare tools", unit: "x", aim: Aim::AtMost(1.03) };
const MORE: Row = Row {
    name: "restore phase of MariaDB, seconds more (one of the two aims suffices)",
    against: "the bare tools",
    unit: "s",
    aim: Aim::AtMost(0.150),
};

/// Where the drill's own fetch leaves the dump and the log, and where they are brought by hand.
const DUMP: &str = "tmp/restore/data.sql";
const LOG: &str = "tmp/log";
const BY_HAND: &str = "tmp/by-hand";
/// The store's client where the servers' user may go.
const CLIENT: &str = "tmp/mc";

fn run(isolation: Isolation, scratch: PathBuf) -> Result<()> {
    let spec = || serde_json::json!({ "dump-and-binlog": { "prefix": "mysql", "ship-every": "5m" } });
    let method = Method { engine: EngineKind::Mysql, spec, history, ready, bare };
    compare(method, [RATIO, MORE], isolation, scratch)
}

/// Writes that make a few files of log, and a transaction after them to stop before.
fn history(runtime: &Runtime, source: &Server) -> Result<String> {
    runtime.block_on(async {
        let client = source.mysql()?.connect(DATABASE).await?;
        for _ in 0..3 {
            client.batch("UPDATE scan_events SET device = CONCAT(device, '.'); FLUSH BINARY LOGS").await?;
        }
        client.batch("UPDATE drivers SET phone = 'gone'").await?;
        Ok(last_transaction(&client).await?.ok_or("the last transaction has no name")?)
    })
}

fn ready(scene: &mut Scene) -> Result<()> {
    let Scene { runtime, world, target, .. } = scene;
    runtime.block_on(world.renew(target, &fast(EngineKind::Mysql)))
}

fn bare(scene: &mut Scene) -> Result<f64> {
    let host = scene.target.host();
    // Whoever restores by hand has looked up where the log has to end: so that is done before the time counts.
    let Stretch { files, start, stop, .. } = wanted([DUMP, LOG].map(|path| host.outside(path)), &scene.bad)?;
    let (folder, mc) = (host.outside(BY_HAND), host.outside(CLIENT));
    if !mc.exists() {
        fs::copy(locate(&MC)?.path, &mc)?;
    }
    let begun = Instant::now();
    output_of(Command::new("rm").arg("-rf").arg(&folder))?;
    let stored = format!("store/{BUCKET}/mysql/{}", scene.repository.server);
    for (from, to) in [(format!("dumps/{}", scene.backup.id), folder.clone()), ("log".to_owned(), folder.join("log"))] {
        output_of(scene.by_hand("mkdir").arg(&to))?;
        let mut fetch = scene.by_hand(&mc.to_string_lossy());
        output_of(fetch.args(["cp", "--quiet", "--recursive"]).arg(format!("{stored}/{from}/")).arg(slash(&to)))?;
    }
    let [data, users] = ["data.sql", "users.sql"].map(|name| folder.join(name));
    output_of(scene.by_hand("gunzip").args([&data, &users].map(|file| file.with_extension("sql.gz"))))?;
    let client = format!("mariadb --no-defaults --user=root --socket='{}'", host.outside("run/mysqld.sock").display());
    let unlogged = "'--init-command=SET SESSION sql_log_bin = 0' mysql";
    let files: String = files.iter().map(|file| format!(" '{}'", folder.join("log").join(file).display())).collect();
    for line in [
        format!("{client} {unlogged} < '{}'", data.display()),
        format!("{client} {unlogged} < '{}'", users.display()),
        format!("{client} --execute='FLUSH LOCAL PRIVILEGES'"),
        format!(
            "mariadb-binlog --no-defaults --verify-binlog-checksum --start-position={start} --stop-position={stop}{files} \
             | {client} --binary-mode"
        ),
    ] {
        output_of(scene.by_hand("bash").args(["-o", "pipefail", "-c", &line]))?;
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// Of the log in the folder `log`, what is to be replayed after the dump up to the transaction `bad`.
fn wanted([dump, log]: [PathBuf; 2], bad: &str) -> Result<Stretch> {
    let from = Coordinates::of_dump(&fs::read_to_string(dump)?);
    let from = from.ok_or("the dump does not say where in the log it is as of")?;
    Ok(stretch(&log, &from, End::Before(bad))?)
}

/// A folder as the store's client is told that it is one.
fn slash(folder: &Path) -> String {
    format!("{}/", folder.display())
}
