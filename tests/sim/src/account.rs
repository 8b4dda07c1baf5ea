//! The accounts compared: what the twin's chips found, what the miner booked, what the
//! pool was sent.

use std::collections::BTreeMap;

use telemetry::Command;
use twin::machine::{Fate, FrameKind, FrameRecord};
use twin::pool::{ErrorForm, Verdict};
use units::Duration;

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
    /// Stale shares that crossed a job change on the network.
    pub crossed: u64,
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
        let theirs = self.pool.ledger().totals;
        assert_eq!(ours.in_flight, 0, "seed {seed}: shares hang: {ours:?}");
        // What the pool booked without the miner learning of it is lost, not forgotten.
        let unheard = ours.lost;
        assert!(
            ours.accepted <= theirs.accepted && theirs.accepted <= ours.accepted + unheard,
            "seed {seed}: accepted: ours {ours:?}, theirs {theirs:?}"
        );
        if unheard == 0 {
            assert_eq!(
                ours.submitted,
                theirs.submitted(),
                "seed {seed}: {ours:?} {theirs:?}"
            );
            // A pool that refuses without a word cannot be understood as saying "stale".
            let wordless = self.options.pool.behaviour.dialect.errors == ErrorForm::Absent;
            let said_stale = if wordless { theirs.stale } else { 0 };
            let refused = theirs.rejected() + said_stale;
            assert_eq!(ours.rejected, refused, "seed {seed}: {ours:?} {theirs:?}");
        }
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
        for record in &self.pool.ledger().records {
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
        let mut verdicts = Verdicts::default();
        for frame in &self.frames {
            let FrameKind::Nonce { hash, nonce, .. } = frame.kind else {
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
            match self.expected(frame, &hash) {
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

    /// A share that the pool called stale had left the miner before the job's end reached
    /// it. Returns how many there were.
    fn check_stale(&self) -> u64 {
        let slack = self.options.net.latency + self.options.net.jitter + Duration::from_millis(1);
        let stale = self
            .pool
            .ledger()
            .records
            .iter()
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

enum Expected {
    Submitted,
    NotSubmitted,
    Either,
}

fn describe(frame: &FrameRecord) -> String {
    format!(
        "slot {} chip {} at {:?}: {:?}",
        frame.slot, frame.chip, frame.at, frame.kind
    )
}

/// Difficulty of a hash where difficulty one has `bits` zero bits.
fn difficulty_of(hash: &[u8; 32], bits: u8) -> f64 {
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
    use units::{ChainSlot, ChipIndex, Instant, Nonce};

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
        let kind = FrameKind::Nonce {
            nonce: Nonce(0x1234_5678),
            job_byte: 0,
            version_bits: 0,
            hash: [0; 32],
            made_up: false,
            job_taken: Instant::ZERO,
        };
        let (slot, chip, at) = (
            ChainSlot(0),
            ChipIndex(0),
            world.now() - Duration::from_secs(2),
        );
        world.frames.push(FrameRecord {
            slot,
            chip,
            kind,
            at,
            fate: Fate::Arrived,
        });
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
        options.faults.noise.push(twin::machine::Noise {
            from: Instant::from_millis(8_000),
            flip: 0.002,
            ..twin::machine::Noise::on(ChainSlot(1), twin::machine::Direction::ToHost)
        });
        let mut world = World::new(options);
        world.run_for(Duration::from_secs(15));
        // Forget the wires' own account, as a miner would that counts too much.
        world.twin(|twin| *twin = fresh_twin());
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
