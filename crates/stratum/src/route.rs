//! What an owner says of the way to a pool: whom to trust there, and through which proxy. Data
//! for the shell, which alone connects.

use std::fmt;
use std::path::PathBuf;

use crate::{Endpoint, EndpointError};

/// The way to a pool.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Route {
    /// Whom to trust at its end; where nothing protects the connection, nobody is.
    pub trust: Trust,
    /// Through whom.
    pub proxy: Option<Proxy>,
}

/// Whose word counts for who a pool is.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum Trust {
    /// The certificate authorities that the system trusts.
    #[default]
    System,
    /// The certificates in this file (PEM) and no others.
    Authority(PathBuf),
    /// This key alone, whatever its certificate says of names and times: SHA-256 of the
    /// SubjectPublicKeyInfo.
    Key([u8; 32]),
}

impl Trust {
    /// Read a pinned key: `sha256:` and 64 hex digits.
    pub fn key(text: &str) -> Option<Trust> {
        let digits = text.trim().strip_prefix("sha256:")?;
        let bytes = crate::hex::bytes(digits, 32).ok()?;
        (digits.len() == 64)
            .then(|| bytes.try_into().ok())
            .flatten()
            .map(Trust::Key)
    }
}

/// A SOCKS5 proxy. It resolves the pool's name.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// User and password, 1 to 255 bytes each. Never shown.
    pub login: Option<(String, String)>,
}

impl Proxy {
    /// Read `socks5://[user:password@]host:port`. What an address cannot hold as it is stands
    /// there percent-encoded (RFC 3986). No error shows what it read: it may hold a password.
    pub fn parse(text: &str) -> Result<Proxy, ProxyError> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(ProxyError::Scheme)?;
        // The name of the second is curl's, where the first resolves names itself.
        if !["socks5", "socks5h"].contains(&scheme.to_ascii_lowercase().as_str()) {
            return Err(ProxyError::Scheme);
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, host) = match rest.rsplit_once('@') {
            None => (None, rest),
            Some((login, host)) => (Some(read_login(login)?), host),
        };
        let endpoint = Endpoint::parse(host).map_err(ProxyError::Endpoint)?;
        Ok(Proxy { endpoint, login })
    }
}

fn read_login(text: &str) -> Result<(String, String), ProxyError> {
    let (user, password) = text.split_once(':').ok_or(ProxyError::Login)?;
    let read = |text| {
        decoded(text)
            .filter(|text| (1..=255).contains(&text.len()))
            .ok_or(ProxyError::Login)
    };
    Ok((read(user)?, read(password)?))
}

fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                (digit()? << 4 | digit()?) as u8
            }
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

/// Without the login.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "socks5://{}", self.endpoint)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let login = self.login.as_ref().map(|_| "…");
        write!(f, "Proxy({self}, login: {login:?})")
    }
}

/// Why a proxy cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProxyError {
    /// No kind of proxy that we know.
    Scheme,
    /// The login is not `user:password`, or too long.
    Login,
    /// The place is none.
    Endpoint(EndpointError),
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProxyError::Scheme => f.write_str("a proxy's address begins with `socks5://`"),
            ProxyError::Login => f.write_str(
                "a proxy's login is `user:password`, of 1 to 255 bytes each, with `%40` for `@`",
            ),
            ProxyError::Endpoint(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ProxyError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, shown: &str, login: Option<(&str, &str)>) {
        let proxy = Proxy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(proxy.to_string(), shown, "{text}");
        let login = login.map(|(user, password)| (user.to_owned(), password.to_owned()));
        assert_eq!(proxy.login, login, "{text}");
    }

    #[test]
    fn proxies_are_read() {
        check("socks5://h:9050", "socks5://h:9050", None);
        check("SOCKS5h://[::1]:9050/", "socks5://[::1]:9050", None);
        let login = Some(("me", "p@ss:w%"));
        check("socks5://me:p%40ss:w%25@h:1080", "socks5://h:1080", login);
        check("socks5://me:p@ss@h:1", "socks5://h:1", Some(("me", "p@ss")));
    }

    #[test]
    fn unusable_proxies_say_why_and_show_no_login() {
        let long = "s3cr3t".repeat(50);
        for text in [
            "h:9050",
            "http://me:s3cr3t@h:1",
            "socks5://s3cr3t@h:1",
            "socks5://me:@h:1",
            "socks5://:s3cr3t@h:1",
            "socks5://me:s3cr3t%4@h:1",
            "socks5://me:s3cr3t%zz@h:1",
            "socks5://me:s3cr3t%ff@h:1",
            "socks5://me:s3cr3t@h",
            "socks5://me:s3cr3t@",
            &format!("socks5://me:{long}@h:1"),
        ] {
            let error = Proxy::parse(text).expect_err(text);
            assert!(!error.to_string().contains("s3cr3t"), "{text}: {error}");
            assert!(!format!("{error:?}").contains("s3cr3t"), "{text}");
        }
        let proxy = Proxy::parse("socks5://me:s3cr3t@h:1").expect("good");
        assert!(!format!("{proxy:?}{proxy}").contains("s3cr3t"));
    }

    #[test]
    fn keys_are_of_full_length() {
        let digits = "00ff".repeat(16);
        let key = Trust::key(&format!("sha256:{digits}"));
        let Some(Trust::Key(bytes)) = key else {
            panic!("{key:?}");
        };
        assert_eq!(bytes[..2], [0, 0xff]);
        for text in [
            digits.clone(),
            format!("sha1:{digits}"),
            format!("sha256:{}", &digits[2..]),
            format!("sha256:{digits}00"),
            format!("sha256:0x{}", &digits[2..]),
            format!("sha256:zz{}", &digits[2..]),
        ] {
            assert_eq!(Trust::key(&text), None, "{text}");
        }
    }
}
