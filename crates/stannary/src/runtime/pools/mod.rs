//! Pool connections: one thread each, whatever protects the bytes.
//!
//! Terms: a connection is *established* once TCP, the proxy and what protects its bytes all
//! stand; there is one way to that, [`mod@establish`], for every kind. From then on the thread
//! *carries* bytes ([`carry`]): plaintext on the engine's side, a [`guard`] between, the wire on
//! the other.
//!
//! Invariants:
//! - The engine's thread never waits for a pool and does no cryptography. A pool that does not
//!   take what is sent to it loses its connection.
//! - Of one connection at most [`mail::PIECES_UNREAD`] pieces wait for the engine; beyond that
//!   the wire is not read. However fast a pool sends, it holds neither memory nor the place of
//!   other events.
//! - A connection has a generation, so that the last words of an old one cannot be taken for
//!   the new one's.

mod carry;
mod dial;
mod establish;
mod guard;
mod mail;
mod noise;
mod socks;
pub(crate) mod tls;
pub(crate) mod trial;

use std::sync::Arc;
use std::thread;

use engine::{Event, PoolEvent};
use stratum::{Endpoint, Route, Security};
use telemetry::Code;
use units::PoolIndex;

use super::wall::Wall;
use super::{Inbox, Message};
pub(in crate::runtime) use dial::Timed;
pub(in crate::runtime) use establish::{Established, Failed, Wanted, establish};
pub(in crate::runtime) use guard::{Guard, READ_BYTES, Received};
use mail::Mail;

/// Cryptography at its deepest needs a quarter of it.
const STACK_BYTES: usize = 256 * 1024;

/// All connections.
pub(crate) struct PoolSockets {
    inbox: Inbox,
    wall: Wall,
    sockets: Vec<Socket>,
}

#[derive(Default)]
struct Socket {
    generation: u64,
    /// `None`: not asked for.
    mail: Option<Arc<Mail>>,
}

/// What a connection's thread tells.
pub(crate) struct PoolNews {
    pool: PoolIndex,
    generation: u64,
    event: PoolEvent,
}

impl PoolSockets {
    /// Room for `count` pools.
    pub(crate) fn new(count: usize, inbox: Inbox, wall: Wall) -> Self {
        PoolSockets {
            inbox,
            wall,
            sockets: (0..count).map(|_| Socket::default()).collect(),
        }
    }

    /// Begin to connect; what comes of it arrives in the inbox.
    pub(crate) fn connect(
        &mut self,
        pool: PoolIndex,
        endpoint: Endpoint,
        security: Security,
        route: Route,
    ) {
        self.disconnect(pool);
        let Some(socket) = self.sockets.get_mut(usize::from(pool.0)) else {
            return;
        };
        let generation = socket.generation;
        let wanted = Wanted {
            endpoint,
            security,
            route,
        };
        let (inbox, wall) = (self.inbox.clone(), self.wall.clone());
        let begun = Mail::new().and_then(|mail| {
            let mail = Arc::new(mail);
            let own = Arc::clone(&mail);
            thread::Builder::new()
                .name(format!("pool-{pool}"))
                .stack_size(STACK_BYTES)
                .spawn(move || serve(pool, generation, &wanted, &wall, &own, &inbox))?;
            Ok(mail)
        });
        match begun {
            Ok(mail) => socket.mail = Some(mail),
            Err(error) => {
                let why = format!("no thread for the connection: {error}");
                let event = PoolEvent::ConnectFailed(why);
                // A full inbox here means that the engine is about to run anyway.
                let _ = self.inbox.try_send(Message::Pool(PoolNews {
                    pool,
                    generation,
                    event,
                }));
            }
        }
    }

    /// Close the connection, if there is one.
    pub(crate) fn disconnect(&mut self, pool: PoolIndex) {
        if let Some(socket) = self.sockets.get_mut(usize::from(pool.0)) {
            socket.generation += 1;
            if let Some(mail) = socket.mail.take() {
                mail.close();
            }
        }
    }

    /// Send without waiting. `Some` if the connection had to be given up.
    pub(crate) fn send(&mut self, pool: PoolIndex, bytes: &[u8]) -> Option<Event> {
        let socket = self.sockets.get_mut(usize::from(pool.0))?;
        let why = socket.mail.as_ref()?.send(bytes).err()?;
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
        match (&news.event, &socket.mail) {
            (PoolEvent::Bytes(_), Some(mail)) => mail.piece_taken(),
            (PoolEvent::Bytes(_), None) | (PoolEvent::Connected, _) => {}
            _ => socket.mail = None,
        }
        Some(Event::Pool {
            pool: news.pool,
            event: news.event,
        })
    }
}

/// A connection's thread, from its first packet to its end.
fn serve(
    pool: PoolIndex,
    generation: u64,
    wanted: &Wanted,
    wall: &Wall,
    mail: &Mail,
    inbox: &Inbox,
) {
    let tell = |event| {
        let news = PoolNews {
            pool,
            generation,
            event,
        };
        inbox.send(Message::Pool(news)).is_ok()
    };
    let Established { stream, mut guard } = match establish::establish(wanted, wall) {
        Ok(established) => established,
        Err(Failed { code, why }) => {
            tell(match code {
                Code::PoolConnect => PoolEvent::ConnectFailed(why),
                code => PoolEvent::Unprotected { code, why },
            });
            return;
        }
    };
    if guard.is_plain()
        && let Ok(wire) = stream.try_clone()
    {
        mail.open_direct(wire);
    }
    if mail.is_closed() || !tell(PoolEvent::Connected) {
        return;
    }
    let end = carry::carry(&stream, guard.as_mut(), mail, |bytes| {
        tell(PoolEvent::Bytes(bytes))
    });
    if let Some(why) = end {
        tell(PoolEvent::Closed(why));
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
