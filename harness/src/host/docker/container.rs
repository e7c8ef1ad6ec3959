//! What can be done to a host's container as a whole: the disasters that only containers have.

use std::net::Ipv4Addr;

use bollard::models::{NetworkConnectRequest, NetworkDisconnectRequest};
use bollard::query_parameters::KillContainerOptionsBuilder;
use nix::sys::signal::Signal;

use super::network::endpoint;
use super::{Fleet, MACHINE, said};
use crate::failure::{Context, Error, Result};
use crate::host::handle::Host;
use crate::host::isolate::Isolation;
use crate::host::routes;

/// The time over which a share of the processors is counted, in microseconds.
const PERIOD: u32 = 100_000;

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
        let killed = self.fleet.engine.client()?.kill_container(&self.name, Some(options)).await;
        killed.map_err(|error| Error::new(said(&error))).cannot(self.what("kill"))
    }

    /// Its state, as the engine calls it: `running`, `paused`, `exited`.
    ///
    /// # Errors
    /// The engine's answer.
    pub async fn state(&self) -> Result<String> {
        let found = self.fleet.engine.client()?.inspect_container(&self.name, None).await;
        let found = found.map_err(|error| Error::new(said(&error))).cannot(self.what("look at"))?;
        Ok(found.state.and_then(|state| state.status).map(|status| status.to_string()).unwrap_or_default())
    }

    /// Lets every process of it stand still.
    ///
    /// # Errors
    /// The engine's answer.
    pub async fn pause(&self) -> Result<()> {
        let paused = self.fleet.engine.client()?.pause_container(&self.name).await;
        paused.map_err(|error| Error::new(said(&error))).cannot(self.what("pause"))
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// The engine's answer.
    pub async fn unpause(&self) -> Result<()> {
        let unpaused = self.fleet.engine.client()?.unpause_container(&self.name).await;
        unpaused.map_err(|error| Error::new(said(&error))).cannot(self.what("unpause"))
    }

    /// Takes it off the drill's network.
    ///
    /// # Errors
    /// The engine's answer.
    pub async fn disconnect(&self) -> Result<()> {
        let request = NetworkDisconnectRequest { container: self.name.clone(), force: Some(true) };
        let client = self.fleet.engine.client()?;
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
        let client = self.fleet.engine.client()?;
        let (host, machine) = (format!("host {}", self.host.name()), self.fleet.address(MACHINE)?);
        self.host.in_network(|| routes::as_made(machine)).cannot(format_args!("open the network of {host}"))?;
        let connected = client.connect_network(&self.fleet.owner.network(), request).await;
        connected.map_err(|error| Error::new(said(&error))).cannot(self.what("connect"))?;
        self.host.in_network(|| routes::no_way_out(machine)).cannot(format_args!("close the network of {host}"))
    }

    /// Limits its memory to so many bytes, none of them on a disk; `None`: as much as there is.
    ///
    /// # Errors
    /// What the kernel refused.
    pub fn limit_memory(&self, bytes: Option<u64>) -> Result<()> {
        let Some(bytes) = bytes.map(|bytes| bytes.to_string()) else {
            let first = [("memory.memsw.limit_in_bytes", "-1"), ("memory.limit_in_bytes", "-1")];
            return self.limit("memory", &first, &[("memory.max", "max"), ("memory.swap.max", "max")]);
        };
        // Memory alone is never to be limited less than memory and disk together.
        let first = [("memory.limit_in_bytes", &*bytes), ("memory.memsw.limit_in_bytes", &*bytes)];
        self.limit("memory", &first, &[("memory.max", &*bytes), ("memory.swap.max", "0")])
    }

    /// Limits it to so many percent of one processor; `None`: to all that there are.
    ///
    /// # Errors
    /// What the kernel refused.
    pub fn limit_processors(&self, percent: Option<u32>) -> Result<()> {
        let quota = |free: &str| percent.map_or(free.to_owned(), |percent| (PERIOD / 100 * percent).to_string());
        let first = [("cpu.cfs_period_us", &*PERIOD.to_string()), ("cpu.cfs_quota_us", &*quota("-1"))];
        self.limit("processors", &first, &[("cpu.max", &*format!("{} {PERIOD}", quota("max")))])
    }

    /// Writes a limit where the first or the second version of control groups has it. Not by the engine: Podman can't before
    /// 5.1, and Docker takes no limit of memory back.
    fn limit(&self, what: &str, first: &[(&str, &str)], second: &[(&str, &str)]) -> Result<()> {
        let view = self.host.inner.made.view.as_ref();
        let mut limited = false;
        for (file, value) in first.iter().chain(second) {
            let told = view.map_or(Ok(false), |view| view.tell_group(file, value));
            limited |= told.cannot(format_args!("write {value} to {file} of host {}", self.host.name()))?;
        }
        let none = || Error::new(format!("the kernel does not limit the {what} of host {}", self.host.name()));
        if limited { Ok(()) } else { Err(none()) }
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
