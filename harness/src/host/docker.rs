//! Hosts in containers, on a network of the drill's own that leads nowhere. The only place that knows Docker.
//!
//! A container is a place and nothing more: its main process sleeps. Programs enter its namespaces and control groups as
//! those of a native host enter theirs, so everything else is one code for both.

mod container;
mod engine;
mod images;
mod remains;

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use bollard::Docker;
use bollard::errors::Error as Refused;
use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HostConfig, Ipam, IpamConfig, Mount, MountType,
    MountVolumeOptions, MountVolumeOptionsDriverConfig, NetworkCreateRequest, NetworkingConfig,
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

/// Networks that are tried: another may have the addresses.
const ATTEMPTS: u8 = 50;
/// The option of a network on which its machine has no address.
const NO_ADDRESS: &str = "com.docker.network.bridge.inhibit_ipv4";
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
    let images = images::of(&engine.client().await?).await?;
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
}

impl Fleet {
    /// What the containers of `owner`'s drill will be; none is there yet.
    pub fn new(engine: Engine, owner: Owner, images: Images) -> Self {
        Self { engine, owner, images, subnet: None }
    }

    /// Makes the drill's network, and `host` on it, into whose network the calling thread moves with all that it starts.
    /// Must be called while there is no other thread.
    ///
    /// # Errors
    /// The engine's answer, or what the kernel refused.
    pub fn enter(&mut self, host: Spec<'_>) -> Result<()> {
        let made = at_once(async {
            self.subnet = Some(self.open().await?);
            self.make(host).await
        })?;
        let view = made.view.ok_or_else(|| Error::new("it has no network of its own"));
        view?.join_network().cannot(format_args!("enter the network of host {}", host.name))
    }

    /// Removes everything of the drill.
    ///
    /// # Errors
    /// What could not be removed.
    pub fn clear(&self) -> Result<()> {
        at_once(remains::clear(&self.engine, &self.owner.drill))
    }

    /// Makes the network that the hosts will be on; the first three numbers of its addresses.
    async fn open(&self) -> Result<[u8; 3]> {
        let client = self.engine.client().await?;
        let mut last = String::new();
        for subnet in (0..ATTEMPTS).map(|attempt| self.owner.subnet(attempt)) {
            if is_routed(subnet) {
                continue;
            }
            let [a, b, c] = subnet;
            let ipam = IpamConfig { subnet: Some(format!("{a}.{b}.{c}.0/24")), ..IpamConfig::default() };
            let request = NetworkCreateRequest {
                name: self.owner.network(),
                // No way out: neither to the machine's network nor to that of another drill.
                internal: Some(true),
                // Nor to the machine itself: it has no address there.
                options: Some(HashMap::from([(NO_ADDRESS.to_owned(), "true".to_owned())])),
                ipam: Some(Ipam { config: Some(vec![ipam]), ..Ipam::default() }),
                labels: Some(self.owner.labels()),
                ..NetworkCreateRequest::default()
            };
            match client.create_network(request).await {
                Ok(_) => return Ok(subnet),
                Err(error @ Refused::DockerResponseServerError { status_code: 400 | 403, .. }) => last = said(&error),
                Err(error) => return Err(Error::new(said(&error))).cannot("make the drill's network"),
            }
        }
        Err(Error::new(last)).cannot("find addresses for the drill's network")
    }

    /// The engine that it is on.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Makes a host, or finds the one of this name.
    pub(super) async fn make(&self, Spec { name, index, disk, runs, image }: Spec<'_>) -> Result<Made> {
        let client = self.engine.client().await?;
        let image = image.or_else(|| self.images.get(runs).map(String::as_str));
        let image = image.ok_or_else(|| Error::new(format!("no image is set for {runs}")))?;
        let [a, b, c] = self.subnet.ok_or_else(|| Error::new("the drill has no network yet"))?;
        let address = Ipv4Addr::new(a, b, c, 10 + index);
        let made = self.start(&client, name, image, address, disk).await;
        let id = made.cannot(format_args!("make host {name} of image {image}"))?;
        let (pid, digest) = main_process(&client, &id).await.cannot(format_args!("start host {name}"))?;
        let root = PathBuf::from(format!("/proc/{pid}/root{MOUNTS}"));
        let enter = || Ok((View::of_process(pid)?, Held::new(&root.join("disk"))?));
        let (view, door) = enter()
            .map_err(|error: std::io::Error| Error::new(format!("process {pid} of this machine is not it ({error})")))
            .cannot(format_args!("enter host {name}; does {} run on this machine?", self.engine.version))?;
        let disk_path = door.path();
        std::fs::create_dir_all(disk_path.join("tmp"))?;
        mounts::furnish(view.mounts()).cannot(format_args!("arrange the mounts of host {name}"))?;
        view.in_network(routes::no_way_out).cannot(format_args!("close the network of host {name}"))?;
        Ok(Made {
            address,
            disk: disk_path,
            door,
            own_disk: disk.is_some(),
            image: Some(Image { name: image.to_owned(), digest }),
            view: Some(Arc::new(view)),
        })
    }

    async fn start(
        &self,
        client: &Docker,
        name: &str,
        image: &str,
        address: Ipv4Addr,
        disk: Option<u64>,
    ) -> Result<String> {
        let container = self.owner.container(name);
        let options = CreateContainerOptionsBuilder::default().name(&container).build();
        let body = self.container(name, image, address, disk);
        match client.create_container(Some(options), body).await {
            Ok(_) => {}
            Err(Refused::DockerResponseServerError { status_code: 404, .. }) => return Err(images::missing(image)),
            // It was made before the drill entered its network.
            Err(Refused::DockerResponseServerError { status_code: 409, .. }) => return Ok(container),
            Err(error) => return Err(Error::new(said(&error))),
        }
        client.start_container(&container, None).await.map_err(|error| Error::new(said(&error)))?;
        Ok(container)
    }

    fn container(&self, name: &str, image: &str, address: Ipv4Addr, disk: Option<u64>) -> ContainerCreateBody {
        let network = self.owner.network();
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
                network_mode: Some(network.clone()),
                mounts: Some(vec![self.disk(name, disk)]),
                // Names are asked of nobody: the engine would pass the question on to the machine's own servers.
                dns: Some(vec![Ipv4Addr::LOCALHOST.to_string()]),
                shm_size: Some(SHARED_MEMORY),
                cap_drop: Some(vec!["ALL".to_owned()]),
                security_opt: Some(vec!["no-new-privileges".to_owned()]),
                ..HostConfig::default()
            }),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some(HashMap::from([(network, endpoint(address))])),
            }),
            ..ContainerCreateBody::default()
        }
    }

    /// The volume that is a host's disk, made with its container.
    fn disk(&self, name: &str, limit: Option<u64>) -> Mount {
        let limited = |bytes: u64| MountVolumeOptionsDriverConfig {
            name: Some("local".to_owned()),
            options: Some(HashMap::from(
                [("type", "tmpfs"), ("device", "tmpfs"), ("o", &*format!("size={bytes}"))]
                    .map(|(key, value)| (key.to_owned(), value.to_owned())),
            )),
        };
        Mount {
            target: Some(format!("{MOUNTS}/disk")),
            source: Some(self.owner.container(name)),
            typ: Some(MountType::VOLUME),
            volume_options: Some(MountVolumeOptions {
                labels: Some(self.owner.labels()),
                driver_config: limit.map(limited),
                no_copy: Some(true),
                ..MountVolumeOptions::default()
            }),
            ..Mount::default()
        }
    }
}

/// A container's place on the drill's network.
fn endpoint(address: Ipv4Addr) -> EndpointSettings {
    let ipam = EndpointIpamConfig { ipv4_address: Some(address.to_string()), ..EndpointIpamConfig::default() };
    EndpointSettings { ipam_config: Some(ipam), ..EndpointSettings::default() }
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

/// Whether this machine already sends packets for these addresses somewhere.
fn is_routed([a, b, c]: [u8; 3]) -> bool {
    let wanted = u32::from(Ipv4Addr::new(a, b, c, 0));
    let table = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    table.lines().skip(1).any(|line| {
        let mut fields = line.split_whitespace();
        let hexadecimal = |field: Option<&str>| u32::from_str_radix(field?, 16).ok().map(u32::swap_bytes);
        match (hexadecimal(fields.nth(1)), hexadecimal(fields.nth(5))) {
            // The default route is everybody's.
            (Some(to), Some(mask)) if mask != 0 => wanted & mask == to & mask || to & 0xffff_ff00 == wanted,
            _ => false,
        }
    })
}

/// What the engine said, without the words of its client around it.
fn said(error: &Refused) -> String {
    match error {
        Refused::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        other => crate::failure::words(other),
    }
}
