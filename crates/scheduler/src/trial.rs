//! Nonces against the generations of their wire ids: which of them each one fits.
//!
//! Nonces that come together are tried together, each against several generations, because
//! hashes that are computed side by side cost a half to an eighth of what they cost alone.

use units::NonceReport;
use work::Batch;

use crate::registry::Fit;
use crate::scheduler::Chain;

/// Nonces tried together: enough to fill the widest registers there are. It bounds a pass to
/// 64 hashes, and to 512 and 100 kB at a scaled difficulty.
pub(crate) const NONCES: usize = 16;

/// Generations of one id in one pass at Bitcoin's scale, where a search ends with the first
/// fit. Policy: the chips work on the third or fourth newest, the others wait in the link
/// (measured on the FPGA's), so that one pass is the rule, and more would be for nothing
/// where few hashes run side by side.
const GENERATIONS: usize = 4;

/// The same at a scaled difficulty, where all of them are tried: as many as there are on the
/// chips with most work per id.
const GENERATIONS_SCALED: usize = 32;

/// Below this many zero bits a nonce fits work that it does not belong to often enough to
/// matter. Bitcoin's own scale begins at 32.
const CHANCE_FITS_BELOW_BITS: u32 = 32;

/// A trial, and the memory of the last one.
#[derive(Default, Debug)]
pub(crate) struct Trial {
    batch: Batch,
    open: Vec<Open>,
    fits: Vec<(usize, Fit)>,
}

/// A nonce that has generations left to try.
#[derive(Debug)]
struct Open {
    /// Its place in the batch.
    report: usize,
    /// Place of its chain.
    chain: usize,
    /// Generations tried so far, newest first.
    tried: usize,
}

impl Trial {
    /// What each of `reports` fits: the report's place with each fit, in order of the reports
    /// and newest generation first. The nonces are remembered there, so that the second of
    /// two equal ones is a repetition. `reports` are at most [`NONCES`].
    ///
    /// At Bitcoin's scale a nonce fits at most one generation, and the search ends with the
    /// newest that it fits. At a scaled difficulty it fits a wrong one by chance, in front of
    /// its own as well; each fit is then a solution in its own right, and all are given.
    pub(crate) fn fits(
        &mut self,
        chains: &mut [Chain],
        reports: &[NonceReport],
    ) -> std::vec::Drain<'_, (usize, Fit)> {
        self.fits.clear();
        self.open.clear();
        for (report, of) in reports.iter().enumerate() {
            if let Some(chain) = chains.iter().position(|c| c.needs.slot == of.slot) {
                self.open.push(Open {
                    report,
                    chain,
                    tried: 0,
                });
            }
        }
        while !self.open.is_empty() {
            self.hash(chains, reports);
            self.sort_out(chains, reports);
        }
        // Stable: a report's fits stay newest first, whatever passes they came from.
        self.fits.sort_by_key(|(report, _)| *report);
        self.fits.drain(..)
    }

    /// Hash the next generations of every open nonce.
    fn hash(&mut self, chains: &[Chain], reports: &[NonceReport]) {
        self.batch.clear();
        for open in &self.open {
            let (chain, report) = (&chains[open.chain], &reports[open.report]);
            for generation in open.next(chain, report) {
                if let Some(item) = chain.registry.item(report.wire, generation) {
                    self.batch.push(item, report, chain.zero_bits);
                }
            }
        }
        self.batch.verify();
    }

    /// Take the fits, and keep the nonces that have anything left to try.
    fn sort_out(&mut self, chains: &mut [Chain], reports: &[NonceReport]) {
        let mut places = 0..;
        self.open.retain_mut(|open| {
            let (chain, report) = (&mut chains[open.chain], &reports[open.report]);
            let tried = open.next(chain, report);
            open.tried = tried.end;
            let mut left = tried.end < chain.registry.generations(report.wire);
            let mut wanted = true;
            for (generation, place) in tried.zip(&mut places) {
                if let Some(found) = self.batch.found(place)
                    && wanted
                    && let Some(fit) = chain.registry.fit(report, generation, found)
                {
                    self.fits.push((open.report, fit));
                    if chain.ends_with_first_fit() {
                        (left, wanted) = (false, false);
                    }
                }
            }
            left
        });
    }
}

impl Open {
    /// The generations to try next.
    fn next(&self, chain: &Chain, report: &NonceReport) -> core::ops::Range<usize> {
        let step = if chain.ends_with_first_fit() {
            GENERATIONS
        } else {
            GENERATIONS_SCALED
        };
        let all = chain.registry.generations(report.wire);
        self.tried.min(all)..(self.tried + step).min(all)
    }
}

impl Chain {
    fn ends_with_first_fit(&self) -> bool {
        self.zero_bits >= CHANCE_FITS_BELOW_BITS
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use units::{
        ChainSlot, Header, Instant, JobKey, Nonce, Rolling, RollingNeed, TicketDifficulty,
        WireJobId, WorkId, WorkItem,
    };
    use work::{Job, Target};

    use super::*;
    use crate::api::ChainNeeds;
    use crate::registry::Registry;

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

    const GENESIS_NONCE: u32 = 2_083_236_893;

    fn report(nonce: u32) -> NonceReport {
        NonceReport {
            slot: ChainSlot(7),
            wire: WireJobId(0),
            midstate_index: 0,
            version_bits: 0,
            nonce: Nonce(nonce),
        }
    }

    /// A chain with one wire id; the last of `items` is the newest, and each has its place
    /// for an epoch.
    fn chain(zero_bits: u32, items: impl IntoIterator<Item = WorkItem>) -> Chain {
        let mut chain = Chain {
            needs: ChainNeeds {
                slot: ChainSlot(7),
                rolling: RollingNeed::Chip {
                    bits: 16,
                    small_cores: 16,
                },
                wire_id_step: 8,
                wire_id_count: 1,
                ticket: TicketDifficulty::from_log2(0).expect("one"),
            },
            zero_bits,
            registry: Registry::new(8, 1),
            waits: false,
            levels: Default::default(),
        };
        for (epoch, item) in (0..).zip(items) {
            chain.registry.insert(Instant::ZERO, item, job(), epoch);
        }
        chain
    }

    /// The fits as (place of the report, epoch, repeated).
    fn fits(chain: &mut Chain, reports: &[NonceReport]) -> Vec<(usize, u64, bool)> {
        Trial::default()
            .fits(std::slice::from_mut(chain), reports)
            .map(|(place, fit)| (place, fit.epoch, fit.repeated))
            .collect()
    }

    #[test]
    fn a_real_block_is_found_behind_any_number_of_newer_generations() {
        for newer in 0..40 {
            let items = (0..newer).map(|n| item([n; 32]));
            let items = [item([99; 32]), genesis()].into_iter().chain(items);
            let mut chain = chain(40, items);
            let ours = report(GENESIS_NONCE);
            assert_eq!(fits(&mut chain, &[ours]), [(0, 1, false)], "{newer}");
            assert_eq!(fits(&mut chain, &[ours]), [(0, 1, true)], "{newer}");
            assert_eq!(fits(&mut chain, &[report(GENESIS_NONCE - 1)]), []);
            chain.zero_bits = 44;
            assert_eq!(fits(&mut chain, &[ours]), [], "it has 43 zero bits");
        }
    }

    #[test]
    fn of_two_generations_that_fit_the_newest_wins_and_alone_remembers() {
        for first in 0..20 {
            for second in first + 1..20 {
                let items = (0..20).map(|n| match n {
                    n if n == first || n == second => genesis(),
                    n => item([n; 32]),
                });
                let mut chain = chain(40, items);
                let ours = report(GENESIS_NONCE);
                let newest = u64::from(second);
                assert_eq!(
                    fits(&mut chain, &[ours, report(1), ours]),
                    [(0, newest, false), (2, newest, true)],
                    "{first} {second}"
                );
                chain.zero_bits = 31;
                let older = u64::from(first);
                assert_eq!(
                    fits(&mut chain, &[ours]),
                    [(0, newest, true), (0, older, false)],
                    "{first} {second}"
                );
            }
        }
    }

    #[test]
    fn nonces_of_unknown_chains_and_wire_ids_fit_nothing() {
        let ours = report(GENESIS_NONCE);
        let elsewhere = |wire| NonceReport {
            wire: WireJobId(wire),
            ..ours
        };
        let other_chain = NonceReport {
            slot: ChainSlot(1),
            ..ours
        };
        let reports = [
            elsewhere(1),
            other_chain,
            elsewhere(8),
            ours,
            elsewhere(255),
        ];
        assert_eq!(fits(&mut chain(40, [genesis()]), &reports), [(3, 0, false)]);
        assert_eq!(fits(&mut chain(40, []), &reports), []);
        assert_eq!(fits(&mut chain(40, [genesis()]), &[]), []);
    }

    #[test]
    fn at_a_scaled_difficulty_every_fit_is_given() {
        let mut chain = chain(2, (0..80).map(|n| item([n; 32])));
        let given = fits(&mut chain, &[report(1), report(2), report(1)]);
        // Two zero bits: one generation in four fits by chance.
        assert!((16..100).contains(&given.len()), "{}", given.len());
        assert!(
            given.is_sorted_by(|a, b| a.0 < b.0 || (a.0 == b.0 && a.1 > b.1)),
            "by report, then newest first: {given:?}"
        );
        let of = |report| given.iter().filter(move |(place, ..)| *place == report);
        assert!(of(0).chain(of(1)).all(|(_, _, repeated)| !repeated));
        assert!(of(2).all(|(_, _, repeated)| *repeated));
        assert!(of(0).map(|fit| fit.1).eq(of(2).map(|fit| fit.1)));
    }
}
