//! What is whose: every container, network and volume says so from the moment it is there, and what a dead drill left is
//! removed by that.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::Docker;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveVolumeOptionsBuilder,
};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Engine, said};
use crate::failure::{Error, Result};
use crate::host::process;

const RUN: &str = "blackstart.run";
const DRILL: &str = "blackstart.drill";
const OWNER: &str = "blackstart.owner";
const EXPIRES: &str = "blackstart.expires";
/// Whoever can't be asked whether its owner lives is removed after so long.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// A container with many processes takes some seconds on a busy machine.
const REMOVAL_BOUND: Duration = Duration::from_secs(30);

/// A drill, and the process that answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The run (ULID).
    pub run: String,
    /// The drill (ULID).
    pub drill: String,
}

impl Owner {
    pub(super) fn network(&self) -> String {
        format!("blackstart-{}", self.drill.to_lowercase())
    }

    pub(super) fn container(&self, host: &str) -> String {
        format!("{}-{host}", self.network())
    }

    /// The addresses to try at an attempt: they follow from the drill, so that drills side by side seldom meet.
    pub(super) fn subnet(&self, attempt: u8) -> [u8; 3] {
        let digest = Sha256::digest(format!("{} {attempt}", self.drill));
        // A corner of the private addresses where few people have anything.
        [10, 200 + digest[0] % 50, digest[1]]
    }

    /// Said of everything from the moment it is there.
    pub(super) fn labels(&self) -> HashMap<String, String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let expires = (now + LIFETIME).as_secs().to_string();
        let labels =
            [(RUN, self.run.clone()), (DRILL, self.drill.clone()), (OWNER, this_process()), (EXPIRES, expires)];
        labels.map(|(key, value)| (key.to_owned(), value)).into()
    }
}

/// This process, named for good: the machine's boot, its id, and when it started.
fn this_process() -> String {
    let pid = std::process::id();
    format!("{} {pid} {}", boot(), process::start_time(pid).unwrap_or_default())
}

fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// Something of ours that the engine has, by its id or name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Thing {
    Container(String),
    Network(String),
    Volume(String),
}

/// Removes everything of one drill.
pub(super) async fn clear(engine: &Engine, drill: &str) -> Result<()> {
    let client = engine.client()?;
    let things = labelled(&client, &format!("{DRILL}={drill}")).await?;
    let things: Vec<Thing> = things.into_iter().map(|(thing, _)| thing).collect();
    remove(&client, &things).await
}

/// What [`sweep`] did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remains {
    /// Containers, networks and volumes that were removed.
    pub removed: usize,
    /// Those whose owner lives; they were left alone.
    pub in_use: usize,
    /// The engine that had them.
    pub engine: String,
}

/// Removes everything of drills whose owner is gone. `None`: there is no engine to ask.
///
/// # Errors
/// What could not be removed.
pub async fn sweep() -> Result<Option<Remains>> {
    let Ok(engine) = Engine::find().await else { return Ok(None) };
    let client = engine.client()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (here, started) = (boot(), |pid| process::start_time(pid));
    let (gone, used): (Vec<_>, Vec<_>) =
        labelled(&client, DRILL).await?.into_iter().partition(|(_, labels)| is_left(labels, &here, started, now));
    let gone: Vec<Thing> = gone.into_iter().map(|(thing, _)| thing).collect();
    remove(&client, &gone).await?;
    Ok(Some(Remains { removed: gone.len(), in_use: used.len(), engine: engine.version }))
}

/// Whether nobody answers for it any more. An owner of another machine or another boot can't be asked: time tells.
fn is_left(labels: &HashMap<String, String>, boot: &str, started: impl Fn(u32) -> Option<u64>, now: u64) -> bool {
    let label = |name| labels.get(name).map_or("", String::as_str);
    let mut owner = label(OWNER).split(' ');
    match (owner.next(), owner.next().and_then(|pid| pid.parse().ok()), owner.next()) {
        (Some(there), Some(pid), Some(since)) if there == boot => {
            started(pid).is_none_or(|started| started.to_string() != since)
        }
        _ => label(EXPIRES).parse::<u64>().is_ok_and(|expires| expires < now),
    }
}

async fn labelled(client: &Docker, label: &str) -> Result<Vec<(Thing, HashMap<String, String>)>> {
    let refused = |error: bollard::errors::Error| Error::new(said(&error));
    let filters = HashMap::from([("label", vec![label])]);
    let containers = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let containers = client.list_containers(Some(containers)).await.map_err(refused)?;
    let containers = containers.into_iter().filter_map(|one| Some((Thing::Container(one.id?), one.labels?)));
    let networks = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let networks = client.list_networks(Some(networks)).await.map_err(refused)?;
    let networks = networks.into_iter().filter_map(|one| Some((Thing::Network(one.id?), one.labels?)));
    let volumes = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let volumes = client.list_volumes(Some(volumes)).await.map_err(refused)?.volumes.unwrap_or_default();
    let volumes = volumes.into_iter().map(|one| (Thing::Volume(one.name), one.labels));
    Ok(containers.chain(networks).chain(volumes).collect())
}

/// Removes containers side by side, then networks and volumes, which they had held. What is gone already is fine.
async fn remove(client: &Docker, things: &[Thing]) -> Result<()> {
    let mut stuck = Vec::new();
    let (containers, others): (Vec<_>, Vec<_>) =
        things.iter().cloned().partition(|thing| matches!(thing, Thing::Container(_)));
    for things in [containers, others] {
        let removed = stream::iter(things).map(async |thing| remove_one(client, &thing).await.err());
        stuck.extend(removed.buffer_unordered(8).filter_map(async |stuck| stuck).collect::<Vec<_>>().await);
    }
    if stuck.is_empty() { Ok(()) } else { Err(Error::with_lines("something is left on the container engine", stuck)) }
}

async fn remove_one(client: &Docker, thing: &Thing) -> std::result::Result<(), String> {
    use bollard::errors::Error::DockerResponseServerError as Answered;
    let (what, removed) = match thing {
        Thing::Container(id) => {
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            let removed = client.remove_container(id, Some(options)).await;
            // Somebody else is at it: then it is awaited.
            if matches!(removed, Err(Answered { status_code: 409, .. })) {
                return gone(client, id).await;
            }
            (id, removed)
        }
        Thing::Network(id) => (id, client.remove_network(id).await),
        Thing::Volume(name) => {
            let options = RemoveVolumeOptionsBuilder::default().force(true).build();
            (name, client.remove_volume(name, Some(options)).await)
        }
    };
    match removed {
        Ok(()) | Err(Answered { status_code: 404, .. }) => Ok(()),
        Err(error) => Err(format!("{what}: {}", said(&error))),
    }
}

/// Waits until a container that is being removed is no more.
async fn gone(client: &Docker, id: &str) -> std::result::Result<(), String> {
    let deadline = tokio::time::Instant::now() + REMOVAL_BOUND;
    while tokio::time::Instant::now() < deadline {
        if client.inspect_container(id, None).await.is_err() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(format!("{id}: it was still being removed after {} s", REMOVAL_BOUND.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_answers_for_is_left() {
        let labels = |owner: &str, expires: u64| {
            HashMap::from([(OWNER.to_owned(), owner.to_owned()), (EXPIRES.to_owned(), expires.to_string())])
        };
        let started = |pid| (pid == 7).then_some(70);
        let left = |owner: &str, expires| is_left(&labels(owner, expires), "boot", started, 1000);
        assert!(!left("boot 7 70", 1), "its owner lives, however long ago it should have ended");
        assert!(left("boot 7 71", 2000), "another process has its number now");
        assert!(left("boot 8 80", 2000), "its owner is gone");
        assert!(!left("other 7 70", 2000) && left("other 8 80", 999), "of another boot or machine time tells");
        assert!(!left("", 2000) && left("", 999) && !is_left(&HashMap::new(), "boot", started, 1000));
    }

    #[test]
    fn everything_says_whose_it_is() {
        let owner = Owner { run: "R".into(), drill: "01ABC".into() };
        let labels = owner.labels();
        assert_eq!((&*labels[RUN], &*labels[DRILL]), ("R", "01ABC"));
        assert!(!is_left(&labels, &boot(), process::start_time, 0), "this very process answers for it");
        assert_eq!(owner.container("primary"), "blackstart-01abc-primary");
        assert_ne!(owner.subnet(0), owner.subnet(1));
    }
}
