//! Pool connections: plain TCP, one reader thread per connection.
//!
//! Writes are made by the engine's thread and never wait: a pool that does not take a
//! few hundred bytes is as good as gone, and its connection is closed. A connection has
//! a generation, so that the last words of an old one cannot be taken for the new one's.

use std::io::Read;
use std::net::TcpStream;
use std::thread;

use engine::{Event, PoolEvent};
use socket2::{SockRef, TcpKeepalive};
use stratum::{Endpoint, Security};
use units::{Duration, PoolIndex};

use super::{Inbox, Message};
use crate::names;

/// Long enough for a satellite link, short enough that the next pool is tried in time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A pool's name with more addresses than this is tried at the first ones.
const ADDRESSES_MAX: usize = 8;

/// All connections.
pub(crate) struct PoolSockets {
    inbox: Inbox,
    sockets: Vec<Socket>,
}

#[derive(Default)]
struct Socket {
    generation: u64,
    stream: Option<TcpStream>,
}

/// What a connection's thread tells.
pub(crate) struct PoolNews {
    pool: PoolIndex,
    generation: u64,
    what: News,
}

enum News {
    Up(TcpStream),
    Event(PoolEvent),
}

impl PoolSockets {
    /// Room for `count` pools.
    pub(crate) fn new(count: usize, inbox: Inbox) -> Self {
        PoolSockets {
            inbox,
            sockets: (0..count).map(|_| Socket::default()).collect(),
        }
    }

    /// Begin to connect; what comes of it arrives in the inbox.
    pub(crate) fn connect(&mut self, pool: PoolIndex, endpoint: Endpoint, security: Security) {
        self.disconnect(pool);
        let Some(socket) = self.sockets.get_mut(usize::from(pool.0)) else {
            return;
        };
        let generation = socket.generation;
        let inbox = self.inbox.clone();
        let spawned = thread::Builder::new()
            .name(format!("pool-{pool}"))
            .stack_size(256 * 1024)
            .spawn(move || serve(pool, generation, &endpoint, security, &inbox));
        if let Err(error) = spawned {
            let event = PoolEvent::ConnectFailed(format!("no thread for the connection: {error}"));
            let news = PoolNews {
                pool,
                generation,
                what: News::Event(event),
            };
            // A full inbox here means that the engine is about to run anyway.
            let _ = self.inbox.try_send(Message::Pool(news));
        }
    }

    /// Close the connection, if there is one.
    pub(crate) fn disconnect(&mut self, pool: PoolIndex) {
        if let Some(socket) = self.sockets.get_mut(usize::from(pool.0)) {
            socket.generation += 1;
            if let Some(stream) = socket.stream.take() {
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
        }
    }

    /// Write without waiting. `Some` if the connection had to be given up.
    pub(crate) fn send(&mut self, pool: PoolIndex, bytes: &[u8]) -> Option<Event> {
        let socket = self.sockets.get_mut(usize::from(pool.0))?;
        let stream = socket.stream.as_ref()?;
        let why = match SockRef::from(stream)
            .send_with_flags(bytes, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
        {
            Ok(sent) if sent == bytes.len() => return None,
            Ok(_) => "the pool does not read what we send".to_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                "the pool does not read what we send".to_owned()
            }
            Err(error) => format!("cannot send: {error}"),
        };
        self.disconnect(pool);
        Some(Event::Pool {
            pool,
            event: PoolEvent::Closed(why),
        })
    }

    /// Turn a thread's news into an event, unless it speaks of an old connection.
    pub(crate) fn take(&mut self, news: PoolNews) -> Option<Event> {
        let socket = self.sockets.get_mut(usize::from(news.pool.0))?;
        if socket.generation != news.generation {
            return None;
        }
        let event = match news.what {
            News::Up(stream) => {
                socket.stream = Some(stream);
                PoolEvent::Connected
            }
            News::Event(event) => {
                if matches!(event, PoolEvent::Closed(_)) {
                    socket.stream = None;
                }
                event
            }
        };
        Some(Event::Pool {
            pool: news.pool,
            event,
        })
    }
}

fn serve(pool: PoolIndex, generation: u64, endpoint: &Endpoint, security: Security, inbox: &Inbox) {
    let tell = |what| {
        inbox.send(Message::Pool(PoolNews {
            pool,
            generation,
            what,
        }))
    };
    let opened = match security {
        Security::Plain => open(endpoint),
    };
    let stream = match opened {
        Ok(stream) => stream,
        Err(why) => {
            let _ = tell(News::Event(PoolEvent::ConnectFailed(why)));
            return;
        }
    };
    let mut reader = match stream.try_clone() {
        Ok(reader) => reader,
        Err(error) => {
            let _ = tell(News::Event(PoolEvent::ConnectFailed(error.to_string())));
            return;
        }
    };
    if tell(News::Up(stream)).is_err() {
        return;
    }
    let mut buffer = vec![0; 16 * 1024];
    let why = loop {
        match reader.read(&mut buffer) {
            Ok(0) => break "closed by the pool".to_owned(),
            Ok(n) => {
                if tell(News::Event(PoolEvent::Bytes(buffer[..n].to_vec()))).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => break error.to_string(),
        }
    };
    let _ = tell(News::Event(PoolEvent::Closed(why)));
}

fn open(endpoint: &Endpoint) -> Result<TcpStream, String> {
    let addresses = names::resolve(&endpoint.host, endpoint.port)
        .map_err(|error| format!("cannot resolve `{}`: {error}", endpoint.host))?;
    let mut last = format!("`{}` has no address", endpoint.host);
    for address in addresses.into_iter().take(ADDRESSES_MAX) {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(stream) => {
                // Best effort: a connection without these options still works.
                let _ = stream.set_nodelay(true);
                let keepalive = TcpKeepalive::new()
                    .with_time(Duration::from_secs(60))
                    .with_interval(Duration::from_secs(10))
                    .with_retries(3);
                let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive);
                return Ok(stream);
            }
            Err(error) => last = format!("{address}: {error}"),
        }
    }
    Err(last)
}
