//! What can be done to a host's container as a whole: the disasters that only containers have.

use std::net::Ipv4Addr;

use bollard::models::{ContainerUpdateBody, NetworkConnectRequest, NetworkDisconnectRequest};
use bollard::query_parameters::KillContainerOptionsBuilder;
use nix::sys::signal::Signal;

use super::{Fleet, endpoint, said};
use crate::failure::{Context, Error, Result};
use crate::host::handle::Host;
use crate::host::isolate::Isolation;
use crate::host::routes;

/// The time over which a share of the processors is counted, in microseconds.
const PERIOD: i64 = 100_000;
/// No limit, to the engine.
const UNLIMITED: i64 = -1;
/// More than any machine has: the engine takes no limit of memory back, it only sets another.
const ALL_MEMORY: i64 = 1 << 50;

/// A host's container.
#[derive(Debug)]
pub struct Container<'a> {
    fleet: &'a Fleet,
    host: &'a Host,
    name: String,
}

impl Host {
    /// Its container.
    ///
    /// # Errors
    /// It is none.
    pub fn container(&self) -> Result<Container<'_>> {
        match &self.inner.ground.isolation {
            Isolation::Containers(fleet) => {
                Ok(Container { fleet, host: self, name: fleet.owner.container(self.name()) })
            }
            _ => Err(Error::new(format!("host {} is no container; `--hosts docker` makes it one", self.name()))),
        }
    }

    /// Kills every process of a container that is paused, and lets it go on: none of them runs again. False: it is not
    /// paused, and nothing was done.
    ///
    /// # Errors
    /// The engine's answer.
    pub async fn kill_paused(&self) -> Result<bool> {
        if !self.inner.made.view.as_ref().is_some_and(|view| view.stands_still()) {
            return Ok(false);
        }
        self.signal_all(Signal::SIGKILL);
        self.container()?.unpause().await?;
        Ok(true)
    }
}

impl Container<'_> {
    /// Kills its main process, and with it every other.
    ///
    /// # Errors
    /// The engine's answer.
    pub async fn kill(&self) -> Result<()> {
        let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
        let killed = self.fleet.engine.client().await?.kill_container(&self.name, Some(options)).await;
        killed.map_err(|error| Error::new(said(&error))).cannot(self.what("kill"))
    }

    /// Its state, as the engine calls it: `running`, `paused`, `exited`.
    ///
    /// # Errors
    /// The engine's answer.
    pub async fn state(&self) -> Result<String> {
        let found = self.fleet.engine.client().await?.inspect_container(&self.name, None).await;
        let found = found.map_err(|error| Error::new(said(&error))).cannot(self.what("look at"))?;
        Ok(found.state.and_then(|state| state.status).map(|status| status.to_string()).unwrap_or_default())
    }

    /// Lets every process of it stand still.
    ///
    /// # Errors
    /// The engine's answer.
    pub async fn pause(&self) -> Result<()> {
        let paused = self.fleet.engine.client().await?.pause_container(&self.name).await;
        paused.map_err(|error| Error::new(said(&error))).cannot(self.what("pause"))
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// The engine's answer.
    pub async fn unpause(&self) -> Result<()> {
        let unpaused = self.fleet.engine.client().await?.unpause_container(&self.name).await;
        unpaused.map_err(|error| Error::new(said(&error))).cannot(self.what("unpause"))
    }

    /// Takes it off the drill's network.
    ///
    /// # Errors
    /// The engine's answer.
    pub async fn disconnect(&self) -> Result<()> {
        let request = NetworkDisconnectRequest { container: self.name.clone(), force: Some(true) };
        let client = self.fleet.engine.client().await?;
        let disconnected = client.disconnect_network(&self.fleet.owner.network(), request).await;
        disconnected.map_err(|error| Error::new(said(&error))).cannot(self.what("disconnect"))
    }

    /// Puts it back, at the address that it had.
    ///
    /// # Errors
    /// The engine's answer, or what the kernel refused.
    pub async fn connect(&self) -> Result<()> {
        let address: Ipv4Addr = self.host.address();
        let request = NetworkConnectRequest { container: self.name.clone(), endpoint_config: Some(endpoint(address)) };
        let client = self.fleet.engine.client().await?;
        let connected = client.connect_network(&self.fleet.owner.network(), request).await;
        connected.map_err(|error| Error::new(said(&error))).cannot(self.what("connect"))?;
        self.host.in_network(routes::no_way_out).cannot(format_args!("close the network of host {}", self.host.name()))
    }

    /// Limits its memory to so many bytes, none of them on a disk; `None`: as much as there is.
    ///
    /// # Errors
    /// The engine's answer.
    pub async fn limit_memory(&self, bytes: Option<u64>) -> Result<()> {
        let limit = bytes.and_then(|bytes| i64::try_from(bytes).ok()).unwrap_or(ALL_MEMORY);
        let (memory, memory_swap) = (Some(limit), Some(limit));
        self.update(ContainerUpdateBody { memory, memory_swap, ..ContainerUpdateBody::default() }).await
    }

    /// Limits it to so many percent of one processor; `None`: to all that there are.
    ///
    /// # Errors
    /// The engine's answer.
    pub async fn limit_processors(&self, percent: Option<u32>) -> Result<()> {
        let quota = percent.map_or(UNLIMITED, |percent| PERIOD * i64::from(percent) / 100);
        let (cpu_period, cpu_quota) = (Some(PERIOD), Some(quota));
        self.update(ContainerUpdateBody { cpu_period, cpu_quota, ..ContainerUpdateBody::default() }).await
    }

    async fn update(&self, limits: ContainerUpdateBody) -> Result<()> {
        let updated = self.fleet.engine.client().await?.update_container(&self.name, limits).await;
        updated.map_err(|error| Error::new(said(&error))).cannot(self.what("limit"))
    }

    /// A number that the kernel counts for it, by the file of its control group and, where that has several, the word before
    /// the number.
    ///
    /// # Errors
    /// The kernel has no such file or word for it.
    pub fn counted(&self, files: &[&str], word: Option<&str>) -> Result<u64> {
        let text = self.host.inner.made.view.as_ref().and_then(|view| view.told_by_group(files));
        let number = text.as_deref().and_then(|text| match word {
            None => text.trim().parse().ok(),
            Some(word) => text.lines().find_map(|line| line.strip_prefix(word)?.trim().parse().ok()),
        });
        number.ok_or_else(|| Error::new(format!("the kernel does not tell {} of host {}", files[0], self.host.name())))
    }

    fn what(&self, verb: &'static str) -> String {
        format!("{verb} the container of host {}", self.host.name())
    }
}
