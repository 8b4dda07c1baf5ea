//! Who sits at a listener's table, and who has to go when somebody else comes.
//!
//! Terms: a connection has a *seat*; it is *answered* when something is written to it. Whoever was answered
//! longest ago, or never and came first, is told to leave. A page that asks each second, and a stream
//! that goes on, are answered all the time; half a request never is.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// All seats of one listener.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seats(Arc<Table>);

#[derive(Debug, Default)]
struct Table {
    taken: Mutex<Vec<Taken>>,
    /// Counts what happens, so that of two answers the later is known.
    turn: AtomicU64,
}

#[derive(Debug)]
struct Taken {
    number: u64,
    answered: Arc<AtomicU64>,
    /// Dropped, it tells the connection to leave.
    _stay: oneshot::Sender<()>,
}

impl Seats {
    /// For a connection that came just now.
    pub(crate) fn take(&self) -> Seat {
        let number = self.0.next();
        let (stay, left) = oneshot::channel();
        let answered = Arc::new(AtomicU64::new(number));
        self.0.taken().push(Taken {
            number,
            answered: Arc::clone(&answered),
            _stay: stay,
        });
        Seat {
            number,
            answered,
            left,
            table: Arc::clone(&self.0),
        }
    }

    /// Tell one to leave.
    pub(crate) fn clear_one(&self) {
        let mut taken = self.0.taken();
        let stale = |at: &usize| taken[*at].answered.load(Ordering::Relaxed);
        if let Some(at) = (0..taken.len()).min_by_key(stale) {
            taken.swap_remove(at);
        }
    }
}

impl Table {
    fn next(&self) -> u64 {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }

    /// Every change to the list is one step.
    fn taken(&self) -> MutexGuard<'_, Vec<Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    number: u64,
    answered: Arc<AtomicU64>,
    left: oneshot::Receiver<()>,
    table: Arc<Table>,
}

impl Seat {
    /// Something was written to it.
    pub(crate) fn answered(&self) {
        self.answered.store(self.table.next(), Ordering::Relaxed);
    }

    /// Ready once it was told to leave.
    pub(crate) fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Nothing is ever sent: what comes is the end of the other half. One that has come must
        // not be waited for again.
        match self.left.is_terminated() {
            true => Poll::Ready(()),
            false => Pin::new(&mut self.left).poll(cx).map(|_| ()),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.table
            .taken()
            .retain(|taken| taken.number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn left(seat: &mut Seat) -> bool {
        seat.poll_left(&mut Context::from_waker(Waker::noop()))
            .is_ready()
    }

    #[test]
    fn whoever_was_answered_longest_ago_leaves_first() {
        let seats = Seats::default();
        let mut all: Vec<Seat> = (0..4).map(|_| seats.take()).collect();
        all[0].answered();
        all[2].answered();
        // Never answered, in the order in which they came; then the others by their answers.
        for expected in [1, 3, 0, 2] {
            seats.clear_one();
            assert!(left(&mut all[expected]), "{expected}");
            assert!(left(&mut all[expected]), "{expected}: asked again");
        }
        seats.clear_one();
    }

    #[test]
    fn a_seat_that_was_given_back_is_nobodys() {
        let seats = Seats::default();
        let (first, mut second) = (seats.take(), seats.take());
        drop(first);
        assert!(!left(&mut second));
        seats.clear_one();
        assert!(left(&mut second));
        drop(second);
        assert!(seats.0.taken().is_empty());
    }
}
