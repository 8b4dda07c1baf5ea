//! The same interface over TLS: whoever shakes hands slowly, or not at all, holds nobody up.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use api::{Gate, Https, Identity, Kept, Listen};
use fixture::server::*;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, ServerConfig, SignatureScheme,
    StreamOwned,
};

mod fixture;

type Shelf = Arc<Mutex<Option<Arc<Identity>>>>;

fn identity() -> Arc<Identity> {
    let made = rcgen::generate_simple_self_signed(["rig".to_owned()]).expect("made");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialized_der().to_vec().into());
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            let chain = vec![made.cert.der().clone()];
            config.with_no_client_auth().with_single_cert(chain, key)
        });
    Arc::new(Identity {
        config: Arc::new(config.expect("sound")),
        certificate: [0xab; 32],
        key: [0xcd; 32],
        names: vec!["rig".to_owned()],
        own: false,
    })
}

/// A real machine with this gate, over HTTP and HTTPS.
fn server_of(gate: Gate, shelf: &Shelf) -> Server {
    let shelf = Arc::clone(shelf);
    let https = Https {
        at: SocketAddr::from(([127, 0, 0, 1], 0)),
        identity: Arc::new(move || shelf.lock().expect("whole").clone()),
    };
    let listen = Listen {
        https: Some(https),
        ..loopback()
    };
    server_with(real(), listen, gate)
}

fn server() -> Server {
    server_of(claimed(), &Arc::new(Mutex::new(Some(identity()))))
}

fn at(server: &Server) -> SocketAddr {
    server.handle.https().expect("it listens")
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn connect(at: SocketAddr) -> Tls {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    let name = ServerName::try_from("rig").expect("a name");
    let session = ClientConnection::new(Arc::new(config), name).expect("a session");
    let wire = TcpStream::connect(at).expect("listening");
    let patience = Some(Duration::from_secs(60));
    wire.set_read_timeout(patience).expect("set");
    StreamOwned::new(session, wire)
}

fn ask(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    exchange(connect(at(server)), &request(method, path, headers, body))
}

#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = ring::default_provider().signature_verification_algorithms;
        known.supported_schemes()
    }
}

#[test]
fn a_session_over_tls_is_for_tls_alone() {
    let server = server();
    let body = format!(r#"{{"password":"{PASSWORD}"}}"#);
    let login = ask(&server, "POST", "/api/v1/login", JSON, &body);
    assert_eq!(login.status, 200, "{}", login.body);
    let cookie = login.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__host-stannary-"), "{cookie}");
    for part in ["; secure", "; httponly", "; samesite=strict", "; path=/;"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let (cookie, csrf) = session_of(&login);
    let cookie = cookie.replace("__host-", "__Host-");
    let status = ask(&server, "GET", "/api/v1/status", &cookie, "");
    assert_eq!(status.status, 200);
    assert_eq!(server.ask("GET", "/api/v1/status", &cookie, "").status, 401);
    let change = |origin: &str| {
        let headers =
            format!("{cookie}{csrf}{JSON}Origin: {origin}\r\nSec-Fetch-Site: same-origin\r\n");
        let body = r#"{"command":"pause"}"#;
        ask(&server, "POST", "/api/v1/command", &headers, body)
    };
    assert_eq!(change("https://localhost").status, 202);
    // A page that came over plain HTTP may be anybody's.
    assert_eq!(change("http://localhost").code(), "E-API-FORBIDDEN");
    assert_eq!(change("https://evil.example").code(), "E-API-FORBIDDEN");
}

#[test]
fn the_rules_are_the_same_over_tls() {
    let server = server();
    assert_eq!(ask(&server, "GET", "/", "", "").status, 200);
    let closed = ask(&server, "GET", "/api/v1/status", "", "");
    assert_eq!(
        (closed.status, closed.code().as_str()),
        (401, "E-ACCESS-LOGIN")
    );
    let by_token = ask(&server, "GET", "/api/v1/status", &ours(), "");
    assert_eq!(by_token.status, 200);
    let foreign = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let foreign = exchange(connect(at(&server)), foreign);
    assert_eq!(foreign.status, 403);
    assert!(closed.header("strict-transport-security").is_none());
}

#[test]
fn who_it_is_is_told_to_whoever_may_look() {
    let server = server();
    assert_eq!(server.get("/api/v1/https").status, 401);
    let told = server.ask("GET", "/api/v1/https", &ours(), "").json();
    assert_eq!(told["listening"], true);
    assert_eq!(told["certificate_of"], "machine");
    assert_eq!(told["key_sha256"], format!("sha256:{}", "cd".repeat(32)));
    let colons = told["certificate_sha256"].as_str().expect("a text");
    assert!(
        colons.starts_with("AB:AB:") && colons.len() == 95,
        "{colons}"
    );
    let off = server_with(real(), loopback(), claimed());
    let told = off.ask("GET", "/api/v1/https", &ours(), "").json();
    assert_eq!(
        (&told["listening"], &told["key_sha256"]),
        (&false.into(), &().into())
    );
}

/// Its key is made when the kernel has random numbers.
#[test]
fn until_there_is_a_certificate_a_handshake_waits() {
    let shelf: Shelf = Arc::default();
    let server = server_of(claimed(), &shelf);
    let told = server.ask("GET", "/api/v1/https", &ours(), "").json();
    assert_eq!(
        (&told["listening"], &told["key_sha256"]),
        (&true.into(), &().into())
    );
    let stream = connect(at(&server));
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        *shelf.lock().expect("whole") = Some(identity());
    });
    let page = exchange(stream, &request("GET", "/", "", ""));
    assert_eq!(page.status, 200);
    later.join().expect("done");
}

/// Whether the server keeps this connection.
fn is_open(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).expect("set");
    let mut byte = [0];
    matches!(stream.read(&mut byte), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn half_handshakes_hold_nobody_up_and_end() {
    // In one of several: a computer that lets nobody run for a while makes one of them longer.
    assert!((0..3).any(|_| half_handshakes_hold_nobody_up()));
}

/// Whether somebody else was answered in half the time that a handshake gets.
fn half_handshakes_hold_nobody_up() -> bool {
    let server = server();
    // The head of a record of 512 bytes of which no more comes, or nothing at all.
    let mut half: Vec<TcpStream> = (0..300)
        .map(|i| {
            let mut stream = TcpStream::connect(at(&server)).expect("taken by the kernel");
            if i % 2 == 0 {
                stream.write_all(&[0x16, 3, 1, 2, 0, 1]).expect("sent");
            }
            stream
        })
        .collect();
    let began = Instant::now();
    assert_eq!(ask(&server, "GET", "/", "", "").status, 200);
    assert_eq!(server.get("/").status, 200);
    let took = began.elapsed();
    let is_quick = took < Duration::from_secs(5);
    let open = |half: &mut Vec<TcpStream>| {
        half.iter_mut()
            .filter_map(|s| is_open(s).then_some(()))
            .count()
    };
    let held = open(&mut half);
    let some = held > 0 || began.elapsed() > Duration::from_secs(5);
    assert!(some && held <= 32, "{held} of 300 are held");
    while open(&mut half) > 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "they never end");
        std::thread::sleep(Duration::from_millis(200));
    }
    is_quick
}

#[test]
fn what_is_no_tls_is_answered_with_an_alert_and_nothing_more() {
    let server = server();
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        &[0xff; 3000],
        &[0x16; 20_000],
    ] {
        let mut stream = TcpStream::connect(at(&server)).expect("listening");
        // It may end while this still writes.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.len() <= 7, "{answer:?}");
    }
    assert_eq!(ask(&server, "GET", "/", "", "").status, 200);
}

#[test]
fn an_unclaimed_machine_takes_its_password_over_tls() {
    let shelf: Shelf = Arc::new(Mutex::new(Some(identity())));
    let server = server_of(gate(Ok(Kept::default()), &Told::default()), &shelf);
    let closed = ask(&server, "GET", "/api/v1/status", "", "");
    assert_eq!(closed.code(), "E-ACCESS-UNCLAIMED");
    let body = format!(r#"{{"password":"{PASSWORD}"}}"#);
    let claimed = ask(&server, "POST", "/api/v1/claim", JSON, &body);
    assert_eq!(claimed.status, 200, "{}", claimed.body);
    assert!(
        claimed
            .header("set-cookie")
            .expect("a cookie")
            .contains("; secure")
    );
}
