//! An answer that is fetched byte by byte, and not before it is ready.

use std::collections::VecDeque;

use units::{Duration, Instant};

use super::OPEN;

#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    bytes: VecDeque<u8>,
    ready: Instant,
}

impl Reply {
    /// In place of any earlier answer, which is lost.
    pub(crate) fn set(&mut self, bytes: &[u8], now: Instant, delay: Duration) {
        self.bytes = bytes.iter().copied().collect();
        self.ready = now + delay;
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The next byte; 0xFF before the answer is ready and after its end.
    pub(crate) fn pop(&mut self, now: Instant) -> u8 {
        if now < self.ready {
            return OPEN;
        }
        self.bytes.pop_front().unwrap_or(OPEN)
    }
}
