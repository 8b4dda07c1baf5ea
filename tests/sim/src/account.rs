//! The accounts compared: what the twin's chips found, what the miner booked, what the
//! pool was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use telemetry::Command;
use twin::machine::{Fate, FrameKind, FrameRecord, LostJob, TwinMachine};
use twin::pool::{ErrorForm, Verdict};
use units::{ChainSlot, Duration, Instant};

use crate::world::World;

/// After a job became void a nonce of it may still arrive: what waits in the FPGA (2 ms),
/// in the chips' answer queue and in a port's poll. Within this time either outcome is
/// right; the pool's own verdicts are checked all the same.
const AFTERMATH: Duration = Duration::from_millis(60);

/// What became of the nonces that arrived undamaged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Verdicts {
    /// Arrived undamaged.
    pub arrived: u64,
    /// Had to be submitted, and were, exactly once.
    pub submitted: u64,
    /// Were below the share target and were not submitted.
    pub below: u64,
    /// Arrived around a change of jobs: either outcome is right.
    pub around_a_change: u64,
    /// Damaged on the wire.
    pub damaged: u64,
    /// Of void work that the chips were left with, because noise hit the job that should
    /// have replaced it. They were not submitted.
    pub void: u64,
    /// Stale shares that crossed a job change on the network.
    pub crossed: u64,
}

/// Totals over all pools.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct AllTotals {
    pub(crate) accepted: u64,
    pub(crate) stale: u64,
    pub(crate) rejected: u64,
    pub(crate) submitted: u64,
}

impl World {
    /// End the run and compare all accounts. Panics, naming the seed, where they differ.
    pub fn settle_accounts(&mut self) -> Verdicts {
        self.stop_ordered = Some(self.now());
        self.command(Command::Shutdown);
        self.run_for(Duration::from_secs(5));
        assert!(
            self.has_stopped(),
            "seed {}: the miner did not stop",
            self.options.seed
        );
        self.compare_totals();
        self.compare_damage();
        let mut verdicts = self.compare_shares();
        verdicts.crossed = self.check_stale();
        verdicts
    }

    fn compare_totals(&self) {
        let seed = self.options.seed;
        let ours = self.engine.shares();
        let theirs = self.all_totals();
        assert_eq!(ours.in_flight, 0, "seed {seed}: shares hang: {ours:?}");
        // What the pool booked without the miner learning of it is lost, not forgotten.
        let unheard = ours.lost;
        assert!(
            ours.accepted <= theirs.accepted && theirs.accepted <= ours.accepted + unheard,
            "seed {seed}: accepted: ours {ours:?}, theirs {theirs:?}"
        );
        if unheard == 0 {
            assert_eq!(
                ours.submitted, theirs.submitted,
                "seed {seed}: {ours:?} {theirs:?}"
            );
            // A pool that refuses without a word cannot be understood as saying "stale".
            let wordless = self.options.pool.behaviour.dialect.errors == ErrorForm::Absent;
            let said_stale = if wordless { theirs.stale } else { 0 };
            let refused = theirs.rejected + said_stale;
            assert_eq!(ours.rejected, refused, "seed {seed}: {ours:?} {theirs:?}");
        }
    }

    /// What all pools booked.
    pub(crate) fn all_totals(&self) -> AllTotals {
        let mut all = AllTotals::default();
        for totals in self.ledgers().map(|ledger| ledger.totals) {
            all.accepted += totals.accepted;
            all.stale += totals.stale;
            all.rejected += totals.rejected();
            all.submitted += totals.submitted();
        }
        all
    }

    /// What the miner counted as damaged is what the wires damaged.
    fn compare_damage(&mut self) {
        let seed = self.options.seed;
        let counted: u64 = self
            .snapshot()
            .chains
            .iter()
            .map(|c| c.damaged_frames)
            .sum();
        let allowed = self.twin(|twin| damage_allowed(twin));
        assert!(
            allowed.contains(&counted),
            "seed {seed}: the miner counted {counted} damaged runs; by the wires {allowed:?} may be"
        );
    }

    /// Every nonce that arrived undamaged had its one right fate.
    fn compare_shares(&self) -> Verdicts {
        let seed = self.options.seed;
        let mut by_hash: BTreeMap<[u8; 32], u32> = BTreeMap::new();
        let mut by_nonce: BTreeMap<u32, u32> = BTreeMap::new();
        for record in self.ledgers().flat_map(|ledger| &ledger.records) {
            if let Some(hash) = record.hash {
                *by_hash.entry(hash).or_default() += 1;
            }
            if let Some(nonce) = record.nonce {
                *by_nonce.entry(nonce).or_default() += 1;
            }
        }
        assert!(
            by_hash.values().all(|n| *n == 1),
            "seed {seed}: a share was submitted twice"
        );
        let left = self.chains_left_with_void_work();
        let mut verdicts = Verdicts::default();
        for frame in &self.frames {
            let FrameKind::Nonce {
                hash,
                nonce,
                job_taken,
                ..
            } = frame.kind
            else {
                continue;
            };
            match frame.fate {
                Fate::Arrived => verdicts.arrived += 1,
                Fate::Damaged | Fate::Overflowed => {
                    verdicts.damaged += 1;
                    continue;
                }
            }
            // With few zero bits a nonce may also solve a newer work of the same wire id:
            // then that share was submitted in its place.
            let found = by_hash.contains_key(&hash) || by_nonce.contains_key(&nonce.0);
            let expected = if left.iter().any(|left| left.explains(frame, job_taken)) {
                Expected::Void
            } else {
                self.expected(frame, &hash)
            };
            match expected {
                Expected::Either => verdicts.around_a_change += 1,
                Expected::Submitted => {
                    assert!(
                        found,
                        "seed {seed}: a share was not submitted: {}",
                        describe(frame)
                    );
                    verdicts.submitted += 1;
                }
                Expected::NotSubmitted => {
                    assert!(
                        !by_hash.contains_key(&hash),
                        "seed {seed}: submitted below its target: {}",
                        describe(frame)
                    );
                    verdicts.below += 1;
                }
                Expected::Void => {
                    assert!(
                        !by_hash.contains_key(&hash),
                        "seed {seed}: submitted although its work was void: {}",
                        describe(frame)
                    );
                    verdicts.void += 1;
                }
            }
        }
        verdicts
    }

    fn expected(&self, frame: &FrameRecord, hash: &[u8; 32]) -> Expected {
        let at = frame.at;
        if self.is_of_made_up_work(frame) {
            return Expected::Either;
        }
        let way = (self.options.net.latency + self.options.net.jitter) * 2;
        let before = way + Duration::from_millis(50);
        let jobs = &self.job_log.jobs;
        let near_change = jobs.iter().any(|job| {
            job.voided
                .is_some_and(|v| at + before >= v && at <= v + AFTERMATH)
        });
        // A chain that ramps down gets no new work: what it finds after a change of jobs is
        // void for good.
        let stopping = self.stop_ordered.is_some_and(|stop| {
            at >= stop
                && jobs
                    .iter()
                    .any(|j| j.voided.is_some_and(|v| v + AFTERMATH >= stop))
        });
        if near_change || stopping {
            return Expected::Either;
        }
        // Any job that is not void may be the one: the work in flight can be older than
        // the newest job.
        let live = || {
            jobs.iter()
                .filter(|j| j.at <= at && j.voided.is_none_or(|v| v > at))
        };
        let hash_difficulty = difficulty_of(hash, self.options.pool.difficulty_one.zero_bits());
        let (mut lowest, mut highest) = (f64::INFINITY, 0f64);
        for job in live() {
            lowest = lowest.min(job.difficulty);
            highest = highest.max(job.difficulty);
        }
        // Doubles lose the last bits: leave a hair of doubt around the target.
        if hash_difficulty < lowest * (1.0 - 1e-9) {
            Expected::NotSubmitted
        } else if highest > 0.0 && hash_difficulty > highest * (1.0 + 1e-9) {
            Expected::Submitted
        } else {
            Expected::Either
        }
    }

    /// A nonce of work that no pool gave: chips find some in what wakes their cores, and go
    /// on with it until the first job.
    fn is_of_made_up_work(&self, frame: &FrameRecord) -> bool {
        self.made_up.iter().any(|(slot, from, until)| {
            *slot == frame.slot && frame.at >= *from && frame.at <= *until + AFTERMATH
        })
    }

    /// Jobs that the miner sent in time in place of void ones, and that were lost on the wire.
    fn chains_left_with_void_work(&self) -> Vec<LeftWithVoidWork> {
        let voided = self.job_log.jobs.iter().filter_map(|job| job.voided);
        let voided: BTreeSet<_> = voided.collect();
        let left = |lost: &LostJob| {
            let voided = voided.range(..=lost.at).next_back().copied();
            let voided = voided.filter(|v| lost.at <= *v + AFTERMATH)?;
            Some(LeftWithVoidWork {
                slot: lost.slot,
                voided,
            })
        };
        self.lost_jobs.iter().filter_map(left).collect()
    }

    /// A share that the pool called stale had left the miner before the job's end reached
    /// it. Returns how many there were.
    fn check_stale(&self) -> u64 {
        let slack = self.options.net.latency + self.options.net.jitter + Duration::from_millis(1);
        let stale = self
            .ledgers()
            .flat_map(|ledger| &ledger.records)
            .filter(|r| r.verdict == Verdict::Stale);
        let mut crossed = 0;
        for record in stale {
            let job = self
                .job_log
                .jobs
                .iter()
                .rev()
                .find(|j| j.conn == record.conn && j.id == record.job_id);
            if let Some(voided) = job.and_then(|j| j.voided) {
                assert!(
                    record.at <= voided + slack,
                    "seed {}: a share of job {} was sent after its end was known",
                    self.options.seed,
                    record.job_id
                );
            }
            crossed += 1;
        }
        crossed
    }
}

/// How many damages a miner may have counted: the runs of bytes that belong to no good frame. A
/// phantom (a run that passes the five-bit check by chance) may hide or split one, so each leaves
/// one count in doubt. A core of the open FPGA design shows no more than how many bytes it gave up
/// so far: the runs of which that cannot say where they begin and end are counted by the twin, and
/// they alone are in doubt.
fn damage_allowed(twin: &TwinMachine) -> RangeInclusive<u64> {
    let (mut least, mut most) = (0, 0);
    for slot in twin.slots() {
        let totals = twin.ledger().totals(*slot);
        let runs = totals.damaged_runs;
        least += runs.saturating_sub(totals.phantoms + totals.runs_untold);
        most += runs + totals.phantoms + totals.runs_told_twice;
    }
    least..=most
}

/// A chain whose chips go on with void work until they take the next job.
struct LeftWithVoidWork {
    slot: ChainSlot,
    /// When it became void. The job that should have ended it came, and was lost, within
    /// [`AFTERMATH`].
    voided: Instant,
}

impl LeftWithVoidWork {
    fn explains(&self, frame: &FrameRecord, job_taken: Instant) -> bool {
        frame.slot == self.slot && job_taken < self.voided && self.voided + AFTERMATH < frame.at
    }
}

enum Expected {
    Submitted,
    NotSubmitted,
    Void,
    Either,
}

fn describe(frame: &FrameRecord) -> String {
    format!(
        "slot {} chip {} at {:?}: {:?}",
        frame.slot, frame.chip, frame.at, frame.kind
    )
}

/// Difficulty of a hash where difficulty one has `bits` zero bits.
pub(crate) fn difficulty_of(hash: &[u8; 32], bits: u8) -> f64 {
    // The hash is a little-endian number; its top 16 bytes decide far beyond a double.
    let top = hash
        .iter()
        .rev()
        .take(16)
        .fold(0f64, |value, byte| value * 256.0 + f64::from(*byte));
    let one = f64::from(0xffff_u32) * 2f64.powi(128 - 16 - i32::from(bits));
    one / top.max(1.0)
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
