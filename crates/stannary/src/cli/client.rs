//! The smallest HTTP client that can ask our own daemon: one request per connection, over
//! TCP or the local socket, with bounds on time and size.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use stratum::Trust;

use super::paths::likely_sockets;
use super::text::plain;
use crate::names;
use crate::runtime::over_tls;

/// A daemon on this computer answers in milliseconds; one across a slow network may take
/// seconds.
const TIMEOUT: Duration = Duration::from_secs(5);
/// A change may have to wait for a password's hash, and for flash.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest answer: a snapshot with every chip of a large machine is under 200 kB.
const ANSWER_MAX: u64 = 8 * 1024 * 1024;

/// The environment's variable with a token, for a daemon elsewhere.
const TOKEN: &str = "STANNARY_TOKEN";

/// Where a daemon is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Daemon {
    /// `host:port`
    Tcp(String),
    /// The same over TLS, and how it is known: by its key, else by whom the system trusts.
    Tls(String, Trust),
    /// A local socket.
    Socket(PathBuf),
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum AskError {
    /// The address given on the command line is none.
    Address(String),
    /// What was given as its key is none.
    Fingerprint(String),
    /// It cannot be told who answers.
    Stranger(String, String),
    /// Nobody answers.
    Unreachable(String, io::Error),
    /// No daemon runs on this computer, as far as can be seen.
    NoDaemon,
    /// Several daemons run, and none of them is the default one.
    Several(Vec<PathBuf>),
    /// What came back is not what the daemon says.
    Answer(String),
    /// The daemon refused: its words.
    Refused(String),
    /// The terminal cannot be used.
    Terminal(io::Error),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Address(text) => write!(
                f,
                "`{text}` is no address of a daemon\nhint: write http://HOST:PORT, https://HOST:PORT, or the path of a socket"
            ),
            AskError::Fingerprint(text) => write!(
                f,
                "`{text}` is no key's fingerprint, or the daemon is not at https://\nhint: `stannary access fingerprint` on the machine says it: sha256: and 64 hex digits"
            ),
            AskError::Stranger(at, why) => write!(
                f,
                "it cannot be told who is at {at}: {why}\nhint: `stannary access fingerprint` on the machine says its key, for `--fingerprint`"
            ),
            AskError::Unreachable(at, error) => write!(
                f,
                "the daemon at {at} does not answer: {error}\nhint: is it running? `--api` names another one"
            ),
            AskError::NoDaemon => write!(
                f,
                "no daemon runs on this computer\nhint: start one with `stannary demo`, or name one with `--api`"
            ),
            AskError::Several(paths) => {
                write!(f, "several daemons run on this computer\nhint: name one:")?;
                paths
                    .iter()
                    .try_for_each(|p| write!(f, "\n  --api {}", p.display()))
            }
            AskError::Answer(what) => write!(
                f,
                "the answer cannot be understood: {what}\nhint: is there a stannary daemon at this address?"
            ),
            AskError::Refused(words) => f.write_str(words),
            AskError::Terminal(error) => write!(
                f,
                "the terminal cannot be used: {error}\nhint: `stannary status` needs none"
            ),
        }
    }
}

impl Daemon {
    /// What `--api` names, or the daemon of this computer; over TLS it has to have this key.
    pub(super) fn find(api: Option<&str>, key: Option<&str>) -> Result<Daemon, AskError> {
        let daemon = match api {
            Some(text) => Daemon::parse(text)?,
            None => Daemon::of_this_computer()?,
        };
        match (daemon, key) {
            (daemon, None) => Ok(daemon),
            (Daemon::Tls(host, _), Some(key)) => match Trust::key(key) {
                Some(trust) => Ok(Daemon::Tls(host, trust)),
                None => Err(AskError::Fingerprint(key.to_owned())),
            },
            // Whoever asks for it believes to be protected.
            (_, Some(key)) => Err(AskError::Fingerprint(key.to_owned())),
        }
    }

    fn parse(text: &str) -> Result<Daemon, AskError> {
        let wrong = || AskError::Address(text.to_owned());
        if text.starts_with('/') || text.starts_with("./") {
            return Ok(Daemon::Socket(PathBuf::from(text)));
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Daemon::Socket(PathBuf::from(path)));
        }
        let (rest, secure) = match text.strip_prefix("https://") {
            Some(rest) => (rest, true),
            None => (text.strip_prefix("http://").ok_or_else(wrong)?, false),
        };
        let host = rest.strip_suffix('/').unwrap_or(rest);
        if host.is_empty() || host.contains(['/', '@', ' ', '\r', '\n']) {
            return Err(wrong());
        }
        let after_brackets = host.rsplit(']').next().unwrap_or(host);
        let port = match (after_brackets.contains(':'), secure) {
            (true, _) => "",
            (false, false) => ":80",
            (false, true) => ":443",
        };
        let host = format!("{host}{port}");
        Ok(match secure {
            true => Daemon::Tls(host, Trust::System),
            false => Daemon::Tcp(host),
        })
    }

    /// The default socket if somebody answers there, else the only other one.
    fn of_this_computer() -> Result<Daemon, AskError> {
        let mut living: Vec<_> = likely_sockets()
            .into_iter()
            .filter(|path| UnixStream::connect(path).is_ok())
            .collect();
        match living.len() {
            0 => Err(AskError::NoDaemon),
            1 => Ok(Daemon::Socket(living.remove(0))),
            _ if living[0] == super::default_socket() => Ok(Daemon::Socket(living.remove(0))),
            _ => Err(AskError::Several(living)),
        }
    }

    /// Ask for a JSON value.
    pub(super) fn get(&self, path: &str) -> Result<Value, AskError> {
        let request = format!(
            "GET {path} HTTP/1.0\r\nHost: {}\r\n{}Accept: application/json\r\n\r\n",
            self.host(),
            self.token()?
        );
        self.exchange(&request, TIMEOUT)
    }

    /// Ask for what is no JSON.
    pub(super) fn get_bytes(&self, path: &str) -> Result<Vec<u8>, AskError> {
        let request = format!(
            "GET {path} HTTP/1.0\r\nHost: {}\r\n{}\r\n",
            self.host(),
            self.token()?
        );
        let answer = self.answer(&request, CHANGE_TIMEOUT)?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or(answer.len());
        let is_good = answer.starts_with(b"HTTP/1.0 200 ") || answer.starts_with(b"HTTP/1.1 200 ");
        match is_good {
            true => Ok(answer[(end + 4).min(answer.len())..].to_vec()),
            // Refusals are JSON.
            false => match understand(&answer) {
                Ok(_) => Err(AskError::Answer("it is no archive".to_owned())),
                Err(error) => Err(error),
            },
        }
    }

    /// Send a JSON value.
    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, AskError> {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.0\r\nHost: {}\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.host(),
            self.token()?,
            body.len()
        );
        self.exchange(&request, CHANGE_TIMEOUT)
    }

    /// Take something away.
    pub(super) fn delete(&self, path: &str) -> Result<Value, AskError> {
        let request = format!(
            "DELETE {path} HTTP/1.0\r\nHost: {}\r\n{}\r\n",
            self.host(),
            self.token()?
        );
        self.exchange(&request, CHANGE_TIMEOUT)
    }

    /// The header with the token of the environment, which others cannot read as they can
    /// arguments. The local socket needs none.
    fn token(&self) -> Result<String, AskError> {
        if matches!(self, Daemon::Socket(_)) {
            return Ok(String::new());
        }
        match std::env::var(TOKEN) {
            Err(_) => Ok(String::new()),
            Ok(token)
                if token
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_') =>
            {
                Ok(format!("Authorization: Bearer {token}\r\n"))
            }
            Ok(_) => {
                let words = format!("`{TOKEN}` holds no token\nhint: `stannary access token add`");
                Err(AskError::Refused(words))
            }
        }
    }

    fn host(&self) -> &str {
        match self {
            Daemon::Tcp(host) | Daemon::Tls(host, _) => host,
            Daemon::Socket(_) => "localhost",
        }
    }

    fn exchange(&self, request: &str, patience: Duration) -> Result<Value, AskError> {
        understand(&self.answer(request, patience)?)
    }

    fn answer(&self, request: &str, patience: Duration) -> Result<Vec<u8>, AskError> {
        let answer = match self {
            Daemon::Tcp(host) => tcp(host, patience).and_then(|s| talk(s, request)),
            Daemon::Tls(host, trust) => match tcp(host, patience) {
                Ok(stream) => {
                    let stream = over_tls(stream, bare(host), trust);
                    let stranger = |why| AskError::Stranger(self.to_string(), why);
                    talk(stream.map_err(stranger)?, request)
                }
                Err(error) => Err(error),
            },
            Daemon::Socket(path) => socket(path, patience).and_then(|s| talk(s, request)),
        };
        answer.map_err(|e| AskError::Unreachable(self.to_string(), e))
    }
}

impl fmt::Display for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Daemon::Tcp(host) => write!(f, "http://{host}"),
            Daemon::Tls(host, _) => write!(f, "https://{host}"),
            Daemon::Socket(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A host's name or address as a certificate has it: without port and brackets.
fn bare(host: &str) -> &str {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.trim_start_matches('[').trim_end_matches(']')
}

fn tcp(host: &str, patience: Duration) -> io::Result<TcpStream> {
    let no_port = || io::Error::new(io::ErrorKind::InvalidInput, "there is no port");
    let (name, port) = host.rsplit_once(':').ok_or_else(no_port)?;
    let port = port.parse().map_err(|_| no_port())?;
    let addresses = names::resolve(name, port).map_err(io::Error::other)?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses.into_iter().take(4) {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(patience))?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn socket(path: &PathBuf, patience: Duration) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    Ok(stream)
}

/// An HTTP/1.0 answer ends where the connection does.
fn talk(mut stream: impl Read + Write, request: &str) -> io::Result<Vec<u8>> {
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut answer)?;
    Ok(answer)
}

fn understand(answer: &[u8]) -> Result<Value, AskError> {
    let wrong = |what: &str| AskError::Answer(what.to_owned());
    let text = str::from_utf8(answer).map_err(|_| wrong("it is not text"))?;
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or_else(|| wrong("it is not HTTP"))?;
    let status = head.split(' ').nth(1).and_then(|s| s.parse::<u16>().ok());
    let status = status.ok_or_else(|| wrong("it has no status"))?;
    let value: Result<Value, _> = serde_json::from_str(body);
    match (status, value) {
        (200..=299, Ok(value)) => Ok(value),
        (200..=299, Err(_)) => Err(wrong("it is not JSON")),
        (_, Ok(value)) if value["code"].is_string() => {
            // Details hold words of others.
            let part = |key: &str| plain(value[key].as_str().unwrap_or_default());
            let hint = part("remedy");
            let hint = if hint.is_empty() {
                hint
            } else {
                format!("\nhint: {hint}")
            };
            Err(AskError::Refused(format!(
                "{}: {}{hint}",
                part("code"),
                part("detail")
            )))
        }
        _ => Err(AskError::Answer(format!("status {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood_or_refused() {
        let tcp = |host: &str| Some(Daemon::Tcp(host.to_owned()));
        let check = |text: &str, expected: Option<Daemon>| {
            assert_eq!(Daemon::parse(text).ok(), expected, "{text}");
        };
        check("http://127.0.0.1:8080", tcp("127.0.0.1:8080"));
        check("http://127.0.0.1:8080/", tcp("127.0.0.1:8080"));
        check("http://miner", tcp("miner:80"));
        check("http://[::1]", tcp("[::1]:80"));
        check("http://[::1]:8080", tcp("[::1]:8080"));
        let tls = |host: &str| Some(Daemon::Tls(host.to_owned(), Trust::System));
        check("https://miner", tls("miner:443"));
        check("https://[::1]:8443/", tls("[::1]:8443"));
        check("/run/s.sock", Some(Daemon::Socket("/run/s.sock".into())));
        check(
            "unix:/run/s.sock",
            Some(Daemon::Socket("/run/s.sock".into())),
        );
        for bad in [
            "",
            "miner",
            "https://",
            "http://",
            "http://a/b",
            "http://u@h",
            "http://a\r\nX: y",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn a_key_is_for_a_daemon_over_tls_alone() {
        let key = format!("sha256:{}", "0a".repeat(32));
        let check = |api: &str, key: &str, good: bool| {
            let found = Daemon::find(Some(api), Some(key));
            assert_eq!(found.is_ok(), good, "{api} {key}");
        };
        check("https://miner", &key, true);
        check("https://miner", "sha256:00", false);
        check("http://miner", &key, false);
        check("/run/s.sock", &key, false);
        assert_eq!(bare("[::1]:8443"), "::1");
        assert_eq!(bare("rig.local:443"), "rig.local");
    }

    #[test]
    fn answers_are_understood_or_explained() {
        let check = |answer: &str, expected: &str| {
            let shown = match understand(answer.as_bytes()) {
                Ok(value) => value.to_string(),
                Err(error) => error
                    .to_string()
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            };
            assert_eq!(shown, expected, "{answer}");
        };
        check("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{\"a\":1}", "{\"a\":1}");
        check(
            "HTTP/1.0 403 Forbidden\r\n\r\n{\"code\":\"E-API-HOST\",\"detail\":\"foreign\"}",
            "E-API-HOST: foreign",
        );
        check(
            "HTTP/1.0 500 Oops\r\n\r\nhtml",
            "the answer cannot be understood: status 500",
        );
        check(
            "HTTP/1.0 200 OK\r\n\r\nhtml",
            "the answer cannot be understood: it is not JSON",
        );
        check(
            "SSH-2.0-dropbear\r\n",
            "the answer cannot be understood: it is not HTTP",
        );
        check("", "the answer cannot be understood: it is not HTTP");
    }
}
