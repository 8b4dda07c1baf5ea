//! HTTP by hand, with and without TLS: what is sent and what comes back, letter by letter.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, IpAddr, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error,
    SignatureScheme, StreamOwned,
};
use sha2::{Digest, Sha256};

/// For one read or write: far beyond what an answer takes.
const LIMIT: Duration = Duration::from_secs(60);

/// Bytes in both directions.
pub trait Line: Read + Write + Send {}
impl<T: Read + Write + Send> Line for T {}

/// How a page is reached.
#[derive(Clone, Debug)]
pub enum Way {
    /// As everybody can read it.
    Plain(SocketAddr),
    /// Over TLS, by a certificate that is known.
    Tls(SocketAddr, Arc<ClientConfig>),
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// 0 where there was none.
    pub status: u16,
    /// Status line and headers, in small letters.
    pub head: String,
    /// What is behind them.
    pub body: String,
}

impl Way {
    /// Over TLS to whoever shows the certificate with this SHA-256 (`sha256:…`) and has its key.
    pub fn tls(at: SocketAddr, fingerprint: &str) -> Way {
        let provider = Arc::new(ring::default_provider());
        let known = Arc::new(Known {
            fingerprint: fingerprint.to_owned(),
            provider: Arc::clone(&provider),
        });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .dangerous()
            .with_custom_certificate_verifier(known)
            .with_no_client_auth();
        Way::Tls(at, Arc::new(config))
    }

    /// Where it leads.
    pub fn at(&self) -> SocketAddr {
        match self {
            Way::Plain(at) | Way::Tls(at, _) => *at,
        }
    }

    /// A connection over which this was sent.
    pub fn send(&self, text: &str) -> std::io::Result<Box<dyn Line>> {
        let stream = TcpStream::connect_timeout(&self.at(), LIMIT)?;
        self.send_over(stream, text)
    }

    /// The same over a connection that stands.
    pub fn send_over(&self, stream: TcpStream, text: &str) -> std::io::Result<Box<dyn Line>> {
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        let mut line: Box<dyn Line> = match self {
            Way::Plain(_) => Box::new(stream),
            Way::Tls(at, config) => {
                let name = ServerName::IpAddress(IpAddr::from(at.ip()));
                let tls = ClientConnection::new(Arc::clone(config), name);
                let tls = tls.map_err(std::io::Error::other)?;
                Box::new(StreamOwned::new(tls, stream))
            }
        };
        line.write_all(text.as_bytes())?;
        line.flush()?;
        Ok(line)
    }

    /// A request; `headers` are whole lines.
    pub fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        let at = self.at();
        let length = match body.is_empty() {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", body.len()),
        };
        format!("{method} {path} HTTP/1.1\r\nHost: {at}\r\n{headers}{length}\r\n{body}")
    }

    /// One request, and all that comes until the other side closes.
    pub fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let headers = format!("Connection: close\r\n{headers}");
        let line = self.send(&self.request(method, path, &headers, body));
        let mut line = line.unwrap_or_else(|why| panic!("{method} {path}: {why}"));
        let (mut came, mut buffer) = (Vec::new(), [0; 16 * 1024]);
        // One that does not say good-bye has said all nevertheless.
        while let Ok(n @ 1..) = line.read(&mut buffer) {
            came.extend_from_slice(&buffer[..n]);
        }
        Answer::of(&String::from_utf8_lossy(&came))
    }
}

impl Answer {
    fn of(text: &str) -> Answer {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        Answer {
            status: status.unwrap_or(0),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    /// The code of a problem, or nothing.
    pub fn code(&self) -> String {
        let problem: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        problem["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Believes one certificate alone.
#[derive(Debug)]
struct Known {
    fingerprint: String,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let digest = Sha256::digest(certificate.as_ref());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let wanted = self.fingerprint.trim_start_matches("sha256:");
        let wanted: String = wanted.chars().filter(|c| *c != ':').collect();
        match hex.eq_ignore_ascii_case(&wanted) {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(CertificateError::ApplicationVerificationFailure.into()),
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
