//! What this computer says of itself, for clients that ask: read anew each time, and left out
//! where it is not to be had.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use crate::addresses;

/// Name servers that are shown.
const NAME_SERVERS: usize = 3;

/// Everything but the control board, which the configuration knows.
pub(crate) fn look(control_board: &str) -> api::Host {
    let routes = routes(&fs::read_to_string("/proc/net/route").unwrap_or_default());
    let default = routes.iter().find(|route| route.to.is_unspecified());
    let interface = default
        .or(routes.first())
        .map(|route| route.interface.clone());
    let address = default.and_then(|route| own_address(route.via));
    let network = routes.iter().find(|route| {
        let here = |own: Ipv4Addr| own & route.mask == route.to;
        Some(&route.interface) == interface.as_ref()
            && !route.to.is_unspecified()
            && address.is_some_and(here)
    });
    let mac = interface
        .as_ref()
        .and_then(|name| one_line(&format!("/sys/class/net/{name}/address")));
    let resolver = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    api::Host {
        mac: mac.map(|mac| mac.to_uppercase()),
        name: one_line("/proc/sys/kernel/hostname"),
        address: address.map(|own| own.to_string()),
        addresses: addresses::lasting().iter().map(IpAddr::to_string).collect(),
        netmask: network.map(|route| route.mask.to_string()),
        gateway: default.map(|route| route.via.to_string()),
        name_servers: name_servers(&resolver),
        kernel: one_line("/proc/sys/kernel/osrelease"),
        interface,
        control_board: control_board.to_owned(),
    }
}

/// The hardware address of this computer's first network interface, in lower case: of one that is a
/// device before one that a program made.
pub(crate) fn hardware_address() -> Option<String> {
    const FOLDER: &str = "/sys/class/net";
    let names = fs::read_dir(FOLDER).ok()?.flatten();
    let mut names: Vec<(bool, String)> = names
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let made = !entry.path().join("device").exists();
            Some((made, name))
        })
        .collect();
    names.sort();
    let addresses = names
        .iter()
        .filter_map(|(_, name)| one_line(&format!("{FOLDER}/{name}/address")));
    let mut real = addresses.filter(|address| {
        // Six bytes, not all zero as the loopback's are.
        let bytes: Vec<&str> = address.split(':').collect();
        bytes.len() == 6 && bytes.iter().any(|byte| *byte != "00")
    });
    real.next().map(|address| address.to_lowercase())
}

fn one_line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// The address from which this one would be reached. Nothing is sent.
fn own_address(to: Ipv4Addr) -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((to, 9)).ok()?;
    match socket.local_addr().ok()? {
        SocketAddr::V4(own) => Some(*own.ip()),
        SocketAddr::V6(_) => None,
    }
}

/// Networks that are looked at: a miner has one, a laptop a few.
const NETWORKS_MAX: usize = 8;

/// The networks that this computer is on, each with its own address there and the mask.
pub(crate) fn networks() -> Vec<(Ipv4Addr, Ipv4Addr)> {
    let table = fs::read_to_string("/proc/net/route").unwrap_or_default();
    let routes = routes(&table).into_iter();
    let near = routes.filter(|route| {
        let several = !route.mask.is_unspecified() && route.mask != Ipv4Addr::BROADCAST;
        route.via.is_unspecified() && !route.to.is_unspecified() && several
    });
    let mut found: Vec<_> = near
        .filter_map(|route| {
            // Whoever has the network's first address, it would be reached from ours.
            let first = Ipv4Addr::from(u32::from(route.to) | 1);
            let own = own_address(first).filter(|own| own & route.mask == route.to)?;
            Some((own, route.mask))
        })
        .collect();
    found.sort();
    found.dedup();
    found.truncate(NETWORKS_MAX);
    found
}

/// One way to a network.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Route {
    interface: String,
    to: Ipv4Addr,
    via: Ipv4Addr,
    mask: Ipv4Addr,
}

/// The kernel's table: interface, network, gateway and, as the eighth, mask, in the processor's
/// byte order.
fn routes(table: &str) -> Vec<Route> {
    let lines = table.lines().skip(1);
    let read = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let address = |word: &str| {
            let number = u32::from_str_radix(word, 16).ok()?;
            Some(Ipv4Addr::from(number.to_ne_bytes()))
        };
        Some(Route {
            interface: (*words.first()?).to_owned(),
            to: address(words.get(1)?)?,
            via: address(words.get(2)?)?,
            mask: address(words.get(7)?)?,
        })
    };
    lines.filter_map(read).collect()
}

fn name_servers(resolver: &str) -> Vec<String> {
    let lines = resolver.lines();
    let named = lines.filter_map(|line| line.trim().strip_prefix("nameserver"));
    let named = named.filter_map(|rest| rest.split_whitespace().next());
    named.take(NAME_SERVERS).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_is_read() {
        let hex = |address: [u8; 4]| format!("{:08X}", u32::from_ne_bytes(address));
        let (gateway, network) = (hex([192, 168, 1, 1]), hex([192, 168, 1, 0]));
        let mask = hex([255, 255, 255, 0]);
        let table = format!(
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n\
             eth0\t00000000\t{gateway}\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
             eth0\t{network}\t00000000\t0001\t0\t0\t0\t{mask}\t0\t0\t0\nbroken\tx\n"
        );
        let routes = routes(&table);
        assert_eq!(routes.len(), 2);
        assert_eq!(routes[0].via, Ipv4Addr::new(192, 168, 1, 1));
        assert_eq!(routes[1].mask, Ipv4Addr::new(255, 255, 255, 0));
        assert!(routes.iter().all(|route| route.interface == "eth0"));
    }

    #[test]
    fn name_servers_are_those_of_the_resolver() {
        let text = "# one\nnameserver 192.0.2.1\nsearch x\n nameserver\t192.0.2.2 \nnameserver\n";
        assert_eq!(name_servers(text), ["192.0.2.1", "192.0.2.2"]);
    }
}
