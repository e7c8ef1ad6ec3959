//! What MariaDB and MySQL promise of copies of their files. The first server is the source, and the second is emptied and started
//! on a copy.

use std::fs;

use blackstart::engine::Stop;
use blackstart::engine::mysql::binlog::{self, Coordinates, End};
use blackstart::engine::mysql::{self, Mysql};
use blackstart::failure::Result;
use blackstart::host::Command;
use futures_util::FutureExt;

use crate::engine::{BOUND, create_database};
use crate::promises::{Promise, World};

pub const ALL: &[Promise] = &[
    ("a copy and the log after it come back to just before a transaction", |world| replayed(world).boxed_local()),
    ("what a copy holds is nothing that a replay could end before", |world| held(world).boxed_local()),
    ("a server on a copy has a name of its own, whatever was copied along", |world| named(world).boxed_local()),
    ("an event of a copy does not run before the replay is through", |world| events(world).boxed_local()),
    ("a copy that does not say where in the log it is as of is none", |world| silent(world).boxed_local()),
];

/// Where a copy lies, on either host, and the log.
const COPY: &str = "tmp/copied";
const LOG: &str = "tmp/copied-log";
/// The file with MySQL's name for a server.
const NAME: &str = "auto.cnf";

/// Copies the first server.
async fn copy(world: &World) -> Coordinates {
    let source = crate::engine::mysql(&world.first);
    source.host().remove_folder(COPY).unwrap();
    let begun = source.current_log().await.unwrap();
    source.ready_to_be_copied().await.unwrap();
    ended(source, &source.copy(&source.host().path(COPY))).await.unwrap();
    source.copied_as_of(COPY, begun).unwrap()
}

/// Starts the second server on that copy, without its events, with the log of the first beside it.
async fn start(world: &mut World) {
    world.second.stop(Stop::Fast, BOUND).await.unwrap();
    let (source, host) = (world.first.host().clone(), world.second.host().clone());
    for folder in [COPY, LOG] {
        host.remove_folder(folder).unwrap();
    }
    host.copy_in(&source.outside(COPY), COPY).unwrap();
    host.make_folder(LOG).unwrap();
    for entry in fs::read_dir(source.outside(world.first.data())).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with("binlog.0") {
            host.write(&format!("{LOG}/{name}"), &fs::read(entry.path()).unwrap(), 0o600).unwrap();
        }
    }
    let target = world.second.mysql_mut().unwrap();
    if let Some(prepare) = target.prepare(&host.path(COPY)) {
        ended(target, &prepare).await.unwrap();
    }
    target.lay_down(COPY).unwrap();
    target.start_without_events(BOUND).await.unwrap();
}

async fn replay(world: &World, from: &Coordinates, end: End<'_>) -> Result<()> {
    let target = crate::engine::mysql(&world.second);
    let stretch = binlog::stretch(&target.host().outside(LOG), from, end)?;
    let held = target.executed().await?;
    ended(target, &target.replay(&target.host().path(LOG), &stretch, None, held.as_deref())).await?;
    target.schedule_events(true).await
}

async fn ended(server: &Mysql, command: &Command) -> Result<()> {
    server.host().exec(&command.clone().bound(BOUND)).await?.success(&command.name()).map(drop)
}

async fn value(server: &Mysql, sql: &str) -> Option<String> {
    server.connect(mysql::SYSTEM).await.unwrap().value(sql).await.unwrap()
}

/// Writes go on while the copy is made: none of them is lost between the copy and its log, and none comes twice.
async fn replayed(world: &mut World) {
    create_database(&world.first, world.kind, "copied").await;
    let from = {
        let writes = async {
            for id in 1..=40 {
                world.write("copied", id).await;
            }
        };
        tokio::join!(copy(world), writes).0
    };
    let mut ids = Vec::new();
    for id in 41..=46 {
        ids.push(world.write("copied", id).await);
        if id % 2 == 0 {
            crate::engine::mysql(&world.first).close_log().await.unwrap();
        }
    }
    start(world).await;
    replay(world, &from, End::Before(&ids[4])).await.unwrap();
    assert_eq!(world.held("copied").await, (1..=44).collect::<Vec<_>>());
    world.second.run("copied", "INSERT INTO words VALUES (100, 'after')").await.unwrap();
}

async fn held(world: &mut World) {
    create_database(&world.first, world.kind, "held").await;
    let id = world.write("held", 1).await;
    let from = copy(world).await;
    let later = world.write("held", 2).await;
    start(world).await;
    let target = crate::engine::mysql(&world.second);
    let known = target.holds(&id).await.unwrap();
    let refused = replay(world, &from, End::Before(&id)).await;
    assert!(known || refused.is_err(), "{refused:?}");
    assert!(!target.holds(&later).await.unwrap());
}

async fn named(world: &mut World) {
    create_database(&world.first, world.kind, "named").await;
    copy(world).await;
    let source = crate::engine::mysql(&world.first);
    let along = source.host().outside(&format!("{}/{NAME}", source.data()));
    if along.exists() {
        fs::copy(along, source.host().outside(&format!("{COPY}/{NAME}"))).unwrap();
    }
    let before = world.first.incarnation("named").await.unwrap();
    start(world).await;
    let after = world.second.incarnation("named").await.unwrap();
    assert_ne!(after.identity, before.identity);
    let (first, second) = (crate::engine::mysql(&world.first), crate::engine::mysql(&world.second));
    let asked = "SELECT @@global.server_id";
    assert_ne!(value(first, asked).await, value(second, asked).await);
    if first.executed().await.unwrap().is_some() {
        let asked = "SELECT @@global.server_uuid";
        assert_ne!(value(first, asked).await, value(second, asked).await);
    }
}

async fn events(world: &mut World) {
    create_database(&world.first, world.kind, "copied_events").await;
    let event = "CREATE EVENT busy ON SCHEDULE EVERY 1 SECOND DO INSERT INTO words SELECT coalesce(max(id), 0) + 1, 'e' FROM words";
    world.first.run("copied_events", event).await.unwrap();
    let from = copy(world).await;
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    world.first.run("copied_events", "DROP EVENT busy").await.unwrap();
    start(world).await;
    // One that ran now would be in the way of what the log brings.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    replay(world, &from, End::Last).await.unwrap();
    let asked = "SELECT count(*) FROM copied_events.words";
    let (first, second) = (crate::engine::mysql(&world.first), crate::engine::mysql(&world.second));
    assert_eq!(value(first, asked).await, value(second, asked).await);
    // It was for that life alone.
    world.second.stop(Stop::Fast, BOUND).await.unwrap();
    world.second.start(BOUND).await.unwrap();
    let second = crate::engine::mysql(&world.second);
    assert_eq!(value(second, "SELECT @@global.event_scheduler").await.as_deref(), Some("ON"));
}

async fn silent(world: &mut World) {
    let source = crate::engine::mysql(&world.first);
    source.host().remove_folder(COPY).unwrap();
    source.host().make_folder(COPY).unwrap();
    let begun = Coordinates { file: "binlog.000001".into(), at: 4 };
    // Only a server that knows its transactions by name passes over those that a copy holds.
    let said = source.copied_as_of(COPY, begun.clone()).map_err(|error| error.to_string());
    if source.executed().await.unwrap().is_some() {
        assert_eq!(said.as_ref(), Ok(&begun));
    } else {
        assert!(said.unwrap_err().contains("does not say where in the binary log"));
    }
    // What the copy says itself wins, and has to be readable.
    for (text, file) in [("binlog.000007\t321\n", Some("binlog.000007")), ("\n", None)] {
        source.host().write(&format!("{COPY}/xtrabackup_binlog_info"), text.as_bytes(), 0o600).unwrap();
        let said = source.copied_as_of(COPY, begun.clone()).ok();
        assert_eq!(said.map(|said| said.file).as_deref(), file, "{text:?}");
    }
}
