//! One stall of known length before the fault: the verdict has to find it, or it believes nothing else.

use std::time::Duration;

use blackstart_record::event::Event;
use blackstart_record::plan::ProbePlan;
use blackstart_record::time::Nanos;

use crate::clock::Clock;
use crate::engine::postgres::Postgres;
use crate::examine::probe::Probes;
use crate::failure::{Context, Error, Result};

/// Long enough for the held sessions to notice it whenever it comes, short enough for the clients to ride it out.
const STALL: Duration = Duration::from_millis(300);

/// Freezes the source whole for [`STALL`], thaws it, and lets the service that `probes` watch, as `plan` says, be stable
/// again. What the history has to say of it.
///
/// # Errors
/// Within `bound` no probe was answered, or the source did not stand still.
pub async fn stall(
    clock: Clock,
    source: &Postgres,
    probes: &Probes,
    plan: &ProbePlan,
    bound: Duration,
) -> Result<Event> {
    let deadline = clock.now().plus(bound.into());
    while !probes.answered() {
        if clock.now() > deadline {
            return Err(Error::bound("the first answer to a probe", bound, Vec::new()));
        }
        tokio::time::sleep(plan.beat.into()).await;
    }
    let before = clock.now();
    let still = source.freeze(bound).await.cannot("calibrate the probes")?;
    let frozen = clock.now();
    tokio::time::sleep(STALL).await;
    let thawed = still.thaw(clock);
    // The window itself, and room for a last late beat and for the next fresh connection to be answered.
    let window = Nanos(plan.beat.0.saturating_mul(u64::from(plan.stability))).plus(plan.fresh_beat);
    tokio::time::sleep(window.into()).await;
    Ok(Event::Calibrated { before, frozen, thawed })
}
