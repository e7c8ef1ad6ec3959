//! Hosts in containers, on a network of the drill's own that leads nowhere. The only place that knows Docker.
//!
//! A container is a place and nothing more: its main process sleeps. Programs enter its namespaces and control groups as
//! those of a native host enter theirs, so everything else is one code for both.

mod container;
mod engine;
mod images;
mod network;
mod remains;
mod users;

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use bollard::Docker;
use bollard::errors::Error as Refused;
use bollard::models::{
    ContainerCreateBody, HostConfig, Mount, MountType, MountVolumeOptions, NetworkingConfig, VolumeCreateRequest,
};
use bollard::query_parameters::CreateContainerOptionsBuilder;

use super::handle::{Image, Made, Spec};
use super::isolate::MOUNTS;
use super::mounts::{self, Held};
use super::routes;
use super::view::View;
use crate::failure::{Context, Error, Result};
pub use container::Container;
pub use engine::Engine;
pub use images::Images;
pub use remains::{Owner, Remains, sweep};

/// The last number of the address that an engine gives its machine on a network, and the first of those of hosts.
const MACHINE: u8 = 1;
const HOSTS: u8 = 10;
/// PostgreSQL's parallel workers meet in it.
const SHARED_MEMORY: i64 = 1 << 30;
/// What a container does by itself.
const SLEEP: [&str; 2] = ["sleep", "infinity"];

/// The engine of this machine, and the images that it has for every kind of host.
///
/// # Errors
/// No engine answers, or it lacks an image, which is named.
pub async fn available() -> Result<(Engine, Images)> {
    let engine = Engine::find().await?;
    let images = images::of(&engine.client()?).await?;
    Ok((engine, images))
}

/// The containers of one drill.
#[derive(Clone, Debug)]
pub struct Fleet {
    engine: Engine,
    owner: Owner,
    images: Images,
    /// The first three numbers of every address, once there is a network.
    subnet: Option<[u8; 3]>,
    /// The host whose network the drill is in, once there is one.
    entered: Option<Arc<(String, Started)>>,
}

/// A container that runs.
#[derive(Clone, Debug)]
struct Started {
    /// Its main process, as this machine numbers it.
    pid: u32,
    image: Image,
}

impl Fleet {
    /// What the containers of `owner`'s drill will be; none is there yet.
    pub fn new(engine: Engine, owner: Owner, images: Images) -> Self {
        Self { engine, owner, images, subnet: None, entered: None }
    }

    /// Makes the drill's network, and `host` on it, into whose network the calling thread moves with all that it starts. A
    /// plain user becomes root among the containers of an engine that he runs. Must be called while there is no other thread.
    ///
    /// # Errors
    /// The engine's answer, or what the kernel refused.
    pub fn enter(&mut self, host: Spec<'_>) -> Result<()> {
        let started = at_once(async {
            self.subnet = Some(network::open(&self.engine, &self.owner).await?);
            self.start(host).await
        })?;
        users::join(started.pid).cannot(format_args!("enter the containers of {}", self.engine.version))?;
        self.view(host.name, started.pid)?
            .join_network()
            .cannot(format_args!("enter the network of host {}", host.name))?;
        self.entered = Some(Arc::new((host.name.to_owned(), started)));
        Ok(())
    }

    /// Removes everything of the drill.
    ///
    /// # Errors
    /// What could not be removed.
    pub fn clear(&self) -> Result<()> {
        at_once(remains::clear(&self.engine, &self.owner.drill))
    }

    /// The engine that it is on.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// An address on the drill's network, by its last number.
    fn address(&self, last: u8) -> Result<Ipv4Addr> {
        let [a, b, c] = self.subnet.ok_or_else(|| Error::new("the drill has no network yet"))?;
        Ok(Ipv4Addr::new(a, b, c, last))
    }

    /// What the processes of a host are inside of.
    fn view(&self, name: &str, pid: u32) -> Result<View> {
        View::of_process(pid, !self.engine.is_rootless())
            .map_err(|error| Error::new(format!("process {pid} of this machine is not it ({error})")))
            .cannot(format_args!("enter host {name}; does {} run on this machine?", self.engine.version))
    }

    /// Makes a host, of the container that the drill has entered if it is that host's.
    pub(super) async fn make(&self, host: Spec<'_>) -> Result<Made> {
        let entered = self.entered.as_deref().filter(|(name, _)| name == host.name);
        let Started { pid, image } = match entered {
            Some((_, started)) => started.clone(),
            None => self.start(host).await?,
        };
        let (name, view) = (host.name, self.view(host.name, pid)?);
        if let Some(bytes) = host.disk {
            mounts::limited_inside(view.mounts(), bytes)
                .cannot(format_args!("limit the disk of host {name} to {bytes} bytes"))?;
        }
        let door = Held::new(Path::new(&format!("/proc/{pid}/root{MOUNTS}/disk")))
            .cannot(format_args!("open the disk of host {name}"))?;
        let disk = door.path();
        std::fs::create_dir_all(disk.join("tmp"))?;
        mounts::furnish(view.mounts()).cannot(format_args!("arrange the mounts of host {name}"))?;
        let machine = self.address(MACHINE)?;
        view.in_network(|| routes::no_way_out(machine)).cannot(format_args!("close the network of host {name}"))?;
        Ok(Made {
            address: self.address(HOSTS + host.index)?,
            disk,
            door,
            own_disk: host.disk.is_some(),
            image: Some(image),
            view: Some(Arc::new(view)),
        })
    }

    /// Starts the container of a host.
    async fn start(&self, Spec { name, index, runs, image, .. }: Spec<'_>) -> Result<Started> {
        let client = self.engine.client()?;
        let image = image.or_else(|| images::of_host(&self.images, runs));
        let image = image.ok_or_else(|| images::lacking(runs))?;
        let address = self.address(HOSTS + index)?;
        let made = self.create(&client, name, image, address).await;
        let container = made.cannot(format_args!("make host {name} of image {image}"))?;
        let started = async {
            client.start_container(&container, None).await.map_err(|error| Error::new(said(&error)))?;
            main_process(&client, &container).await
        };
        let (pid, digest) = started.await.cannot(format_args!("start host {name}"))?;
        Ok(Started { pid, image: Image { name: image.to_owned(), digest } })
    }

    /// Makes a container with its disk, a volume of its own: not every engine labels one that a container brings along.
    async fn create(&self, client: &Docker, name: &str, image: &str, address: Ipv4Addr) -> Result<String> {
        let container = self.owner.container(name);
        let disk = VolumeCreateRequest {
            name: Some(container.clone()),
            labels: Some(self.owner.labels()),
            ..VolumeCreateRequest::default()
        };
        client.create_volume(disk).await.map_err(|error| Error::new(said(&error)))?;
        let options = CreateContainerOptionsBuilder::default().name(&container).build();
        match client.create_container(Some(options), self.container(name, image, address)).await {
            Ok(_) => Ok(container),
            Err(Refused::DockerResponseServerError { status_code: 404, .. }) => Err(images::missing(image)),
            Err(error) => Err(Error::new(said(&error))),
        }
    }

    fn container(&self, name: &str, image: &str, address: Ipv4Addr) -> ContainerCreateBody {
        let on = self.owner.network();
        ContainerCreateBody {
            image: Some(image.to_owned()),
            hostname: Some(name.to_owned()),
            // Its own process is not one of the host's: it alone is root's, with no right of root's.
            user: Some("0:0".to_owned()),
            entrypoint: Some(vec![SLEEP[0].to_owned()]),
            cmd: Some(vec![SLEEP[1].to_owned()]),
            labels: Some(self.owner.labels()),
            host_config: Some(HostConfig {
                init: Some(true),
                network_mode: Some(on.clone()),
                mounts: Some(vec![self.disk(name)]),
                // Names are asked of nobody: the engine would pass the question on to the machine's own servers.
                dns: Some(vec![Ipv4Addr::LOCALHOST.to_string()]),
                shm_size: Some(SHARED_MEMORY),
                cap_drop: Some(vec!["ALL".to_owned()]),
                security_opt: Some(vec!["no-new-privileges".to_owned()]),
                ..HostConfig::default()
            }),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some(HashMap::from([(on, network::endpoint(address))])),
            }),
            ..ContainerCreateBody::default()
        }
    }

    /// The volume that is a host's disk.
    fn disk(&self, name: &str) -> Mount {
        Mount {
            target: Some(format!("{MOUNTS}/disk")),
            source: Some(self.owner.container(name)),
            typ: Some(MountType::VOLUME),
            volume_options: Some(MountVolumeOptions { no_copy: Some(true), ..MountVolumeOptions::default() }),
            ..Mount::default()
        }
    }
}

/// Does something where there is no runtime, and leaves no thread behind.
///
/// # Errors
/// Its own, or there can be no runtime.
pub fn at_once<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().cannot("start a runtime")?;
    runtime.block_on(work)
}

/// A container's main process, as this machine numbers it, and the digest of its image.
async fn main_process(client: &Docker, container: &str) -> Result<(u32, String)> {
    let found = client.inspect_container(container, None).await.map_err(|error| Error::new(said(&error)))?;
    let pid = found.state.and_then(|state| state.pid).and_then(|pid| u32::try_from(pid).ok());
    let pid = pid.filter(|pid| *pid > 0).ok_or_else(|| Error::new("its main process has ended"))?;
    Ok((pid, found.image.unwrap_or_default()))
}

/// What the engine said, without the words of its client around it.
fn said(error: &Refused) -> String {
    match error {
        Refused::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        other => crate::failure::words(other),
    }
}
