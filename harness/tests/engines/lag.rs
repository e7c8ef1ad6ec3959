//! What every engine promises of a replica's own figure of its lag.

use std::time::{Duration, Instant};

use blackstart::engine::Client;
use blackstart_record::alert::OwnLag;
use blackstart_record::plan::Pace;
use blackstart_record::time::Nanos;
use futures_util::FutureExt;

use crate::engine::{BOUND, session};
use crate::promises::{Promise, World};
use crate::replicas::Of;

pub const ALL: &[Promise] =
    &[("a replica that has applied all says that it is not behind", |world| caught_up(world).boxed_local())];

/// Of an engine whose replicas can be late by intent.
pub const LATE: &[Promise] = &[
    ("a late replica says how late it is, in its own steps", |world| late(world).boxed_local()),
    ("a replica that applies nothing says nothing of its lag", |world| silent(world).boxed_local()),
];

const LATE_BY: Pace = Pace::Late(Nanos::from_secs(600));
/// More than the second in which some count.
const MEANWHILE: Duration = Duration::from_millis(2_500);

impl World {
    /// The replica, asked as its administrator.
    async fn follower(&self) -> Client {
        session(&self.second.administrator(self.kind.system)).await.unwrap()
    }
}

async fn caught_up(world: &mut World) {
    world.replica(Of::Source, "level", Pace::AtOnce).await;
    world.write("level", 1).await;
    world.second.caught_up(&world.first, BOUND).await.unwrap();
    let follower = world.follower().await;
    let begun = Instant::now();
    // What is no data is received and applied in between, too.
    loop {
        let OwnLag { behind, .. } = follower.own_lag().await.unwrap().expect("a figure");
        if behind == Nanos::ZERO {
            break;
        }
        assert!(begun.elapsed() < BOUND, "behind by {behind}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn late(world: &mut World) {
    world.replica(Of::Source, "tardy", LATE_BY).await;
    world.write("tardy", 1).await;
    let after = Instant::now();
    world.second.received(&world.first, BOUND).await.unwrap();
    tokio::time::sleep(MEANWHILE).await;
    let follower = world.follower().await;
    let asked = Instant::now();
    let first = follower.own_lag().await.unwrap().expect("a figure");
    let written = Nanos::from(asked.duration_since(after));
    // It has the write still to come, and older ones.
    assert!(first.behind.plus(first.resolution) >= written, "{} of {written}", first.behind);
    tokio::time::sleep(MEANWHILE).await;
    let second = follower.own_lag().await.unwrap().expect("a figure");
    let (grown, passed) = (second.behind.since(first.behind), Nanos::from(asked.elapsed()));
    let off = if grown > passed { grown.since(passed) } else { passed.since(grown) };
    assert!(off <= first.resolution.plus(second.resolution), "{grown} in {passed}");
}

async fn silent(world: &mut World) {
    world.replica(Of::Source, "silent", Pace::AtOnce).await;
    world.second.set_paused(true, BOUND).await.unwrap();
    assert_eq!(world.follower().await.own_lag().await.unwrap(), None);
    world.second.set_paused(false, BOUND).await.unwrap();
}
