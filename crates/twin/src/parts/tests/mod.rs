//! The parts against captured and published bytes, and what they do when something is wrong.

mod sensors;

use units::{Duration, Instant};

use super::{Slave, transfer};

/// A host that sends and reads one byte per transaction, with a register before it or not.
struct Host<S> {
    part: S,
    now: Instant,
}

impl<S: Slave> Host<S> {
    fn new(part: S, _register: Option<u8>) -> Self {
        Host {
            part,
            now: Instant::from_millis(1000),
        }
    }

    fn wait_ms(&mut self, ms: u64) -> &mut Self {
        self.now += Duration::from_millis(ms);
        self
    }
}
