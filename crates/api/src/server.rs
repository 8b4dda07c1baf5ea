//! Listeners and the thread that serves them.

use std::fmt;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use telemetry::{Code, Command};
use tokio::sync::watch;

use crate::admit::{Peer, Via};
use crate::gate::Gate;
use crate::guard::Guarded;
use crate::legacy::{Bound, Legacy, Listening, Shared};
use crate::live::Live;
use crate::pool_test::{Tester, TryPool};
use crate::pools::{PoolOrders, PoolRefused};
use crate::published::Published;
use crate::routes::router;
use crate::secure::{Https, Shaken};

/// Answers under way may end before the thread does.
const LINGER: Duration = Duration::from_millis(300);

/// Where commands go; `false` if the miner did not take it. Called on the server's thread,
/// so it must not wait.
pub type Commands = Arc<dyn Fn(Command) -> bool + Send + Sync>;

/// Who takes what is ordered.
#[derive(Clone)]
pub(crate) struct Takers {
    pub(crate) commands: Commands,
    pub(crate) pools: PoolOrders,
}

/// Where to listen.
#[derive(Clone, Default)]
pub struct Listen {
    /// TCP addresses. Port 0 takes a free one.
    pub http: Vec<SocketAddr>,
    /// The same over TLS.
    pub https: Option<Https>,
    /// Path of the local socket; its folder is made where it is missing.
    pub socket: Option<PathBuf>,
    /// What old clients speak.
    pub legacy: Legacy,
    /// Tries a pool before it is added.
    pub try_pool: Option<TryPool>,
}

/// An address that cannot be listened on.
#[derive(Debug)]
pub struct ListenError {
    /// The address or path.
    pub address: String,
    /// Why.
    pub source: io::Error,
}

impl ListenError {
    /// The stable code.
    pub fn code(&self) -> Code {
        Code::ListenFailed
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: {}", self.address, self.source)
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// A running server. Dropping it stops the server.
pub struct Handle {
    addresses: Vec<SocketAddr>,
    https: Option<SocketAddr>,
    legacy: Listening,
    socket: Option<PathBuf>,
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Handle {
    /// The TCP addresses in the order asked for, with the ports really taken.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where HTTPS really is.
    pub fn https(&self) -> Option<SocketAddr> {
        self.https
    }

    /// Where the cgminer socket really is.
    pub fn legacy_socket(&self) -> Option<SocketAddr> {
        self.legacy.socket
    }

    /// Where the side port really is.
    pub fn legacy_side(&self) -> Option<SocketAddr> {
        self.legacy.side
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by its thread; there is nothing left to stop.
            let _ = thread.join();
        }
        if let Some(path) = &self.socket {
            let _ = fs::remove_file(path);
        }
    }
}

/// Listen everywhere, then serve on a thread of its own. All addresses are taken before
/// this returns, so that a daemon which cannot be reached does not start.
pub fn start(
    listen: Listen,
    published: Published,
    gate: Gate,
    commands: Commands,
) -> Result<Handle, ListenError> {
    let pools: PoolOrders = Arc::new(|_| {
        let detail = "the pools of this miner are fixed".to_owned();
        let code = Code::ApiForbidden;
        Err(PoolRefused { code, detail })
    });
    start_with_pools(listen, published, gate, commands, pools)
}

/// The same where the list of pools can be changed.
pub fn start_with_pools(
    listen: Listen,
    published: Published,
    gate: Gate,
    commands: Commands,
    pools: PoolOrders,
) -> Result<Handle, ListenError> {
    let tcp = listen
        .http
        .iter()
        .map(|addr| bind_tcp(*addr).map_err(|e| failed(addr, e)))
        .collect::<Result<Vec<_>, _>>()?;
    let https = match &listen.https {
        None => None,
        Some(https) => Some(bind_tcp(https.at).map_err(|e| failed(&https.at, e))?),
    };
    let local = match &listen.socket {
        None => None,
        Some(path) => Some(bind_local(path).map_err(|e| failed(&path.display(), e))?),
    };
    let bound = Bound::take(&listen.legacy)?;
    let listening = bound.listening();
    let addresses = tcp.iter().filter_map(|l| l.local_addr().ok()).collect();
    let secure = https.as_ref().and_then(|l| l.local_addr().ok());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|e| failed(&"the event loop", e))?;
    let (stop, stopped) = watch::channel(false);
    let live = Live::new(&gate, stopped.clone());
    let shared = Arc::new(Shared {
        published,
        gate,
        takers: Takers { commands, pools },
        legacy: listen.legacy,
        live,
        https: listen.https,
        tester: Arc::new(Tester::new(listen.try_pool)),
    });
    let on_thread = move || {
        let doors = Doors { tcp, https, local };
        runtime.block_on(serve(doors, bound, &shared, stopped));
        runtime.shutdown_background();
    };
    let thread = thread::Builder::new()
        .name("api".to_owned())
        .spawn(on_thread)
        .map_err(|e| failed(&"a thread", e))?;
    Ok(Handle {
        addresses,
        https: secure,
        legacy: listening,
        socket: listen.socket,
        stop,
        thread: Some(thread),
    })
}

pub(crate) fn failed(address: &dyn fmt::Display, source: io::Error) -> ListenError {
    ListenError {
        address: address.to_string(),
        source,
    }
}

pub(crate) fn bind_tcp(addr: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(addr)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// A socket that only its owner can open. It is made under another name and moved into
/// place, so that it never exists with wider permissions; a socket left by a process that
/// died is replaced, a living one is not.
fn bind_local(path: &Path) -> io::Result<UnixListener> {
    if UnixStream::connect(path).is_ok() {
        let why = "another daemon answers on this socket";
        return Err(io::Error::new(io::ErrorKind::AddrInUse, why));
    }
    let exists_as_other = fs::symlink_metadata(path)
        .is_ok_and(|m| !std::os::unix::fs::FileTypeExt::is_socket(&m.file_type()));
    if exists_as_other {
        let why = "a file that is no socket is in the way";
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    }
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut staging = path.as_os_str().to_owned();
    staging.push(format!(".{}", std::process::id()));
    let staging = PathBuf::from(staging);
    let _ = fs::remove_file(&staging);
    let listener = UnixListener::bind(&staging)?;
    fs::set_permissions(&staging, fs::Permissions::from_mode(0o600))?;
    fs::rename(&staging, path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// What requests come in by, but for old clients.
struct Doors {
    tcp: Vec<TcpListener>,
    https: Option<TcpListener>,
    local: Option<UnixListener>,
}

async fn serve(
    doors: Doors,
    legacy: Bound,
    shared: &Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut tasks = legacy.serve(shared, &stopped);
    let app = |listener: &TcpListener, secure| {
        let bound = listener.local_addr().ok();
        router(shared, Via::Tcp { bound, secure })
    };
    for listener in doors.tcp {
        let app = app(&listener, false);
        if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
            tasks.push(tokio::spawn(serve_one(listener, app, stopped.clone())));
        }
    }
    if let (Some(listener), Some(https)) = (doors.https, &shared.https) {
        let app = app(&listener, true);
        let shaken = tokio::net::TcpListener::from_std(listener)
            .and_then(|listener| Shaken::start(listener, https.clone(), stopped.clone()));
        if let Ok(listener) = shaken {
            tasks.push(tokio::spawn(serve_one(listener, app, stopped.clone())));
        }
    }
    if let Some(Ok(listener)) = doors.local.map(tokio::net::UnixListener::from_std) {
        let app = router(shared, Via::Local);
        tasks.push(tokio::spawn(serve_one(listener, app, stopped.clone())));
    }
    let _ = stopped.wait_for(|stop| *stop).await;
    let all = async {
        for task in tasks {
            let _ = task.await;
        }
    };
    let _ = tokio::time::timeout(LINGER, all).await;
}

pub(crate) async fn serve_one<L>(listener: L, app: Router, mut stopped: watch::Receiver<bool>)
where
    L: Listener + 'static,
    L::Addr: fmt::Debug,
    Peer: for<'a> Connected<IncomingStream<'a, Guarded<L>>>,
{
    let until_stopped = async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    // `axum::serve` ends only by the shutdown: it retries failed accepts by itself.
    let app = app.into_make_service_with_connect_info::<Peer>();
    let _ = axum::serve(Guarded::new(listener), app)
        .with_graceful_shutdown(until_stopped)
        .await;
}
