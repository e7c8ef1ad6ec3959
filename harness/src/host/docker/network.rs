//! The network of a drill's containers, which leads nowhere.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use bollard::errors::Error as Refused;
use bollard::models::{EndpointIpamConfig, EndpointSettings, Ipam, IpamConfig, NetworkCreateRequest};

use super::{Engine, Owner, said};
use crate::failure::{Context, Error, Result};

/// Networks that are tried: another may have the addresses.
const ATTEMPTS: u8 = 50;
/// Docker's option of a network on which its machine has no address. Podman ignores it, as it does every other that it has not.
const NO_ADDRESS: &str = "com.docker.network.bridge.inhibit_ipv4";

/// Makes the network that the hosts will be on; the first three numbers of its addresses.
pub(super) async fn open(engine: &Engine, owner: &Owner) -> Result<[u8; 3]> {
    let client = engine.client()?;
    let mut last = String::new();
    for subnet in (0..ATTEMPTS).map(|attempt| owner.subnet(attempt)) {
        if is_routed(subnet) {
            continue;
        }
        let [a, b, c] = subnet;
        let ipam = IpamConfig { subnet: Some(format!("{a}.{b}.{c}.0/24")), ..IpamConfig::default() };
        let request = NetworkCreateRequest {
            name: owner.network(),
            // No way out: neither to the machine's network nor to that of another drill.
            internal: Some(true),
            // Nor to the machine itself, which has no address there, or one to which hosts have no route.
            options: Some(HashMap::from([(NO_ADDRESS.to_owned(), "true".to_owned())])),
            ipam: Some(Ipam { config: Some(vec![ipam]), ..Ipam::default() }),
            labels: Some(owner.labels()),
            ..NetworkCreateRequest::default()
        };
        match client.create_network(request).await {
            Ok(_) => return Ok(subnet),
            Err(error) if is_taken(&error) => last = said(&error),
            Err(error) => return Err(Error::new(said(&error))).cannot("make the drill's network"),
        }
    }
    Err(Error::new(last)).cannot("find addresses for the drill's network")
}

/// A container's place on the drill's network.
pub(super) fn endpoint(address: Ipv4Addr) -> EndpointSettings {
    let ipam = EndpointIpamConfig { ipv4_address: Some(address.to_string()), ..EndpointIpamConfig::default() };
    EndpointSettings { ipam_config: Some(ipam), ..EndpointSettings::default() }
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

/// Whether another network has the addresses, in the words of Docker's numbers or of Podman.
fn is_taken(error: &Refused) -> bool {
    let Refused::DockerResponseServerError { status_code, message } = error else { return false };
    matches!(status_code, 400 | 403) || message.contains("is already used")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_another_network_has_are_told_from_other_refusals() {
        let refused = |status_code, message: &str| {
            is_taken(&Refused::DockerResponseServerError { status_code, message: message.to_owned() })
        };
        assert!(refused(403, "Pool overlaps with other one on this address space"));
        assert!(refused(500, "subnet 10.201.7.0/24 is already used on the host or by another config"));
        assert!(!refused(500, "could not find free subnet from subnet pools") && !refused(409, "network exists"));
    }
}
