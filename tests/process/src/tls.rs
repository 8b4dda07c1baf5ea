//! TLS in front of a pool that speaks none, with an authority of the test's own; and a time server
//! that says what the test wants.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A certificate authority.
#[derive(Debug)]
pub struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl CertificateAuthority {
    /// A new one, which nobody trusts yet.
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("signed").pem();
        CertificateAuthority {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// Its certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for 127.0.0.1, until the end of 2039, and its key, both as PEM.
    pub fn issue(&self) -> [String; 2] {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        // By the same name as its authority's it would look as if it had signed itself.
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, "127.0.0.1");
        params.distinguished_name = name;
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        [certificate.pem(), key.serialize_pem()]
    }

    /// Listens, and carries what comes by TLS to `pool` and back. The certificate is for
    /// 127.0.0.1, from `from` until the end of 2039.
    pub fn front(&self, pool: SocketAddr, from: i32) -> SocketAddr {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        let chain = vec![CertificateDer::from(certificate)];
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate");
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let config = Arc::new(config);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let config = Arc::clone(&config);
                std::thread::spawn(move || carry(stream, config, pool));
            }
        });
        address
    }
}

impl Default for CertificateAuthority {
    fn default() -> Self {
        CertificateAuthority::new()
    }
}

/// The pool is connected to once the handshake stands: what it hears is what was sent by TLS.
fn carry(stream: TcpStream, config: Arc<ServerConfig>, pool: SocketAddr) -> Option<()> {
    let tls = ServerConnection::new(config).ok()?;
    let mut client = StreamOwned::new(tls, stream);
    while client.conn.is_handshaking() {
        client.conn.complete_io(&mut client.sock).ok()?;
    }
    let mut pool = TcpStream::connect(pool).ok()?;
    let turn = Some(Duration::from_millis(5));
    client.sock.set_read_timeout(turn).ok()?;
    pool.set_read_timeout(turn).ok()?;
    let mut buffer = [0; 4096];
    loop {
        let read = some(client.read(&mut buffer))?;
        pool.write_all(&buffer[..read]).ok()?;
        let read = some(pool.read(&mut buffer))?;
        client.write_all(&buffer[..read]).ok()?;
    }
}

/// Nothing for now is not the end.
fn some(read: std::io::Result<usize>) -> Option<usize> {
    match read {
        Ok(0) => None,
        Ok(read) => Some(read),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Some(0),
            _ => None,
        },
    }
}

/// A time server on loopback for which it is always `unix`, in seconds since 1970.
pub fn time_server(unix: u64) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = socket.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let mut asked = [0; 48];
        while let Ok((48, from)) = socket.recv_from(&mut asked) {
            // RFC 5905: version 4, a server, of the second stratum.
            let mut answer = [0; 48];
            answer[..2].copy_from_slice(&[4 << 3 | 4, 2]);
            answer[24..32].copy_from_slice(&asked[40..48]);
            let since_1900 = (unix + 2_208_988_800) as u32;
            answer[40..44].copy_from_slice(&since_1900.to_be_bytes());
            let _ = socket.send_to(&answer, from);
        }
    });
    address
}
