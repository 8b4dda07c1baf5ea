//! The accounts compared: what the twin's chips found, what the miner booked, what the
//! pool was sent.

use std::collections::{BTreeMap, BTreeSet};

use telemetry::Command;
use twin::machine::{Fate, FrameKind, FrameRecord, LostJob};
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

    /// What the miner counted as damaged is what the wires damaged: runs of bytes that
    /// belong to no good frame. A phantom (a run that passes the five-bit check by
    /// chance) may hide or split a run, so each leaves one count in doubt.
    fn compare_damage(&mut self) {
        let seed = self.options.seed;
        let counted: u64 = self
            .snapshot()
            .chains
            .iter()
            .map(|c| c.damaged_frames)
            .sum();
        let (mut runs, mut phantoms) = (0, 0);
        self.twin(|twin| {
            for slot in twin.slots().to_vec() {
                let totals = twin.ledger().totals(slot);
                runs += totals.damaged_runs;
                phantoms += totals.phantoms;
            }
        });
        assert!(
            counted.abs_diff(runs) <= phantoms,
            "seed {seed}: the miner counted {counted} damaged runs; the wires made {runs}, \
             with {phantoms} phantoms"
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
mod tests {
    use twin::machine::{Direction, Noise};
    use twin::pool::Order;
    use units::{ChipIndex, Nonce};

    use super::*;
    use crate::WorldOptions;

    fn earning_world() -> World {
        let mut world = World::new(WorldOptions::healthy(5, "antminer-s21-pro"));
        world.run_for(Duration::from_secs(12));
        world
    }

    #[test]
    #[should_panic(expected = "a share was not submitted")]
    fn a_share_that_never_reached_the_pool_is_caught() {
        let mut world = earning_world();
        let at = world.now() - Duration::from_secs(2);
        push_nonce(&mut world, ChainSlot(0), at, at - Duration::from_secs(1));
        world.settle_accounts();
    }

    #[test]
    #[should_panic(expected = "submitted below its target")]
    fn a_share_below_its_target_is_caught() {
        let mut world = earning_world();
        for job in &mut world.job_log.jobs {
            job.difficulty *= 1e6;
        }
        world.settle_accounts();
    }

    #[test]
    #[should_panic(expected = "damaged runs")]
    fn damage_that_was_not_counted_is_caught() {
        let mut options = WorldOptions::healthy(6, "antminer-s21-pro");
        options.faults.noise.push(Noise {
            from: Instant::from_millis(8_000),
            flip: 0.002,
            ..Noise::on(ChainSlot(1), Direction::ToHost)
        });
        let mut world = World::new(options);
        world.run_for(Duration::from_secs(15));
        // Forget the wires' own account, as a miner would that counts too much.
        world.twin(|twin| *twin = fresh_twin());
        world.settle_accounts();
    }

    const HIT: ChainSlot = ChainSlot(1);

    /// Noise swallows the job that should have replaced void work on one chain.
    fn world_with_a_lost_job() -> World {
        let mut options = WorldOptions::healthy(7, "antminer-s21-pro");
        let at = Instant::from_millis(12_000);
        options.faults.noise.push(Noise {
            from: at,
            until: at + Duration::from_millis(100),
            drop: 1.0,
            ..Noise::on(HIT, Direction::ToChips)
        });
        let mut world = World::new(options);
        world.run_for(at.since(Instant::ZERO));
        world.pool_order(Order::NewJob { clean: true });
        world.run_for(Duration::from_secs(3));
        world
    }

    /// A nonce that the ledgers of a good run do not know.
    fn push_nonce(world: &mut World, slot: ChainSlot, at: Instant, job_taken: Instant) {
        let kind = FrameKind::Nonce {
            nonce: Nonce(0x1234_5678),
            job_byte: 0,
            version_bits: 0,
            hash: [0; 32],
            made_up: false,
            job_taken,
        };
        world.frames.push(FrameRecord {
            slot,
            chip: ChipIndex(0),
            kind,
            at,
            fate: Fate::Arrived,
        });
    }

    #[test]
    fn nonces_of_work_that_a_lost_job_left_void_are_excused() {
        let mut world = world_with_a_lost_job();
        assert_eq!(world.lost_jobs.len(), 1);
        let verdicts = world.settle_accounts();
        // The job before it had up to 1.2 s to go, at some hundred nonces a second.
        assert!(verdicts.void > 10, "{verdicts:?}");
    }

    #[test]
    #[should_panic(expected = "a share was not submitted")]
    fn without_a_lost_job_void_work_is_no_excuse() {
        let mut world = world_with_a_lost_job();
        world.lost_jobs.clear();
        world.settle_accounts();
    }

    #[test]
    #[should_panic(expected = "a share was not submitted")]
    fn a_lost_job_excuses_no_other_chain() {
        let mut world = world_with_a_lost_job();
        world.lost_jobs[0].slot = ChainSlot(0);
        world.settle_accounts();
    }

    #[test]
    #[should_panic(expected = "a share was not submitted")]
    fn a_job_that_was_sent_late_excuses_nothing() {
        let mut world = world_with_a_lost_job();
        world.lost_jobs[0].at += AFTERMATH;
        world.settle_accounts();
    }

    #[test]
    #[should_panic(expected = "a share was not submitted")]
    fn a_lost_job_excuses_no_share_of_the_work_after_it() {
        let mut world = world_with_a_lost_job();
        let lost = world.lost_jobs[0].at;
        let at = lost + Duration::from_secs(1);
        push_nonce(&mut world, HIT, at, lost + Duration::from_millis(500));
        world.settle_accounts();
    }

    #[test]
    #[should_panic(expected = "submitted although its work was void")]
    fn a_share_of_void_work_that_was_submitted_is_caught() {
        let mut world = world_with_a_lost_job();
        let lost = world.lost_jobs[0].at;
        let at = lost + Duration::from_millis(500);
        push_nonce(&mut world, HIT, at, lost - Duration::from_millis(500));
        let sent = world.pool_ledger().records.iter().find_map(|r| r.hash);
        if let Some(frame) = world.frames.last_mut()
            && let FrameKind::Nonce { hash, .. } = &mut frame.kind
        {
            *hash = sent.expect("a share was sent");
        }
        world.settle_accounts();
    }

    fn fresh_twin() -> twin::machine::TwinMachine {
        let machine = board_support::machine("antminer-s21-pro").expect("known");
        twin::machine::TwinMachine::new(&machine, Default::default()).expect("known")
    }

    #[test]
    fn difficulty_of_the_genesis_block() {
        let mut hash = [0; 32];
        let display = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
        for (i, byte) in hash.iter_mut().rev().enumerate() {
            *byte = u8::from_str_radix(&display[2 * i..2 * i + 2], 16).expect("hex");
        }
        let difficulty = difficulty_of(&hash, 32);
        assert!((difficulty - 2536.4263).abs() < 1e-3, "{difficulty}");
    }
}
