//! Several pools: who gives the work when some of them are away, and who has how much of it.
//! Grade: exact where every share is compared (three chains of an S21 Pro), else thinned(1024)
//! with an S9, whose tickets are four times as hard and whose UARTs ask for few steps.

use engine::{GroupConfig, PoolConfig};
use sim::{MorePool, World, WorldOptions, pool_user};
use telemetry::PoolState;
use twin::pool::{PoolOptions, Users};
use units::{Duration, Instant};

/// Tickets are so much harder in long runs: 43,000 nonces an hour, each of them a share.
const TICKET: u64 = 4;
const HOUR: Duration = Duration::from_secs(3600);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// These groups for pools 0…; each pool takes its own user alone.
fn with_pools(mut options: WorldOptions, groups: &[&str]) -> WorldOptions {
    let pool = options.pool.clone();
    let listed = |i: usize| PoolOptions {
        seed: options.seed + i as u64,
        users: Users::Listed(vec![(pool_user(i), "x".into())]),
        ..pool.clone()
    };
    options.more_pools = (1..groups.len())
        .map(|i| MorePool {
            options: listed(i),
            group: groups[i].into(),
        })
        .collect();
    options.pool = listed(0);
    options
}

const ONE: &str = PoolConfig::DEFAULT_GROUP;

fn exact(seed: u64, groups: &[&str]) -> World {
    let mut options = WorldOptions::healthy(seed, "antminer-s21-pro");
    options.pool_groups = vec![GroupConfig {
        name: "other".into(),
        quota_percent: 40.0,
    }];
    World::new(with_pools(options, groups))
}

fn thinned(seed: u64, quotas: &[(&str, f64)], groups: &[&str]) -> World {
    let mut options = WorldOptions::healthy(seed, "antminer-s9");
    options.thinning = 1024;
    options.keep_records = false;
    options.machine.hashboard.ticket_difficulty *= TICKET;
    let quotas = quotas.iter().map(|(name, quota_percent)| GroupConfig {
        name: (*name).into(),
        quota_percent: *quota_percent,
    });
    options.pool_groups = quotas.collect();
    options.pool.records_kept = 0;
    World::new(with_pools(options, groups))
}

/// Pools in use.
fn used(world: &mut World) -> Vec<usize> {
    let pools = world.snapshot().pools.into_iter().enumerate();
    pools.filter(|(_, p)| p.active).map(|(i, _)| i).collect()
}

/// Run until exactly this pool is in use; how long it took.
fn until_used(world: &mut World, pool: usize, within: Duration) -> Duration {
    let began = world.now();
    let done = world.run_until(within, |snapshot| {
        let mut pools = snapshot.pools.iter().enumerate();
        pools.all(|(i, p)| p.active == (i == pool))
    });
    assert!(done, "pool {pool} is not in use: {:?}", world.notes);
    world.now().since(began)
}

#[test]
fn work_fails_over_and_returns_and_no_share_is_lost_on_the_way() {
    let mut world = exact(500, &[ONE, ONE, ONE]);
    until_used(&mut world, 0, s(30));
    world.run_for(s(20));
    assert_eq!(world.ledger_of(1).connections, 0, "nobody needs it");
    world.set_gone(0, true);
    // Nothing waits longer than for the silence that power does not fall in.
    let took = until_used(&mut world, 1, s(60));
    assert!(took < s(10), "{took:?}");
    world.run_for(s(30));
    world.set_gone(1, true);
    let took = until_used(&mut world, 2, s(60));
    assert!(took < s(10), "{took:?}");
    world.run_for(s(30));
    // The second is back first, then the preferred one.
    world.set_gone(1, false);
    let took = until_used(&mut world, 1, s(300));
    assert!(took > s(60), "{took:?}: not before it is proven");
    world.set_gone(0, false);
    until_used(&mut world, 0, s(300));
    world.run_for(s(150));
    let states: Vec<_> = world.snapshot().pools.iter().map(|p| p.state).collect();
    assert_eq!(
        states,
        [PoolState::Active, PoolState::Idle, PoolState::Idle]
    );
    for pool in 0..3 {
        assert!(world.ledger_of(pool).totals.accepted > 100, "pool {pool}");
    }
    let verdicts = world.settle_accounts();
    assert!(verdicts.submitted > 1000, "{verdicts:?}");
}

#[test]
fn two_groups_at_once_lose_no_share() {
    let mut world = exact(501, &[ONE, "other"]);
    world.run_for(s(90));
    for pool in 0..2 {
        assert!(world.ledger_of(pool).totals.accepted > 100, "pool {pool}");
    }
    let verdicts = world.settle_accounts();
    assert!(verdicts.submitted > 300, "{verdicts:?}");
}

/// Quotas and groups change under chips that find shares all the time: each is answered by its own pool,
/// and no pool sees a second connection.
#[test]
fn groups_and_quotas_change_and_no_share_is_lost() {
    let mut world = exact(502, &[ONE, "other"]);
    let set = |world: &mut World, name: &str, quota_percent: f64| {
        let name = name.to_owned();
        let quotas = vec![GroupConfig {
            name,
            quota_percent,
        }];
        let change = telemetry::GroupChange::SetQuotas(quotas);
        world.pools_change(engine::PoolOrder::Groups(change));
    };
    let taken = |world: &World, pool: usize| world.ledger_of(pool).totals.accepted;
    world.run_for(s(60));
    for (i, percent) in [80.0, 5.0, 60.0, 20.0].into_iter().enumerate() {
        let before = [0, 1].map(|pool| taken(&world, pool));
        set(&mut world, "other", percent);
        world.run_for(s(30));
        let [first, second] = [0, 1].map(|pool| taken(&world, pool) - before[pool]);
        let all = (first + second) as f64;
        let found = 100.0 * second as f64 / all;
        // A chain's item lasts three seconds and more.
        assert!((found - percent).abs() < 15.0, "{i}: {found} for {percent}");
    }
    set(&mut world, "more", 50.0);
    let (pool, group) = (units::PoolIndex(1), "more".to_owned());
    world.pools_change(engine::PoolOrder::MoveToGroup { pool, group });
    let gone = telemetry::GroupChange::Remove("other".to_owned());
    world.pools_change(engine::PoolOrder::Groups(gone));
    world.run_for(s(30));
    let snapshot = world.snapshot();
    let shown: Vec<_> = snapshot
        .pools
        .iter()
        .map(|p| (p.active, p.group.as_str()))
        .collect();
    assert_eq!(shown, [(true, ONE), (true, "more")]);
    assert_eq!(snapshot.pool_groups.len(), 1);
    for pool in 0..2 {
        assert_eq!(world.ledger_of(pool).connections, 1, "pool {pool}");
    }
    let verdicts = world.settle_accounts();
    assert!(verdicts.submitted > 300, "{verdicts:?}");
}

/// Shares accepted by each pool since the last call, in percent.
struct Taken(Vec<u64>);

impl Taken {
    fn mark(&mut self, world: &World) -> Vec<u64> {
        let now: Vec<u64> = (0..self.0.len())
            .map(|pool| world.ledger_of(pool).totals.accepted)
            .collect();
        let new = now.iter().zip(&self.0).map(|(now, then)| now - then);
        let new = new.collect();
        self.0 = now;
        new
    }

    fn percent(&mut self, world: &World) -> Vec<f64> {
        let new = self.mark(world);
        let all: u64 = new.iter().sum();
        // Five sigma of chance stay below 1.5 %.
        assert!(all > 30_000, "{new:?}");
        new.iter().map(|n| 100.0 * *n as f64 / all as f64).collect()
    }
}

fn check_quota(percent: &[f64], expected: &[f64]) {
    for (percent, expected) in percent.iter().zip(expected) {
        assert!((percent - expected).abs() < 2.0, "{percent} for {expected}");
    }
}

#[test]
fn quotas_hold_within_two_percent_over_an_hour_and_are_redistributed() {
    let quotas = [("a", 70.0), ("b", 30.0)];
    let mut world = thinned(510, &quotas, &[ONE, "a", "b"]);
    // The default group has what the others leave: next to nothing. It is disabled.
    let (pool, enabled) = (units::PoolIndex(0), false);
    world.pools_change(engine::PoolOrder::Enable { pool, enabled });
    world.run_for(s(120));
    let mut taken = Taken(vec![0; 3]);
    taken.mark(&world);
    world.run_for(HOUR);
    check_quota(&taken.percent(&world), &[0.0, 70.0, 30.0]);
    // A pool dies: the other has all of it.
    world.set_gone(2, true);
    world.run_for(s(60));
    taken.mark(&world);
    world.run_for(HOUR);
    check_quota(&taken.percent(&world), &[0.0, 100.0, 0.0]);
    // Back: as before, and nothing on top.
    world.set_gone(2, false);
    world.run_for(s(60));
    taken.mark(&world);
    world.run_for(HOUR);
    check_quota(&taken.percent(&world), &[0.0, 70.0, 30.0]);
}

#[test]
fn a_pool_that_flaps_does_not_take_the_work_with_it_each_time() {
    let mut world = thinned(520, &[], &[ONE, ONE]);
    until_used(&mut world, 0, s(60));
    let (mut moves, mut last) = (0, vec![0]);
    let mut idle = Duration::ZERO;
    let end = Instant::ZERO + HOUR * 2;
    let mut gone_until = world.now();
    let mut back_until = world.now();
    while world.now() < end {
        // 80 s there, 15 s away.
        if world.now() >= back_until {
            world.set_gone(0, true);
            gone_until = world.now() + s(15);
            back_until = world.now() + s(95);
        } else if world.now() >= gone_until {
            world.set_gone(0, false);
        }
        world.run_for(s(1));
        let now = used(&mut world);
        if now.is_empty() {
            idle += s(1);
        } else if now != last {
            moves += 1;
            last = now;
        }
    }
    assert!((1..=7).contains(&moves), "{moves}");
    assert!(idle < s(60), "{idle:?} without work");
    assert_eq!(last, [1]);
}
