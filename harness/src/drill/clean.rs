//! The restore once more, on a clean host, with every host dead that may be lost: what the artifacts alone bring back,
//! and what it reaches for besides.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use blackstart_record::event::Event;
use blackstart_record::observation::{CleanRestore, Overheard, Reached, SabotageOutcome};
use tokio::sync::mpsc;

use super::Drill;
use super::environment::World;
use super::look::Rehearsal;
use super::sabotage::{CONTROL, Control, Kept};
use super::stand_in::{StandIn, programs};
use crate::examine::rows;
use crate::examine::snapshot::Snapshot;
use crate::failure::{Error, Result};
use crate::host::overheard::{Begun, Listener};
use crate::store::gate::Rule;

/// The name of the clean host.
const CLEAN: &str = "clean";
/// The fault that loses a site, and its parameter.
const SITE_LOST: (&str, &str) = ("site-lost", "site");

/// What came back.
struct Back {
    outcome: SabotageOutcome,
    rows: u64,
    same: Option<bool>,
    kept: Option<Kept>,
}

impl Drill {
    /// Restores on a clean host. It is the last restore from the artifacts themselves: the hosts that may be lost are dead
    /// after it. Where damaged copies are to be restored too, it is what they are held against, and its copy is kept.
    pub(super) async fn clean_restore(&self, world: &mut World, of: &Rehearsal<'_>) -> (CleanRestore, Option<Control>) {
        let without = world.lose(&self.may_be_lost()).await;
        // A store that is lost with its site lists nothing.
        let listing = world.listing().await.unwrap_or_default();
        let bucket = world.repository.bucket.clone();
        let stand_in = world.stand_in(CLEAN, &bucket).await;
        let listener = match &stand_in {
            Ok(stand_in) => Listener::start(stand_in.server.host()),
            Err(_) => Err(Error::new("there is no clean host")),
        };
        let bound = Duration::from(self.request.loaded.bounds.examine);
        let began = self.clock.now();
        let (tell, told) = mpsc::channel(64);
        let programs = tokio::spawn(programs(told));
        let restored =
            tokio::time::timeout(bound, async { self.restore_on_clean_host(world, stand_in?, of, tell).await }).await;
        let restored = restored.unwrap_or_else(|_| Err(Error::bound("it", bound, Vec::new())));
        let Back { outcome, rows, same, kept } = restored.unwrap_or_else(|error| Back {
            outcome: SabotageOutcome::NotTried { why: error.to_string() },
            rows: 0,
            same: None,
            kept: None,
        });
        let took = self.clock.now().since(began);
        let heard = listener.and_then(Listener::stop);
        let programs = programs.await.unwrap_or_default();
        let control =
            self.is_control(of).then(|| Control { trial: CONTROL.done(outcome.clone(), took, programs), kept });
        let observed = CleanRestore {
            overheard: heard.map_or_else(
                |error| Overheard::Deaf { why: error.to_string() },
                |heard| sorted(heard, &world.addresses(), &without),
            ),
            without,
            artifacts: listing.len() as u64,
            bytes: listing.values().map(|(_, size)| size).sum(),
            outcome,
            rows,
            same,
        };
        (observed, control)
    }

    /// Whether damaged copies are to be restored, too.
    fn is_control(&self, of: &Rehearsal<'_>) -> bool {
        self.request.sabotage && of.recovered.is_some_and(|recovered| recovered.finished)
    }

    /// Every host of the plan but the store's; where the scenario loses a site, the hosts on that.
    fn may_be_lost(&self) -> Vec<String> {
        let loaded = &self.request.loaded;
        let lost = loaded.scenario.faults.iter().filter(|fault| fault.name == SITE_LOST.0);
        let sites: Vec<&str> = lost.filter_map(|fault| fault.params.get(SITE_LOST.1)?.as_str()).collect();
        let store = &loaded.environment.stores[&loaded.plan.pipelines[&loaded.pipeline.name].store].host;
        let hosts = loaded.environment.hosts.iter();
        let lost = hosts.filter(|(name, host)| match &sites[..] {
            [] => *name != store,
            sites => sites.contains(&host.site.as_str()),
        });
        lost.map(|(name, _)| name.clone()).collect()
    }

    async fn restore_on_clean_host(
        &self,
        world: &World,
        mut stand_in: StandIn,
        of: &Rehearsal<'_>,
        tell: mpsc::Sender<Event>,
    ) -> Result<Back> {
        let wanted = of.wanted()?;
        stand_in.ready(self, world).await?;
        let gate = if self.is_control(of) { Some(world.gate(&stand_in.link, Rule::Pass).await?) } else { None };
        let mut back = match stand_in.restore(self, &wanted, &tell, None).await {
            // The harness gave it up: that says nothing about the artifacts.
            Err((_, error @ Error::Bound(_))) => return Err(error),
            Err((step, error)) => {
                let says = error.to_string();
                Back { outcome: SabotageOutcome::Refused { step, says }, rows: 0, same: None, kept: None }
            }
            Ok(()) => self.read_back(world, &stand_in, of).await,
        };
        match gate {
            Some(gate) if back.outcome == SabotageOutcome::Restored => {
                back.kept = Some(Kept { stand_in, gate });
            }
            _ => stand_in.end().await?,
        }
        Ok(back)
    }

    async fn read_back(&self, world: &World, stand_in: &StandIn, of: &Rehearsal<'_>) -> Back {
        let (read, path) = if self.is_control(of) {
            let folder = self.folder.sabotage(CONTROL.id);
            (stand_in.look(self, world, of.before, &folder).await, folder.restored_rows())
        } else {
            let path = self.folder.path().join("clean-restore.rows");
            (self.read_rows(world, stand_in, &path).await, path)
        };
        let own = of.recovered.map(|_| self.folder.restored_rows());
        let same = own.and_then(|own| are_equal(&path, &own).ok());
        if !self.is_control(of) {
            let _ = std::fs::remove_file(&path);
        }
        let (outcome, rows, same) = match read {
            Ok(rows) => (SabotageOutcome::Restored, rows, same),
            Err(error) => (SabotageOutcome::Unusable { says: error.to_string() }, 0, None),
        };
        Back { outcome, rows, same, kept: None }
    }

    async fn read_rows(&self, world: &World, stand_in: &StandIn, path: &Path) -> Result<u64> {
        let objects = world.objects(stand_in.repository.objects.as_deref()).await;
        let snapshot = Snapshot::take(&stand_in.server, &self.request.loaded.environment.database).await?;
        let read = rows::observe(&snapshot, self.domain, objects.as_ref(), path).await?;
        Ok(read.read.values().sum())
    }
}

/// What led to a host that is alive, and what did not.
fn sorted(heard: BTreeMap<Begun, u64>, hosts: &BTreeMap<IpAddr, String>, dead: &[String]) -> Overheard {
    let (mut connections, mut reached) = (0, Vec::new());
    for (Begun { to, port, by }, times) in heard {
        match hosts.get(&to) {
            Some(name) if !dead.contains(name) => connections += times,
            Some(name) => reached.push(Reached { to: format!("host {name}"), port, by: by.to_owned() }),
            None => reached.push(Reached { to: to.to_string(), port, by: by.to_owned() }),
        }
    }
    Overheard::Heard { connections, reached }
}

/// Whether two files hold the same bytes.
fn are_equal(one: &Path, other: &Path) -> std::io::Result<bool> {
    let (mut one, mut other) = (BufReader::new(File::open(one)?), BufReader::new(File::open(other)?));
    if one.get_ref().metadata()?.len() != other.get_ref().metadata()?.len() {
        return Ok(false);
    }
    let (mut a, mut b) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let length = one.read(&mut a)?;
        other.read_exact(&mut b[..length])?;
        if a[..length] != b[..length] {
            return Ok(false);
        }
        if length == 0 {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_a_dead_host_or_to_none_is_told_apart_from_what_survives() {
        let address = |last| IpAddr::from([127, 0, 0, last]);
        let hosts = [(address(10), "primary"), (address(12), "store")].map(|(to, name)| (to, name.to_owned())).into();
        let begun = |last, port, by| Begun { to: address(last), port, by };
        let heard = [(begun(12, 9000, "tcp"), 7), (begun(10, 8200, "tcp"), 2), (begun(53, 53, "udp"), 1)].into();
        let reached = |to: &str, port, by: &str| Reached { to: to.into(), port, by: by.into() };
        let expected = vec![reached("host primary", 8200, "tcp"), reached("127.0.0.53", 53, "udp")];
        let Overheard::Heard { connections, reached } = sorted(heard, &hosts, &["primary".to_owned()]) else {
            panic!("it was heard")
        };
        assert_eq!((connections, reached), (7, expected));
    }

    #[test]
    fn files_are_equal_only_to_the_last_byte() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(name), bytes).unwrap();
            folder.path().join(name)
        };
        let long = vec![7; 200_000];
        let mut other = long.clone();
        other[199_999] = 8;
        let (one, same, other) = (file("one", &long), file("same", &long), file("other", &other));
        let shorter = file("shorter", &long[1..]);
        assert!(are_equal(&one, &same).unwrap());
        assert!(!are_equal(&one, &other).unwrap() && !are_equal(&one, &shorter).unwrap());
        assert!(are_equal(&one, Path::new("nowhere")).is_err());
    }
}
