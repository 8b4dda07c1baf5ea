//! How the engine wakes a node's thread, which may be waiting for the node: orders come by a
//! channel, and a byte on a local socket says that there is one. The engine's end gone is a
//! close, which ends every wait.

use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The engine's end.
pub(super) struct Post<T> {
    orders: SyncSender<T>,
    ring: UnixStream,
}

/// The thread's end.
pub(super) struct Ear {
    stream: UnixStream,
}

/// A way for at most so many orders that wait.
pub(super) fn post<T>(depth: usize) -> std::io::Result<(Post<T>, Receiver<T>, Ear)> {
    let (ring, stream) = UnixStream::pair()?;
    ring.set_nonblocking(true)?;
    stream.set_nonblocking(true)?;
    let (orders, inbox) = sync_channel(depth);
    Ok((Post { orders, ring }, inbox, Ear { stream }))
}

impl<T> Post<T> {
    /// Hand over an order; it comes back where nobody takes it.
    pub(super) fn send(&mut self, order: T) -> Result<(), T> {
        match self.orders.try_send(order) {
            Ok(()) => {
                // Full means that it rings already.
                let _ = self.ring.write(&[1]);
                Ok(())
            }
            Err(TrySendError::Full(order) | TrySendError::Disconnected(order)) => Err(order),
        }
    }
}

impl Ear {
    /// The engine has let go.
    pub(super) fn is_deserted(&self) -> bool {
        let mut fds = [PollFd::from_borrowed_fd(
            self.stream.as_fd(),
            PollFlags::empty(),
        )];
        let now = Timespec::default();
        poll(&mut fds, Some(&now)).is_ok()
            && fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
    }

    /// Forget the rings so far: whoever calls this looks for orders afterwards.
    pub(super) fn hush(&mut self) {
        let mut bytes = [0; 64];
        while matches!(self.stream.read(&mut bytes), Ok(n) if n > 0) {}
    }
}

impl AsFd for Ear {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
