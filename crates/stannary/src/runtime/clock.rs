//! The one place where the daemon reads a clock.

use units::{Duration, Instant};

/// Monotonic time since the process began, as the cores count it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: std::time::Instant,
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn start() -> Self {
        Clock {
            origin: std::time::Instant::now(),
        }
    }

    /// The present instant.
    pub(crate) fn now(&self) -> Instant {
        Instant::ZERO + self.origin.elapsed()
    }

    /// Time from now until `at`; zero if it has passed.
    pub(crate) fn until(&self, at: Instant) -> Duration {
        at.since(self.now())
    }
}
