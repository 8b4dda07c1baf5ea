//! The two ports of their own: taken before the miner starts, served beside the others.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Legacy, Shared, side, socket};
use crate::server::{ListenError, bind_tcp, failed, serve_one};

/// Ports that are ours.
pub(crate) struct Bound {
    socket: Option<TcpListener>,
    side: Option<TcpListener>,
}

/// Where they really are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Listening {
    pub(crate) socket: Option<SocketAddr>,
    pub(crate) side: Option<SocketAddr>,
}

impl Bound {
    pub(crate) fn take(legacy: &Legacy) -> Result<Bound, ListenError> {
        let bind = |addr: Option<SocketAddr>| {
            let bound = addr.map(|addr| bind_tcp(addr).map_err(|e| failed(&addr, e)));
            bound.transpose()
        };
        Ok(Bound {
            socket: bind(legacy.socket)?,
            side: bind(legacy.side)?,
        })
    }

    pub(crate) fn listening(&self) -> Listening {
        let at = |l: &Option<TcpListener>| l.as_ref().and_then(|l| l.local_addr().ok());
        Listening {
            socket: at(&self.socket),
            side: at(&self.side),
        }
    }

    /// Serve both on this thread's event loop until told to stop.
    pub(crate) fn serve(
        self,
        shared: &Arc<Shared>,
        stopped: &watch::Receiver<bool>,
    ) -> Vec<JoinHandle<()>> {
        let mut tasks = Vec::new();
        if let Some(Ok(listener)) = self.socket.map(tokio::net::TcpListener::from_std) {
            let serving = socket::serve(listener, Arc::clone(shared), stopped.clone());
            tasks.push(tokio::spawn(serving));
        }
        if let Some(Ok(listener)) = self.side.map(tokio::net::TcpListener::from_std) {
            let app = side::router(Arc::clone(shared));
            tasks.push(tokio::spawn(serve_one(listener, app, stopped.clone())));
        }
        tasks
    }
}
