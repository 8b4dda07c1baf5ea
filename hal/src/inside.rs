//! An estimate of the work that waits inside an FPGA, which cannot take it back.
//!
//! Terms: the FPGA gives its chips a work at each *period*, counted from the start of the
//! running one. So that a flush leaves little stale work, a port stops at [`INSIDE_MAX`].

use units::{Duration, Instant};

/// Work that may wait inside: two polls, so that one late poll starves nobody, and what a
/// flush leaves behind is stale for no longer.
const INSIDE_MAX: Duration = Duration::from_millis(2);

/// What is believed to be inside, for one chain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inside {
    works: u16,
    /// Works that fit.
    depth: u16,
    /// When the next of them is believed to leave.
    next_pop: Instant,
}

impl Inside {
    /// Nothing, where so many works fit.
    pub(crate) fn empty(depth: u16) -> Self {
        Inside {
            works: 0,
            depth,
            next_pop: Instant::ZERO,
        }
    }

    /// Another work may go in: [`INSIDE_MAX`] in periods, rounded up, at least one.
    pub(crate) fn has_room(&self, period: Duration) -> bool {
        let works = INSIDE_MAX.as_nanos().div_ceil(period.as_nanos().max(1));
        let most = u16::try_from(works).unwrap_or(self.depth);
        self.works < most.clamp(1, self.depth)
    }

    /// It cannot hold another.
    pub(crate) fn is_full(&self) -> bool {
        self.works >= self.depth
    }

    /// Follow the FPGA's clock up to `now`.
    pub(crate) fn drain(&mut self, now: Instant, period: Duration) {
        while self.works > 0 && self.next_pop <= now {
            self.works -= 1;
            self.next_pop += period;
        }
    }

    /// A work went in.
    pub(crate) fn count_in(&mut self, now: Instant) {
        if self.works == 0 {
            self.next_pop = self.next_pop.max(now);
        }
        self.works += 1;
    }

    /// The FPGA says that it is full.
    pub(crate) fn fill(&mut self, now: Instant, period: Duration) {
        self.works = self.depth;
        self.next_pop = self.next_pop.max(now + period);
    }

    /// The period changed from `before` to `after`.
    pub(crate) fn repace(&mut self, now: Instant, before: Duration, after: Duration) {
        if self.next_pop > now {
            self.next_pop = self.next_pop - before + after;
        }
    }
}
