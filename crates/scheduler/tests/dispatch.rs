//! Which session and job work comes from, under which wire id it travels, and to which
//! work a nonce is attributed.

mod common;

use std::collections::VecDeque;

use common::*;
use proptest::prelude::*;
use scheduler::{ChainNeeds, Config, Input, RollingNeed, Scheduler, Verdict};
use units::{ChainSlot, DifficultyOne, SessionId, TicketDifficulty, WireJobId, WorkItem};
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
fn work_stays_with_its_session_until_it_ends_and_then_goes_to_the_oldest() {
    let mut scheduler = scheduler(&[HOST4]);
    assert!(!scheduler.has_work());
    assert_eq!(from_session(&mut scheduler, 0), None);
    give(&mut scheduler, job(3, 0));
    give(&mut scheduler, job(5, 0));
    give(&mut scheduler, job(4, 0));
    assert_eq!(from_session(&mut scheduler, 0), Some(3));
    effects(&mut scheduler);
    scheduler.handle(ms(1), Input::SessionEnded(SessionId(5)));
    assert!(flushed(&effects(&mut scheduler)).is_empty());
    scheduler.handle(ms(1), Input::SessionEnded(SessionId(3)));
    assert_eq!(flushed(&effects(&mut scheduler)), [0]);
    assert_eq!(from_session(&mut scheduler, 0), Some(4));
    scheduler.handle(ms(1), Input::SessionEnded(SessionId(4)));
    assert_eq!(flushed(&effects(&mut scheduler)), [0]);
    assert!(!scheduler.has_work());
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
    for session in 0..100 {
        give(&mut scheduler, job(session, 0));
    }
    assert_eq!(from_session(&mut scheduler, 0), Some(0));
    let mut alive = 0;
    for session in 0..100 {
        scheduler.handle(ms(0), Input::SessionEnded(SessionId(session)));
        alive += usize::from(scheduler.has_work());
    }
    // The active one went first; the last of the others ended as the hundredth.
    assert_eq!(alive, 99);
    assert!(!scheduler.has_work());
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
