//! Which session and job work comes from, under which wire id it travels, and to which
//! work a nonce is attributed.

mod common;

use std::collections::VecDeque;

use common::*;
use proptest::prelude::*;
use scheduler::{ChainNeeds, Config, Input, RollingNeed, Scheduler, Verdict};
use units::{ChainSlot, DifficultyOne, Rolling, SessionId, TicketDifficulty, WireJobId, WorkItem};
use work::{Job, Target};

fn from_session(scheduler: &mut Scheduler, slot: u8) -> Option<u32> {
    let (_, item) = scheduler.dispatch(ms(0), ChainSlot(slot))?;
    Some(item.job.session.0)
}

#[test]
fn chains_are_flushed_when_older_work_is_void_and_never_otherwise() {
    let mut scheduler = scheduler(&[HOST4, CHIP16, HOST4]);
    let mut check = |what: &str, job: Job, expected: bool| {
        give(&mut scheduler, job);
        let slots: &[u8] = if expected { &[0, 1, 2] } else { &[] };
        assert_eq!(flushed(&effects(&mut scheduler)), slots, "{what}");
    };
    check("first job of all", job(1, 0), true);
    check("another", job(1, 1), false);
    check("the same again", job(1, 1), false);
    let clean = Job {
        clean: true,
        ..job(1, 2)
    };
    check("clean", clean.clone(), true);
    check("the same again, clean", clean, true);
    let moved = Job {
        prev_hash: [8; 32],
        ..job(1, 3)
    };
    check("another block", moved, true);
    check("an idle session's job", job(2, 0), false);
    check(
        "an idle session's clean job",
        Job {
            clean: true,
            ..job(2, 1)
        },
        false,
    );
}

#[test]
fn the_next_dispatch_takes_the_newest_job() {
    let mut scheduler = scheduler(&[HOST4]);
    for serial in 0..5 {
        give(&mut scheduler, job(1, serial));
        let (_, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
        assert_eq!(item.job.serial, serial);
    }
}

#[test]
fn work_comes_from_the_session_that_is_in_use_and_from_no_other() {
    let mut scheduler = scheduler(&[HOST4]);
    use_sessions(&mut scheduler, ms(0), &[(3, 1)]);
    assert!(!scheduler.has_work());
    assert_eq!(from_session(&mut scheduler, 0), None);
    give(&mut scheduler, job(5, 0));
    assert!(!scheduler.has_work(), "not in use");
    give(&mut scheduler, job(3, 0));
    give(&mut scheduler, job(4, 0));
    assert_eq!(from_session(&mut scheduler, 0), Some(3));
    effects(&mut scheduler);
    scheduler.handle(ms(1), Input::SessionEnded(SessionId(5)));
    assert!(flushed(&effects(&mut scheduler)).is_empty());
    // Another takes over before the one in use ends: one flush, and never without work.
    use_sessions(&mut scheduler, ms(1), &[(4, 1)]);
    assert_eq!(flushed(&effects(&mut scheduler)), [0]);
    assert_eq!(from_session(&mut scheduler, 0), Some(4));
    scheduler.handle(ms(1), Input::SessionEnded(SessionId(3)));
    assert!(flushed(&effects(&mut scheduler)).is_empty());
    scheduler.handle(ms(1), Input::SessionEnded(SessionId(4)));
    assert_eq!(flushed(&effects(&mut scheduler)), [0]);
    assert!(!scheduler.has_work());
}

#[test]
fn chains_are_flushed_when_a_session_loses_its_work_and_not_when_one_joins() {
    let mut scheduler = scheduler(&[HOST4]);
    let mut check = |uses: &[(u32, u32)], expected: bool| {
        use_sessions(&mut scheduler, ms(0), uses);
        let slots: &[u8] = if expected { &[0] } else { &[] };
        assert_eq!(flushed(&effects(&mut scheduler)), slots, "{uses:?}");
        if uses.is_empty() {
            return;
        }
        for session in 1..=3 {
            give(&mut scheduler, job(session, 0));
        }
        effects(&mut scheduler);
    };
    check(&[(1, 1)], false); // no job yet
    check(&[(1, 1)], false);
    check(&[(1, 1), (2, 1)], false);
    check(&[(1, 7), (2, 3)], false);
    check(&[(2, 3), (3, 1)], true);
    check(&[(2, 3)], true);
    check(&[], true);
    check(&[(2, 3)], true); // after none there is work
    check(&[(9, 1), (2, 3)], false); // one without a job
}

#[test]
fn a_share_of_a_session_that_gave_its_work_away_is_submitted_while_the_session_lives() {
    let mut scheduler = scheduler(&[HOST4]);
    give(&mut scheduler, job(1, 0));
    give(&mut scheduler, job(2, 0));
    let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
    use_sessions(&mut scheduler, ms(1), &[(2, 1)]);
    effects(&mut scheduler);
    let (verdict, seen) = report(&mut scheduler, ms(2), solve_share(0, wire, &item, 0));
    assert_eq!(verdict, Verdict::Share);
    assert_eq!(shares(&seen)[0].job.session, SessionId(1));
    scheduler.handle(ms(3), Input::SessionEnded(SessionId(1)));
    let (verdict, _) = report(&mut scheduler, ms(4), solve_share(0, wire, &item, 1 << 20));
    assert_eq!(verdict, Verdict::Stale);
}

/// Versions dispatched to each of the sessions 0 to 9 in `items` items per chain, `step_ms`
/// apart.
fn given(
    scheduler: &mut Scheduler,
    chains: u8,
    items: u64,
    from_ms: u64,
    step_ms: u64,
) -> [u64; 10] {
    let mut given = [0; 10];
    for i in 0..items {
        for slot in 0..chains {
            let now = ms(from_ms + i * step_ms);
            let (_, item) = scheduler.dispatch(now, ChainSlot(slot)).expect("work");
            given[item.job.session.0 as usize] += match &item.rolling {
                Rolling::Host(host) => host.versions().len() as u64,
                Rolling::Chip { mask } => 1 << mask.count_ones(),
            };
        }
    }
    given
}

#[test]
fn sessions_share_the_hashes_by_their_weights() {
    let check = |uses: &[(u32, u32)], items: u64| {
        let mut scheduler = scheduler(&[HOST4, HOST4, CHIP16]);
        for (session, _) in uses {
            give(&mut scheduler, job(*session, 0));
        }
        use_sessions(&mut scheduler, ms(0), uses);
        let given = given(&mut scheduler, 2, items, 0, 1);
        let total: u64 = given.iter().sum();
        let weights: u32 = uses.iter().map(|(_, weight)| weight).sum();
        for (session, weight) in uses {
            let fair = total as f64 * f64::from(*weight) / f64::from(weights);
            let off = (given[*session as usize] as f64 - fair).abs();
            // One item of four versions for each of the two chains and each other session.
            assert!(off <= 8.0 * uses.len() as f64, "{uses:?}: {given:?}");
        }
    };
    check(&[(1, 70), (2, 30)], 10);
    check(&[(1, 70), (2, 30)], 1000);
    check(&[(1, 1), (2, 1), (3, 1)], 1001);
    check(&[(1, 9999), (2, 1)], 20_000);
    check(&[(5, 3), (1, 3), (9, 5)], 777);
}

/// An item that a session had under a small weight is no debt under a large one.
#[test]
fn new_weights_hold_from_the_next_items_on() {
    let mut scheduler = scheduler(&[HOST4]);
    give(&mut scheduler, job(1, 0));
    give(&mut scheduler, job(2, 0));
    let mut at = 0;
    let mut check = |first: u32, second: u32| {
        use_sessions(&mut scheduler, ms(at), &[(1, first), (2, second)]);
        let given = given(&mut scheduler, 1, 100, at, 1);
        at += 100;
        let fair = 400.0 * f64::from(second) / f64::from(first + second);
        let off = (given[2] as f64 - fair).abs();
        assert!(off <= 8.0, "{first} to {second}: {given:?}");
    };
    check(9999, 1);
    check(5000, 5000);
    check(1, 9999);
    check(3000, 7000);
    check(7000, 3000);
}

#[test]
fn items_of_fewer_versions_count_for_fewer_hashes() {
    // The second pool grants one version bit: its items are half as long.
    let mut scheduler = scheduler(&[HOST4]);
    give(&mut scheduler, job(1, 0));
    let narrow = Job {
        version_mask: 0x2000,
        ..job(2, 0)
    };
    give(&mut scheduler, narrow);
    use_sessions(&mut scheduler, ms(0), &[(1, 1), (2, 1)]);
    let given = given(&mut scheduler, 1, 3000, 0, 1);
    assert!(given[1].abs_diff(given[2]) <= 4, "{given:?}");
}

#[test]
fn a_session_that_joins_is_not_paid_for_its_absence() {
    let mut scheduler = scheduler(&[HOST4]);
    give(&mut scheduler, job(1, 0));
    give(&mut scheduler, job(2, 0));
    give(&mut scheduler, job(3, 0));
    use_sessions(&mut scheduler, ms(0), &[(1, 1), (2, 1)]);
    given(&mut scheduler, 1, 5000, 0, 1);
    use_sessions(&mut scheduler, ms(0), &[(1, 1), (2, 1), (3, 2)]);
    let after = given(&mut scheduler, 1, 400, 0, 1);
    assert!(
        after[1].abs_diff(400) <= 8 && after[3].abs_diff(800) <= 8,
        "{after:?}"
    );
    // Away and back again: the others had everything meanwhile, and go on as before.
    scheduler.handle(ms(0), Input::SessionEnded(SessionId(3)));
    given(&mut scheduler, 1, 5000, 0, 1);
    give(&mut scheduler, job(4, 0));
    use_sessions(&mut scheduler, ms(0), &[(1, 1), (2, 1), (4, 2)]);
    let after = given(&mut scheduler, 1, 400, 0, 1);
    assert!(
        after[1].abs_diff(400) <= 8 && after[4].abs_diff(800) <= 8,
        "{after:?}"
    );
}

#[test]
fn a_session_whose_space_is_spent_leaves_its_turn_to_the_others() {
    let mut scheduler = scheduler(&[HOST4]);
    give(&mut scheduler, job(1, 0));
    let tiny = Job {
        extranonce2_size: 0,
        ..job(2, 0)
    };
    // 2^16 versions a second, four at a time.
    give(&mut scheduler, tiny.clone());
    use_sessions(&mut scheduler, ms(0), &[(1, 1), (2, 9)]);
    let given_at_once = given(&mut scheduler, 1, 40_000, 0, 0);
    assert_eq!(given_at_once[2], 65_536);
    assert_eq!(scheduler.next_deadline(), None, "nobody waits");
    // Later it has its share again, and no more than that.
    let later = Job {
        received_at: ms(5000),
        prev_hash: [8; 32],
        ..tiny
    };
    give(&mut scheduler, later);
    let after = given(&mut scheduler, 1, 1000, 5000, 0);
    assert!(after[1].abs_diff(400) <= 8, "{after:?}");
}

#[test]
fn chips_that_roll_change_their_mask_seldom_and_quotas_hold_all_the_same() {
    let mut scheduler = scheduler(&[CHIP16]);
    give(&mut scheduler, job(1, 0));
    let narrow = Job {
        version_mask: 0x0fff_e000,
        ..job(2, 0)
    };
    give(&mut scheduler, narrow);
    use_sessions(&mut scheduler, ms(0), &[(1, 70), (2, 30)]);
    let (mut last, mut changes, mut hashes) = (0, 0, [0u64; 3]);
    // An hour of items; one with half of the versions takes half as long.
    let mut now = 0;
    while now < 3_600_000 {
        let (_, item) = scheduler.dispatch(ms(now), ChainSlot(0)).expect("work");
        let session = item.job.session.0 as usize;
        changes += u32::from(session != last);
        last = session;
        now += if session == 1 { 1000 } else { 500 };
        hashes[session] += if session == 1 { 2 } else { 1 };
    }
    assert!((2..=180).contains(&changes), "{changes}");
    let share = hashes[1] as f64 / (hashes[1] + hashes[2]) as f64;
    assert!((share - 0.7).abs() < 0.01, "{share}");
}

#[test]
fn chips_go_on_with_the_last_job_for_a_while_after_the_last_session() {
    let mut scheduler = scheduler(&[HOST4]);
    let slot = ChainSlot(0);
    assert!(!scheduler.keeps_busy(ms(0)));
    let easy = |session| Job {
        share_target: Target::MAX,
        ..job(session, 0)
    };
    give(&mut scheduler, easy(1));
    let (_, before) = scheduler.dispatch(ms(0), slot).expect("work");
    scheduler.handle(ms(1_000), Input::SessionEnded(SessionId(1)));
    assert!(!scheduler.has_work() && scheduler.keeps_busy(ms(1_000)));
    effects(&mut scheduler);
    let (wire, item) = scheduler.dispatch(ms(1_000), slot).expect("goes on");
    assert_eq!(item.job, before.job);
    let what = |item: &WorkItem| (item.header, item.rolling);
    assert_ne!(what(&item), what(&before), "nothing goes out twice");
    // What is found is a good nonce, and nobody's.
    let nonce = solve(0, wire, &item, TICKET_BITS, NO_BLOCK_BITS, 0);
    for verdict in [Verdict::Stale, Verdict::Duplicate] {
        let (seen, effects) = report(&mut scheduler, ms(1_001), nonce);
        assert_eq!(seen, verdict);
        assert!(shares(&effects).is_empty());
    }
    let booked = scheduler.shares();
    assert_eq!(
        (booked.submitted, booked.stale, booked.duplicate),
        (0, 0, 0)
    );

    assert!(scheduler.dispatch(ms(90_999), slot).is_some());
    assert!(
        scheduler.dispatch(ms(91_000), slot).is_none(),
        "not for ever"
    );
    // A pool that is back is served at once, and its shares count.
    give(&mut scheduler, easy(2));
    use_sessions(&mut scheduler, ms(91_001), &[(2, 1)]);
    assert_eq!(flushed(&effects(&mut scheduler)), [0]);
    let (wire, item) = scheduler.dispatch(ms(91_001), slot).expect("work");
    assert_eq!(item.job.session, SessionId(2));
    let nonce = solve(0, wire, &item, TICKET_BITS, NO_BLOCK_BITS, 0);
    let (seen, _) = report(&mut scheduler, ms(91_002), nonce);
    assert_eq!(seen, Verdict::Share);
}

#[test]
fn sessions_that_never_end_do_not_pile_up() {
    let mut scheduler = scheduler(&[HOST4]);
    use_sessions(&mut scheduler, ms(0), &[(0, 1)]);
    for session in 0..100 {
        give(&mut scheduler, job(session, 0));
    }
    assert_eq!(from_session(&mut scheduler, 0), Some(0));
    // The last ones are known; those before them gave way, and the one in use did not.
    for (session, known) in [(99, true), (40, true), (30, false), (1, false), (0, true)] {
        use_sessions(&mut scheduler, ms(0), &[(session, 1)]);
        assert_eq!(scheduler.has_work(), known, "{session}");
    }
}

#[test]
fn work_that_was_taken_from_a_living_session_goes_on_for_nobody() {
    let mut scheduler = scheduler(&[HOST4]);
    give(&mut scheduler, job(1, 0));
    scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
    use_sessions(&mut scheduler, ms(10), &[]);
    assert!(scheduler.keeps_busy(ms(10)));
    let (wire, item) = scheduler.dispatch(ms(10), ChainSlot(0)).expect("goes on");
    let nonce = solve_share(0, wire, &item, 0);
    assert_eq!(report(&mut scheduler, ms(11), nonce).0, Verdict::Stale);
    // Its end changes nothing, and does not begin the time anew.
    scheduler.handle(ms(60_000), Input::SessionEnded(SessionId(1)));
    assert!(scheduler.dispatch(ms(90_009), ChainSlot(0)).is_some());
    assert!(scheduler.dispatch(ms(90_010), ChainSlot(0)).is_none());
}

#[test]
fn wire_ids_go_round_in_steps_and_work_ids_never_repeat() {
    let mut scheduler = scheduler(&[HOST4, CHIP16]);
    give(&mut scheduler, job(1, 0));
    let mut last = None;
    for i in 0..100u32 {
        for (slot, step, count) in [(0, 4, 32), (1, 8, 16)] {
            let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(slot)).expect("work");
            assert_eq!(u32::from(wire.0), i % count * step);
            assert!(Some(item.id) > last);
            last = Some(item.id);
        }
    }
    assert!(scheduler.dispatch(ms(0), ChainSlot(2)).is_none());
}

#[test]
fn absurd_wire_ids_are_cut_to_what_a_byte_can_carry() {
    let check = |wire_id_step: u8, wire_id_count: u8, expected: &[u8]| {
        let mut scheduler = Scheduler::new(Config {
            chains: vec![ChainNeeds {
                slot: ChainSlot(0),
                rolling: RollingNeed::Host { midstates: 1 },
                wire_id_step,
                wire_id_count,
                ticket: TicketDifficulty::from_log2(0).expect("small"),
            }],
            difficulty_one: DifficultyOne::BITCOIN,
            seed: 1,
        });
        use_sessions(&mut scheduler, ms(0), &[(1, 1)]);
        give(&mut scheduler, job(1, 0));
        let ids: Vec<u8> = (0..expected.len())
            .map(|_| scheduler.dispatch(ms(0), ChainSlot(0)).expect("work").0.0)
            .collect();
        assert_eq!(ids, expected);
    };
    check(0, 0, &[0, 0, 0]);
    check(100, 200, &[0, 100, 200, 0]);
    check(255, 255, &[0, 255, 0]);
}

#[test]
fn one_seed_gives_one_sequence_of_work() {
    let run = || {
        let mut scheduler = scheduler(&[HOST4, CHIP16]);
        give(&mut scheduler, job(1, 0));
        let items: Vec<_> = (0..200)
            .map(|i| scheduler.dispatch(ms(i), ChainSlot((i % 2) as u8)))
            .collect();
        (items, effects(&mut scheduler))
    };
    assert_eq!(run(), run());
}

#[test]
fn a_slow_chains_last_generation_still_answers() {
    // A second per item and 16 ids: an id comes again after 16 s, and the chips may still
    // work on its last generation while the new one waits in the link.
    let mut scheduler = scheduler(&[CHIP16]);
    give(&mut scheduler, job(1, 0));
    let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
    for second in 1..=16 {
        scheduler.dispatch(ms(second * 1000), ChainSlot(0));
    }
    effects(&mut scheduler);
    let nonce = solve_share(0, wire, &item, 0);
    let (verdict, _) = report(&mut scheduler, ms(16_500), nonce);
    assert_eq!(verdict, Verdict::Share);
}

#[test]
fn the_registry_is_bounded_and_forgets_the_oldest_first() {
    // Far faster than any machine: 5,000 items in one millisecond.
    let mut scheduler = scheduler(&[HOST4]);
    give(&mut scheduler, job(1, 0));
    let items: Vec<(WireJobId, WorkItem)> = (0..5000)
        .map(|_| scheduler.dispatch(ms(0), ChainSlot(0)).expect("work"))
        .collect();
    effects(&mut scheduler);
    let mut check = |age: usize, expected: Verdict| {
        let (wire, item) = &items[items.len() - age];
        let nonce = solve(0, *wire, item, 20, NO_BLOCK_BITS, 0);
        assert_eq!(report(&mut scheduler, ms(0), nonce).0, expected, "{age}");
    };
    check(1, Verdict::Share);
    check(1024, Verdict::Share);
    check(1025, Verdict::HwError);
    check(5000, Verdict::HwError);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// At the pace of an S19 Pro, with jobs that change between: a nonce is attributed to
    /// the work that it was found in, up to 100 ms after its dispatch, whatever generations
    /// of its id have followed.
    #[test]
    fn a_nonce_is_attributed_to_its_own_work(
        finds in prop::collection::vec((1usize..400, any::<u16>()), 1..20),
        job_every in 50u32..2000,
        seed in any::<u32>(),
    ) {
        let mut scheduler = scheduler(&[HOST4]);
        let mut sent: VecDeque<(WireJobId, WorkItem)> = VecDeque::new();
        let mut serial = 0;
        let mut dispatched = 0u32;
        for (age, salt) in finds {
            let mut now = ms(0);
            for _ in 0..450 {
                now = units::Instant::from_nanos(u64::from(dispatched) * 250_000);
                if dispatched.is_multiple_of(job_every) {
                    give(&mut scheduler, Job { received_at: now, ..job(1, serial) });
                    serial += 1;
                }
                sent.push_front(scheduler.dispatch(now, ChainSlot(0)).expect("work"));
                sent.truncate(400);
                dispatched += 1;
            }
            let (wire, item) = sent[age - 1];
            effects(&mut scheduler);
            let nonce = solve_share(0, wire, &item, seed >> 8 ^ u32::from(salt));
            let (verdict, effects) = report(&mut scheduler, now, nonce);
            prop_assert_eq!(verdict, Verdict::Share);
            // At this scale it may fit another generation as well: that is a share too.
            let mut of_item = shares(&effects).into_iter().filter(|share| {
                let owner = job(1, item.job.serial);
                share.job == item.job
                    && share.extranonce2 == owner.extranonce2_bytes(item.extranonce2)
                    && share.nonce == nonce.nonce
            });
            prop_assert!(of_item.next().is_some());
            for share in shares(&effects) {
                prop_assert!(Target::from_zero_bits(SHARE_BITS).met_by(&share.hash));
            }
            let (again, _) = report(&mut scheduler, now, nonce);
            prop_assert_eq!(again, Verdict::Duplicate);
        }
    }
}
