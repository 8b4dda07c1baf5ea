//! TCP: from a host's name to a connection.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use socket2::{SockRef, TcpKeepalive};
use units::Duration;

use crate::names;

/// One address: long enough for a satellite link, short enough that the next one is tried in time.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(5);
/// A name with more addresses than this is tried at the first ones.
const ADDRESSES_MAX: usize = 8;
/// A connection whose last bytes nobody acknowledges for so long is lost. Without it the kernel
/// tries for a quarter of an hour.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// The host's addresses in the order in which to try them; at least one.
pub(super) fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let mut found =
        names::resolve(host, port).map_err(|error| format!("cannot resolve `{host}`: {error}"))?;
    found.truncate(ADDRESSES_MAX);
    if found.is_empty() {
        return Err(format!("`{host}` has no address"));
    }
    Ok(found)
}

/// A connection to this address, before `until`.
pub(super) fn dial(address: SocketAddr, until: Instant) -> Result<TcpStream, String> {
    let connected = left(until)
        .and_then(|left| TcpStream::connect_timeout(&address, left.min(ADDRESS_TIMEOUT)));
    let stream = connected.map_err(|error| format!("{address}: {error}"))?;
    // Best effort: a connection without these options still works.
    let _ = stream.set_nodelay(true);
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(10))
        .with_retries(3);
    let socket = SockRef::from(&stream);
    let _ = socket.set_tcp_keepalive(&keepalive);
    let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    Ok(stream)
}

/// A connection on which no single wait and not all of them together last beyond `until`: a
/// byte now and then does not prolong a handshake.
pub(in crate::runtime) struct Timed<'a> {
    pub(in crate::runtime) stream: &'a TcpStream,
    pub(in crate::runtime) until: Instant,
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(left(self.until)?))?;
        self.stream.read(buffer).map_err(timed_out)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(left(self.until)?))?;
        self.stream.write(bytes).map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    match left.is_zero() {
        true => Err(io::ErrorKind::TimedOut.into()),
        false => Ok(left),
    }
}

/// The kernel calls a time-out "would block".
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}
