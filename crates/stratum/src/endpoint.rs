//! Where a pool listens, and how its address is written.

use core::net::Ipv6Addr;
use std::fmt;

use telemetry::Code;

/// Host and port of a pool. The host is a name or an address; an IPv6 address stands
/// without brackets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Endpoint {
    /// Name or address.
    pub host: String,
    /// TCP port, not 0.
    pub port: u16,
}

/// Longest host: DNS names end at 253 characters.
const HOST_BYTES: usize = 253;

impl Endpoint {
    /// Read `host:port`; an IPv6 address stands in brackets.
    pub fn parse(rest: &str) -> Result<Endpoint, EndpointError> {
        if rest.contains('@') {
            return Err(EndpointError::Credentials);
        }
        let (host, port) = split(rest)?;
        let port = match port.parse::<u16>() {
            Ok(port) if port != 0 && !port_has_sign(rest) => port,
            _ => return Err(EndpointError::Port(port.to_owned())),
        };
        Ok(Endpoint {
            host: host.to_owned(),
            port,
        })
    }
}

/// `u16::from_str` takes `+3333`; an address must not.
fn port_has_sign(rest: &str) -> bool {
    rest.rsplit(':').next().is_some_and(|p| p.starts_with('+'))
}

fn split(rest: &str) -> Result<(&str, &str), EndpointError> {
    let bad_host = || EndpointError::Host(rest.to_owned());
    if let Some(inner) = rest.strip_prefix('[') {
        let (host, after) = inner.split_once(']').ok_or_else(bad_host)?;
        host.parse::<Ipv6Addr>().map_err(|_| bad_host())?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, port)),
            None if after.is_empty() => Err(EndpointError::NoPort),
            None => Err(bad_host()),
        };
    }
    let Some((host, port)) = rest.split_once(':') else {
        return Err(if rest.is_empty() {
            bad_host()
        } else {
            EndpointError::NoPort
        });
    };
    if rest.parse::<Ipv6Addr>().is_ok() || port.contains(':') {
        return Err(EndpointError::Brackets);
    }
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if host.is_empty() || host.len() > HOST_BYTES || !host.bytes().all(fine) {
        return Err(EndpointError::Host(host.to_owned()));
    }
    Ok((host, port))
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// All that this build speaks.
const SCHEMES: &str = "`stratum+tcp://`, `stratum+ssl://`, `stratum2+tcp://` or `node+http://`";

/// Why an address cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EndpointError {
    /// A protocol that the project plans and this build does not speak.
    NotInThisBuild(String),
    /// No protocol that we know.
    UnknownScheme(String),
    /// `user:password@` in the address: it would be shown wherever the address is.
    Credentials,
    /// Nothing after the host.
    NoPort,
    /// Not a number from 1 to 65535.
    Port(String),
    /// An IPv6 address without brackets, whose port nobody can tell.
    Brackets,
    /// Not a name and not an address.
    Host(String),
    /// A Stratum V2 pool without the key of its authority.
    NoKey,
    /// What stands for the authority's key is none, and why.
    Key(&'static str),
    /// A node's address, which is never quoted: it may hold a password.
    Node,
}

impl EndpointError {
    /// The stable code.
    pub fn code(&self) -> Code {
        match self {
            EndpointError::NotInThisBuild(_) => Code::PoolScheme,
            _ => Code::PoolAddress,
        }
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EndpointError::NotInThisBuild(scheme) => {
                write!(
                    f,
                    "`{scheme}://` pools are not in this build; use {SCHEMES}"
                )
            }
            EndpointError::UnknownScheme(scheme) => {
                write!(f, "unknown scheme `{scheme}://`; use {SCHEMES}")
            }
            EndpointError::Credentials => {
                write!(
                    f,
                    "the address holds a login; use the keys `user` and `password`"
                )
            }
            EndpointError::NoPort => write!(f, "no port; write `host:port`"),
            EndpointError::Port(port) => write!(f, "`{port}` is not a port from 1 to 65535"),
            EndpointError::Brackets => {
                write!(f, "write an IPv6 address in brackets: `[::1]:3333`")
            }
            EndpointError::NoKey => write!(
                f,
                "no authority key; write `stratum2+tcp://host:port/KEY` with the key that the pool publishes"
            ),
            EndpointError::Key(why) => write!(
                f,
                "the authority key cannot be read: {why}; copy it again from where the pool publishes it"
            ),
            EndpointError::Host(host) => write!(f, "`{host}` is not a host name or address"),
            EndpointError::Node => write!(
                f,
                "a node is not addressed so; write `node+http://user:password@host:port`"
            ),
        }
    }
}

impl std::error::Error for EndpointError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let check = |text: &str, host: &str, port: u16, shown: &str| {
            let e = Endpoint::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((e.host.as_str(), e.port), (host, port), "{text}");
            assert_eq!(e.to_string(), shown);
            assert_eq!(Endpoint::parse(shown), Ok(e));
        };
        check(
            "pool.example:3333",
            "pool.example",
            3333,
            "pool.example:3333",
        );
        check(
            "Pool.Example:3333",
            "Pool.Example",
            3333,
            "Pool.Example:3333",
        );
        check("127.0.0.1:1", "127.0.0.1", 1, "127.0.0.1:1");
        check("[::1]:65535", "::1", 65535, "[::1]:65535");
        check("[2001:db8::2]:25", "2001:db8::2", 25, "[2001:db8::2]:25");
        check(
            "my_pool-1.local:3334",
            "my_pool-1.local",
            3334,
            "my_pool-1.local:3334",
        );
    }

    #[test]
    fn unusable_addresses_say_why() {
        use EndpointError as E;
        let check = |text: &str, error: E| {
            assert_eq!(Endpoint::parse(text), Err(error.clone()), "{text}");
            assert!(!error.to_string().is_empty());
        };
        check("me:x@h:3333", E::Credentials);
        check("pool.example", E::NoPort);
        check("[::1]", E::NoPort);
        check("h:0", E::Port("0".into()));
        check("h:65536", E::Port("65536".into()));
        check("h:+5", E::Port("+5".into()));
        check("h:", E::Port(String::new()));
        check("h:33 33", E::Port("33 33".into()));
        check("::1:3333", E::Brackets);
        check("h:1:2", E::Brackets);
        check("[zz]:1", E::Host("[zz]:1".into()));
        check("[::1]x:1", E::Host("[::1]x:1".into()));
        check("", E::Host(String::new()));
        check(":3333", E::Host(String::new()));
        check("a b:3333", E::Host("a b".into()));
        check("a/b:3333", E::Host("a/b".into()));
        let long = "a".repeat(254);
        check(&format!("{long}:1"), E::Host(long.clone()));
    }
}
