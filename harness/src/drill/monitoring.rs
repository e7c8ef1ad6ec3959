//! What a drill monitors until its recovery begins in earnest: the replica that is to take over, and the source's business rules
//! where the plan has an alert of them.

use blackstart_record::alert::Alert;

use super::Drill;
use super::environment::{World, promotes};
use crate::engine::Door;
use crate::examine::monitor::{Monitor, Replica, Watched};
use crate::examine::probe::Probes;
use crate::failure::Result;
use crate::plan::MONITORING_LINK;

/// Monitors what `world` has of that from now on.
///
/// # Errors
/// The link could not be opened.
pub(super) async fn start(drill: &Drill, world: &mut World, probes: &Probes) -> Result<Monitor> {
    let loaded = &drill.request.loaded;
    let database = &loaded.environment.database;
    let replica = if promotes(loaded) {
        let link = world.links.open(MONITORING_LINK, world.target.address()).await?;
        let outside = world.login.at(Door::Address(link.listen));
        Some(Replica { outside, administrator: world.target.administrator(world.target.kind().own_database()) })
    } else {
        None
    };
    let asks_for_rules = loaded.plan.alerts.contains_key(&Alert::Integrity);
    let rules = asks_for_rules.then(|| (world.source.administrator(database), drill.domain));
    Ok(Monitor::start(drill.clock, Watched { replica, rules }, probes.writes(), &drill.events))
}
