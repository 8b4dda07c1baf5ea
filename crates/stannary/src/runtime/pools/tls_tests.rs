//! TLS, the clock and the proxy, against servers of the test's own with certificates made here.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sha2::{Digest, Sha256};
use stratum::{Proxy, Trust};

use super::tests::{Engine, PATIENCE, listener};
use super::*;
use crate::runtime::wall::Kernel;

/// 2026-11-26, kept by the network or by a battery; and no time at all.
fn kept() -> Wall {
    Wall::with(|| Kernel {
        unix: units::Duration::from_secs(1_795_683_600),
        kept: true,
    })
}

fn battery() -> Wall {
    Wall::with(|| Kernel {
        unix: units::Duration::from_secs(1_795_683_600),
        kept: false,
    })
}

fn unset() -> Wall {
    Wall::with(|| Kernel {
        unix: units::Duration::ZERO,
        kept: false,
    })
}

/// An authority, in a file.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("signed");
        let file = format!("stannary-{}-{name}.pem", std::process::id());
        let file = std::env::temp_dir().join(file);
        std::fs::write(&file, certificate.pem()).expect("it can be written");
        Authority {
            issuer: Issuer::new(params, key),
            file,
        }
    }

    fn trust(&self) -> Trust {
        Trust::Authority(self.file.clone())
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// A pool that speaks TLS, sends back what it hears and tells the test.
struct Pool {
    listener: TcpListener,
    heard: Receiver<Vec<u8>>,
    pin: [u8; 32],
}

impl Pool {
    /// With a certificate for `name`, valid in these years.
    fn new(authority: &Authority, name: &str, years: (i32, i32)) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let certificate = params.signed_by(&key, &authority.issuer).expect("signed");
        let pin = Sha256::digest(key.subject_public_key_info()).into();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let chain = vec![CertificateDer::from(certificate)];
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate");
        let (tell, heard) = channel();
        let listener = listener();
        let accepts = listener.try_clone().expect("a handle");
        let config = Arc::new(config);
        thread::spawn(move || {
            for stream in accepts.incoming().flatten() {
                let tls = ServerConnection::new(Arc::clone(&config)).expect("a connection");
                let mut stream = StreamOwned::new(tls, stream);
                let mut buffer = [0; 1024];
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    let _ = tell.send(buffer[..read].to_vec());
                    if buffer[..read].starts_with(b"bye") {
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                        break;
                    }
                    let _ = stream.write_all(&buffer[..read]);
                }
            }
        });
        Pool {
            listener,
            heard,
            pin,
        }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().expect("bound").port()
    }

    fn nothing_was_sent(&self) {
        assert!(self.heard.try_recv().is_err(), "it heard something");
    }
}

/// Years around now.
const NOW: (i32, i32) = (2026, 2027);

fn route(trust: Trust) -> Route {
    Route { trust, proxy: None }
}

/// What comes of connecting.
fn connect(wall: Wall, host: &str, port: u16, route: Route) -> (Engine, PoolEvent) {
    let mut engine = Engine::with(wall);
    let endpoint = Endpoint {
        host: host.into(),
        port,
    };
    engine
        .sockets
        .connect(super::tests::POOL, endpoint, Security::Tls, route);
    let event = engine.event();
    (engine, event)
}

fn refused(event: PoolEvent, code: Code, words: &str) {
    let PoolEvent::Unprotected { code: seen, why } = event else {
        panic!("{event:?}");
    };
    assert_eq!(seen, code, "{why}");
    assert!(why.contains(words), "{why}");
}

fn echoes((mut engine, event): (Engine, PoolEvent), pool: &Pool) {
    assert!(matches!(event, PoolEvent::Connected), "{event:?}");
    // More than one record, and more than what TLS itself buffers.
    let long = [b'x'; 50_000];
    assert_eq!(engine.send(&long), None);
    let mut back = 0;
    while back < long.len() {
        let PoolEvent::Bytes(bytes) = engine.event() else {
            panic!("it does not come back whole");
        };
        assert!(bytes.iter().all(|byte| *byte == b'x'));
        back += bytes.len();
    }
    assert!(pool.heard.recv_timeout(PATIENCE).is_ok());
    assert_eq!(engine.send(b"bye"), None);
    let event = engine.event();
    assert!(matches!(event, PoolEvent::Closed(_)), "{event:?}");
}

#[test]
fn an_own_authority_is_believed_and_no_other() {
    let (own, other) = (Authority::new("own"), Authority::new("other"));
    let pool = Pool::new(&own, "127.0.0.1", NOW);
    for wall in [kept(), battery()] {
        echoes(
            connect(wall, "127.0.0.1", pool.port(), route(own.trust())),
            &pool,
        );
    }
    while pool.heard.try_recv().is_ok() {}
    for trust in [other.trust(), Trust::System] {
        let (_, event) = connect(kept(), "127.0.0.1", pool.port(), route(trust));
        refused(event, Code::PoolCertificate, "issued by nobody");
    }
    pool.nothing_was_sent();
}

#[test]
fn a_file_of_authorities_that_cannot_be_used_is_named() {
    let pool = Pool::new(&Authority::new("unread"), "127.0.0.1", NOW);
    let missing = Trust::Authority("/nonexistent/ca.pem".into());
    let (_, event) = connect(kept(), "127.0.0.1", pool.port(), route(missing));
    refused(event, Code::PoolCertificate, "/nonexistent/ca.pem");
    pool.nothing_was_sent();
}

#[test]
fn a_pinned_key_needs_neither_name_nor_time() {
    let pool = Pool::new(&Authority::new("pinned"), "elsewhere.test", (2001, 2002));
    let trust = Trust::Key(pool.pin);
    echoes(
        connect(unset(), "127.0.0.1", pool.port(), route(trust)),
        &pool,
    );
    while pool.heard.try_recv().is_ok() {}
    let (_, event) = connect(kept(), "127.0.0.1", pool.port(), route(Trust::Key([7; 32])));
    let pin: String = pool.pin.iter().map(|byte| format!("{byte:02x}")).collect();
    refused(event, Code::PoolPin, &pin);
    pool.nothing_was_sent();
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new("names");
    let pool = Pool::new(&authority, "elsewhere.test", NOW);
    let (_, event) = connect(kept(), "127.0.0.1", pool.port(), route(authority.trust()));
    refused(event, Code::PoolCertificate, "elsewhere.test");
    pool.nothing_was_sent();
}

#[test]
fn a_certificate_out_of_its_time_is_told_from_a_clock_that_may_be_wrong() {
    let authority = Authority::new("times");
    for (years, bound) in [
        ((2001, 2002), "ended 2002-01-01"),
        ((2040, 2041), "begins 2040"),
    ] {
        let pool = Pool::new(&authority, "127.0.0.1", years);
        for (wall, code) in [
            (kept(), Code::PoolCertificate),
            (battery(), Code::PoolClock),
        ] {
            let (_, event) = connect(wall, "127.0.0.1", pool.port(), route(authority.trust()));
            refused(event, code, bound);
        }
        pool.nothing_was_sent();
    }
}

#[test]
fn a_session_waits_for_the_time() {
    let authority = Authority::new("waits");
    let pool = Pool::new(&authority, "127.0.0.1", NOW);
    let wall = unset();
    let server = wall.clone();
    thread::spawn(move || {
        thread::sleep(std::time::Duration::from_millis(200));
        server.set(units::Duration::from_secs(1_795_683_600), "time.test");
    });
    let (_, event) = connect(wall, "127.0.0.1", pool.port(), route(authority.trust()));
    assert!(matches!(event, PoolEvent::Connected), "{event:?}");
}

#[test]
fn a_pool_without_tls_is_never_spoken_to_without() {
    let listener = listener();
    let port = listener.local_addr().expect("bound").port();
    let plain = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("it comes");
        stream.write_all(b"{\"id\":null}\n").expect("sent");
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        heard
    });
    let (_, event) = connect(kept(), "127.0.0.1", port, route(Trust::Key([0; 32])));
    refused(event, Code::PoolTls, "");
    let heard = plain.join().expect("no panic");
    // A handshake record, or an alert.
    assert!(matches!(heard.first(), Some(0x16)), "{heard:?}");
    assert!(!heard.windows(6).any(|w| w == b"mining"));
}

/// A proxy that knows one name and one login; it tells what it was asked for.
fn proxy(pool: u16) -> (u16, Receiver<String>) {
    let listener = listener();
    let port = listener.local_addr().expect("bound").port();
    let (tell, asked) = channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let tell = tell.clone();
            thread::spawn(move || serve_proxy(&mut stream, pool, &tell));
        }
    });
    (port, asked)
}

fn serve_proxy(
    stream: &mut TcpStream,
    pool: u16,
    tell: &std::sync::mpsc::Sender<String>,
) -> Option<()> {
    fn bytes(stream: &mut TcpStream, count: u8) -> Option<Vec<u8>> {
        let mut bytes = vec![0; usize::from(count)];
        stream.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }
    let methods = bytes(stream, 2)?[1];
    bytes(stream, methods)?;
    stream.write_all(&[5, 2]).ok()?;
    let length = bytes(stream, 2)?[1];
    let user = bytes(stream, length)?;
    let length = bytes(stream, 1)?[0];
    let password = bytes(stream, length)?;
    let good = (user.as_slice(), password.as_slice()) == (b"me", b"s3cr3t");
    stream.write_all(&[1, u8::from(!good)]).ok()?;
    if !good {
        return None;
    }
    let length = bytes(stream, 5)?[4];
    let name = bytes(stream, length)?;
    bytes(stream, 2)?;
    let _ = tell.send(String::from_utf8(name).ok()?);
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
    let mut far = TcpStream::connect(("127.0.0.1", pool)).ok()?;
    let (mut back_from, mut back_to) = (far.try_clone().ok()?, stream.try_clone().ok()?);
    thread::spawn(move || std::io::copy(&mut back_from, &mut back_to));
    std::io::copy(stream, &mut far).ok()?;
    Some(())
}

#[test]
fn a_proxy_resolves_the_name_and_tls_goes_through_it() {
    let authority = Authority::new("proxied");
    // No name service knows this one (RFC 6761).
    let pool = Pool::new(&authority, "pool.invalid", NOW);
    let (port, asked) = proxy(pool.port());
    let by = |login: &str| Route {
        trust: authority.trust(),
        proxy: Some(Proxy::parse(&format!("socks5://{login}@127.0.0.1:{port}")).expect("good")),
    };
    echoes(
        connect(kept(), "pool.invalid", 3333, by("me:s3cr3t")),
        &pool,
    );
    assert_eq!(asked.recv_timeout(PATIENCE).as_deref(), Ok("pool.invalid"));
    let (_, event) = connect(kept(), "pool.invalid", 3333, by("me:wr0ng"));
    assert!(!format!("{event:?}").contains("wr0ng"));
    refused(event, Code::PoolProxy, "refuses the user");
}

#[test]
fn a_proxy_that_is_not_there_is_not_left_out() {
    let authority = Authority::new("direct");
    let pool = Pool::new(&authority, "127.0.0.1", NOW);
    let unused = listener();
    let port = unused.local_addr().expect("bound").port();
    drop(unused);
    let route = Route {
        trust: authority.trust(),
        proxy: Some(Proxy::parse(&format!("socks5://127.0.0.1:{port}")).expect("good")),
    };
    let (_, event) = connect(kept(), "127.0.0.1", pool.port(), route);
    refused(event, Code::PoolProxy, "");
    pool.nothing_was_sent();
}
