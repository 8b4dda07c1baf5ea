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

#[cfg(test)]
mod tests {
    use units::{ChainSlot, Header, JobKey, Nonce, Rolling, WorkId};
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
            version: 1,
            version_mask: 0,
            nbits: 0x1d00_ffff,
            ntime: 0,
            clean: false,
            share_target: Target::MAX,
            network_target: Target::MAX,
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

    /// The merkle root of the genesis block; with nonce 2083236893 its hash has 43 zero
    /// bits (public).
    fn genesis() -> WorkItem {
        let display = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";
        let mut root = [0; 32];
        for (i, byte) in root.iter_mut().rev().enumerate() {
            let digits = &display[2 * i..2 * i + 2];
            *byte = u8::from_str_radix(digits, 16).expect("hex");
        }
        item(root)
    }

    fn report(nonce: u32) -> NonceReport {
        NonceReport {
            slot: ChainSlot(0),
            wire: WireJobId(0),
            midstate_index: 0,
            version_bits: 0,
            nonce: Nonce(nonce),
        }
    }

    #[test]
    fn a_real_block_is_found_behind_newer_generations_of_its_id() {
        let mut registry = Registry::new(8, 1);
        registry.insert(Instant::ZERO, genesis(), job(), 0);
        for n in 0..10 {
            registry.insert(Instant::ZERO, item([n; 32]), job(), 1);
        }
        let fits = registry.fits(&report(2_083_236_893), 40);
        assert_eq!(fits.len(), 1);
        assert_eq!((fits[0].epoch, fits[0].repeated), (0, false));
        assert_eq!(sha256d::leading_zero_bits(&fits[0].found.hash), 43);
        assert!(registry.fits(&report(2_083_236_893), 40)[0].repeated);
        assert!(registry.fits(&report(2_083_236_893), 44).is_empty());
        assert!(registry.fits(&report(2_083_236_892), 40).is_empty());
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
    fn at_a_scaled_difficulty_every_fit_is_given() {
        let mut registry = Registry::new(8, 1);
        for n in 0..64 {
            registry.insert(Instant::ZERO, item([n; 32]), job(), u64::from(n));
        }
        // Two zero bits: one generation in four fits by chance.
        let fits = registry.fits(&report(1), 2);
        assert!((4..40).contains(&fits.len()), "{}", fits.len());
        assert!(fits.iter().all(|fit| !fit.repeated));
        assert!(fits.is_sorted_by(|a, b| a.epoch > b.epoch), "newest first");
        let again = registry.fits(&report(1), 2);
        assert_eq!(again.len(), fits.len());
        assert!(again.iter().all(|fit| fit.repeated));
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
