//! The twin's pool on a TCP port: threads, sockets and, if there is one, a node around
//! the pool of the twin, which does no I/O itself.
//!
//! One thread owns time and order: it feeds the pool and carries out what it says. One
//! thread accepts, one reads each connection, one talks to the node. It listens on
//! loopback only and is no pool for strangers: it exists for demos and tests.

mod node;
mod sockets;

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use twin::pool::{BlockAnswer, ConnId, Effect, Input, Ledger, Pool, PoolOptions, Source, Totals};
use units::Instant;

use node::{Node, NodeOrder};
use sockets::{Msg, Sockets};

/// Inputs that wait for the pool; readers block beyond that, and so in turn do clients.
const QUEUE: usize = 1024;
/// The pool's thread looks up this often even if nothing is due: for nothing but safety.
const IDLE: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What to start.
#[derive(Debug)]
pub(crate) struct PoolServerOptions {
    /// A loopback address; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// The pool itself. With a node and a synthetic source, the source becomes templates
    /// that pay to a script which anyone can spend.
    pub(crate) pool: PoolOptions,
    /// `http://user:password@host:port` of a node's RPC interface.
    pub(crate) node: Option<String>,
}

/// A running pool. It stops when dropped.
#[derive(Debug)]
pub(crate) struct PoolServer {
    local_addr: SocketAddr,
    pool: Arc<Mutex<Pool>>,
    /// Connections of which something may still come.
    open: Arc<AtomicUsize>,
    queue: SyncSender<Msg>,
    core: Option<JoinHandle<()>>,
}

/// What a person wants to know of the account.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct PoolSummary {
    /// Counts of submits.
    pub(crate) totals: Totals,
    /// Connections ever opened.
    pub(crate) connections: u64,
    /// Blocks given to the node, taken by it, and refused by it.
    pub(crate) blocks_sent: usize,
    /// See `blocks_sent`.
    pub(crate) blocks_taken: usize,
    /// See `blocks_sent`.
    pub(crate) blocks_refused: usize,
    /// The last refusal in the node's words.
    pub(crate) last_refusal: Option<String>,
    /// Departures of the clients from the protocol.
    pub(crate) violations: usize,
}

impl PoolSummary {
    /// Of an account at one moment.
    pub(crate) fn of(ledger: &Ledger) -> Self {
        let mut refusals = ledger
            .blocks
            .iter()
            .filter_map(|block| match &block.answer {
                BlockAnswer::Refused(why) => Some(why.clone()),
                _ => None,
            });
        let taken = |answer: &BlockAnswer| *answer == BlockAnswer::Taken;
        PoolSummary {
            totals: ledger.totals,
            connections: ledger.connections,
            blocks_sent: ledger.blocks.len(),
            blocks_taken: ledger.blocks.iter().filter(|b| taken(&b.answer)).count(),
            blocks_refused: refusals.clone().count(),
            last_refusal: refusals.next_back(),
            violations: ledger.violations.len(),
        }
    }
}

/// Listens, and asks the node for its first template, so that a wrong address or
/// password is an error here and not silence later.
pub(crate) fn start(mut options: PoolServerOptions) -> Result<PoolServer> {
    if !options.listen.ip().is_loopback() {
        bail!(
            "the twin's pool listens on loopback only, not on {}",
            options.listen
        );
    }
    let node = options.node.as_deref().map(Node::new).transpose()?;
    let first = match &node {
        Some(node) => Some(node.template()?),
        None => None,
    };
    if node.is_some() && matches!(options.pool.source, Source::Synthetic(_)) {
        options.pool.source = Source::Templates(Default::default());
    }
    let listener = TcpListener::bind(options.listen)
        .with_context(|| format!("the twin's pool cannot listen on {}", options.listen))?;
    let local_addr = listener.local_addr()?;
    let (queue, inbox) = sync_channel(QUEUE);
    let pool = Arc::new(Mutex::new(Pool::new(options.pool)));
    let node_orders = match node {
        Some(node) => Some(node.run(queue.clone())?),
        None => None,
    };
    if let Some(template) = first {
        queue.send(Msg::Pool(Input::Template(template)))?;
    }
    let sockets = Sockets::listen(listener, queue.clone())?;
    let open = Arc::new(AtomicUsize::new(0));
    let core = Core {
        pool: pool.clone(),
        open: open.clone(),
        sockets,
        node_orders,
        origin: std::time::Instant::now(),
    };
    let core = std::thread::Builder::new()
        .name("twin-pool".into())
        .spawn(move || core.run(&inbox))?;
    Ok(PoolServer {
        local_addr,
        pool,
        open,
        queue,
        core: Some(core),
    })
}

impl PoolServer {
    /// Where it listens.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Looks into the account. The pool waits meanwhile.
    pub(crate) fn with_ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(lock(&self.pool).ledger())
    }

    /// Waits until every client has closed and all that they sent stands in the account, or so long. What
    /// a client sent just before it closed may still be on its way through a socket.
    pub(crate) fn read_out(&self, limit: Duration) {
        let end = std::time::Instant::now() + limit;
        while self.open.load(Ordering::Acquire) > 0 && std::time::Instant::now() < end {
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Closes all connections and ends. The account stays readable.
    pub(crate) fn stop(&mut self) {
        let _ = self.queue.send(Msg::Stop);
        if let Some(core) = self.core.take() {
            let _ = core.join();
        }
    }
}

impl Drop for PoolServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The thread that owns time and order.
struct Core {
    pool: Arc<Mutex<Pool>>,
    open: Arc<AtomicUsize>,
    sockets: Sockets,
    node_orders: Option<SyncSender<NodeOrder>>,
    origin: std::time::Instant,
}

impl Core {
    fn run(mut self, inbox: &Receiver<Msg>) {
        self.step(Input::Wake);
        loop {
            let wait = self.wait();
            match inbox.recv_timeout(wait) {
                Ok(Msg::Opened(id, stream)) => {
                    self.sockets.add(id, stream);
                    self.open.store(self.sockets.open(), Ordering::Release);
                    self.step(Input::Opened(id));
                }
                Ok(Msg::Pool(input)) => {
                    if let Input::Closed(id) = &input {
                        self.sockets.close(*id);
                    }
                    self.step(input);
                    self.open.store(self.sockets.open(), Ordering::Release);
                }
                Ok(Msg::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.step(Input::Wake),
            }
        }
        self.sockets.stop();
        if let Some(orders) = &self.node_orders {
            let _ = orders.try_send(NodeOrder::Stop);
        }
    }

    fn now(&self) -> Instant {
        Instant::ZERO + self.origin.elapsed()
    }

    fn wait(&self) -> Duration {
        let at = lock(&self.pool).next_deadline().unwrap_or(Instant::NEVER);
        at.since(self.now()).min(IDLE)
    }

    fn step(&mut self, input: Input) {
        let now = self.now();
        let mut failed: Vec<ConnId> = Vec::new();
        {
            let mut pool = lock(&self.pool);
            pool.handle(now, input);
            while let Some(effect) = pool.next_effect() {
                match effect {
                    Effect::Send(id, bytes) => {
                        if !failed.contains(&id) && !self.sockets.send(id, &bytes) {
                            failed.push(id);
                        }
                    }
                    Effect::Close(id) => self.sockets.close(id),
                    Effect::SubmitBlock { hex, hash, height } => {
                        tracing::info!(code = "E-POOL-BLOCK", height, hash, "block for the node");
                        let order = NodeOrder::Submit { hex, hash };
                        let sent = self.node_orders.as_ref().map(|o| o.try_send(order));
                        if !matches!(sent, Some(Ok(()))) {
                            tracing::warn!(
                                code = "E-TWIN-NODE",
                                height,
                                "block not sent: the node is busy"
                            );
                        }
                    }
                }
            }
            for id in &failed {
                pool.handle(now, Input::Closed(*id));
            }
        }
        for id in failed {
            self.sockets.close(id);
        }
    }
}

/// A panic elsewhere while the pool was locked does not make its account unreadable.
fn lock(pool: &Mutex<Pool>) -> MutexGuard<'_, Pool> {
    pool.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
