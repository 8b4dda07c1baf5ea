//! The same accounts at a pool of Stratum V2. Grade: exact, with three chains of an S21 Pro.

use sim::{World, WorldOptions};
use twin::machine::BoardFault;
use twin::pool::{Behaviour, DifficultyChanges, Fragments, Order, Protocol, V2Options};
use units::{ChainSlot, Difficulty, Duration};

fn options(seed: u64) -> WorldOptions {
    let mut options = WorldOptions::healthy(seed, "antminer-s21-pro");
    options.pool.protocol = Protocol::V2;
    // What waits for its batch at the end would count as lost.
    options.pool.v2.flush_after = Some(Duration::from_millis(500));
    options
}

fn earns(options: WorldOptions, at_least: u64) {
    let mut world = World::new(options);
    world.run_for(Duration::from_secs(25));
    let shares = world.snapshot().shares;
    assert!(shares.accepted > at_least, "{shares:?} {:?}", world.notes);
    // Nothing is on its way any more that the pool has not acknowledged.
    world.settle_accounts();
    let violations = &world.pool_ledger().violations;
    assert!(violations.is_empty(), "{violations:?}");
}

#[test]
fn shares_of_an_extended_channel_are_accounted_for_one_by_one() {
    earns(options(300), 100);
}

#[test]
fn the_pool_is_told_the_hashes_that_are_computed_and_not_those_that_are_shown() {
    let mut options = options(305);
    // A board less than the rating counts on.
    let slot = ChainSlot(1);
    options.faults.boards.push(BoardFault::Absent { slot });
    let mut world = World::new(options);
    world.run_for(Duration::from_secs(150));
    let replies = &world.pool_ledger().replies;
    let told = replies.iter().filter(|r| r.method == "nominal_hash_rate");
    let told: Vec<f64> = told.map(|r| r.result.parse().expect("a number")).collect();
    // The rating's 234 TH/s stand for this many hashes at two bits in place of 32.
    let rated = 234e12 / 2f64.powi(30);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!((told[0] / rated - 1.0).abs() < 1e-6, "{told:?}");
    assert!((told[1] / rated - 2.0 / 3.0).abs() < 0.03, "{told:?}");
}

#[test]
fn every_size_of_batch_leaves_the_same_account() {
    for (i, batch) in [1, 3, 1000].into_iter().enumerate() {
        let mut options = options(310 + i as u64);
        options.pool.v2.batch = batch;
        earns(options, 100);
    }
}

#[test]
fn a_standard_channel_is_mined_at_as_root_and_by_its_group() {
    for to_group in [false, true] {
        let mut options = options(320 + u64::from(to_group));
        options.pool.v2 = V2Options {
            refuse_extended: true,
            to_group,
            ..options.pool.v2
        };
        // Versions and seconds are all that such a channel has.
        earns(options, 50);
    }
}

#[test]
fn targets_prefixes_blocks_and_jobs_change_in_any_order() {
    let mut options = options(330);
    let at = Duration::from_secs;
    options.pool.v2.to_group = true;
    options.pool.behaviour = Behaviour {
        fragments: Fragments::Pieces(40),
        difficulty_changes: Some(DifficultyChanges {
            mean: at(3),
            choices: [1.0, 256.0, 1024.0]
                .into_iter()
                .filter_map(Difficulty::new)
                .collect(),
            with_job: 0.5,
        }),
        script: vec![
            (
                at(11),
                Order::SetExtranonce {
                    extranonce2_size: 8,
                },
            ),
            (at(12), Order::NewJob { clean: false }),
            (at(14), Order::NewJob { clean: true }),
            (
                at(16),
                Order::SetExtranonce {
                    extranonce2_size: 8,
                },
            ),
            (at(18), Order::NewJob { clean: true }),
        ],
        ..Behaviour::default()
    };
    earns(options, 20);
}

#[test]
fn a_reconnect_and_a_hang_lose_nothing_but_what_was_on_its_way() {
    let mut options = options(340);
    let at = Duration::from_secs;
    options.pool.behaviour.script = vec![
        (at(12), Order::Reconnect(Some(("pool.sim".into(), 4444, 0)))),
        (at(18), Order::Hang(true)),
        (at(20), Order::Hang(false)),
    ];
    earns(options, 50);
}
