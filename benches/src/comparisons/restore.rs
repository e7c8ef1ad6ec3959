//! Fetch, restore and replay of a drill, against barman-cloud and PostgreSQL by hand with the same flags.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use blackstart::engine::postgres::{SUPERUSER, connect, setting, superuser};
use blackstart::engine::{Server, Stop};
use blackstart::host::isolate::Isolation;
use blackstart::plan::EngineKind;
use tokio::runtime::Runtime;

use super::restored::{BUCKET, Method, Scene, compare};
use super::{Comparison, Run};
use crate::samples::{Aim, Row};
use crate::world::{BOUND, DATABASE, output_of};
use crate::{Error, Result};

pub(super) const COMPARISON: Comparison = Comparison { name: "restore", run: Run::Isolated(run) };

const RATIO: Row = Row { name: "restore phase", against: "the bare tools", unit: "x", aim: Aim::AtMost(1.03) };
const MORE: Row = Row {
    name: "restore phase, seconds more (one of the two aims suffices)",
    against: "the bare tools",
    unit: "s",
    aim: Aim::AtMost(0.150),
};

fn run(isolation: Isolation, scratch: PathBuf) -> Result<()> {
    let spec = || serde_json::json!({ "barman-cloud": { "prefix": "postgres", "archive-timeout": 60 } });
    let method = Method { engine: EngineKind::Postgres, spec, history, ready, bare };
    compare(method, [RATIO, MORE], isolation, scratch)
}

/// Writes that make a few segments of log, and a transaction after them to stop before.
fn history(runtime: &Runtime, source: &Server) -> Result<String> {
    runtime.block_on(async {
        let client = source.postgres()?.connect(DATABASE).await?;
        for _ in 0..3 {
            client.batch_execute("UPDATE app.customers SET credit = credit + 1; SELECT pg_switch_wal()").await?;
        }
        client.batch_execute("BEGIN; UPDATE app.orders SET note = 'gone'").await?;
        let xid: String = client.query_one("SELECT pg_current_xact_id()::text", &[]).await?.get(0);
        client.batch_execute("COMMIT; SELECT pg_switch_wal()").await?;
        Ok(xid)
    })
}

/// No server may run on the data directory that is replaced.
fn ready(scene: &mut Scene) -> Result<()> {
    let Scene { runtime, target, .. } = scene;
    Ok(runtime.block_on(target.stop(Stop::Immediate, BOUND))?)
}

fn bare(scene: &mut Scene) -> Result<f64> {
    let Scene { runtime, target, repository, backup, bad, .. } = &*scene;
    let (host, target) = (target.host(), target.postgres()?);
    let data = host.outside(target.data());
    let endpoint = repository.endpoints[host.name()];
    let flags = format!("--endpoint-url http://{endpoint} s3://{BUCKET}/postgres {}", repository.server);
    let begun = Instant::now();
    output_of(Command::new("rm").arg("-rf").arg(&data))?;
    let mut fetch = scene.by_hand("barman-cloud-restore");
    output_of(fetch.args(flags.split(' ')).arg(&backup.id).arg(&data))?;
    let settings: String = [
        ("restore_command", format!("barman-cloud-wal-restore {flags} %f %p")),
        ("recovery_target_xid", bad.clone()),
        ("recovery_target_inclusive", "off".to_owned()),
        ("recovery_target_action", "pause".to_owned()),
        ("archive_mode", "off".to_owned()),
    ]
    .map(|(name, value)| setting(name, &value))
    .concat();
    let file = data.join("postgresql.auto.conf");
    std::fs::write(&file, std::fs::read_to_string(&file)? + &settings)?;
    std::fs::write(data.join("recovery.signal"), "")?;
    let run = host.outside("run");
    let mut server = scene.by_hand(&target.program("postgres").to_string_lossy());
    server.arg("-D").arg(&data).arg("-k").arg(&run).args(["-c", &format!("listen_addresses={}", host.address())]);
    let server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let reached = runtime.block_on(paused(&run));
    let taken = begun.elapsed();
    end(server)?;
    reached?;
    Ok(taken.as_secs_f64())
}

/// Waits until the server has replayed up to its target, with the question that the drill asks.
async fn paused(socket: &std::path::Path) -> Result<()> {
    let login = superuser(socket.to_owned(), SUPERUSER);
    let begun = Instant::now();
    while begun.elapsed() < BOUND {
        if let Ok(client) = connect(&login).await {
            let sql = "SELECT pg_is_in_recovery() AND pg_get_wal_replay_pause_state() = 'paused'";
            if client.query_one(sql, &[]).await.is_ok_and(|row| row.get(0)) {
                return Ok(());
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(Error::from("the bare server did not reach its target"))
}

/// Ends a server and its children at once.
fn end(mut server: Child) -> Result<()> {
    output_of(Command::new("kill").args(["-QUIT", &server.id().to_string()]))?;
    server.wait()?;
    Ok(())
}
