//! Listeners whose connections are bounded in number and in idle time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::admit::{Flow, Peer};
use crate::seats::{Seat, Seats};
use crate::secure::Shaken;

/// Connections at a time and listener: a page, a scraper, an operator and their spares.
/// One more ends the one that was answered nothing for longest, so that whoever opens many and asks
/// nothing shuts nobody out.
const CONNECTIONS_MAX: usize = 32;
/// A connection on which nothing moves is closed: long enough for a page that polls each
/// second, short enough that forgotten connections do not use up the limit.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// After the limit's bookkeeping has failed, which it never does.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Whoever was told to leave is gone within this, or the next one is told.
const LEAVE_MAX: Duration = Duration::from_millis(100);

/// A listener with these limits around another.
pub(crate) struct Guarded<L> {
    inner: L,
    permits: Arc<Semaphore>,
    seats: Seats,
}

impl<L> Guarded<L> {
    pub(crate) fn new(inner: L) -> Self {
        Guarded {
            inner,
            permits: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            seats: Seats::default(),
        }
    }
}

impl<L: Listener> Listener for Guarded<L> {
    type Io = GuardedIo<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (io, addr) = self.inner.accept().await;
        let permit = room(&self.permits, &self.seats).await;
        let guarded = GuardedIo {
            io,
            idle: Box::pin(sleep(IDLE_MAX)),
            flow: Flow::default(),
            seat: self.seats.take(),
            _permit: permit,
        };
        (guarded, addr)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}

/// Room for one more, made where there is none.
async fn room(permits: &Arc<Semaphore>, seats: &Seats) -> OwnedSemaphorePermit {
    loop {
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return permit;
        }
        seats.clear_one();
        let freed = Arc::clone(permits).acquire_owned();
        match timeout(LEAVE_MAX, freed).await {
            Ok(Ok(permit)) => return permit,
            // The semaphore is never closed; if it were, waiting is the safe answer.
            Ok(Err(_)) => sleep(ACCEPT_PAUSE).await,
            Err(_) => {}
        }
    }
}

impl Connected<IncomingStream<'_, Guarded<TcpListener>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Guarded<TcpListener>>) -> Self {
        Peer(Some(*stream.remote_addr()), stream.io().flow.clone())
    }
}

impl Connected<IncomingStream<'_, Guarded<UnixListener>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Guarded<UnixListener>>) -> Self {
        Peer(None, stream.io().flow.clone())
    }
}

impl Connected<IncomingStream<'_, Guarded<Shaken>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Guarded<Shaken>>) -> Self {
        Peer(Some(*stream.remote_addr()), stream.io().flow.clone())
    }
}

/// A connection that gives up when nothing moves.
pub(crate) struct GuardedIo<Io> {
    io: Io,
    idle: Pin<Box<Sleep>>,
    /// What an answer that goes on sees of it.
    flow: Flow,
    seat: Seat,
    _permit: OwnedSemaphorePermit,
}

impl<Io> GuardedIo<Io> {
    /// Pass a result on; progress restarts the idle time, and waiting too long is an error.
    fn watch<T>(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.idle.as_mut().reset(Instant::now() + IDLE_MAX);
            return poll;
        }
        if self.seat.poll_left(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        ready!(self.idle.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for GuardedIo<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.io).poll_read(cx, buf);
        self.watch(cx, poll)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for GuardedIo<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.flow.is_stuck_at(poll.is_pending());
        if let Poll::Ready(Ok(1..)) = poll {
            self.seat.answered();
        }
        self.watch(cx, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.io).poll_flush(cx);
        self.watch(cx, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn a_connection_tells_whether_the_other_side_takes_what_is_written() {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let (io, mut other) = tokio::io::duplex(8);
            let permits = Arc::new(Semaphore::new(1));
            let permit = permits.acquire_owned().await.expect("open");
            let flow = Flow::default();
            let mut guarded = GuardedIo {
                io,
                idle: Box::pin(sleep(IDLE_MAX)),
                flow: flow.clone(),
                seat: Seats::default().take(),
                _permit: permit,
            };
            let (written, _) = tokio::join!(guarded.write_all(&[1; 100]), async {
                tokio::task::yield_now().await;
                assert!(flow.is_stuck());
                other.read_exact(&mut [0; 100]).await.expect("all of it");
            });
            written.expect("taken");
            assert!(!flow.is_stuck());
        });
    }
}
