//! `GET /api/v1/network`: what the computer says of its network. Setting it is the image's.

use axum::Json;
use serde::Serialize;

use crate::legacy::Host;
use crate::routes::Shared;

/// The network of this computer; what it does not say is absent.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Network {
    /// What the computer is called.
    host_name: Option<String>,
    /// The interface by which it reaches others.
    interface: Option<String>,
    /// Its hardware address.
    mac: Option<String>,
    /// Its address, from which it reaches others.
    address: Option<String>,
    /// All addresses at which others reach the computer.
    addresses: Vec<String>,
    /// The mask of its network.
    netmask: Option<String>,
    /// Where other networks are reached.
    gateway: Option<String>,
    /// Who resolves names.
    name_servers: Vec<String>,
}

impl From<Host> for Network {
    fn from(host: Host) -> Self {
        Network {
            host_name: host.name,
            interface: host.interface,
            mac: host.mac,
            address: host.address,
            addresses: host.addresses,
            netmask: host.netmask,
            gateway: host.gateway,
            name_servers: host.name_servers,
        }
    }
}

pub(crate) async fn network(context: Shared) -> Json<Network> {
    Json(Network::from((context.host)()))
}
