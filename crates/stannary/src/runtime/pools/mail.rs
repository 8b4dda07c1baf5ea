//! What the engine's thread and a connection's thread say to each other.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};
use socket2::SockRef;

/// Plaintext that may wait to be sent, beside what the kernel holds: some four hundred shares.
/// A pool that leaves so much unread is as good as gone.
pub(super) const UNSENT_BYTES_MAX: usize = 64 * 1024;
/// Pieces of plaintext that may wait for the engine: one that it reads and one that follows.
pub(super) const PIECES_UNREAD: u32 = 2;

/// Shared by both threads. Locked for copies of a few hundred bytes, never for a wait or for
/// cryptography.
pub(super) struct Mail {
    state: Mutex<State>,
    /// Readable when the connection's thread must look here.
    bell: OwnedFd,
}

#[derive(Default)]
struct State {
    /// Where plaintext is what goes over the wire: the engine writes it there itself, which
    /// saves a share a thread's wake-up.
    direct: Option<TcpStream>,
    unsent: Vec<u8>,
    /// The thread has bytes of ours that are not on the wire yet.
    writing: bool,
    unread: u32,
    closed: bool,
}

/// What the engine wants now.
pub(super) struct Wanted {
    /// End the connection once the bytes are sent, as far as that needs no wait.
    pub(super) close: bool,
    /// Send this.
    pub(super) bytes: Vec<u8>,
    /// The engine has room for another piece.
    pub(super) room: bool,
}

impl Mail {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Mail {
            state: Mutex::default(),
            bell: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    /// The engine: send this.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<(), String> {
        let mut state = self.lock();
        let mut rest = bytes;
        if !state.writing
            && state.unsent.is_empty()
            && let Some(wire) = &state.direct
        {
            rest = &bytes[write_now(wire, bytes)?..];
            if rest.is_empty() {
                return Ok(());
            }
        }
        if state.unsent.len() + rest.len() > UNSENT_BYTES_MAX {
            return Err("the pool does not read what we send".to_owned());
        }
        state.unsent.extend_from_slice(rest);
        drop(state);
        self.ring();
        Ok(())
    }

    /// The engine: end the connection.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.ring();
    }

    /// The engine: a piece was read.
    pub(super) fn piece_taken(&self) {
        let mut state = self.lock();
        let was_full = state.unread >= PIECES_UNREAD;
        state.unread = state.unread.saturating_sub(1);
        drop(state);
        if was_full {
            self.ring();
        }
    }

    /// The thread: a piece goes to the engine.
    pub(super) fn piece_given(&self) {
        self.lock().unread += 1;
    }

    /// The thread: what is wanted. Bytes are handed over only where there is `space` for them:
    /// what is not yet on the wire stays counted here.
    pub(super) fn wanted(&self, space: bool) -> Wanted {
        let mut state = self.lock();
        let bytes = match space {
            true => std::mem::take(&mut state.unsent),
            false => Vec::new(),
        };
        state.writing = !space || !bytes.is_empty();
        Wanted {
            close: state.closed,
            bytes,
            room: state.unread < PIECES_UNREAD,
        }
    }

    /// The thread: all bytes are on the wire.
    pub(super) fn written(&self) {
        self.lock().writing = false;
    }

    /// The thread: what is sent may go straight to the wire.
    pub(super) fn open_direct(&self, wire: TcpStream) {
        self.lock().direct = Some(wire);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// The thread: what becomes readable when it must look.
    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// The thread: the bell was heard.
    pub(super) fn heard(&self) {
        let _ = rustix::io::read(&self.bell, &mut [0; 8]);
    }

    fn ring(&self) {
        // Full means that it rings already.
        let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
    }

    /// Nothing in here can be half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Write what the kernel takes at once.
fn write_now(wire: &TcpStream, bytes: &[u8]) -> Result<usize, String> {
    match SockRef::from(wire).send_with_flags(bytes, libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) {
        Ok(sent) => Ok(sent),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(0)
        }
        Err(error) => Err(format!("cannot send: {error}")),
    }
}
