//! HTTPS: connections whose handshake is made before anything of HTTP is read.
//!
//! Who we are, certificate and key, comes from whoever started the server, anew for each
//! connection: it may be renewed. Handshakes are made side by side, bounded in number and in
//! time: one that is slow, or a thousand of them, hold up neither each other nor a connection that stands.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::places::let_in;

/// Handshakes at a time. Each holds some 20 KB, and takes a busy small processor tens of
/// milliseconds.
const HANDSHAKES_MAX: usize = 32;
/// A handshake is over within this: two round trips of a slow network, and the time that a
/// busy processor needs for all the others.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// How often somebody who waits for the certificate looks again. It is made once in a machine's
/// life, as soon as the kernel has random numbers.
const IDENTITY_POLL: Duration = Duration::from_millis(200);

/// HTTPS.
#[derive(Clone)]
pub struct Https {
    /// Where to listen. Port 0 takes a free one.
    pub at: SocketAddr,
    /// Who we are; `None` until that is known. Called for each connection, so it must not wait.
    pub identity: Arc<dyn Fn() -> Option<Arc<Identity>> + Send + Sync>,
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https").field("at", &self.at).finish()
    }
}

/// Certificate and key, and what people compare.
pub struct Identity {
    /// With both.
    pub config: Arc<ServerConfig>,
    /// SHA-256 of the certificate: what browsers show.
    pub certificate: [u8; 32],
    /// SHA-256 of the certificate's SubjectPublicKeyInfo, which a renewed certificate keeps.
    pub key: [u8; 32],
    /// What the certificate names, where it was made here.
    pub names: Vec<String>,
    /// The owner gave it.
    pub own: bool,
}

/// A listener of connections on which TLS stands.
pub(crate) struct Shaken {
    at: SocketAddr,
    done: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl Shaken {
    /// Shake hands on this thread's event loop until told to stop.
    pub(crate) fn start(
        listener: TcpListener,
        https: Https,
        stopped: watch::Receiver<bool>,
    ) -> io::Result<Shaken> {
        let at = listener.local_addr()?;
        let (done, waiting) = mpsc::channel(1);
        let shake = move |stream, from| {
            let (https, done) = (https.clone(), done.clone());
            async move {
                let shaken = timeout(HANDSHAKE_TIME, shake_one(stream, &https)).await;
                // Whoever fails is told by TLS itself; a scanner is no news.
                if let Ok(Some(stream)) = shaken {
                    let _ = done.send((stream, from)).await;
                }
            }
        };
        tokio::spawn(let_in(listener, HANDSHAKES_MAX, stopped, shake));
        Ok(Shaken { at, done: waiting })
    }
}

impl Listener for Shaken {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.done.recv().await {
            Some(connection) => connection,
            // Nothing comes any more: it was told to stop, as we are.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.at)
    }
}

async fn shake_one(stream: TcpStream, https: &Https) -> Option<TlsStream<TcpStream>> {
    let identity = loop {
        match (https.identity)() {
            Some(identity) => break identity,
            None => sleep(IDENTITY_POLL).await,
        }
    };
    let acceptor = TlsAcceptor::from(Arc::clone(&identity.config));
    acceptor.accept(stream).await.ok()
}
