//! SOCKS5 (RFC 1928) with user and password (RFC 1929), as a client that wants one connection.
//! The proxy resolves the pool's name: nobody else learns it.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

use stratum::{Endpoint, Proxy};

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const LOGIN_VERSION: u8 = 1;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Have the proxy at the other end of `wire` connect to `endpoint`. What follows on the wire is
/// the pool's. The error shows no login.
pub(super) fn connect(
    wire: &mut (impl Read + Write),
    proxy: &Proxy,
    endpoint: &Endpoint,
) -> Result<(), String> {
    greet(wire, proxy)?;
    let request = request(endpoint).ok_or("the host's name is too long for a proxy")?;
    send(wire, &request)?;
    let [version, reply, _, kind] = receive::<4>(wire)?;
    if version != VERSION {
        return Err("does not answer as a SOCKS5 proxy".to_owned());
    }
    if reply != 0 {
        return Err(format!("cannot connect to {endpoint}: {}", reason(reply)));
    }
    // Where it connects from: of no use here, but it stands before the pool's first byte.
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => usize::from(receive::<1>(wire)?[0]),
        _ => return Err("answers with an unknown kind of address".to_owned()),
    };
    let mut rest = [0; 255 + 2];
    read(wire, &mut rest[..length + 2])
}

fn greet(wire: &mut (impl Read + Write), proxy: &Proxy) -> Result<(), String> {
    match proxy.login {
        None => send(wire, &[VERSION, 1, NO_LOGIN])?,
        Some(_) => send(wire, &[VERSION, 2, NO_LOGIN, LOGIN])?,
    }
    let [version, method] = receive::<2>(wire)?;
    match (version, method, &proxy.login) {
        (VERSION, NO_LOGIN, _) => Ok(()),
        (VERSION, LOGIN, Some((user, password))) => {
            let mut login = vec![LOGIN_VERSION];
            for text in [user, password] {
                let length = u8::try_from(text.len()).map_err(|_| "the login is too long")?;
                login.push(length);
                login.extend_from_slice(text.as_bytes());
            }
            send(wire, &login)?;
            match receive::<2>(wire)? {
                [_, 0] => Ok(()),
                _ => Err("refuses the user or the password".to_owned()),
            }
        }
        (VERSION, _, None) => Err("wants a login; write `socks5://user:password@…`".to_owned()),
        (VERSION, _, Some(_)) => Err("takes no user and password".to_owned()),
        _ => Err("does not answer as a SOCKS5 proxy".to_owned()),
    }
}

fn request(endpoint: &Endpoint) -> Option<Vec<u8>> {
    let mut request = vec![VERSION, CONNECT, 0];
    let host = endpoint.host.as_str();
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        request.push(IPV4);
        request.extend_from_slice(&address.octets());
    } else if let Ok(address) = host.parse::<Ipv6Addr>() {
        request.push(IPV6);
        request.extend_from_slice(&address.octets());
    } else {
        request.extend_from_slice(&[NAME, u8::try_from(host.len()).ok()?]);
        request.extend_from_slice(host.as_bytes());
    }
    request.extend_from_slice(&endpoint.port.to_be_bytes());
    Some(request)
}

fn reason(reply: u8) -> String {
    let words = match reply {
        1 => "it failed",
        2 => "its rules forbid it",
        3 => "the network cannot be reached",
        4 => "the host cannot be reached",
        5 => "the connection was refused",
        6 => "it took too long",
        7 | 8 => "it does not know the request",
        other => return format!("reply {other}"),
    };
    words.to_owned()
}

fn send(wire: &mut impl Write, bytes: &[u8]) -> Result<(), String> {
    wire.write_all(bytes).map_err(told)
}

fn receive<const N: usize>(wire: &mut impl Read) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    read(wire, &mut bytes)?;
    Ok(bytes)
}

fn read(wire: &mut impl Read, bytes: &mut [u8]) -> Result<(), String> {
    wire.read_exact(bytes).map_err(told)
}

fn told(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "closes the connection".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A wire whose other side has said everything already.
    struct Script {
        says: Cursor<Vec<u8>>,
        heard: Vec<u8>,
    }

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            // A byte at a time, as a slow proxy would.
            let one = buffer.len().min(1);
            self.says.read(&mut buffer[..one])
        }
    }

    impl Write for Script {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.heard.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn run(proxy: &str, host: &str, says: &[u8]) -> (Result<(), String>, Vec<u8>, Vec<u8>) {
        let mut wire = Script {
            says: Cursor::new(says.to_vec()),
            heard: Vec::new(),
        };
        let proxy = Proxy::parse(proxy).expect("a proxy");
        let endpoint = Endpoint {
            host: host.into(),
            port: 0x0d05,
        };
        let result = connect(&mut wire, &proxy, &endpoint);
        let mut rest = Vec::new();
        wire.says.read_to_end(&mut rest).expect("memory");
        (result, wire.heard, rest)
    }

    #[test]
    fn a_name_is_left_to_the_proxy_and_the_pools_first_byte_is_not_taken() {
        let says = [&[5, 0, 5, 0, 0, 1, 9, 9, 9, 9, 1, 1][..], b"pool"].concat();
        let (result, heard, rest) = run("socks5://p:1", "pool.example", &says);
        assert_eq!(result, Ok(()));
        let expected = [&[5, 1, 0, 5, 1, 0, 3, 12][..], b"pool.example", &[0x0d, 5]].concat();
        assert_eq!(heard, expected);
        assert_eq!(rest, b"pool");
    }

    #[test]
    fn addresses_go_as_addresses_and_every_kind_of_answer_is_read_whole() {
        let v6 = [&[5, 0, 5, 0, 0, 4][..], &[7; 18], b"!"].concat();
        let (result, heard, rest) = run("socks5://p:1", "10.0.0.9", &v6);
        assert_eq!((result, rest.as_slice()), (Ok(()), &b"!"[..]));
        assert_eq!(heard[3..], [5, 1, 0, 1, 10, 0, 0, 9, 0x0d, 5]);
        let name = [&[5, 0, 5, 0, 0, 3, 3][..], b"abc", &[1, 2], b"!"].concat();
        let (result, heard, rest) = run("socks5://p:1", "2001:db8::1", &name);
        assert_eq!((result, rest.as_slice()), (Ok(()), &b"!"[..]));
        assert_eq!(heard[3..8], [5, 1, 0, 4, 0x20]);
        assert_eq!(heard.len(), 3 + 4 + 16 + 2);
    }

    #[test]
    fn a_login_is_sent_where_it_is_asked_for_only() {
        let says = [5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        let (result, heard, _) = run("socks5://me:s3cr3t@p:1", "h", &says);
        assert_eq!(result, Ok(()));
        assert_eq!(heard[..4], [5, 2, 0, 2]);
        assert_eq!(heard[4..15], *b"\x01\x02me\x06s3cr3t");
        let says = [5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        let (result, heard, _) = run("socks5://me:s3cr3t@p:1", "h", &says);
        assert_eq!(result, Ok(()));
        assert!(!heard.windows(6).any(|w| w == b"s3cr3t"));
    }

    #[test]
    fn refusals_are_told_without_the_login() {
        let check = |says: &[u8], words: &str| {
            let why = run("socks5://me:s3cr3t@p:1", "h", says).0.expect_err(words);
            assert!(why.contains(words) && !why.contains("s3cr3t"), "{why}");
        };
        check(&[], "closes");
        check(&[5], "closes");
        check(b"HTTP/1.1 400", "SOCKS5");
        check(&[5, 0xff], "takes no user");
        check(&[5, 2, 1, 1], "refuses the user");
        check(&[5, 0, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0], "refused");
        check(&[5, 0, 5, 99, 0, 1], "reply 99");
        check(&[5, 0, 5, 0, 0, 9], "unknown kind");
        check(&[5, 0, 5, 0, 0, 3, 200, 1], "closes");
        check(&[5, 0, 4, 0, 0, 1], "SOCKS5");
        let why = run("socks5://p:1", "h", &[5, 2]).0.expect_err("no login");
        assert!(why.contains("wants a login"), "{why}");
    }
}
