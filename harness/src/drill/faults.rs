//! The disaster: each fault at its time, confirmed, and healed where it is to last for a time only.

use std::future::Future;

use blackstart_record::event::Event;
use blackstart_record::time::Nanos;

use super::Drill;
use super::environment::World;
use crate::engine::Transaction;
use crate::failure::{Context, Error, Result};
use crate::fault::Injected;

/// A fault that will be healed.
struct Passing {
    until: Nanos,
    index: usize,
    injected: Injected,
}

/// Injects and confirms the faults, each at its time after now, and heals those that last for a time. Returns when all of
/// that is done; the others stand until the drill is over.
pub(super) async fn run(drill: &Drill, world: &mut World) -> Result<Option<Transaction>> {
    let loaded = &drill.request.loaded;
    let start = drill.clock.now();
    let mut coming = loaded.scenario.faults.iter().map(|plan| start.plus(plan.after)).enumerate().peekable();
    let mut passing: Vec<Passing> = Vec::new();
    let mut transaction = None;
    loop {
        let next_end = passing.iter().map(|fault| fault.until).min();
        let next = coming.next_if(|(_, at)| next_end.is_none_or(|end| *at < end));
        let Some((index, at)) = next else {
            let Some(position) = passing.iter().position(|fault| Some(fault.until) == next_end) else { break };
            let fault = passing.swap_remove(position);
            heal(drill, world, fault).await?;
            continue;
        };
        tokio::time::sleep_until(drill.clock.instant(at).into()).await;
        let injected = inject(drill, world, index).await?;
        // Before all that is wrong, not only the last of it.
        transaction = transaction.or_else(|| injected.transaction.clone());
        if let Some(login) = &injected.intruder {
            let [account, password] = ["an account that the intruder made", "the application's password of that time"];
            let held = [(account.to_owned(), login.clone()), (password.to_owned(), world.login.clone())];
            world.intruders.extend(held);
        }
        match loaded.faults[index].lasts {
            Some(lasts) => passing.push(Passing { until: drill.clock.now().plus(lasts), index, injected }),
            None => world.standing.push(injected),
        }
    }
    Ok(transaction)
}

async fn inject(drill: &Drill, world: &mut World, index: usize) -> Result<Injected> {
    let loaded = &drill.request.loaded;
    let (fault, name) = (loaded.faults[index].inject.fault(), &loaded.scenario.faults[index].name);
    let before = world.source.process();
    drill.emit(Event::FaultIntended { fault: index, at: drill.clock.now(), says: fault.intends() }).await;
    let mut scene = world.scene(drill);
    let injected = bounded(drill, fault.inject(&mut scene)).await.cannot(format_args!("inject fault {name}"))?;
    let confirmed = bounded(drill, fault.confirm(&mut scene, &injected)).await;
    let at = drill.clock.now();
    drill
        .emit(match confirmed {
            Ok(evidence) => {
                Event::FaultConfirmed { fault: index, at, evidence: format!("{}; {evidence}", injected.says) }
            }
            Err(error) => Event::FaultUnconfirmed { fault: index, why: error.to_string() },
        })
        .await;
    note_life(drill, world, before).await?;
    Ok(injected)
}

async fn heal(drill: &Drill, world: &mut World, fault: Passing) -> Result<()> {
    let Passing { until, index, injected } = fault;
    let loaded = &drill.request.loaded;
    let name = &loaded.scenario.faults[index].name;
    tokio::time::sleep_until(drill.clock.instant(until).into()).await;
    let heal = loaded.faults[index].inject.fault().heal();
    let heal = heal.ok_or_else(|| Error::new(format!("fault {name} does not end by itself")))?;
    let before = world.source.process();
    bounded(drill, heal.heal(&mut world.scene(drill), injected)).await.cannot(format_args!("heal fault {name}"))?;
    drill.emit(Event::FaultHealed { fault: index, at: drill.clock.now() }).await;
    note_life(drill, world, before).await
}

/// A restart in the course of a fault is a new life of the source.
async fn note_life(drill: &Drill, world: &mut World, before: Option<u32>) -> Result<()> {
    let now = world.source.process();
    if now.is_some() && now != before {
        let host = world.source.host().name().to_owned();
        world.last_source = world.source.incarnation(&drill.request.loaded.environment.database).await?;
        drill.incarnations.number(&host, world.last_source.clone()).await;
    }
    Ok(())
}

/// A fault may stop the server, start it and look, each of which has the server's bound of its own.
async fn bounded<T>(drill: &Drill, work: impl Future<Output = Result<T>>) -> Result<T> {
    let bound = drill.request.loaded.bounds.server;
    let bound = bound.plus(bound).plus(bound).into();
    tokio::time::timeout(bound, work).await.unwrap_or_else(|_| Err(Error::bound("it", bound, Vec::new())))
}
