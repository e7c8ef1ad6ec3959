//! Shipments to a replica: once in so long it receives all that there is by then, and nothing in between. Whoever does this for
//! a living has a timer start its receiver, look where it has come to, and stop it.

use std::fmt;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{self, Instant, MissedTickBehavior};

use super::LOOK;
use super::status::{Position, Status};
use crate::engine::Login;
use crate::engine::mysql::client::Client;
use crate::engine::mysql::{Flavour, Mysql, SYSTEM, connect};
use crate::failure::{Context, Error, Result};

/// What starts a replica's receiver, and what stops it.
const START: &str = "START SLAVE IO_THREAD";
pub(super) const STOP: &str = "STOP SLAVE IO_THREAD";

/// Both ends of a shipment, as somebody beside them reaches them.
#[derive(Debug)]
pub(super) struct Shipper {
    from: Login,
    to: Login,
    flavour: Flavour,
    bound: Duration,
}

impl Shipper {
    /// Ships from a server to its replica, each time within `bound`.
    pub(super) fn between(from: &Mysql, to: &Mysql, bound: Duration) -> Self {
        Self { from: from.superuser(SYSTEM), to: to.superuser(SYSTEM), flavour: to.flavour(), bound }
    }

    /// Has the replica receive all that the other has logged by now, and then nothing more; given up early where that is
    /// `over`.
    ///
    /// # Errors
    /// Either does not answer, or the replica has not come so far.
    pub(super) async fn ship(&self, over: impl Fn() -> bool) -> Result<()> {
        let wanted = Position::of_source(self.flavour, &connect(&self.from).await?).await?;
        let client = connect(&self.to).await?;
        client.batch(&self.flavour.said(START)).await.cannot("start the replica's receiving")?;
        let received = self.receive(&client, &wanted, over).await;
        client.batch(&self.flavour.said(STOP)).await.cannot("stop the replica's receiving")?;
        received
    }

    async fn receive(&self, client: &Client, wanted: &Position, over: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + self.bound;
        loop {
            let status = Status::of(self.flavour, client).await?;
            let status = status.ok_or_else(|| Error::new("the replica follows nobody"))?;
            if status.received >= *wanted {
                return Ok(());
            }
            if over() || Instant::now() > deadline {
                return Err(Error::new(format!(
                    "the replica has received up to {}, and not {wanted}",
                    status.received
                )));
            }
            time::sleep(LOOK).await;
        }
    }
}

/// Shipments that go on by themselves.
#[derive(Debug)]
pub struct Shipments {
    over: watch::Sender<bool>,
    shipping: JoinHandle<Tally>,
}

impl Shipments {
    /// Begins them, the first after `every`.
    pub(super) fn begin(shipper: Shipper, every: Duration) -> Self {
        let (over, mut told) = watch::channel(false);
        let shipping = tokio::spawn(async move {
            let mut due = time::interval_at(Instant::now() + every, every);
            due.set_missed_tick_behavior(MissedTickBehavior::Skip);
            let mut tally = Tally::default();
            loop {
                tokio::select! {
                    biased;
                    _ = told.changed() => return tally,
                    _ = due.tick() => tally.add(shipper.ship(|| *told.borrow()).await),
                }
            }
        });
        Self { over, shipping }
    }

    /// Ends them, once the one that is under way has given up; what came of them.
    pub(super) async fn end(self) -> Tally {
        // Whoever is not there any more ships nothing.
        let _ = self.over.send(true);
        let broken = |error: JoinError| Tally { why: Some(Error::new(error.to_string())), ..Tally::default() };
        self.shipping.await.unwrap_or_else(broken)
    }
}

/// What came of shipments.
#[derive(Debug, Default)]
pub(super) struct Tally {
    came: u32,
    in_vain: u32,
    /// Why the last one was, if it was.
    why: Option<Error>,
}

impl Tally {
    fn add(&mut self, shipped: Result<()>) {
        match shipped {
            Ok(()) => (self.came, self.why) = (self.came + 1, None),
            Err(why) => (self.in_vain, self.why) = (self.in_vain + 1, Some(why)),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after its first shipment came {} more, and {} in vain", self.came, self.in_vain)?;
        match &self.why {
            Some(why) => write!(f, ", the last of all among these: {}", why.failure().message),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_says_why_the_last_shipment_did_not_come_and_no_other() {
        let lost = || Err(Error::new("no way"));
        let last = "after its first shipment came 1 more, and 2 in vain, the last of all among these: no way";
        for (shipped, says) in [
            (vec![], "after its first shipment came 0 more, and 0 in vain"),
            (vec![lost(), Ok(())], "after its first shipment came 1 more, and 1 in vain"),
            (vec![lost(), Ok(()), lost()], last),
        ] {
            let mut tally = Tally::default();
            shipped.into_iter().for_each(|shipped| tally.add(shipped));
            assert_eq!(tally.to_string(), says);
        }
    }
}
