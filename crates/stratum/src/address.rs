//! A pool's address as its owner writes it: what is spoken there, over what, and where.

use std::fmt;

use crate::endpoint::{Endpoint, EndpointError};

/// Schemes that the project plans and this build has not.
const PLANNED: &[&str] = &[
    "stratum+ssl",
    "stratum+tls",
    "stratum2+tcp",
    "node+http",
    "node+https",
];

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
}

/// What protects the bytes of a connection. The shell does it: sessions see plaintext alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Security {
    /// Nothing: plain TCP.
    Plain,
}

impl Address {
    /// Read `stratum+tcp://host:port` or `host:port`; an IPv6 address stands in brackets.
    /// One slash at the end is allowed.
    pub fn parse(text: &str) -> Result<Address, EndpointError> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        match scheme.as_deref() {
            None | Some("stratum+tcp") => Ok(Address::V1 {
                endpoint: Endpoint::parse(rest.strip_suffix('/').unwrap_or(rest))?,
                security: Security::Plain,
            }),
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
            Address::V1 { endpoint, .. } => endpoint,
        }
    }

    /// What protects its bytes on the way.
    pub fn security(&self) -> Security {
        match self {
            Address::V1 { security, .. } => *security,
        }
    }
}

/// As it is written in a configuration, without credentials.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::V1 { endpoint, security } => {
                let scheme = match security {
                    Security::Plain => "stratum+tcp",
                };
                write!(f, "{scheme}://{endpoint}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
