//! TLS 1.2 and 1.3, by rustls.
//!
//! Who the pool is, is decided by the system's certificate authorities, by the owner's own, or by
//! one pinned key; see [`Trust`]. Nothing of a session is sent before that is settled, and nothing
//! goes on without TLS.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConnection, Resumption};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    StreamOwned,
};
use sha2::{Digest, Sha256};
use stratum::Trust;
use telemetry::{ClockQuality, Code};
use units::Duration;

use super::establish::Failed;
use super::guard::{Guard, Received};
use crate::hex::hex;
use crate::runtime::wall::{self, Wall};

/// Longest file of certificates: ten times what a system trusts.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// A connection that TLS protects.
pub(super) struct Tls(ClientConnection);

/// Make TLS of `wire`, with whoever is `host` by the word of `trust`.
pub(super) fn connect(
    wire: &mut (impl Read + Write),
    host: &str,
    trust: &Trust,
    wall: &Wall,
) -> Result<Tls, Failed> {
    let config = config(trust, wall)?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Failed::new(Code::PoolTls, "no certificate can name such a host"))?;
    let made = ClientConnection::new(Arc::new(config), name);
    let mut tls = made.map_err(|error| failed(&error, wall))?;
    shake_hands(&mut tls, wire, wall)?;
    Ok(Tls(tls))
}

/// The same for the command line, which asks a daemon elsewhere; why not, in a person's words.
pub(crate) fn over_tls(
    mut wire: TcpStream,
    host: &str,
    trust: &Trust,
) -> Result<StreamOwned<ClientConnection, TcpStream>, String> {
    match connect(&mut wire, host, trust, &Wall::new()) {
        Ok(Tls(session)) => Ok(StreamOwned::new(session, wire)),
        Err(failed) => Err(failed.why),
    }
}

fn shake_hands(
    tls: &mut ClientConnection,
    wire: &mut (impl Read + Write),
    wall: &Wall,
) -> Result<(), Failed> {
    let broken = |error: std::io::Error| {
        let why = match error.kind() {
            ErrorKind::TimedOut => "the handshake takes too long".to_owned(),
            _ => format!("the connection ends in the handshake: {error}"),
        };
        Failed::new(Code::PoolTls, why)
    };
    loop {
        while tls.wants_write() {
            tls.write_tls(wire).map_err(broken)?;
        }
        if !tls.is_handshaking() {
            return Ok(());
        }
        if tls.read_tls(wire).map_err(broken)? == 0 {
            return Err(broken(ErrorKind::UnexpectedEof.into()));
        }
        if let Err(error) = tls.process_new_packets() {
            // Tells the other side why, if it still listens.
            let _ = tls.write_tls(wire);
            return Err(failed(&error, wall));
        }
    }
}

impl Guard for Tls {
    fn receive(
        &mut self,
        mut bytes: &[u8],
        plain: &mut Vec<u8>,
        wire: &mut Vec<u8>,
    ) -> Result<Received, String> {
        loop {
            if !bytes.is_empty() {
                let read = self.0.read_tls(&mut bytes);
                read.map_err(|error| error.to_string())?;
            }
            let state = self.0.process_new_packets();
            // An alert, or an answer to a new key.
            self.take_wire(wire)?;
            let state = state.map_err(|error| format!("TLS: {error}"))?;
            let start = plain.len();
            plain.resize(start + state.plaintext_bytes_to_read(), 0);
            let read = self.0.reader().read_exact(&mut plain[start..]);
            read.map_err(|error| error.to_string())?;
            if state.peer_has_closed() {
                return Ok(Received::Ended);
            }
            if bytes.is_empty() {
                return Ok(Received::More);
            }
        }
    }

    fn send(&mut self, mut plain: &[u8], wire: &mut Vec<u8>) -> Result<(), String> {
        while !plain.is_empty() {
            // Its own buffer is bounded: it takes a part, and the rest once that is out.
            let taken = self.0.writer().write(plain);
            let taken = taken.map_err(|error| error.to_string())?;
            self.take_wire(wire)?;
            plain = &plain[taken..];
        }
        Ok(())
    }

    fn close(&mut self, wire: &mut Vec<u8>) {
        self.0.send_close_notify();
        let _ = self.take_wire(wire);
    }
}

impl Tls {
    fn take_wire(&mut self, wire: &mut Vec<u8>) -> Result<(), String> {
        while self.0.wants_write() {
            let written = self.0.write_tls(wire);
            written.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

/// Made anew for each connection: a file of certificates may have changed.
fn config(trust: &Trust, wall: &Wall) -> Result<ClientConfig, Failed> {
    let provider = Arc::new(ring::default_provider());
    let clock = Arc::new(Clock(wall.clone()));
    let builder = ClientConfig::builder_with_details(Arc::clone(&provider), clock)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error, wall))?;
    let mut config = match trust {
        Trust::System => builder.with_root_certificates(system_roots()),
        Trust::Authority(path) => builder.with_root_certificates(own_roots(path)?),
        Trust::Key(key) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned {
                key: *key,
                provider,
            })),
    }
    .with_no_client_auth();
    // Nothing of a connection outlives it.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// What the system trusts; where it has no such list, as on a miner, the list that Mozilla keeps
/// and this program carries.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

fn own_roots(path: &Path) -> Result<RootCertStore, Failed> {
    authorities(path).map_err(|why| {
        let why = format!("`tls_ca` {}: {why}", path.display());
        Failed::new(Code::PoolCertificate, why)
    })
}

/// The authorities in a file, at least one.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, String> {
    let mut text = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text))
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err("is too long for a file of certificates".to_owned());
    }
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| format!("is no PEM: {error:?}"))?;
        let added = roots.add(certificate);
        added.map_err(|error| format!("holds something else than certificates: {error}"))?;
    }
    match roots.is_empty() {
        true => Err("holds no certificate in PEM form".to_owned()),
        false => Ok(roots),
    }
}

/// The time for rustls. Where it is not known no certificate is judged: a pinned key alone gets
/// so far, and asks for no time.
#[derive(Debug)]
struct Clock(Wall);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(self.0.time().unix))
    }
}

/// Takes one key, whatever its certificate says.
#[derive(Debug)]
struct Pinned {
    key: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let parsed = ParsedCertificate::try_from(certificate)?;
        let key: [u8; 32] = Sha256::digest(parsed.subject_public_key_info()).into();
        match key == self.key {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(Error::General(format!("{OTHER_KEY}{}", hex(&key)))),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// How the verifier's own refusal begins.
const OTHER_KEY: &str = "its key is sha256:";

/// What went wrong, in an owner's words.
fn failed(error: &Error, wall: &Wall) -> Failed {
    use CertificateError as Bad;
    match error {
        Error::General(why) if why.starts_with(OTHER_KEY) => Failed::new(Code::PoolPin, why),
        Error::InvalidCertificate(bad) => match bad {
            Bad::ExpiredContext { not_after, .. } => {
                out_of_time("ended", not_after.as_secs(), wall)
            }
            Bad::NotValidYetContext { not_before, .. } => {
                out_of_time("begins", not_before.as_secs(), wall)
            }
            Bad::NotValidForNameContext { presented, .. } => {
                let names = presented.join(", ");
                let why = format!("its certificate is for other names: {names}");
                Failed::new(Code::PoolCertificate, why)
            }
            Bad::UnknownIssuer => Failed::new(
                Code::PoolCertificate,
                "its certificate was issued by nobody who is trusted here",
            ),
            other => Failed::new(Code::PoolCertificate, format!("its certificate: {other}")),
        },
        other => Failed::new(Code::PoolTls, other.to_string()),
    }
}

/// Either the certificate or our clock is wrong. Ours can be where nobody vouches for it.
fn out_of_time(what: &str, bound: u64, wall: &Wall) -> Failed {
    let (now, bound) = (wall.time(), wall::date(Duration::from_secs(bound)));
    let source = now.clock.source.as_deref().unwrap_or("nobody");
    let code = match now.clock.quality {
        ClockQuality::Network => Code::PoolCertificate,
        ClockQuality::Battery | ClockQuality::Unset => Code::PoolClock,
    };
    let why = format!(
        "its certificate's time {what} {bound}; here it is {} by {source}",
        wall::date(now.unix)
    );
    Failed::new(code, why)
}
