//! Orders at random times, loops that stall, lines that fail, a thread that sleeps: after every
//! call the lines are as they may be.

use units::Rng;

use super::*;

/// What an onlooker knows who was told every grant and refusal.
#[derive(Default)]
struct Onlooker {
    lease_until: Option<Instant>,
    heard: [u64; 2],
    granted: [u64; 2],
    grants: u32,
    powered: u32,
    cuts: u32,
}

#[test]
fn no_sequence_of_orders_leads_out_of_the_rules() {
    let mut total = Onlooker::default();
    for seed in 0..1000 {
        let seen = run(seed, &mut Rng::new(seed));
        total.grants += seen.grants;
        total.powered += seen.powered;
        total.cuts += seen.cuts;
    }
    // The runs go where it matters.
    let (grants, powered, cuts) = (total.grants, total.powered, total.cuts);
    assert!(
        grants > 100_000 && powered > 2000 && cuts > 5000,
        "{grants} {powered} {cuts}"
    );
}

fn run(seed: u64, rng: &mut Rng) -> Onlooker {
    let power = if rng.chance(0.8) { LINE } else { NO_LINE };
    let mut bench = Bench::new(power, None);
    let mut seen = Onlooker::default();
    // Some seeds are calm, so that power comes on at all.
    let (hang, fail) = (rng.unit_f64() * 0.1, rng.unit_f64() * 0.02);
    let mut now = at(0);
    for _ in 0..300 {
        now += Duration::from_millis(rng.below(800));
        if rng.chance(hang) {
            now += Duration::from_millis(rng.below(5000));
        } else {
            now = serviced_until(&mut bench, now);
        }
        break_lines(&mut bench, rng, fail);
        for (i, who) in LOOPS.into_iter().enumerate() {
            if !rng.chance(hang) {
                seen.heard[i] += 1;
                bench.dead_man.heard(who, seen.heard[i]);
            }
        }
        step(&mut bench, &mut seen, rng, now);
        check(&bench, &seen, power, now, seed);
    }
    seen
}

/// The thread does its duty: it is there at every event up to `until`.
fn serviced_until(bench: &mut Bench, until: Instant) -> Instant {
    let mut told = Vec::new();
    for _ in 0..1000 {
        match bench.dead_man.next_event() {
            Some(event) if event <= until => {
                bench
                    .dead_man
                    .service(event.max(bench.dead_man.now), &mut told);
            }
            _ => return until,
        }
    }
    panic!("the dead man wants to be serviced for ever");
}

fn break_lines(bench: &mut Bench, rng: &mut Rng, fail: f64) {
    let mut board = bench.board();
    if rng.chance(0.3) {
        board.broken.clear();
    }
    if rng.chance(fail) {
        let line = match rng.below(4) {
            0 => Line::Supply,
            1 => Line::Fans,
            n => Line::Reset(SLOTS[n as usize - 2]),
        };
        board.broken.insert(line, 5);
        board.moves_anyway = rng.chance(0.5);
    }
}

fn step(bench: &mut Bench, seen: &mut Onlooker, rng: &mut Rng, now: Instant) {
    let lease = Duration::from_millis(rng.below(3000));
    let slot = SLOTS[rng.below(2) as usize];
    let order = match rng.below(20) {
        0..8 => Order::Lease { lease },
        8..13 => Order::Arm { lease },
        13..15 => Order::Supply { on: true },
        15 if rng.chance(0.1) => Order::Supply { on: false },
        16 if rng.chance(0.02) => Order::Cut,
        17 => {
            bench.dead_man.service(now, &mut Vec::new());
            return;
        }
        _ => Order::Reset {
            slot,
            asserted: rng.chance(0.3),
        },
    };
    let lived = seen.lease_until.is_some_and(|until| now < until);
    let off_for = now.since(bench.board().off_at);
    let before = bench.dead_man.standing();
    let done = bench.dead_man.order(now, order);
    match (order, done) {
        (Order::Lease { lease } | Order::Arm { lease }, Ok(())) => {
            assert!(
                lived || matches!(order, Order::Arm { .. }),
                "a lease by itself"
            );
            let moved = (0..2).all(|i| seen.heard[i] != seen.granted[i]);
            assert!(moved, "a lease although a loop stood still");
            seen.granted = seen.heard;
            seen.grants += 1;
            seen.lease_until = Some(now + lease.min(Duration::from_secs(2)));
        }
        (Order::Supply { on: true }, Ok(())) if before == Standing::Armed => {
            assert!(off_for >= OFF_BEFORE_ON, "on after {off_for:?}");
            seen.powered += 1;
        }
        _ => {}
    }
    if bench.dead_man.standing() == Standing::Safe {
        seen.cuts += u32::from(before != Standing::Safe);
        seen.lease_until = None;
    }
}

fn check(bench: &Bench, seen: &Onlooker, power: HashPower, now: Instant, seed: u64) {
    let mut board = bench.board();
    board.calls.clear();
    let context = (seed, now, &board);
    let lived = seen.lease_until.is_some_and(|until| now < until);
    let has_line = matches!(power, HashPower::EnableLine { .. });
    let standing = bench.dead_man.standing();
    // Whoever stands powered or armed has a live lease, unless it is to end at this instant.
    let ends_now = bench.dead_man.next_event().is_some_and(|at| at <= now);
    assert!(
        standing == Standing::Safe || lived || ends_now,
        "{context:?}"
    );
    match standing {
        Standing::Powered => assert!(board.supply == has_line, "{context:?}"),
        Standing::Armed => {
            assert!(!board.supply && board.released.is_empty(), "{context:?}");
        }
        // A line that does not obey is tried again soon.
        Standing::Safe => {
            let obeyed = !board.supply && board.released.is_empty() && board.full;
            let again = bench.dead_man.next_event();
            let soon = again.is_some_and(|at| at <= now + Duration::from_millis(100));
            assert!(obeyed || soon, "{context:?}");
        }
    }
    assert!(board.shortest_off >= OFF_BEFORE_ON, "{context:?}");
    assert!(board.kicks <= seen.grants, "{context:?}");
}
