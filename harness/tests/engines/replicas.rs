//! What every engine promises of its replicas. The first server is the source, and the second is made its replica: of the source
//! itself, or of the third server, which is a replica of it.

use std::slice;
use std::time::{Duration, Instant};

use blackstart::clock::Clock;
use blackstart::engine::replication::{Beginning, Following, Way};
use blackstart::engine::{Role, Server, Stop};
use blackstart_record::plan::Pace;
use blackstart_record::time::Nanos;
use futures_util::FutureExt;

use crate::engine::{BOUND, VISITOR, create_database, session, visitor};
use crate::promises::{Promise, World};

pub const ALL: &[Promise] = &[
    ("a replica holds what its source wrote, and lives no life", |world| follows(world, Of::Source).boxed_local()),
    ("so does one that is behind another replica", |world| follows(world, Of::Replica).boxed_local()),
    ("a paused replica receives, applies nothing, and catches up", |world| paused(world, Of::Source).boxed_local()),
    ("so does one that is behind another replica, when it is paused", |world| paused(world, Of::Replica).boxed_local()),
    ("a promoted replica has another life, and takes writes, also after a start", |world| {
        promoted(world).boxed_local()
    }),
    ("a paused replica that is promoted has lost nothing that it had received", |world| {
        drained(world, Of::Source).boxed_local()
    }),
    ("nor has one that was behind another replica, when that is gone too", |world| {
        drained(world, Of::Replica).boxed_local()
    }),
];

/// Of an engine whose replicas can be late by intent.
pub const LATE: &[Promise] = &[
    ("a late replica goes on to just before a transaction, its source dead", |world| {
        rolled_on(world, Of::Source).boxed_local()
    }),
    ("so does one that is behind another replica, to a transaction of their source", |world| {
        rolled_on(world, Of::Replica).boxed_local()
    }),
    ("a late replica applies at once what it had received, its source dead", |world| {
        hurried(world, Of::Source).boxed_local()
    }),
    ("so does one that is behind another replica", |world| hurried(world, Of::Replica).boxed_local()),
    ("a transaction that is applied, or was never received, is nothing to go on to", |world| {
        too_late(world).boxed_local()
    }),
    ("a replica has what was shipped to it, nothing since, and takes over with that", |world| {
        shipped(world, Of::Source).boxed_local()
    }),
    ("so has one that is behind another replica", |world| shipped(world, Of::Replica).boxed_local()),
    ("what a replica does not apply the one behind it does not receive", |world| passed_on(world).boxed_local()),
    ("a replica that begins as a copy has what its source never logged, and follows from there", |world| {
        filled(world).boxed_local()
    }),
    ("an event runs on the source alone, and on whoever is promoted", |world| events(world).boxed_local()),
];

/// Longer than anything here takes: what a replica has before it is over, it has not waited for.
const LATE_BY: Pace = Pace::Late(Nanos::from_secs(600));

/// An event of somebody else than who makes it.
const HOURLY: &str = "CREATE DEFINER = visitor@'%' EVENT hourly ON SCHEDULE EVERY 1 HOUR DO DO 1";

/// What the second server is a replica of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Of {
    Source,
    /// The third server, one of the source's.
    Replica,
}

impl Of {
    /// A database's name that no other promise has.
    fn database(self, name: &str) -> String {
        format!("{name}_by_{self:?}").to_lowercase()
    }
}

impl World {
    /// Makes the second server a replica of the first, which has a fresh database, or of the third.
    pub async fn replica(&mut self, of: Of, database: &str, pace: Pace) {
        create_database(&self.first, self.kind, database).await;
        self.first.run(self.kind.system, "DROP USER IF EXISTS replicator").await.unwrap();
        let (address, password) = (self.first.address(), self.secrets.make().unwrap());
        let mut following = Following { address, password, pace: Pace::AtOnce, copies: false };
        self.first.admit(&following).await.unwrap();
        if of == Of::Replica {
            follow(&mut self.third, &following, database).await;
            // It lets in whom the source lets in.
            self.third.caught_up(&self.first, BOUND).await.unwrap();
            following.address = self.third.address();
        }
        following.pace = pace;
        follow(&mut self.second, &following, database).await;
        if pace == Pace::AtOnce {
            self.second.caught_up(self.way(of), BOUND).await.unwrap();
        }
    }

    /// The way from the first server to the second.
    fn way(&self, of: Of) -> Way<'_> {
        let through = if of == Of::Replica { slice::from_ref(&self.third) } else { &[] };
        Way { source: &self.first, through }
    }

    /// Writes a word at the source, in a transaction; its id.
    pub async fn write(&self, database: &str, id: u32) -> String {
        let client = session(&self.first.administrator(database)).await.unwrap();
        client.batch(&format!("BEGIN; INSERT INTO words VALUES ({id}, 'a word')")).await.unwrap();
        client.commit(Clock::start()).await.unwrap().id
    }

    /// The ids that the second server holds.
    pub async fn held(&self, database: &str) -> Vec<u32> {
        let client = session(&self.second.administrator(database)).await.unwrap();
        let rows = client.rows("SELECT id FROM words ORDER BY id").await.unwrap();
        rows.iter().map(|row| row[0].as_ref().unwrap().parse().unwrap()).collect()
    }

    /// The state of the event at the second server, and its definer.
    async fn hourly(&self, database: &str) -> String {
        let asked = "SELECT concat(status, ' ', definer) FROM information_schema.events WHERE event_name = 'hourly' \
             AND event_schema = DATABASE()";
        let client = session(&self.second.administrator(database)).await.unwrap();
        client.value(asked).await.unwrap().unwrap()
    }

    /// Kills the source, and whoever the second server follows.
    async fn lose_the_source(&mut self) {
        self.first.kill(BOUND).await.unwrap();
        self.third.kill(BOUND).await.unwrap();
    }
}

async fn follow(replica: &mut Server, following: &Following, database: &str) {
    replica.stop(Stop::Fast, BOUND).await.unwrap();
    replica.host().remove_folder(replica.data()).unwrap();
    match replica.beginning(following, BOUND).unwrap() {
        Beginning::Copy(program, copying) => {
            replica.host().exec(&copying).await.unwrap().success(program).unwrap();
        }
        Beginning::Empty(settings) => {
            let cache = blackstart_tools::cache_dir().unwrap();
            replica.initialise(&cache, Role::Target, &settings).await.unwrap();
        }
        Beginning::Filled(settings) => {
            let cache = blackstart_tools::cache_dir().unwrap();
            replica.initialise(&cache, Role::Target, &settings).await.unwrap();
            for filling in replica.filling(following, database, BOUND).await.unwrap() {
                replica.host().exec(&filling).await.unwrap().success(&filling.name()).unwrap();
            }
            replica.filled(BOUND).await.unwrap();
        }
    }
    replica.follow(following, BOUND).await.unwrap();
}

async fn follows(world: &mut World, of: Of) {
    let database = &of.database("followed");
    world.replica(of, database, Pace::AtOnce).await;
    world.write(database, 1).await;
    let position = world.second.caught_up(world.way(of), BOUND).await.unwrap();
    assert!(!position.is_empty());
    assert_eq!(world.held(database).await, [1]);
    let lives = world.second.incarnation(database).await;
    assert!(lives.is_err(), "{lives:?}");
    let takes = world.second.administrator(database).takes_writes().await.unwrap();
    assert!(!takes);
}

async fn paused(world: &mut World, of: Of) {
    let database = &of.database("paused");
    world.replica(of, database, Pace::AtOnce).await;
    let moving = world.second.stands_still(world.way(of), Duration::from_secs(2)).await;
    assert!(moving.is_err(), "{moving:?}");
    world.second.set_paused(true, BOUND).await.unwrap();
    world.write(database, 1).await;
    world.second.stands_still(world.way(of), BOUND).await.unwrap();
    assert!(world.held(database).await.is_empty());
    world.second.set_paused(false, BOUND).await.unwrap();
    world.second.caught_up(world.way(of), BOUND).await.unwrap();
    assert_eq!(world.held(database).await, [1]);
}

async fn promoted(world: &mut World) {
    world.replica(Of::Source, "promoted", Pace::AtOnce).await;
    let password = world.secrets.make().unwrap();
    world.first.set_password(VISITOR, &password).await.unwrap();
    world.second.caught_up(&world.first, BOUND).await.unwrap();
    let old = world.first.incarnation("promoted").await.unwrap();
    world.second.promote(false, BOUND).await.unwrap();
    assert_ne!(world.second.incarnation("promoted").await.unwrap(), old);
    for id in 1..=2 {
        let client = session(&visitor(&world.second, "promoted", &password)).await.unwrap();
        client.batch(&format!("INSERT INTO words VALUES ({id}, 'a word')")).await.unwrap();
        world.second.stop(Stop::Fast, BOUND).await.unwrap();
        world.second.start(BOUND).await.unwrap();
    }
}

async fn drained(world: &mut World, of: Of) {
    let database = &of.database("drained");
    world.replica(of, database, Pace::AtOnce).await;
    world.second.set_paused(true, BOUND).await.unwrap();
    for id in 1..=50 {
        world.write(database, id).await;
    }
    world.second.stands_still(world.way(of), BOUND).await.unwrap();
    world.lose_the_source().await;
    world.second.promote(false, BOUND).await.unwrap();
    assert_eq!(world.held(database).await.len(), 50);
    assert!(world.second.incarnation(database).await.is_ok());
    world.first.start(BOUND).await.unwrap();
}

async fn rolled_on(world: &mut World, of: Of) {
    let database = &of.database("rolled");
    world.replica(of, database, LATE_BY).await;
    let mut ids = Vec::new();
    for id in 1..=5 {
        ids.push(world.write(database, id).await);
    }
    world.second.received(world.way(of), BOUND).await.unwrap();
    // Whoever is in time holds it still first.
    if of == Of::Replica {
        world.second.set_paused(true, BOUND).await.unwrap();
    }
    world.lose_the_source().await;
    world.second.roll_on(&ids[3], BOUND).await.unwrap();
    assert_eq!(world.held(database).await, [1, 2, 3]);
    let said = world.second.promote(true, BOUND).await.unwrap();
    let (by_the_source, third) = ids[2].rsplit_once([':', '-']).unwrap();
    assert!(said.contains(by_the_source) && said.contains(third), "{said}: it has all up to {}", ids[2]);
    assert_eq!(world.held(database).await, [1, 2, 3]);
    assert!(world.second.incarnation(database).await.is_ok());
    world.first.start(BOUND).await.unwrap();
}

async fn hurried(world: &mut World, of: Of) {
    let database = &of.database("hurried");
    world.replica(of, database, LATE_BY).await;
    for id in 1..=5 {
        world.write(database, id).await;
    }
    world.second.received(world.way(of), BOUND).await.unwrap();
    world.lose_the_source().await;
    world.second.apply_received(BOUND).await.unwrap();
    assert_eq!(world.held(database).await, [1, 2, 3, 4, 5]);
    world.second.promote(false, BOUND).await.unwrap();
    assert!(world.second.incarnation(database).await.is_ok());
    world.first.start(BOUND).await.unwrap();
}

async fn shipped(world: &mut World, of: Of) {
    let database = &of.database("shipped");
    world.replica(of, database, Pace::Every(Nanos::from_secs(600))).await;
    assert!(world.second.end_shipments().await.is_none(), "none has begun");
    world.write(database, 1).await;
    world.second.ship_every(world.way(of), Duration::from_secs(600), BOUND).await.unwrap();
    world.second.caught_up(world.way(of), BOUND).await.unwrap();
    assert_eq!(world.held(database).await, [1]);
    world.write(database, 2).await;
    assert_eq!(world.second.end_shipments().await.unwrap(), "after its first shipment came 0 more, and 0 in vain");
    world.second.ship_every(world.way(of), Duration::from_millis(100), BOUND).await.unwrap();
    world.write(database, 3).await;
    let deadline = Instant::now() + BOUND;
    while world.held(database).await != [1, 2, 3] {
        assert!(Instant::now() < deadline, "{:?}", world.held(database).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.second.set_paused(true, BOUND).await.unwrap();
    world.write(database, 4).await;
    world.second.ship_every(world.way(of), Duration::from_secs(600), BOUND).await.unwrap();
    world.write(database, 5).await;
    world.lose_the_source().await;
    world.second.end_shipments().await.unwrap();
    world.second.promote(false, BOUND).await.unwrap();
    assert_eq!(world.held(database).await, [1, 2, 3, 4], "what was shipped and not yet applied, and nothing else");
    world.first.start(BOUND).await.unwrap();
}

async fn passed_on(world: &mut World) {
    world.replica(Of::Replica, "passed", Pace::AtOnce).await;
    world.third.set_paused(true, BOUND).await.unwrap();
    world.write("passed", 1).await;
    // It has all of what it follows.
    world.second.caught_up(&world.third, BOUND).await.unwrap();
    let behind = world.second.caught_up(world.way(Of::Replica), Duration::from_secs(2)).await.unwrap_err();
    assert!(behind.to_string().contains("what host third passes on"), "{behind}");
    assert!(world.held("passed").await.is_empty());
    world.third.set_paused(false, BOUND).await.unwrap();
    world.second.caught_up(world.way(Of::Replica), BOUND).await.unwrap();
    assert_eq!(world.held("passed").await, [1]);
}

async fn too_late(world: &mut World) {
    world.replica(Of::Source, "late", Pace::AtOnce).await;
    let applied = world.write("late", 1).await;
    world.second.caught_up(&world.first, BOUND).await.unwrap();
    let (name, number) = applied.rsplit_once(['-', ':']).unwrap();
    let unheard = applied.replace(&format!("{name}-{number}"), &format!("{name}-999999999"));
    let unheard = unheard.replace(&format!("{name}:{number}"), &format!("{name}:999999999"));
    for id in [applied, unheard] {
        let rolled = world.second.roll_on(&id, BOUND).await;
        assert!(rolled.as_ref().is_err_and(|error| error.to_string().contains(&id)), "{rolled:?}");
    }
}

async fn filled(world: &mut World) {
    create_database(&world.first, world.kind, "filled").await;
    let unlogged = "SET SESSION sql_log_bin = 0; INSERT INTO words VALUES (1, 'a word')";
    for sql in ["DROP USER IF EXISTS replicator", unlogged, HOURLY] {
        world.first.run("filled", sql).await.unwrap();
    }
    let (address, password) = (world.first.address(), world.secrets.make().unwrap());
    let following = Following { address, password, pace: Pace::AtOnce, copies: true };
    world.first.admit(&following).await.unwrap();
    follow(&mut world.second, &following, "filled").await;
    assert_eq!(world.held("filled").await, [1]);
    assert!(world.hourly("filled").await.contains("SIDE_DISABLED"));
    world.write("filled", 2).await;
    world.second.caught_up(&world.first, BOUND).await.unwrap();
    assert_eq!(world.held("filled").await, [1, 2]);
    world.second.promote(false, BOUND).await.unwrap();
    assert_eq!(world.hourly("filled").await, "ENABLED visitor@%");
}

async fn events(world: &mut World) {
    world.replica(Of::Source, "eventful", Pace::AtOnce).await;
    world.first.run("eventful", HOURLY).await.unwrap();
    world.second.caught_up(&world.first, BOUND).await.unwrap();
    assert!(world.hourly("eventful").await.contains("SIDE_DISABLED"));
    world.second.promote(false, BOUND).await.unwrap();
    assert_eq!(world.hourly("eventful").await, "ENABLED visitor@%");
}
