//! Work in flight on one chain.
//!
//! A wire id names the *generations* that were dispatched under it, newest first. The
//! chain works on one of them; those before it may still have nonces on the wire, and
//! those after it may still wait in the link's queue. None of this is known here: a nonce
//! is tried against all of them ([`crate::trial`]), and its hash decides.

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

    /// How many generations `wire` names. None if no work travels under it.
    pub(crate) fn generations(&self, wire: WireJobId) -> usize {
        self.named(wire).map_or(0, VecDeque::len)
    }

    /// The work of a generation of `wire`; 0 is the newest.
    pub(crate) fn item(&self, wire: WireJobId, generation: usize) -> Option<&WorkItem> {
        Some(&self.named(wire)?.get(generation)?.item)
    }

    /// What it means that `report` fits this generation; the nonce is remembered there.
    pub(crate) fn fit(
        &mut self,
        report: &NonceReport,
        generation: usize,
        found: Found,
    ) -> Option<Fit> {
        let place = self.place(report.wire)?;
        let work = self.ids.get_mut(place)?.get_mut(generation)?;
        Some(Fit {
            job: Arc::clone(&work.job),
            epoch: work.epoch,
            extranonce2: work.item.extranonce2,
            ntime: work.item.header.ntime,
            found,
            repeated: !work.seen.insert(report.nonce.0, found.version),
        })
    }

    fn named(&self, wire: WireJobId) -> Option<&VecDeque<InFlight>> {
        self.ids.get(self.place(wire)?)
    }

    fn place(&self, wire: WireJobId) -> Option<usize> {
        (wire.0.is_multiple_of(self.step)).then(|| usize::from(wire.0 / self.step))
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

#[cfg(test)]
mod tests {
    use units::{Header, JobKey, Rolling, WorkId};
    use work::Target;

    use super::*;

    fn job() -> Arc<Job> {
        Arc::new(Job {
            key: JobKey::default(),
            pool_job_id: Arc::from("job"),
            prev_hash: [0; 32],
            coinbase1: Arc::from([]),
            coinbase2: Arc::from([]),
            branches: Arc::from([]),
            extranonce1: Arc::from([]),
            extranonce2_size: 4,
            fixed_root: None,
            version: 1,
            version_mask: 0,
            nbits: 0x1d00_ffff,
            ntime: 0,
            clean: false,
            share_target: Target::MAX,
            network_target: Target::MAX,
            takes_easy_blocks: false,
            received_at: Instant::ZERO,
        })
    }

    /// Chip-rolled work over this merkle root.
    fn item(merkle_root: [u8; 32]) -> WorkItem {
        WorkItem {
            id: WorkId(0),
            job: JobKey::default(),
            extranonce2: 0,
            header: Header {
                version: 1,
                prev_hash: [0; 32],
                merkle_root,
                ntime: 0x495f_ab29,
                nbits: 0x1d00_ffff,
            },
            rolling: Rolling::Chip { mask: 0 },
        }
    }

    #[test]
    fn generations_age_by_time_and_two_always_stay() {
        let mut registry = Registry::new(8, 1);
        let mut check = |ms: u64, expected: usize| {
            registry.insert(Instant::from_millis(ms), item([0; 32]), job(), 0);
            assert_eq!(registry.ids[0].len(), expected, "{ms}");
        };
        check(0, 1);
        check(100, 2);
        check(200, 3);
        check(400, 4);
        // The first is 401 ms old, then the second.
        check(401, 4);
        check(501, 4);
        // All are too old, and the newest of them stays beside the new one.
        check(10_000, 2);
        check(20_000, 2);
    }

    #[test]
    fn the_memory_of_nonces_is_bounded_and_forgets_the_oldest() {
        let mut seen = Seen::default();
        for nonce in 0..=NONCES_MAX as u32 {
            assert!(seen.insert(nonce, 0));
        }
        assert_eq!(seen.known.len(), NONCES_MAX);
        assert_eq!(seen.order.len(), NONCES_MAX);
        assert!(!seen.insert(1, 0));
        assert!(seen.insert(1, 2), "another version is another header");
        assert!(seen.insert(0, 0), "forgotten");
    }
}
