//! The pool's TCP connections.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use twin::pool::{ConnId, Input};

/// A client that takes no bytes for this long is closed: its writes hold up the pool's
/// one thread, which a test pool can afford.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// What threads tell the pool's thread.
#[derive(Debug)]
pub(super) enum Msg {
    /// A connection was accepted.
    Opened(ConnId, TcpStream),
    /// Straight to the pool.
    Pool(Input),
    /// End.
    Stop,
}

/// All open connections, and the thread that accepts more.
#[derive(Debug)]
pub(super) struct Sockets {
    streams: BTreeMap<ConnId, TcpStream>,
    address: SocketAddr,
    queue: SyncSender<Msg>,
    stopping: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Sockets {
    pub(super) fn listen(listener: TcpListener, queue: SyncSender<Msg>) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let (flag, inbox) = (stopping.clone(), queue.clone());
        let accepting = Builder::new()
            .name("twin-pool-accept".into())
            .spawn(move || accept(&listener, &inbox, &flag))?;
        Ok(Sockets {
            streams: BTreeMap::new(),
            address,
            queue,
            stopping,
            accepting: Some(accepting),
        })
    }

    /// Starts to read a connection.
    pub(super) fn add(&mut self, id: ConnId, stream: TcpStream) {
        let queue = self.queue.clone();
        let prepared = stream
            .set_nodelay(true)
            .and_then(|()| stream.set_write_timeout(Some(WRITE_TIMEOUT)))
            .and_then(|()| stream.try_clone());
        let reader = prepared.and_then(|stream| {
            Builder::new()
                .name("twin-pool-read".into())
                .spawn(move || read(id, stream, &queue))
        });
        // Without a reader the pool would wait for ever: drop the connection instead.
        if reader.is_ok() {
            self.streams.insert(id, stream);
        }
    }

    /// Connections that nobody has closed.
    pub(super) fn open(&self) -> usize {
        self.streams.len()
    }

    /// False if the bytes could not be sent whole. Unknown connections swallow them.
    pub(super) fn send(&mut self, id: ConnId, bytes: &[u8]) -> bool {
        match self.streams.get_mut(&id) {
            Some(stream) => stream.write_all(bytes).is_ok(),
            None => true,
        }
    }

    pub(super) fn close(&mut self, id: ConnId) {
        if let Some(stream) = self.streams.remove(&id) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn stop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then sees the flag.
        let woken = TcpStream::connect_timeout(&self.address, WRITE_TIMEOUT).is_ok();
        if let (true, Some(accepting)) = (woken, self.accepting.take()) {
            let _ = accepting.join();
        }
        for (_, stream) in std::mem::take(&mut self.streams) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, queue: &SyncSender<Msg>, stopping: &AtomicBool) {
    for (stream, number) in listener.incoming().zip(1..) {
        if stopping.load(Ordering::Relaxed) {
            return;
        }
        match stream {
            // A full queue turns the visitor away: waiting here would hold up `stop`.
            Ok(stream) => match queue.try_send(Msg::Opened(ConnId(number), stream)) {
                Ok(()) | Err(TrySendError::Full(_)) => {}
                Err(TrySendError::Disconnected(_)) => return,
            },
            // Out of descriptors, most likely: do not spin.
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn read(id: ConnId, mut stream: TcpStream, queue: &SyncSender<Msg>) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let input = match stream.read(&mut buffer) {
            Ok(0) | Err(_) => Input::Closed(id),
            Ok(n) => Input::Bytes(id, buffer[..n].to_vec()),
        };
        let end = matches!(input, Input::Closed(_));
        if queue.send(Msg::Pool(input)).is_err() || end {
            return;
        }
    }
}
