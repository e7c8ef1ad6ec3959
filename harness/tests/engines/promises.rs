//! What every engine promises.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use blackstart::clock::Clock;
use blackstart::engine::{Login, Role, Server, Stop};
use blackstart::examine::credentials;
use blackstart::secret::{Secret, Secrets};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::engine::{BOUND, Kind, VISITOR, create_database, read, session, visitor};
use crate::initialise;
use crate::types;

/// Two servers of one kind on hosts of their own, which run when a promise is tried, and after it, and one that runs for the
/// promise alone that starts it.
pub struct World {
    pub kind: &'static Kind,
    pub first: Server,
    pub second: Server,
    pub third: Server,
    pub secrets: Secrets,
    /// The folder of what programs said.
    pub logs: PathBuf,
}

pub type Promise = (&'static str, for<'a> fn(&'a mut World) -> LocalBoxFuture<'a, ()>);

pub const ALL: &[Promise] = &[
    ("a server that was started says who it is, and runs", |world| starts(world).boxed_local()),
    ("servers side by side have one port, and an address and data each", |world| side_by_side(world).boxed_local()),
    ("a password lets in, an old one does not, and none stands anywhere", |world| passwords(world).boxed_local()),
    ("who is denied is told from who could not be asked", |world| denied(world).boxed_local()),
    ("rows are read as the very bytes that they were written from", |world| rows(world).boxed_local()),
    ("a digest is one of a table's rows, in whatever order, and of nothing else", |world| {
        digested(world).boxed_local()
    }),
    ("a life is one for all sessions, and each start is another", |world| lives(world).boxed_local()),
    ("a database beside another lives a life of its own", |world| databases(world).boxed_local()),
    ("a fresh data directory is another life", |world| fresh_data(world).boxed_local()),
    ("what was committed survives a kill, and nothing else does", |world| killed(world).boxed_local()),
    ("a server that is stopped in either way has ended, and comes back", |world| stopped(world).boxed_local()),
    ("a frozen server says nothing until it is thawed", |world| frozen(world).boxed_local()),
    ("a closed database has no session, and lets nobody in", |world| closed(world).boxed_local()),
    ("a server that can't start says why", |world| broken(world).boxed_local()),
];

impl World {
    /// A fresh database on the first server, and a password with which the visitor gets into it.
    pub async fn database(&self, name: &str) -> Secret {
        create_database(&self.first, self.kind, name).await;
        let password = self.secrets.make().unwrap();
        self.first.set_password(VISITOR, &password).await.unwrap();
        password
    }

    pub async fn restart_first(&mut self) {
        self.first.stop(Stop::Fast, BOUND).await.unwrap();
        self.first.start(BOUND).await.unwrap();
    }

    /// The ids in a database's table of words, as the superuser sees them.
    async fn words(&self, database: &str) -> Vec<Vec<Option<String>>> {
        let session = session(&self.first.administrator(database)).await.unwrap();
        session.rows("SELECT id FROM words ORDER BY id").await.unwrap()
    }
}

async fn starts(world: &mut World) {
    for engine in [&mut world.first, &mut world.second] {
        engine.alive().unwrap();
        assert!(engine.version().starts_with(|first: char| first.is_ascii_digit()), "{}", engine.version());
        let process = engine.process().unwrap();
        assert!(Path::new(&format!("/proc/{process}")).exists());
        let session = session(&engine.administrator(world.kind.system)).await.unwrap();
        let user = session.rows("SELECT current_user").await.unwrap().remove(0).remove(0).unwrap();
        assert!(user.starts_with(world.kind.superuser), "{user}");
    }
}

async fn side_by_side(world: &mut World) {
    let mut seen = Vec::new();
    for (engine, word) in [(&world.first, "first"), (&world.second, "second")] {
        create_database(engine, world.kind, "side").await;
        let password = world.secrets.make().unwrap();
        engine.set_password(VISITOR, &password).await.unwrap();
        let login = visitor(engine, "side", &password);
        let session = session(&login).await.unwrap();
        session.batch(&format!("INSERT INTO words VALUES (1, '{word}')")).await.unwrap();
        seen.push((login.door, session));
    }
    assert_ne!(seen[0].0, seen[1].0);
    for ((_, session), word) in seen.iter().zip(["first", "second"]) {
        assert_eq!(session.rows("SELECT word FROM words").await.unwrap(), [[Some(word.to_owned())]]);
    }
}

async fn passwords(world: &mut World) {
    let old = world.database("guarded").await;
    let [wrong, _] = world.kind.refused;
    assert!(session(&visitor(&world.first, "guarded", &old)).await.is_ok());
    let new = world.secrets.make().unwrap();
    world.first.set_password(VISITOR, &new).await.unwrap();
    assert_eq!(session(&visitor(&world.first, "guarded", &old)).await.err().as_deref(), Some(wrong));
    assert!(session(&visitor(&world.first, "guarded", &new)).await.is_ok());
    let mut nobody = visitor(&world.first, "guarded", &new);
    nobody.password = None;
    assert!(session(&nobody).await.is_err(), "without a password");
    world.restart_first().await;
    let folders = [world.first.host().outside(""), world.logs.clone()];
    for secret in [old, new] {
        let secret = secret.reveal().as_bytes();
        let holders = folders.iter().flat_map(|folder| holders(folder, secret));
        assert_eq!(holders.collect::<Vec<_>>(), Vec::<PathBuf>::new());
    }
    // It would have been found.
    assert!(!holders(&folders[0], b"guarded").is_empty());
}

/// What a drill makes of a login: whether it lets somebody in, where that can be told.
async fn tried(world: &World, login: &Login) -> Option<bool> {
    let held = [("a key".to_owned(), login.clone())];
    let mut tried = credentials::observe(&world.first, &held).await;
    println!("    {}: {}", login.user, tried[0].says);
    tried.remove(0).lets_in
}

async fn denied(world: &mut World) {
    let password = world.database("barred").await;
    let (first, kind, known) = (&world.first, world.kind, visitor(&world.first, "barred", &password));
    assert_eq!(tried(world, &known).await, Some(true));
    let wrong = Login { password: Some(world.secrets.make().unwrap()), ..known.clone() };
    assert_eq!(tried(world, &wrong).await, Some(false), "a wrong password");
    // MySQL asks each whom it does not know for another proof.
    for number in 0..10 {
        let nobody = Login { user: format!("nobody{number}"), ..known.clone() };
        assert_eq!(tried(world, &nobody).await, Some(false), "no account");
    }
    let nowhere = Login { database: "nowhere".to_owned(), ..known.clone() };
    assert_eq!(tried(world, &nowhere).await, None, "no such database");
    first.run(kind.system, kind.locks).await.unwrap();
    assert_eq!(tried(world, &known).await, Some(false), "a locked account");
    let [one_session, any_number] = kind.sessions;
    first.run(kind.system, one_session).await.unwrap();
    let only = session(&known).await.unwrap();
    assert_eq!(tried(world, &known).await, None, "too many sessions");
    drop(only);
    first.run(kind.system, any_number).await.unwrap();
    world.first.stop(Stop::Fast, BOUND).await.unwrap();
    assert_eq!(tried(world, &known).await, None, "no server");
    world.first.start(BOUND).await.unwrap();
}

/// The files that hold these bytes.
fn holders(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (kind, path) = (entry.file_type().unwrap(), entry.path());
        if kind.is_dir() {
            found.extend(holders(&path, bytes));
        } else if kind.is_file() {
            let content = fs::read(&path).unwrap();
            let first = |window: &[u8]| window == bytes;
            // Candidates by their first byte: files are large, and this is no optimised build.
            let here = content.iter().enumerate().filter(|(_, byte)| **byte == bytes[0]);
            let mut windows = here.filter_map(|(at, _)| content.get(at..at + bytes.len()));
            found.extend(windows.any(first).then_some(path));
        }
    }
    found
}

async fn rows(world: &mut World) {
    create_database(&world.first, world.kind, "typed").await;
    let session = session(&world.first.administrator("typed")).await.unwrap();
    session.batch(&types::table(&world.first)).await.unwrap();
    let rows = types::rows();
    for (id, row) in rows.iter().enumerate() {
        session.batch(&types::insert(&world.first, id, row)).await.unwrap();
    }
    let sql = format!("SELECT {} FROM things ORDER BY id", types::names(&world.first));
    let found = read(&session, &sql, &types::kinds()).await.unwrap();
    assert_eq!(found.len(), rows.len());
    for (read, row) in found.iter().zip(&rows) {
        assert_eq!(*read, types::fields(row), "{row:?}");
    }
    assert!(read(&session, &sql, &types::kinds()[1..]).await.is_err(), "with a column that was not asked for");
}

async fn digested(world: &mut World) {
    create_database(&world.first, world.kind, "digested").await;
    let client = session(&world.first.administrator("digested")).await.unwrap();
    let sql = world.first.kind().dialect().digest("words", &["id", "word"]);
    let mut seen = Vec::new();
    for rows in
        ["(1, 'a'), (2, NULL)", "(2, NULL), (1, 'a')", "(1, 'a'), (2, 'NULL')", "(1, NULL), (2, 'a')", "(1, 'a')"]
    {
        client.batch(&format!("DELETE FROM words; INSERT INTO words VALUES {rows}")).await.unwrap();
        seen.push(client.rows(&sql).await.unwrap());
    }
    assert_eq!(seen[0], seen[1], "another order");
    assert_eq!(seen[0][0][0].as_deref(), Some("2"));
    let others: BTreeSet<String> = seen[1..].iter().map(|seen| format!("{seen:?}")).collect();
    assert_eq!(others.len(), 4, "{others:?}");
    client.batch("DELETE FROM words").await.unwrap();
    assert_eq!(client.rows(&sql).await.unwrap(), [["0", "0"].map(|zero| Some(zero.to_owned()))]);
}

async fn lives(world: &mut World) {
    let password = world.database("lived").await;
    let visitor = visitor(&world.first, "lived", &password);
    let first = world.first.incarnation("lived").await.unwrap();
    assert_eq!(world.first.incarnation("lived").await.unwrap(), first, "another session");
    assert_eq!(visitor.incarnation().await.unwrap(), first, "another role");
    assert_ne!(world.second.incarnation("side").await.unwrap().identity, first.identity, "another server");
    world.restart_first().await;
    let second = world.first.incarnation("lived").await.unwrap();
    assert_eq!(visitor.incarnation().await.unwrap(), second, "another role");
    world.first.kill(BOUND).await.unwrap();
    world.first.start(BOUND).await.unwrap();
    let third = world.first.incarnation("lived").await.unwrap();
    // The same data all the time.
    assert_eq!([&second, &third].map(|life| (&life.identity, &life.branch)), [(&first.identity, &first.branch); 2]);
    let starts = BTreeSet::from([first.started, second.started, third.started]);
    assert_eq!(starts.len(), 3, "{starts:?}");
}

async fn databases(world: &mut World) {
    create_database(&world.first, world.kind, "damaged").await;
    // The finest that all of them tell.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    create_database(&world.first, world.kind, "restored").await;
    let [damaged, restored] =
        [world.first.incarnation("damaged").await.unwrap(), world.first.incarnation("restored").await.unwrap()];
    assert_ne!(damaged.identity, restored.identity);
    assert_eq!(damaged.started, restored.started);
}

async fn fresh_data(world: &mut World) {
    let before = world.second.incarnation("side").await.unwrap();
    world.second.stop(Stop::Fast, BOUND).await.unwrap();
    world.second.host().remove_folder(world.second.data()).unwrap();
    initialise(&world.second, world.kind, Role::Target).await;
    world.second.start(BOUND).await.unwrap();
    world.second.run(world.kind.system, world.kind.visitor).await.unwrap();
    create_database(&world.second, world.kind, "side").await;
    assert_ne!(world.second.incarnation("side").await.unwrap(), before);
}

async fn killed(world: &mut World) {
    let password = world.database("durable").await;
    let session = session(&visitor(&world.first, "durable", &password)).await.unwrap();
    session.batch("INSERT INTO words VALUES (1, 'one'), (2, 'two')").await.unwrap();
    session.batch("BEGIN; INSERT INTO words VALUES (3, 'three'); DELETE FROM words WHERE id = 1").await.unwrap();
    world.first.kill(BOUND).await.unwrap();
    assert!(world.first.alive().is_err());
    assert_eq!(world.first.process(), None);
    assert!(session.batch("COMMIT").await.is_err());
    world.first.start(BOUND).await.unwrap();
    assert_eq!(world.words("durable").await, [[Some("1".to_owned())], [Some("2".to_owned())]]);
}

async fn stopped(world: &mut World) {
    create_database(&world.first, world.kind, "stopped").await;
    for (id, how) in [(1, Stop::Fast), (2, Stop::Immediate)] {
        world.first.run("stopped", &format!("INSERT INTO words VALUES ({id}, '')")).await.unwrap();
        let process = world.first.process().unwrap();
        world.first.stop(how, BOUND).await.unwrap();
        assert!(!Path::new(&format!("/proc/{process}")).exists());
        world.first.stop(how, BOUND).await.unwrap();
        world.first.kill(BOUND).await.unwrap();
        assert!(world.first.alive().is_err());
        world.first.start(BOUND).await.unwrap();
        assert_eq!(world.words("stopped").await.len(), id);
    }
}

async fn frozen(world: &mut World) {
    let before = world.first.incarnation(world.kind.system).await.unwrap();
    let session = session(&world.first.administrator(world.kind.system)).await.unwrap();
    let frozen = world.first.freeze(BOUND).await.unwrap();
    let patience = Duration::from_millis(300);
    assert!(tokio::time::timeout(patience, session.rows("SELECT 1")).await.is_err());
    frozen.thaw(Clock::start());
    world.first.alive().unwrap();
    assert_eq!(world.first.incarnation(world.kind.system).await.unwrap(), before);
}

async fn closed(world: &mut World) {
    let password = world.database("leaving").await;
    create_database(&world.first, world.kind, "staying").await;
    let (leaving, staying) = (visitor(&world.first, "leaving", &password), visitor(&world.first, "staying", &password));
    let [inside, elsewhere] = [&leaving, &staying].map(session);
    let (inside, elsewhere) = (inside.await.unwrap(), elsewhere.await.unwrap());
    let superuser = session(&world.first.administrator("leaving")).await.unwrap();
    world.first.close_database("leaving").await.unwrap();
    assert!(inside.rows("SELECT id FROM words").await.is_err());
    assert!(superuser.rows("SELECT id FROM words").await.is_err());
    let [_, no_database] = world.kind.refused;
    assert_eq!(session(&leaving).await.err().as_deref(), Some(no_database));
    assert!(elsewhere.rows("SELECT id FROM words").await.is_ok());
    assert!(session(&staying).await.is_ok());
}

async fn broken(world: &mut World) {
    world.second.stop(Stop::Fast, BOUND).await.unwrap();
    world.second.host().remove_folder(world.second.data()).unwrap();
    let failed = world.second.start(BOUND).await.unwrap_err();
    assert!(!failed.failure().lines.is_empty(), "{failed}");
    assert!(!world.second.lines().is_empty());
    initialise(&world.second, world.kind, Role::Target).await;
    world.second.start(BOUND).await.unwrap();
}
