//! The addresses of this computer, as the kernel lists them.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Those at which others reach it, for as long as they last: no loopback, none that is of one
/// link alone, none that is drawn anew each day.
pub(crate) fn lasting() -> Vec<IpAddr> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let v4 = of_routes(&read("/proc/net/fib_trie"));
    let v6 = of_interfaces(&read("/proc/net/if_inet6"));
    let v4 = v4.into_iter().map(IpAddr::V4);
    v4.chain(v6.into_iter().map(IpAddr::V6)).collect()
}

/// In the tree of routes an address of our own is a leaf with a line `/32 host LOCAL` below it.
fn of_routes(tree: &str) -> Vec<Ipv4Addr> {
    let mut found: Vec<Ipv4Addr> = Vec::new();
    let mut leaf: Option<Ipv4Addr> = None;
    for line in tree.lines() {
        match line.trim().strip_prefix("|-- ") {
            Some(address) => leaf = address.parse().ok(),
            None if line.trim() == "/32 host LOCAL" => found.extend(leaf),
            None => {}
        }
    }
    found.retain(|address| !address.is_loopback() && !address.is_link_local());
    // Each stands in it twice.
    found.sort();
    found.dedup();
    found
}

/// Address, interface's number, length of its prefix, scope, flags and name, in hex.
fn of_interfaces(table: &str) -> Vec<Ipv6Addr> {
    const GLOBAL: u32 = 0x00;
    /// Temporary, failed, deprecated, or tentative.
    const PASSING: u32 = 0x01 | 0x08 | 0x20 | 0x40;
    let read = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| u32::from_str_radix(words.get(at)?, 16).ok();
        let address = u128::from_str_radix(words.first()?, 16).ok()?;
        let lasting = number(3)? == GLOBAL && number(4)? & PASSING == 0;
        lasting.then(|| Ipv6Addr::from(address))
    };
    table.lines().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_addresses_are_found_in_the_kernels_lists() {
        let tree = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n\
            |-- 127.0.0.1\n /32 host LOCAL\n |-- 192.0.2.0\n  /24 link UNICAST\n\
            |-- 192.0.2.2\n /32 host LOCAL\n |-- 192.0.2.255\n /32 link BROADCAST\n\
            Local:\n |-- 192.0.2.2\n /32 host LOCAL\n |-- 169.254.1.1\n /32 host LOCAL\nx\n";
        assert_eq!(of_routes(tree), [Ipv4Addr::new(192, 0, 2, 2)]);
        let table = "00000000000000000000000000000001 01 80 10 80       lo\n\
            20010db8000000000000000000000002 04 40 00 82     eth0\n\
            20010db8000000000000000000000003 04 40 00 01     eth0\n\
            20010db8000000000000000000000004 04 40 00 20     eth0\n\
            fe8000000000000000fc00fffe000001 04 40 20 80     eth0\nbroken\n\n";
        let found = of_interfaces(table);
        assert_eq!(found, ["2001:db8::2".parse::<Ipv6Addr>().expect("one")]);
        assert_eq!(of_routes(""), [] as [Ipv4Addr; 0]);
    }
}
