//! What every engine promises of its replicas. The first server is the source, and the second is made its replica.

use std::time::Duration;

use blackstart::clock::Clock;
use blackstart::engine::replication::{Beginning, Following};
use blackstart::engine::{Role, Stop};
use blackstart_record::plan::Pace;
use blackstart_record::time::Nanos;
use futures_util::FutureExt;

use crate::engine::{BOUND, VISITOR, create_database, session, visitor};
use crate::promises::{Promise, World};

pub const ALL: &[Promise] = &[
    ("a replica holds what its source wrote, and lives no life", |world| follows(world).boxed_local()),
    ("a paused replica receives, applies nothing, and catches up", |world| paused(world).boxed_local()),
    ("a promoted replica has another life, and takes writes, also after a start", |world| {
        promoted(world).boxed_local()
    }),
    ("a paused replica that is promoted has lost nothing that it had received", |world| drained(world).boxed_local()),
];

/// Of an engine whose replicas can be late by intent.
pub const LATE: &[Promise] = &[
    ("a late replica goes on to just before a transaction, its source dead", |world| rolled_on(world).boxed_local()),
    ("a late replica applies at once what it had received, its source dead", |world| hurried(world).boxed_local()),
    ("a transaction that is applied, or was never received, is nothing to go on to", |world| {
        too_late(world).boxed_local()
    }),
    ("an event runs on the source alone, and on whoever is promoted", |world| events(world).boxed_local()),
];

/// Longer than anything here takes: what a replica has before it is over, it has not waited for.
const LATE_BY: Pace = Pace::Late(Nanos::from_secs(600));

impl World {
    /// Makes the second server a replica of the first, which has a fresh database.
    async fn replica(&mut self, database: &str, pace: Pace) {
        create_database(&self.first, self.kind, database).await;
        self.first.run(self.kind.system, "DROP USER IF EXISTS replicator").await.unwrap();
        self.second.stop(Stop::Fast, BOUND).await.unwrap();
        self.second.host().remove_folder(self.second.data()).unwrap();
        let following = Following { address: self.first.address(), password: self.secrets.make().unwrap(), pace };
        self.first.admit(&following).await.unwrap();
        match self.second.beginning(&following, BOUND).unwrap() {
            Beginning::Copy(program, copying) => {
                self.second.host().exec(&copying).await.unwrap().success(program).unwrap();
            }
            Beginning::Empty(settings) => {
                let cache = blackstart_tools::cache_dir().unwrap();
                self.second.initialise(&cache, Role::Target, &settings).await.unwrap();
            }
        }
        self.second.follow(&following, BOUND).await.unwrap();
        if pace == Pace::AtOnce {
            self.second.caught_up(&self.first, BOUND).await.unwrap();
        }
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

    /// Kills the source, once the replica has received all that it wrote.
    async fn lose_the_source(&mut self) {
        self.second.received(&self.first, BOUND).await.unwrap();
        self.first.kill(BOUND).await.unwrap();
    }
}

async fn follows(world: &mut World) {
    world.replica("followed", Pace::AtOnce).await;
    world.write("followed", 1).await;
    let position = world.second.caught_up(&world.first, BOUND).await.unwrap();
    assert!(!position.is_empty());
    assert_eq!(world.held("followed").await, [1]);
    let lives = world.second.incarnation("followed").await;
    assert!(lives.is_err(), "{lives:?}");
    let takes = world.second.administrator("followed").takes_writes().await.unwrap();
    assert!(!takes);
}

async fn paused(world: &mut World) {
    world.replica("paused", Pace::AtOnce).await;
    let moving = world.second.stands_still(&world.first, Duration::from_secs(2)).await;
    assert!(moving.is_err(), "{moving:?}");
    world.second.set_paused(true, BOUND).await.unwrap();
    world.write("paused", 1).await;
    world.second.stands_still(&world.first, BOUND).await.unwrap();
    assert!(world.held("paused").await.is_empty());
    world.second.set_paused(false, BOUND).await.unwrap();
    world.second.caught_up(&world.first, BOUND).await.unwrap();
    assert_eq!(world.held("paused").await, [1]);
}

async fn promoted(world: &mut World) {
    world.replica("promoted", Pace::AtOnce).await;
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

async fn drained(world: &mut World) {
    world.replica("drained", Pace::AtOnce).await;
    world.second.set_paused(true, BOUND).await.unwrap();
    for id in 1..=50 {
        world.write("drained", id).await;
    }
    world.second.stands_still(&world.first, BOUND).await.unwrap();
    world.first.kill(BOUND).await.unwrap();
    world.second.promote(false, BOUND).await.unwrap();
    assert_eq!(world.held("drained").await.len(), 50);
    world.first.start(BOUND).await.unwrap();
}

async fn rolled_on(world: &mut World) {
    world.replica("rolled", LATE_BY).await;
    let mut ids = Vec::new();
    for id in 1..=5 {
        ids.push(world.write("rolled", id).await);
    }
    world.lose_the_source().await;
    world.second.roll_on(&ids[3], BOUND).await.unwrap();
    assert_eq!(world.held("rolled").await, [1, 2, 3]);
    world.second.promote(true, BOUND).await.unwrap();
    assert_eq!(world.held("rolled").await, [1, 2, 3]);
    assert!(world.second.incarnation("rolled").await.is_ok());
    world.first.start(BOUND).await.unwrap();
}

async fn hurried(world: &mut World) {
    world.replica("hurried", LATE_BY).await;
    for id in 1..=5 {
        world.write("hurried", id).await;
    }
    world.lose_the_source().await;
    world.second.apply_received(BOUND).await.unwrap();
    assert_eq!(world.held("hurried").await, [1, 2, 3, 4, 5]);
    world.second.promote(false, BOUND).await.unwrap();
    assert!(world.second.incarnation("hurried").await.is_ok());
    world.first.start(BOUND).await.unwrap();
}

async fn too_late(world: &mut World) {
    world.replica("late", Pace::AtOnce).await;
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

async fn events(world: &mut World) {
    world.replica("eventful", Pace::AtOnce).await;
    let event = "CREATE DEFINER = visitor@'%' EVENT hourly ON SCHEDULE EVERY 1 HOUR DO DO 1";
    world.first.run("eventful", event).await.unwrap();
    world.second.caught_up(&world.first, BOUND).await.unwrap();
    let asked = "SELECT concat(status, ' ', definer) FROM information_schema.events WHERE event_name = 'hourly'";
    let seen = async |world: &World| {
        let client = session(&world.second.administrator("eventful")).await.unwrap();
        client.value(asked).await.unwrap().unwrap()
    };
    assert!(seen(world).await.contains("SIDE_DISABLED"));
    world.second.promote(false, BOUND).await.unwrap();
    assert_eq!(seen(world).await, "ENABLED visitor@%");
}
