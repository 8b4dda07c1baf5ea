//! What the system says of names: `/etc/hosts` and `/etc/resolv.conf`.
//!
//! Both are read anew for each question: an address lease that is renewed may change them. A line
//! that is not understood is passed over, as every resolver does.

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use super::message;

/// Longest file that is looked at; what is beyond is not seen.
const FILE_MAX: u64 = 256 * 1024;
/// As many servers and search domains as the C library takes.
const SERVERS_MAX: usize = 3;
const SEARCH_MAX: usize = 6;
/// A server's port.
const PORT: u16 = 53;
/// How long one server is waited for: five seconds by custom, which three silent servers make
/// longer than the next pool should wait.
const TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT_MAX: Duration = Duration::from_secs(5);

/// Who is asked, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Servers {
    /// Who, in this order.
    pub(crate) servers: Vec<SocketAddr>,
    /// Domains that short names are tried in.
    pub(crate) search: Vec<String>,
    /// A name with so many dots is tried as it is first.
    pub(crate) ndots: usize,
    /// How long one server is waited for.
    pub(crate) timeout: Duration,
}

/// What `resolv.conf` says; without it, the server on this machine.
pub(crate) fn servers(path: &Path) -> Servers {
    parse_servers(&text(path))
}

fn parse_servers(text: &str) -> Servers {
    let mut found = Servers {
        servers: Vec::new(),
        search: Vec::new(),
        ndots: 1,
        timeout: TIMEOUT,
    };
    for line in text.lines() {
        let line = line.split(['#', ';']).next().unwrap_or_default();
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => {
                // An address of one link names it: fe80::1%eth0. Such a server is passed over.
                let address = words.next().and_then(|word| word.parse::<IpAddr>().ok());
                let room = found.servers.len() < SERVERS_MAX;
                found
                    .servers
                    .extend(address.filter(|_| room).map(|ip| SocketAddr::new(ip, PORT)));
            }
            Some("domain" | "search") => {
                let domains = words.filter_map(message::name);
                found.search = domains.take(SEARCH_MAX).collect();
            }
            Some("options") => words.for_each(|word| option(&mut found, word)),
            _ => {}
        }
    }
    if found.servers.is_empty() {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        found.servers.push(SocketAddr::new(here, PORT));
    }
    found
}

fn option(found: &mut Servers, word: &str) {
    let (key, value) = word.split_once(':').unwrap_or((word, ""));
    match (key, value.parse::<u64>()) {
        ("ndots", Ok(dots)) => found.ndots = dots.min(15) as usize,
        ("timeout", Ok(seconds)) => {
            let asked = Duration::from_secs(seconds.max(1));
            found.timeout = asked.min(TIMEOUT_MAX);
        }
        _ => {}
    }
}

/// The addresses that `hosts` gives a name, which is in lower case.
pub(crate) fn hosts(path: &Path, name: &str) -> Vec<IpAddr> {
    parse_hosts(&text(path), name)
}

fn parse_hosts(text: &str, name: &str) -> Vec<IpAddr> {
    let line = |line: &str| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let address: IpAddr = words.next()?.parse().ok()?;
        words
            .any(|word| word.eq_ignore_ascii_case(name))
            .then_some(address)
    };
    text.lines().filter_map(line).take(16).collect()
}

fn text(path: &Path) -> String {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|f| f.take(FILE_MAX).read_to_end(&mut bytes));
    match read {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        // No file is an empty one.
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_as_the_c_library_reads_them() {
        let text = "# dhcp\nnameserver 192.0.2.1\nnameserver 2001:db8::53 # two\nnameserver fe80::1%eth0\n\
            nameserver nonsense\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n\
            domain old.example\nsearch Lan.example . farm.example\noptions ndots:2 timeout:30 rotate ndots:x\n";
        let found = parse_servers(text);
        let expected = ["192.0.2.1:53", "[2001:db8::53]:53", "192.0.2.3:53"];
        let shown: Vec<_> = found.servers.iter().map(ToString::to_string).collect();
        assert_eq!(shown, expected);
        assert_eq!(found.search, ["lan.example", "farm.example"]);
        assert_eq!(found.ndots, 2);
        assert_eq!(found.timeout, TIMEOUT_MAX);
        let none = parse_servers("");
        assert_eq!(none.servers, [SocketAddr::from(([127, 0, 0, 1], 53))]);
        assert_eq!((none.ndots, none.timeout), (1, TIMEOUT));
        assert_eq!(servers(Path::new("/nowhere/resolv.conf")), none);
    }

    #[test]
    fn hosts_are_found_by_any_of_their_names() {
        let text = "127.0.0.1 localhost\n::1 localhost\n# 192.0.2.9 pool\n\
            192.0.2.1\tpool.example Pool # here\nnonsense pool\n192.0.2.2 other\n";
        for (name, expected) in [
            ("pool", vec!["192.0.2.1"]),
            ("pool.example", vec!["192.0.2.1"]),
            ("localhost", vec!["127.0.0.1", "::1"]),
            ("here", vec![]),
            ("192.0.2.2", vec![]),
        ] {
            let expected: Vec<IpAddr> = expected.iter().map(|t| t.parse().expect("ip")).collect();
            assert_eq!(parse_hosts(text, name), expected, "{name}");
        }
    }
}
