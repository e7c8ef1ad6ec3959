//! One stall of known length before the fault: the verdict has to find it, or it believes nothing else.

use std::time::Duration;

use blackstart_record::event::Event;
use blackstart_record::time::Nanos;

use super::Drill;
use super::environment::World;
use crate::failure::{Context, Result};

/// Long enough for every stream to notice it, short enough for the clients to ride it out.
const STALL: Duration = Duration::from_millis(300);

/// Freezes the source whole for [`STALL`], thaws it, and lets the service be stable again.
pub(super) async fn run(drill: &Drill, world: &World) -> Result<()> {
    let plan = &drill.request.loaded.scenario.probes;
    let bound = drill.request.loaded.bounds.server.into();
    let before = drill.clock.now();
    let still = world.source.freeze(bound).await.cannot("calibrate the probes")?;
    let frozen = drill.clock.now();
    tokio::time::sleep(STALL).await;
    let thawed = still.thaw(drill.clock);
    drill.emit(Event::Calibrated { before, frozen, thawed }).await;
    // The window itself, and room for a last late beat and for the next fresh connection to be answered.
    let window = Nanos(plan.beat.0.saturating_mul(u64::from(plan.stability))).plus(plan.fresh_beat);
    tokio::time::sleep(window.into()).await;
    Ok(())
}
