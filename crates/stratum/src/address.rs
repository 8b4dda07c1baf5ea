//! A pool's address as its owner writes it: what is spoken there, over what, and where.

use std::fmt;

use crate::authority::AuthorityKey;
use crate::endpoint::{Endpoint, EndpointError};
use crate::node::Access;

/// Schemes that the project plans and this build has not.
const PLANNED: &[&str] = &["node+https"];

/// What is spoken with a pool, and where it listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// Stratum V1.
    V1 {
        /// Where it listens.
        endpoint: Endpoint,
        /// What protects its bytes on the way.
        security: Security,
    },
    /// Stratum V2, always through Noise.
    V2 {
        /// Where it listens.
        endpoint: Endpoint,
        /// Who vouches for it.
        authority: AuthorityKey,
    },
    /// One's own node, over HTTP.
    Node(Access),
}

/// What protects the bytes of a connection. The shell does it: sessions see plaintext alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Security {
    /// Nothing: plain TCP.
    Plain,
    /// TLS, and whoever the pool's [`Route`](crate::Route) trusts.
    Tls,
    /// Noise as Stratum V2 uses it: the server must show a certificate that this authority
    /// signed, and its frames are encrypted.
    Noise {
        /// Who must have signed.
        authority: AuthorityKey,
    },
}

impl Address {
    /// Read `stratum+tcp://host:port`, `host:port` (the same), `stratum+ssl://host:port`
    /// (`stratum+tls://` is the same), `stratum2+tcp://host:port/KEY` or
    /// `node+http://user:password@host:port`; an IPv6 address stands in brackets. One slash at
    /// the end is allowed.
    pub fn parse(text: &str) -> Result<Address, EndpointError> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        match scheme.as_deref() {
            None | Some("stratum+tcp") => v1(rest, Security::Plain),
            Some("stratum+ssl" | "stratum+tls") => v1(rest, Security::Tls),
            Some("stratum2+tcp") => v2(rest),
            Some("node+http") => Access::parse(rest).map(Address::Node),
            Some(scheme) if PLANNED.contains(&scheme) => {
                Err(EndpointError::NotInThisBuild(scheme.to_owned()))
            }
            Some(scheme) => Err(EndpointError::UnknownScheme(scheme.to_owned())),
        }
    }

    /// Stratum V1 over plain TCP.
    pub fn plain(endpoint: Endpoint) -> Address {
        Address::V1 {
            endpoint,
            security: Security::Plain,
        }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &Endpoint {
        match self {
            Address::V1 { endpoint, .. } | Address::V2 { endpoint, .. } => endpoint,
            Address::Node(access) => &access.endpoint,
        }
    }

    /// What protects its bytes on the way.
    pub fn security(&self) -> Security {
        match self {
            Address::V1 { security, .. } => *security,
            Address::Node(_) => Security::Plain,
            Address::V2 { authority, .. } => Security::Noise {
                authority: *authority,
            },
        }
    }
}

fn v1(place: &str, security: Security) -> Result<Address, EndpointError> {
    Ok(Address::V1 {
        endpoint: Endpoint::parse(place.strip_suffix('/').unwrap_or(place))?,
        security,
    })
}

/// `host:port/KEY`.
fn v2(rest: &str) -> Result<Address, EndpointError> {
    if rest.contains('@') {
        return Err(EndpointError::Credentials);
    }
    let (place, key) = rest.split_once('/').unwrap_or((rest, ""));
    let endpoint = Endpoint::parse(place)?;
    let key = key.strip_suffix('/').unwrap_or(key);
    let authority = match key {
        "" => return Err(EndpointError::NoKey),
        key => AuthorityKey::parse(key).map_err(EndpointError::Key)?,
    };
    Ok(Address::V2 {
        endpoint,
        authority,
    })
}

/// As it is written in a configuration, without credentials.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::V1 { endpoint, security } => {
                let scheme = match security {
                    Security::Tls => "stratum+ssl",
                    Security::Plain | Security::Noise { .. } => "stratum+tcp",
                };
                write!(f, "{scheme}://{endpoint}")
            }
            Address::V2 {
                endpoint,
                authority,
            } => write!(f, "stratum2+tcp://{endpoint}/{authority}"),
            Address::Node(access) => write!(f, "node+http://{}", access.endpoint),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    const KEY: &str = "9bXiEd8boQVhq7WddEcERUL5tyyJVFYdU8th3HfbNXK3Yw6GRXh";

    #[test]
    fn addresses_are_read_and_shown() {
        let check = |text: &str, shown: &str| {
            let address = Address::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(address.to_string(), shown, "{text}");
            assert_eq!(Address::parse(shown), Ok(address));
        };
        check("pool.example:3333", "stratum+tcp://pool.example:3333");
        check(
            "STRATUM+TCP://Pool.Example:3333/",
            "stratum+tcp://Pool.Example:3333",
        );
        check(" [::1]:65535 ", "stratum+tcp://[::1]:65535");
        let v2 = format!("stratum2+tcp://[::1]:3336/{KEY}");
        check(&v2, &v2);
        check(&format!("Stratum2+TCP://[::1]:3336/{KEY}/ "), &v2);
        check("stratum+ssl://h:443", "stratum+ssl://h:443");
        check("Stratum+TLS://h:443/", "stratum+ssl://h:443");
        check("node+http://127.0.0.1:8332/", "node+http://127.0.0.1:8332");
        let secret = Address::parse("node+http://u:hunter2@h:1").expect("an address");
        assert_eq!(secret.to_string(), "node+http://h:1");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }

    #[test]
    fn unusable_addresses_say_why() {
        use EndpointError as E;
        let check = |text: &str, error: E| {
            assert_eq!(Address::parse(text), Err(error.clone()), "{text}");
            assert!(!error.to_string().is_empty());
        };
        for &scheme in PLANNED {
            let error = E::NotInThisBuild(scheme.to_owned());
            assert_eq!(error.code().text(), "E-POOL-SCHEME");
            check(&format!("{scheme}://u:p@h:1/KEY"), error);
        }
        check("http://h:80", E::UnknownScheme("http".into()));
        check("stratum+tcp://me:x@h:3333", E::Credentials);
        check(&format!("stratum2+tcp://me:x@h:3333/{KEY}"), E::Credentials);
        check("stratum2+tcp://h:3333", E::NoKey);
        check("stratum2+tcp://h:3333/", E::NoKey);
        check(&format!("stratum2+tcp://h/{KEY}"), E::NoPort);
        let why = "its check does not fit: a character is wrong";
        check(&format!("stratum2+tcp://h:1/{}", &KEY[1..]), E::Key(why));
        check("stratum+ssl://h", E::NoPort);
    }
}
