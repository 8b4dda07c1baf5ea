//! Work in flight on one chain.
//!
//! A wire id names the *generations* that were dispatched under it, newest first. The
//! chain works on one of them; those before it may still have nonces on the wire, and
//! those after it may still wait in the link's queue. None of this is known here: a nonce
//! is tried against all of them, and its hash decides.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use units::{Duration, Instant, NonceReport, WireJobId, WorkItem};
use work::{Found, Job};

/// How long a generation is kept after its dispatch. Policy: 100 ms for an answer to come
/// back, and as much again several times over for the credit of work that waits in the
/// link before the chips see it.
const KEPT: Duration = Duration::from_millis(400);

/// Generations that are kept whatever their age: the newest may wait in the link while
/// the chips answer for the one before, which on slow chains is seconds old.
const GENERATIONS_MIN: usize = 2;

/// Work items that a chain's registry holds at most. At the bound the oldest generation
/// of an id gives way before its time, and a nonce for it becomes a hw error: 256 ms of
/// an S19 Pro's chain at 4,000 items per second.
const ITEMS_MAX: usize = 1024;

/// Nonces that are remembered per work item. At the bound the oldest is forgotten: a wire
/// repeats a frame at once or never, not thousands of nonces later.
const NONCES_MAX: usize = 4096;

/// Below this many zero bits a nonce fits work that it does not belong to often enough to
/// matter. Bitcoin's own scale begins at 32.
const CHANCE_FITS_BELOW_BITS: u32 = 32;

/// The work in flight on one chain.
#[derive(Debug)]
pub(crate) struct Registry {
    step: u8,
    /// One per wire id, newest generation first.
    ids: Vec<VecDeque<InFlight>>,
    /// Place of the next wire id.
    next: usize,
    generations_max: usize,
}

/// One generation.
#[derive(Debug)]
struct InFlight {
    item: WorkItem,
    job: Arc<Job>,
    /// The session's epoch at dispatch: the work is void once the session is in another.
    epoch: u64,
    dispatched_at: Instant,
    seen: Seen,
}

/// A nonce that fits a generation: a verified header.
#[derive(Debug)]
pub(crate) struct Fit {
    pub(crate) job: Arc<Job>,
    /// The session's epoch when the work was dispatched.
    pub(crate) epoch: u64,
    pub(crate) extranonce2: u64,
    pub(crate) ntime: u32,
    pub(crate) found: Found,
    /// The same header was reported before.
    pub(crate) repeated: bool,
}

impl Registry {
    /// For the wire ids `0, step, 2 * step, …`, `count` of them.
    pub(crate) fn new(step: u8, count: u8) -> Self {
        let step = step.max(1);
        let count = usize::from(count.max(1)).min(255 / usize::from(step) + 1);
        Registry {
            step,
            ids: (0..count).map(|_| VecDeque::new()).collect(),
            next: 0,
            generations_max: (ITEMS_MAX / count).max(GENERATIONS_MIN),
        }
    }

    /// Keep `item` under the next wire id, and forget what is too old to matter.
    pub(crate) fn insert(
        &mut self,
        now: Instant,
        item: WorkItem,
        job: Arc<Job>,
        epoch: u64,
    ) -> WireJobId {
        let place = self.next;
        self.next = (place + 1) % self.ids.len();
        let generations = &mut self.ids[place];
        while generations.len() >= GENERATIONS_MIN
            && generations.back().is_some_and(|oldest| {
                generations.len() >= self.generations_max || now.since(oldest.dispatched_at) > KEPT
            })
        {
            generations.pop_back();
        }
        generations.push_front(InFlight {
            item,
            job,
            epoch,
            dispatched_at: now,
            seen: Seen::default(),
        });
        // Both factors are bounded so that the product is at most 255.
        WireJobId((place * usize::from(self.step)) as u8)
    }

    /// The generations that `report` fits, newest first; the nonce is remembered there.
    ///
    /// At Bitcoin's scale there is at most one, and the search ends with it. At a scaled
    /// difficulty a nonce fits a wrong generation by chance, in front of its own as well;
    /// each fit is then a solution in its own right, and all are given.
    pub(crate) fn fits(&mut self, report: &NonceReport, zero_bits: u32) -> Vec<Fit> {
        let mut fits = Vec::new();
        let place = usize::from(report.wire.0 / self.step);
        if !report.wire.0.is_multiple_of(self.step) {
            return fits;
        }
        for work in self.ids.get_mut(place).into_iter().flatten() {
            let Some(found) = work::validate(&work.item, report, zero_bits) else {
                continue;
            };
            fits.push(Fit {
                job: Arc::clone(&work.job),
                epoch: work.epoch,
                extranonce2: work.item.extranonce2,
                ntime: work.item.header.ntime,
                found,
                repeated: !work.seen.insert(report.nonce.0, found.version),
            });
            if zero_bits >= CHANCE_FITS_BELOW_BITS {
                break;
            }
        }
        fits
    }
}

/// The nonces that one work item gave, bounded.
#[derive(Default, Debug)]
struct Seen {
    known: BTreeSet<(u32, u32)>,
    order: VecDeque<(u32, u32)>,
}

impl Seen {
    /// True if the pair was not there.
    fn insert(&mut self, nonce: u32, version: u32) -> bool {
        let key = (nonce, version);
        if !self.known.insert(key) {
            return false;
        }
        if self.order.len() == NONCES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(key);
        true
    }
}
