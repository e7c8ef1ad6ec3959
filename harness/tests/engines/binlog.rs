//! What MariaDB and MySQL promise of their dumps and their binary log. The first server is the source, and the second is emptied
//! and restored.

use std::fs;

use blackstart::engine::Role;
use blackstart::engine::Stop;
use blackstart::engine::mysql::Mysql;
use blackstart::engine::mysql::binlog::{self, Coordinates, End, Stretch};
use blackstart::failure::Result;
use blackstart::host::Command;
use futures_util::FutureExt;

use crate::engine::{BOUND, create_database, mysql};
use crate::initialise;
use crate::promises::{Promise, World};

pub const ALL: &[Promise] = &[
    ("a dump and the log after it come back to just before a transaction", |world| replayed(world).boxed_local()),
    ("a dump and the log after it come back to the log's end, over a crash", |world| to_the_end(world).boxed_local()),
    ("a replay by time ends before the second, and holds all from before it", |world| by_time(world).boxed_local()),
    ("an account comes back with its rights, from the dump or from the log", |world| accounts(world).boxed_local()),
    ("a log of which a file is gone, or has changed, is not replayed", |world| damaged(world).boxed_local()),
    ("an event that is brought back does not run before the replay is through", |world| events(world).boxed_local()),
];

/// Where dump and log lie, on either host.
const FOLDER: &str = "tmp/saved";

impl World {
    fn servers(&self) -> (&Mysql, &Mysql) {
        (mysql(&self.first), mysql(&self.second))
    }

    /// Dumps the first server.
    async fn dump(&self) -> Coordinates {
        let (first, _) = self.servers();
        first.host().remove_folder(FOLDER).unwrap();
        first.host().make_folder(FOLDER).unwrap();
        let path = |name: &str| first.host().path(&format!("{FOLDER}/{name}"));
        let databases = first.databases().await.unwrap();
        ended(first, &first.dump(&databases, &path("data.sql"))).await.unwrap();
        ended(first, &first.dump_users(&path("users.sql"))).await.unwrap();
        let dump = fs::read_to_string(first.host().outside(&format!("{FOLDER}/data.sql"))).unwrap();
        Coordinates::of_dump(&dump).unwrap()
    }

    /// Empties the second server, brings the log of the first to it as it is, and loads the dump.
    async fn load(&mut self) {
        self.second.stop(Stop::Fast, BOUND).await.unwrap();
        self.second.host().remove_folder(self.second.data()).unwrap();
        initialise(&self.second, self.kind, Role::Target).await;
        self.second.start(BOUND).await.unwrap();
        let (first, second) = self.servers();
        second.host().remove_folder(FOLDER).unwrap();
        second.host().copy_in(&first.host().outside(FOLDER), FOLDER).unwrap();
        second.host().make_folder(&format!("{FOLDER}/log")).unwrap();
        for entry in fs::read_dir(first.host().outside(first.data())).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with("binlog.0") {
                let bytes = fs::read(entry.path()).unwrap();
                second.host().write(&format!("{FOLDER}/log/{name}"), &bytes, 0o600).unwrap();
            }
        }
        second.schedule_events(false).await.unwrap();
        for name in ["data.sql", "users.sql"] {
            ended(second, &second.load(&second.host().path(&format!("{FOLDER}/{name}")))).await.unwrap();
        }
        second.reload_accounts().await.unwrap();
    }

    fn stretch(&self, from: &Coordinates, end: End<'_>) -> Result<Stretch> {
        binlog::stretch(&self.second.host().outside(&format!("{FOLDER}/log")), from, end)
    }

    async fn replay(&self, stretch: &Stretch, second: Option<&str>) -> Result<()> {
        let (_, server) = self.servers();
        let folder = server.host().path(&format!("{FOLDER}/log"));
        ended(server, &server.replay(&folder, stretch, second, server.executed().await?.as_deref())).await?;
        server.schedule_events(true).await
    }

    /// Brings the second server to there.
    async fn restore(&mut self, from: &Coordinates, end: End<'_>) {
        self.load().await;
        let stretch = self.stretch(from, end).unwrap();
        self.replay(&stretch, None).await.unwrap();
    }
}

async fn ended(server: &Mysql, command: &Command) -> Result<()> {
    server.host().exec(&command.clone().bound(BOUND)).await?.success(&command.name()).map(drop)
}

async fn replayed(world: &mut World) {
    create_database(&world.first, world.kind, "saved").await;
    world.write("saved", 1).await;
    let from = world.dump().await;
    let mut ids = Vec::new();
    for id in 2..=6 {
        ids.push(world.write("saved", id).await);
        if id % 2 == 0 {
            world.servers().0.close_log().await.unwrap();
        }
    }
    world.restore(&from, End::Before(&ids[3])).await;
    assert_eq!(world.held("saved").await, [1, 2, 3, 4]);
    // What comes after goes on from there.
    world.second.run("saved", "INSERT INTO words VALUES (100, 'after')").await.unwrap();
    let early =
        world.stretch(&Coordinates { file: from.file.clone(), at: u64::MAX }, End::Before(&ids[0])).unwrap_err();
    assert!(early.to_string().contains("older than the backup"), "{early}");
    let never = world.stretch(&from, End::Before("none")).unwrap_err();
    assert!(never.to_string().contains("is not in the binary log"), "{never}");
}

async fn to_the_end(world: &mut World) {
    create_database(&world.first, world.kind, "crashed").await;
    let from = world.dump().await;
    world.write("crashed", 1).await;
    world.first.kill(BOUND).await.unwrap();
    world.first.start(BOUND).await.unwrap();
    world.write("crashed", 2).await;
    world.first.kill(BOUND).await.unwrap();
    world.restore(&from, End::Last).await;
    assert_eq!(world.held("crashed").await, [1, 2]);
    world.first.start(BOUND).await.unwrap();
}

async fn by_time(world: &mut World) {
    create_database(&world.first, world.kind, "timed").await;
    let from = world.dump().await;
    world.write("timed", 1).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let second = jiff::Timestamp::now();
    world.write("timed", 2).await;
    world.load().await;
    let stretch = world.stretch(&from, End::BeforeSecond(u32::try_from(second.as_second()).unwrap())).unwrap();
    let text = second.strftime("%Y-%m-%d %H:%M:%S").to_string();
    world.replay(&stretch, Some(&text)).await.unwrap();
    assert_eq!(world.held("timed").await, [1]);
    let ahead = world.stretch(&from, End::BeforeSecond(u32::MAX)).unwrap_err();
    assert!(ahead.to_string().contains("does not reach"), "{ahead}");
}

async fn accounts(world: &mut World) {
    create_database(&world.first, world.kind, "owned").await;
    let make = |name: &str| format!("CREATE USER {name}@'%' ACCOUNT LOCK; GRANT SELECT ON owned.* TO {name}@'%'");
    world.first.run(world.kind.system, &make("dumped")).await.unwrap();
    let from = world.dump().await;
    world.first.run(world.kind.system, &make("logged")).await.unwrap();
    world.restore(&from, End::Last).await;
    let client = world.servers().1.connect(world.kind.system).await.unwrap();
    for name in ["dumped", "logged"] {
        let grants = client.rows(&format!("SHOW GRANTS FOR {name}@'%'")).await.unwrap();
        let has =
            |row: &Vec<Option<String>>| row[0].as_ref().is_some_and(|grant| grant.contains("GRANT SELECT ON `owned`"));
        assert!(grants.iter().any(has), "{name}: {grants:?}");
    }
    world.first.run(world.kind.system, "DROP USER dumped@'%', logged@'%'").await.unwrap();
}

async fn damaged(world: &mut World) {
    create_database(&world.first, world.kind, "damaged_log").await;
    let from = world.dump().await;
    for id in 1..=3 {
        world.write("damaged_log", id).await;
        world.servers().0.close_log().await.unwrap();
    }
    world.load().await;
    let whole = world.stretch(&from, End::Last).unwrap();
    let file = world.second.host().outside(&format!("{FOLDER}/log/{}", whole.files[1]));
    let bytes = fs::read(&file).unwrap();
    let mut changed = bytes.clone();
    let middle = changed.len() - 60;
    changed[middle] ^= 0x10;
    fs::write(&file, changed).unwrap();
    let refused = world.stretch(&from, End::Last);
    let refused = match refused {
        Ok(stretch) => world.replay(&stretch, None).await,
        Err(error) => Err(error),
    };
    assert!(refused.is_err(), "a changed bit");
    fs::remove_file(&file).unwrap();
    let gap = world.stretch(&from, End::Last).unwrap_err();
    assert!(gap.to_string().contains("gap"), "{gap}");
}

async fn events(world: &mut World) {
    create_database(&world.first, world.kind, "scheduled").await;
    let event = "CREATE EVENT busy ON SCHEDULE EVERY 1 SECOND DO INSERT INTO words SELECT coalesce(max(id), 0) + 1, 'e' FROM words";
    world.first.run("scheduled", event).await.unwrap();
    let from = world.dump().await;
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    world.first.run("scheduled", "DROP EVENT busy").await.unwrap();
    world.load().await;
    // One that ran now would be in the way of what the log brings.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let stretch = world.stretch(&from, End::Last).unwrap();
    world.replay(&stretch, None).await.unwrap();
    let asked = "SELECT count(*) FROM words";
    let count = async |server: &Mysql| server.connect("scheduled").await.unwrap().value(asked).await.unwrap();
    let (first, second) = world.servers();
    assert_eq!(count(first).await, count(second).await);
}
