//! A day of twenty pools that come, go, hang, lie, change difficulty, reconnect and cut
//! connections while shares are on their way: nothing is lost uncounted, nothing goes to the
//! wrong pool, and nothing is left behind. Grade: thinned(1024), an S9 with tickets 64 times as hard.

use cap::Cap;
use engine::{GroupConfig, PoolConfig};
use sim::{MorePool, World, WorldOptions, pool_user};
use twin::pool::{
    Behaviour, Dialect, DifficultyChanges, ErrorForm, Fragments, JobStorms, Order, PoolOptions,
    UnknownMethod, Users,
};
use units::{Difficulty, DifficultyOne, Duration, Instant, Rng};

/// Counts the live bytes of this binary. There is one test in it.
#[global_allocator]
static MEMORY: Cap<std::alloc::System> = Cap::new(std::alloc::System, usize::MAX);

const POOLS: usize = 20;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// From one event to the next, on average.
const APART_S: u64 = 40;
/// All pools are there and well at the end of each part, for this long: the state in which
/// memory is compared.
const QUIET: Duration = Duration::from_secs(1800);
/// Parts of the day.
const PARTS: u32 = 6;
/// Lists that grow by doubling, and the contents that sessions remember.
const TOLERANCE: usize = 384 * 1024;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn difficulty(value: f64) -> Difficulty {
    Difficulty::new(value).expect("above zero")
}

/// What is always wrong with a pool.
fn behaviour(pool: usize, share: f64) -> Behaviour {
    let mut b = Behaviour::default();
    match pool % 10 {
        1 => b.drop_after = Some(s(1200)),
        2 => b.unanswered_submits = 0.02,
        3 => {
            b.repeated_jobs = 0.3;
            b.junk_lines = 0.02;
        }
        4 => {
            b.difficulty_changes = Some(DifficultyChanges {
                mean: s(300),
                choices: [0.5, 1.0, 2.0].map(|k| difficulty(share * k)).to_vec(),
                with_job: 0.5,
            });
        }
        5 => {
            b.job_storms = Some(JobStorms {
                mean: s(600),
                jobs: 20,
                gap: Duration::from_millis(50),
                clean: 0.3,
            });
        }
        6 => {
            b.dialect = Dialect {
                string_ids: true,
                errors: ErrorForm::Text,
                early_notify: true,
                ..Dialect::default()
            };
        }
        7 => b.fragments = Fragments::Pieces(9),
        8 => {
            b.dialect = Dialect {
                crlf: true,
                long_notify: true,
                refuse_extranonce_subscribe: true,
                unknown_method: UnknownMethod::Error,
                clean_flag_missing: true,
                ..Dialect::default()
            };
        }
        _ => {}
    }
    b
}

fn chaos(seed: u64) -> World {
    let mut options = WorldOptions::healthy(seed, "antminer-s9");
    options.thinning = 1024;
    options.keep_records = false;
    options.difficulty_bits = 0;
    let board = &mut options.machine.hashboard;
    board.ticket_difficulty *= 64;
    let share = board.ticket_difficulty as f64 * 2.0;
    let groups = ["a", "b", PoolConfig::DEFAULT_GROUP];
    let quotas = [50.0, 30.0];
    options.pool_groups = groups
        .iter()
        .zip(quotas)
        .map(|(name, quota_percent)| GroupConfig {
            name: (*name).into(),
            quota_percent,
        })
        .collect();
    let pool = |i: usize| PoolOptions {
        seed: seed + i as u64,
        difficulty_one: DifficultyOne::from_zero_bits(0).expect("below 32"),
        difficulty: difficulty(share),
        // Another pool's user would be refused, and the World would say so.
        users: Users::Listed(vec![(pool_user(i), "x".into())]),
        records_kept: 0,
        connections_kept: 1,
        behaviour: behaviour(i, share),
        ..options.pool.clone()
    };
    options.more_pools = (1..POOLS)
        .map(|i| MorePool {
            options: pool(i),
            group: groups[i % 3].into(),
        })
        .collect();
    options.pool = pool(0);
    World::new(options)
}

/// What may happen to a pool at any time.
fn event(world: &mut World, rng: &mut Rng, gone: &mut [bool; POOLS], hung: &mut [bool; POOLS]) {
    let pool = rng.below(POOLS as u64) as usize;
    match rng.below(12) {
        0..=3 => {
            gone[pool] = !gone[pool];
            world.set_gone(pool, gone[pool]);
        }
        4 => {
            hung[pool] = !hung[pool];
            world.order_pool(pool, Order::Hang(hung[pool]));
        }
        5 | 6 => world.order_pool(pool, Order::Close),
        7 => world.order_pool(pool, Order::Reconnect(None)),
        8 => {
            let extranonce2_size = 2 + rng.below(7) as u8;
            world.order_pool(pool, Order::SetExtranonce { extranonce2_size });
        }
        9 => world.order_pool(pool, Order::SendDifficultyText("1e999".into())),
        10 => {
            let mask = [0x1fff_e000, 0x00ff_e000, 0x0000_6000][rng.below(3) as usize];
            world.order_pool(pool, Order::SetVersionMask(mask));
        }
        _ => world.order_pool(pool, Order::NewJob { clean: true }),
    }
}

/// Our books of each pool against its own.
fn compare(world: &mut World) {
    let snapshot = world.snapshot();
    let mut submitted = 0;
    for (i, pool) in snapshot.pools.iter().enumerate() {
        assert_eq!(usize::from(pool.id), i);
        let theirs = world.ledger_of(i).totals;
        let open = pool.lost + pool.in_flight;
        submitted += pool.accepted + pool.rejected + pool.stale + open;
        let check = |what: &str, ours: u64, theirs: u64| {
            assert!(
                ours <= theirs && theirs <= ours + open,
                "pool {i}, {what}: ours {ours} with {open} open, theirs {theirs}: {pool:?}"
            );
        };
        check("accepted", pool.accepted, theirs.accepted);
        check("stale", pool.stale, theirs.stale);
        check("refused", pool.rejected, theirs.rejected());
        let all = pool.accepted + pool.rejected + pool.stale;
        check("all", all, theirs.submitted());
    }
    let shares = snapshot.shares;
    assert_eq!(submitted, shares.submitted, "{shares:?}");
    let answered = shares.accepted + shares.rejected + shares.lost + shares.in_flight;
    // What pools called stale is in a column with what we knew to be stale.
    let said_stale: u64 = snapshot.pools.iter().map(|p| p.stale).sum();
    assert_eq!(shares.submitted, answered + said_stale, "{shares:?}");
}

#[test]
fn a_day_of_chaos_loses_nothing_uncounted_and_leaves_nothing_behind() {
    let mut world = chaos(600);
    let mut rng = Rng::new(0xC4A05);
    let (mut gone, mut hung) = ([false; POOLS], [false; POOLS]);
    let mut memory = Vec::with_capacity(PARTS as usize);
    let mut without = Duration::ZERO;
    let mut seen = (0, 0);
    for part in 1..=PARTS {
        let end = Instant::ZERO + DAY / PARTS * part;
        while world.now() + QUIET < end {
            let wait = s(1 + rng.below(2 * APART_S));
            world.run_for(wait);
            event(&mut world, &mut rng, &mut gone, &mut hung);
            seen.0 += 1;
            if !world.snapshot().pools.iter().any(|pool| pool.active) {
                without += wait;
            }
            world.notes.clear();
        }
        compare(&mut world);
        for pool in 0..POOLS {
            if std::mem::take(&mut gone[pool]) {
                world.set_gone(pool, false);
            }
            if std::mem::take(&mut hung[pool]) {
                world.order_pool(pool, Order::Hang(false));
            }
        }
        world.run_for(end.since(world.now()));
        world.notes = Vec::new();
        compare(&mut world);
        let pools = world.snapshot().pools;
        // All are well: each group has one pool in use, and it is the preferred one where that
        // does not close its connections by itself.
        let active: Vec<usize> = (0..POOLS).filter(|i| pools[*i].active).collect();
        assert_eq!(active.len(), 3, "part {part}: {pools:?}");
        assert!(
            active.contains(&0) && active.contains(&3),
            "part {part}: {pools:?}"
        );
        memory.push(MEMORY.allocated());
        let shares = world.snapshot().shares;
        println!("part {part}: {} bytes live, {shares:?}", MEMORY.allocated());
        seen.1 = shares.accepted;
    }
    println!("{} events, {without:?} without any pool", seen.0);
    assert!(seen.0 > 1000 && seen.1 > 10_000, "{seen:?}");
    let (first, last) = (memory[0], memory[memory.len() - 1]);
    assert!(last <= first + TOLERANCE, "{memory:?}");
}
