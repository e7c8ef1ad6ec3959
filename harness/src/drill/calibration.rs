//! One stall of known length before the fault: the verdict has to find it, or it believes nothing else.

use std::time::Duration;

use blackstart_record::event::Event;

use crate::clock::Clock;
use crate::engine::Server;
use crate::examine::probe::Probes;
use crate::failure::{Context, Error, Result};

/// Long enough for the held sessions to notice it whenever it comes, short enough for the clients to ride it out.
const STALL: Duration = Duration::from_millis(300);
const LOOK: Duration = Duration::from_millis(10);
/// A service that is not steady by then is calibrated as it is, which the verdict will see.
const UNSTEADY: Duration = Duration::from_secs(30);

/// Freezes the source whole for `STALL`, thaws it, and lets the service that `probes` watch be stable again. What the
/// history has to say of it.
///
/// # Errors
/// Within `bound` no probe was answered, or the source did not stand still.
pub async fn stall(clock: Clock, source: &Server, probes: &Probes, bound: Duration) -> Result<Event> {
    let deadline = clock.now().plus(bound.into());
    while !probes.answered() {
        if clock.now() > deadline {
            return Err(Error::bound("the first answer to a probe", bound, Vec::new()));
        }
        tokio::time::sleep(LOOK).await;
    }
    let before = clock.now();
    let still = source.freeze(bound).await.cannot("calibrate the probes")?;
    let frozen = clock.now();
    tokio::time::sleep(STALL).await;
    let thawed = still.thaw(clock);
    probes.steady(UNSTEADY).await;
    Ok(Event::Calibrated { before, frozen, thawed })
}
