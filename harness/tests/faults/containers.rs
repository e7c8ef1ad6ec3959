//! The faults that only containers have, one row each.

use std::time::{Duration, Instant};

use blackstart::host::Command;
use futures_util::future::FutureExt;

use crate::table::{Row, Seen, mute, unreachable};
use crate::world::{BOUND, World};

/// What kills the container comes last.
pub const PROOFS: &[Row] = &[
    Row {
        inject: "cpu-throttled = { host = 'primary', percent = 10 }",
        heals: true,
        probe: |world| slower_than_another(world).boxed(),
    },
    Row { inject: "container-paused = { host = 'primary' }", heals: true, probe: |world| mute(world).boxed() },
    Row {
        inject: "network-disconnected = { host = 'primary' }",
        heals: true,
        probe: |world| unreachable(world).boxed(),
    },
    Row { inject: "packets-dropped = { host = 'primary' }", heals: true, probe: |world| unreachable(world).boxed() },
    Row {
        inject: "packets-dropped = { host = 'primary', direction = 'in' }",
        heals: true,
        probe: |world| unreachable(world).boxed(),
    },
    Row {
        inject: "packets-dropped = { host = 'primary', direction = 'out' }",
        heals: true,
        probe: |world| unreachable(world).boxed(),
    },
    Row {
        inject: "memory-exhausted = { host = 'primary' }",
        heals: true,
        probe: |world| {
            async move {
                let sql = "SELECT length(string_agg(repeat('x', 1000000), '')) FROM generate_series(1, 300)";
                world.ask_much(sql).await.err()
            }
            .boxed()
        },
    },
    Row { inject: "container-killed = { host = 'primary' }", heals: false, probe: |world| unreachable(world).boxed() },
];

/// The same work takes much longer than on another host of this machine.
async fn slower_than_another(world: &World) -> Seen {
    let (mut throttled, mut free) = (Duration::MAX, Duration::MAX);
    for _ in 0..2 {
        throttled = throttled.min(work(world, "primary").await);
        free = free.min(work(world, "outside").await);
    }
    (throttled > 3 * free).then(|| format!("work took {throttled:?}, and {free:?} on another host"))
}

async fn work(world: &World, host: &str) -> Duration {
    let count = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
    let command = Command::new("/bin/sh").args(["-c", count]).bound(BOUND);
    let begun = Instant::now();
    world.hosts[host].exec(&command).await.unwrap().success("counting").unwrap();
    begun.elapsed()
}
