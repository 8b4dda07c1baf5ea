//! Folders and ports for one test.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that goes away with its owner.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new and empty one. Its path is short: local sockets live in it, and their names
    /// end at 107 bytes.
    pub fn new() -> Self {
        Folder::under(&std::env::temp_dir())
    }

    /// One in `/dev`, where control boards have their devices.
    pub fn in_dev() -> Self {
        Folder::under(Path::new("/dev/shm"))
    }

    fn under(place: &Path) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("stannary-{}-{number}", std::process::id());
        let path = place.join(name);
        std::fs::create_dir_all(&path).expect("the folder for temporary files can be written");
        Folder(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and gives its path.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("the folder can be written");
        path
    }
}

impl Default for Folder {
    fn default() -> Self {
        Folder::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Ports that Linux gives to nobody who asks for any: those begin at 32768 as it comes.
const PORTS: std::ops::Range<u16> = 10_240..32_768;
/// So far apart do neighbours among processes begin to look.
const STRIDE: usize = 61;

/// A loopback address that nobody else takes as long as this process lives, whether or not somebody listens there: neither
/// a socket that asked for any port nor another of these tests.
pub fn free_address() -> SocketAddr {
    static MARKS: Mutex<Vec<net::UnixListener>> = Mutex::new(Vec::new());
    let mut marks = MARKS.lock().expect("nobody panics with it");
    let begin = std::process::id() as usize * STRIDE % PORTS.len();
    let found = PORTS
        .cycle()
        .skip(begin)
        .take(PORTS.len())
        .find_map(|port| {
            let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            // A name without a file: it is free again when this process ends, however that ends.
            let name = format!("stannary-test-port-{port}");
            let name = net::SocketAddr::from_abstract_name(name).expect("a short name");
            let mark = net::UnixListener::bind_addr(&name).ok()?;
            TcpListener::bind(at).ok().map(|_| (mark, at))
        });
    let (mark, at) = found.expect("loopback has a free port");
    marks.push(mark);
    at
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_address_is_given_once_and_to_nobody_else() {
        let given: BTreeSet<_> = (0..50).map(|_| free_address()).collect();
        assert_eq!(given.len(), 50);
        for at in given {
            assert!(PORTS.contains(&at.port()), "{at}");
            TcpListener::bind(at).expect("free");
            let name = format!("stannary-test-port-{}", at.port());
            let name = net::SocketAddr::from_abstract_name(name).expect("a name");
            assert!(net::UnixListener::bind_addr(&name).is_err(), "{at}");
        }
    }
}
