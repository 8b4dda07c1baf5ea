//! What stands between a miner and a server: it carries bytes both ways, and counts the miner's.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A listener whose connections lead elsewhere.
#[derive(Debug)]
pub(crate) struct Relay {
    address: SocketAddr,
    /// Bytes from the miner, by connection.
    counts: Arc<Mutex<Vec<u64>>>,
}

impl Relay {
    pub(crate) fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let counts: Arc<Mutex<Vec<u64>>> = Arc::default();
        let shared = counts.clone();
        std::thread::spawn(move || {
            for (place, miner) in listener.incoming().flatten().enumerate() {
                shared.lock().expect("nobody panics with it").push(0);
                let counts = shared.clone();
                std::thread::spawn(move || carry(miner, to, &counts, place));
            }
        });
        Relay { address, counts }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Bytes that came from the miner, by connection.
    pub(crate) fn counts(&self) -> Vec<u64> {
        self.counts.lock().expect("nobody panics with it").clone()
    }
}

/// Both ways in turns, until one side ends.
fn carry(mut miner: TcpStream, to: SocketAddr, counts: &Mutex<Vec<u64>>, at: usize) -> Option<()> {
    let mut server = TcpStream::connect(to).ok()?;
    for side in [&miner, &server] {
        side.set_read_timeout(Some(Duration::from_millis(5))).ok()?;
        side.set_nodelay(true).ok()?;
    }
    let mut buffer = [0; 4096];
    loop {
        let read = some(miner.read(&mut buffer))?;
        counts.lock().ok()?[at] += read as u64;
        server.write_all(&buffer[..read]).ok()?;
        let read = some(server.read(&mut buffer))?;
        miner.write_all(&buffer[..read]).ok()?;
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
