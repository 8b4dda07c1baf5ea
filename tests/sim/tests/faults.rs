//! Two hundred seeds of noise, lost and doubled bytes, a chain that dies and returns, and
//! a pool that changes difficulty and floods jobs. Grade: exact.
//!
//! Every seed checks the invariants after each step and the accounts at its end. A seed
//! that failed once stays in [`SEEDS_THAT_FAILED_ONCE`].

use sim::{Verdicts, World, WorldOptions};
use twin::machine::FaultPlan;
use twin::pool::{Behaviour, DifficultyChanges, JobStorms};
use units::{ChainSlot, Difficulty, Duration, Instant, Rng};

/// Seeds that failed once, kept for ever. These three: a shut-down in the middle of a storm
/// of jobs (the account did not know that a chain on its way down gets no new work).
const SEEDS_THAT_FAILED_ONCE: &[u64] = &[1013, 1065, 1133];
/// Seeds per test; the tests run side by side.
const SEEDS_EACH: u64 = 25;

fn stormy(seed: u64) -> WorldOptions {
    let mut rng = Rng::new(seed);
    let machine = if seed.is_multiple_of(2) {
        "antminer-s19-pro"
    } else {
        "antminer-s21-pro"
    };
    let mut options = WorldOptions::healthy(seed, machine);
    let slots: Vec<_> = (0..options.machine.slots).map(ChainSlot).collect();
    options.faults = FaultPlan::draw(
        rng.next_u64(),
        &slots,
        Instant::from_millis(8_000),
        Instant::from_millis(25_000),
    );
    // Up to one byte in a few hundred: far worse than a cable that anybody would keep.
    let worse = 1.0 + rng.below(50) as f64;
    for noise in &mut options.faults.noise {
        noise.flip *= worse;
        noise.drop *= worse;
        noise.duplicate *= worse;
    }
    let choices = [8.0, 64.0, 300.5, 1024.0, 0.5];
    options.pool.difficulty = Difficulty::new(64.0).expect("positive");
    options.pool.behaviour = Behaviour {
        repeated_jobs: 0.2,
        difficulty_changes: Some(DifficultyChanges {
            mean: Duration::from_secs(3),
            choices: choices.iter().filter_map(|d| Difficulty::new(*d)).collect(),
            with_job: 0.5,
        }),
        job_storms: Some(JobStorms {
            mean: Duration::from_secs(8),
            jobs: 20,
            gap: Duration::from_millis(1 + rng.below(50)),
            clean: rng.unit_f64(),
        }),
        ..Behaviour::default()
    };
    options.net.latency = Duration::from_millis(1 + rng.below(80));
    options.net.jitter = Duration::from_millis(rng.below(40));
    options
}

fn check(seed: u64) -> Verdicts {
    let mut world = World::new(stormy(seed));
    world.run_for(Duration::from_secs(30));
    world.settle_accounts()
}

fn check_seeds(first: u64) {
    let (mut submitted, mut below, mut damaged, mut unclear) = (0, 0, 0, 0);
    // `scripts/test --full`: forty times as many, none of them in the usual set.
    let full = std::env::var_os("STANNARY_TEST_FULL").is_some();
    let (first, seeds) = if full {
        (first * 1000, 40 * SEEDS_EACH)
    } else {
        (first, SEEDS_EACH)
    };
    for seed in first..first + seeds {
        let verdicts = check(seed);
        submitted += verdicts.submitted;
        below += verdicts.below;
        damaged += verdicts.damaged;
        unclear += verdicts.around_a_change;
    }
    // The seeds must have tried what they are for, and most fates must have been certain.
    println!("submitted {submitted}, below {below}, damaged {damaged}, unclear {unclear}");
    assert!(
        submitted > 100 * SEEDS_EACH,
        "only {submitted} shares were certain"
    );
    assert!(
        below > 10 * SEEDS_EACH,
        "only {below} nonces were below their target"
    );
    assert!(damaged > SEEDS_EACH, "only {damaged} frames were damaged");
    assert!(unclear < submitted + below, "{unclear} fates were unclear");
}

macro_rules! seeds {
    ($($name:ident: $first:literal,)*) => {
        $(#[test] fn $name() { check_seeds($first); })*
    };
}

seeds! {
    accounts_agree_from_seed_1000: 1000,
    accounts_agree_from_seed_1025: 1025,
    accounts_agree_from_seed_1050: 1050,
    accounts_agree_from_seed_1075: 1075,
    accounts_agree_from_seed_1100: 1100,
    accounts_agree_from_seed_1125: 1125,
    accounts_agree_from_seed_1150: 1150,
    accounts_agree_from_seed_1175: 1175,
}

#[test]
fn seeds_that_failed_once_pass() {
    for seed in SEEDS_THAT_FAILED_ONCE {
        check(*seed);
    }
}
