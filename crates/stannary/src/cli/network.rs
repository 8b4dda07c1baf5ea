//! What a configuration says of the way to pools, and of the time.

use std::path::PathBuf;

use board_support::strict::Section;
use stratum::{Address, Endpoint, Proxy, Route, Security, Trust};

use crate::runtime::{authorities, sntp};

/// Longest text value.
const TEXT_MAX: usize = 512;
/// Time servers: one is asked, the others stand in for it.
const SERVERS_MAX: usize = 8;

/// The way to the pool of this `[[pool]]`. Inside, `None` where there is no address to judge it
/// by; outside, after a fault.
pub(super) fn read_route(s: &mut Section<'_>, address: Option<&Address>) -> Option<Route> {
    let unprotected = address.filter(|address| address.security() == Security::Plain);
    let unprotected = unprotected.map(|address| match address {
        Address::Node(_) => "remove it: a node is spoken to over one's own network",
        _ => "write the address as `stratum+ssl://host:port`",
    });
    let trust = read_trust(s, unprotected);
    let proxy = match s.has("proxy") {
        true => read_proxy(s).map(Some),
        false => Some(None),
    };
    Some(Route {
        trust: trust?,
        proxy: proxy?,
    })
}

/// Whom to trust on the way; `unprotected` is the remedy where the address asks for no TLS.
pub(super) fn read_trust(s: &mut Section<'_>, unprotected: Option<&str>) -> Option<Trust> {
    let given = ["tls_ca", "tls_pin"].map(|key| s.has(key));
    let trust = match given {
        [false, false] => Some(Trust::System),
        [true, false] => read_authority(s),
        [false, true] => read_pin(s),
        [true, true] => {
            s.text("tls_ca", TEXT_MAX);
            s.text("tls_pin", TEXT_MAX);
            let message = "means nothing beside `tls_pin`: a pinned key needs no authority";
            s.refuse("tls_ca", message, "remove one of the two");
            None
        }
    };
    // Whoever asks for it believes to be protected.
    if let Some(remedy) = unprotected.filter(|_| given.contains(&true)) {
        let key = if given[0] { "tls_ca" } else { "tls_pin" };
        let message = "protects nothing: this address asks for no TLS";
        s.refuse(key, message, remedy);
        return None;
    }
    trust
}

fn read_authority(s: &mut Section<'_>) -> Option<Trust> {
    let path = PathBuf::from(s.text("tls_ca", TEXT_MAX)?);
    if !path.is_absolute() {
        let message = "must be the absolute path of a file of certificates";
        s.refuse("tls_ca", message, "begin it with `/`");
        return None;
    }
    if let Err(why) = authorities(&path) {
        let message = format!("cannot be used: {} {why}", path.display());
        let remedy = "give a file with the authority's certificate in PEM form, which begins with \
                      `-----BEGIN CERTIFICATE-----`";
        s.refuse("tls_ca", &message, remedy);
        return None;
    }
    Some(Trust::Authority(path))
}

fn read_pin(s: &mut Section<'_>) -> Option<Trust> {
    let text = s.text("tls_pin", TEXT_MAX)?;
    let key = Trust::key(&text);
    if key.is_none() {
        let message = "is not `sha256:` and 64 hex digits";
        let remedy = "a wrong one makes the log name the pool's own, with E-POOL-PIN; compare it \
                      with what the pool publishes";
        s.refuse("tls_pin", message, remedy);
    }
    key
}

fn read_proxy(s: &mut Section<'_>) -> Option<Proxy> {
    let text = s.text("proxy", 2 * TEXT_MAX)?;
    let proxy = Proxy::parse(&text);
    if let Err(error) = &proxy {
        let remedy = "write `socks5://host:port` or `socks5://user:password@host:port`";
        s.refuse("proxy", &error.to_string(), remedy);
    }
    proxy.ok()
}

/// The time servers of `[time]`; none without it.
pub(super) fn read_time(s: &mut Section<'_>) -> Option<Vec<Endpoint>> {
    if !s.has("time") {
        return Some(Vec::new());
    }
    let mut t = s.section("time")?;
    let texts = t.texts("ntp", SERVERS_MAX, TEXT_MAX)?;
    let read: Result<Vec<_>, _> = texts.iter().map(|text| server(text)).collect();
    match read {
        Ok(servers) => Some(servers),
        Err(why) => {
            t.refuse("ntp", &why, "write a list of `\"host\"` or `\"host:port\"`");
            None
        }
    }
}

fn server(text: &str) -> Result<Endpoint, String> {
    endpoint(text, sntp::PORT)
}

/// `host`, `host:port`, or an address, with brackets around an IPv6 one that has a port; without one
/// it is `port`.
pub(super) fn endpoint(text: &str, port: u16) -> Result<Endpoint, String> {
    let bare = match text.parse::<std::net::Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => text.to_owned(),
    };
    let has_port = match bare.rsplit_once(']') {
        Some((_, after)) => !after.is_empty(),
        None => bare.contains(':'),
    };
    let whole = match has_port {
        true => bare,
        false => format!("{bare}:{port}"),
    };
    Endpoint::parse(&whole).map_err(|error| format!("`{text}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_servers_have_a_port_of_their_own() {
        let check = |text: &str, shown: &str| {
            let server = server(text).map(|endpoint| endpoint.to_string());
            assert_eq!(server.as_deref(), Ok(shown), "{text}");
        };
        check("time.example", "time.example:123");
        check("time.example:1123", "time.example:1123");
        check("10.0.0.1", "10.0.0.1:123");
        check("2001:db8::1", "[2001:db8::1]:123");
        check("[2001:db8::1]", "[2001:db8::1]:123");
        check("[2001:db8::1]:1123", "[2001:db8::1]:1123");
        for text in ["a b", "h:0", "[::1", "http://h", ""] {
            assert!(server(text).is_err(), "{text}");
        }
    }
}
