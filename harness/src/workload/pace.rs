//! When the next operation of a client is due.

use blackstart_record::time::Nanos;

use crate::clock::Clock;

/// A client that was held up makes up for at most this much: while a system is down, its users do not queue for ever.
const BACKLOG: Nanos = Nanos::from_secs(1);

/// The beat of one client: open loop at its share of a total rate, or flat out.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// Time between two operations; `None`: flat out.
    beat: Option<Nanos>,
    next: Nanos,
}

impl Pace {
    /// The beat of client `client` of `clients` at `rate` operations a second over all of them.
    pub fn new(rate: Option<f64>, client: u32, clients: u32, now: Nanos) -> Self {
        let rate = rate.filter(|rate| rate.is_finite() && *rate > 0.0);
        let share = |count: u32| rate.map(|rate| Nanos((f64::from(count) * 1e9 / rate) as u64));
        // Clients begin one after another, so that their beats do not fall together.
        Self { beat: share(clients), next: now.plus(share(client).unwrap_or_default()) }
    }

    /// Waits until the next operation is due; when it was due.
    pub async fn wait(&mut self, clock: Clock) -> Nanos {
        let Some(beat) = self.beat else { return clock.now() };
        self.next = self.next.max(Nanos(clock.now().0.saturating_sub(BACKLOG.0)));
        let due = self.next;
        self.next = due.plus(beat);
        if due > clock.now() {
            tokio::time::sleep_until(clock.instant(due).into()).await;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn operations_are_due_on_the_beat_and_a_backlog_is_bounded() {
        let clock = Clock::start();
        let now = clock.now();
        let mut pace = Pace::new(Some(1000.0), 3, 8, now);
        let dues = [pace.wait(clock).await, pace.wait(clock).await];
        assert_eq!(dues.map(|due| due.since(now)), [Nanos::from_millis(3), Nanos::from_millis(11)]);
        pace.next = Nanos::ZERO;
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let due = pace.wait(clock).await;
        assert!(clock.now().since(due) < Nanos::from_millis(1050));
        let mut flat_out = Pace::new(None, 0, 1, now);
        assert!(flat_out.wait(clock).await > due);
    }
}
