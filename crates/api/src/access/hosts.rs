//! Names under which this machine answers.
//!
//! A page from elsewhere can have its own name point here (rebinding), and shows that name in the
//! Host header; it cannot do so with an address. So addresses are answered, and names only if they
//! are known.

use std::net::IpAddr;

/// Names that an owner may list.
pub(crate) const HOSTS_MAX: usize = 16;

/// One part of a host name, or a token's name.
pub(crate) fn is_label(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('-')
}

/// A host name.
pub(crate) fn is_host_name(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Whether a Host header names this machine: by an address, as `localhost`, or by one of `names`.
pub(crate) fn is_ours<'a>(host: &str, names: impl IntoIterator<Item = &'a str>) -> bool {
    let Some(name) = without_port(host) else {
        return false;
    };
    if let Some(address) = name.strip_prefix('[') {
        let address = address.strip_suffix(']').unwrap_or_default();
        return address.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6());
    }
    if name.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv4()) {
        return true;
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut known = ["localhost"].into_iter().chain(names);
    known.any(|known| name.eq_ignore_ascii_case(known))
}

/// What stands before the port; `None` where that is none.
fn without_port(host: &str) -> Option<&str> {
    let end = match host.starts_with('[') {
        true => host.find(']')? + 1,
        false => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(end);
    let digits = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(digits);
    is_port.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_known_names_are_answered() {
        let check = |host: &str, expected: bool| {
            assert_eq!(is_ours(host, ["rig", "rig.local"]), expected, "{host}");
        };
        check("localhost", true);
        check("LOCALHOST:8080", true);
        check("127.0.0.1:8080", true);
        check("192.168.1.8", true);
        check("[::1]:8080", true);
        check("[fe80::1]", true);
        check("rig", true);
        check("Rig.local.:80", true);
        check("evil.example", false);
        check("rig.evil.example", false);
        check("localhost.evil.example:8080", false);
        check("127.0.0.1.evil.example", false);
        check("[::1", false);
        check("[::1]evil.example", false);
        check("[rig]", false);
        check("rig:80:80", false);
        check("rig:evil.example", false);
        check("::1", false);
        check("", false);
        check(":8080", false);
        check(".", false);
    }

    #[test]
    fn names_are_names() {
        let check = |name: &str, expected| assert_eq!(is_host_name(name), expected, "{name}");
        check("rig-7", true);
        check("rig.farm.example", true);
        check("", false);
        check("rig.", false);
        check("a..b", false);
        check("a b", false);
        check("a:80", false);
        check("<b>", false);
        check(&["a"; 127].join("."), true);
        check(&["a"; 128].join("."), false);
    }
}
