//! The account of shares, and what is told to people.

mod common;

use common::*;
use proptest::prelude::*;
use scheduler::{Input, RollingNeed, Scheduler};
use telemetry::{Code, Shares};
use units::{ChainSlot, SessionId, ShareId};
use work::{Job, ShareOutcome, Target};

/// A scheduler with `count` shares in flight, all of session 1.
fn with_shares(count: usize) -> (Scheduler, Vec<ShareId>) {
    let mut scheduler = scheduler(&[HOST4]);
    give(
        &mut scheduler,
        Job {
            share_target: Target::MAX,
            ..job(1, 0)
        },
    );
    let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
    effects(&mut scheduler);
    let mut from = 0;
    let ids = (0..count)
        .map(|_| {
            let nonce = solve(0, wire, &item, TICKET_BITS, NO_BLOCK_BITS, from);
            from = nonce.nonce.0 + 1;
            let (_, effects) = report(&mut scheduler, ms(0), nonce);
            shares(&effects)[0].id
        })
        .collect();
    (scheduler, ids)
}

fn answer(scheduler: &mut Scheduler, share: ShareId, outcome: ShareOutcome) -> Vec<Code> {
    scheduler.handle(ms(5), Input::Outcome { share, outcome });
    codes(&effects(scheduler))
}

#[test]
fn each_share_ends_in_exactly_one_column() {
    let (mut scheduler, ids) = with_shares(6);
    let check = |scheduler: &Scheduler, expected: Shares| {
        assert_eq!(scheduler.shares(), expected);
    };
    let mut expected = Shares {
        submitted: 6,
        in_flight: 6,
        ..Shares::default()
    };
    check(&scheduler, expected);

    answer(&mut scheduler, ids[0], ShareOutcome::Accepted);
    (expected.accepted, expected.in_flight) = (1, 5);
    check(&scheduler, expected);

    answer(&mut scheduler, ids[1], rejected(23));
    (expected.rejected, expected.in_flight) = (1, 4);
    check(&scheduler, expected);

    answer(&mut scheduler, ids[2], stale());
    (expected.stale, expected.in_flight) = (1, 3);
    check(&scheduler, expected);

    answer(&mut scheduler, ids[3], ShareOutcome::NoAnswer);
    (expected.lost, expected.in_flight) = (1, 2);
    check(&scheduler, expected);

    // A second answer, and one for a share that never was, change nothing.
    answer(&mut scheduler, ids[0], rejected(22));
    answer(&mut scheduler, ShareId(999), ShareOutcome::Accepted);
    check(&scheduler, expected);

    scheduler.handle(ms(6), Input::SessionEnded(SessionId(2)));
    check(&scheduler, expected);
    scheduler.handle(ms(6), Input::SessionEnded(SessionId(1)));
    (expected.lost, expected.in_flight) = (3, 0);
    check(&scheduler, expected);
    answer(&mut scheduler, ids[4], ShareOutcome::NoAnswer);
    check(&scheduler, expected);
}

#[test]
fn too_few_version_bits_are_told_with_what_they_cost() {
    let check = |rolling: RollingNeed, mask: u32, expected: Option<&str>| {
        let mut scheduler = scheduler(&[rolling; 3]);
        let job = Job {
            version_mask: mask,
            ..job(1, 0)
        };
        give(&mut scheduler, job.clone());
        // Once for each mask, not for each job or chain.
        give(&mut scheduler, job);
        let effects = effects(&mut scheduler);
        let details: Vec<&str> = notes(&effects)
            .into_iter()
            .filter(|note| note.code == Code::PoolVersionBits)
            .map(|note| &note.detail[..])
            .collect();
        match expected {
            None => assert!(details.is_empty(), "{rolling:?} {mask:x}: {details:?}"),
            Some(expected) => assert_eq!(details, [expected], "{rolling:?} {mask:x}"),
        }
    };
    check(HOST4, BIP320, None);
    check(HOST4, 0x0100_0010, None);
    check(
        HOST4,
        0x2000,
        Some(
            "granted_bits=1 needed_bits=2 hashrate_lost_percent=0 \
             if the link carries 2 times the jobs",
        ),
    );
    check(
        HOST4,
        0,
        Some(
            "granted_bits=0 needed_bits=2 hashrate_lost_percent=0 \
             if the link carries 4 times the jobs",
        ),
    );
    check(RollingNeed::Host { midstates: 1 }, 0, None);
    let chip = |mask, lost| {
        let bits = u32::count_ones(mask & BIP320);
        let text = format!("granted_bits={bits} needed_bits=16 hashrate_lost_percent={lost}");
        check(CHIP16, mask, Some(&text));
    };
    check(CHIP16, BIP320, None);
    check(CHIP16, 0x1fff_ffe0, None);
    chip(0, "93.75");
    chip(0x2000, "87.5");
    chip(0xe000, "50");
    chip(0x0001_e000, "0");
    // Bits that the chip does not roll are no use to it.
    chip(0x0000_3fe0, "87.5");
}

#[test]
fn a_spent_space_is_told_once_per_job_and_wakes_when_time_allows() {
    let mut scheduler = scheduler(&[HOST4]);
    let tiny = Job {
        extranonce2_size: 0,
        version_mask: 0,
        ..job(1, 0)
    };
    give(&mut scheduler, tiny.clone());
    effects(&mut scheduler);
    let slot = ChainSlot(0);
    assert!(scheduler.dispatch(ms(0), slot).is_some());
    assert_eq!(scheduler.next_deadline(), None);
    assert!(scheduler.dispatch(ms(0), slot).is_none());
    assert!(scheduler.dispatch(ms(10), slot).is_none());
    assert_eq!(codes(&effects(&mut scheduler)), [Code::PoolSpaceSpent]);
    assert!(scheduler.has_work(), "a pool gives work; it is only spent");
    assert_eq!(scheduler.next_deadline(), Some(ms(1000)));
    scheduler.handle(ms(1000), Input::Wake);
    assert_eq!(scheduler.next_deadline(), None);
    let (_, item) = scheduler.dispatch(ms(1000), slot).expect("a second later");
    assert_eq!(item.header.ntime, tiny.ntime + 1);
    assert!(scheduler.dispatch(ms(1000), slot).is_none());
    assert_eq!(codes(&effects(&mut scheduler)), []);

    // Another job gives work at once.
    give(
        &mut scheduler,
        Job {
            received_at: ms(1500),
            ..job(1, 1)
        },
    );
    assert_eq!(scheduler.next_deadline(), None);
    assert!(scheduler.dispatch(ms(1500), slot).is_some());
}

#[derive(Clone, Debug)]
enum Step {
    Find,
    Answer(usize, u8),
    EndSession,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_account_always_balances(
        steps in prop::collection::vec(
            prop_oneof![
                4 => Just(Step::Find),
                3 => (0usize..8, 0u8..4).prop_map(|(i, how)| Step::Answer(i, how)),
                1 => Just(Step::EndSession),
            ],
            1..60,
        ),
    ) {
        let mut scheduler = scheduler(&[HOST4]);
        let mut session = 1;
        let easy = |session| Job { share_target: Target::MAX, ..job(session, 0) };
        give(&mut scheduler, easy(session));
        let mut waiting = Vec::new();
        let mut from = 0;
        for step in steps {
            match step {
                Step::Find => {
                    let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
                    effects(&mut scheduler);
                    let nonce = solve(0, wire, &item, TICKET_BITS, NO_BLOCK_BITS, from);
                    from = nonce.nonce.0 + 1;
                    let (_, effects) = report(&mut scheduler, ms(0), nonce);
                    waiting.extend(shares(&effects).iter().map(|share| share.id));
                }
                Step::Answer(i, how) => {
                    if let Some(share) = waiting.get(i).copied() {
                        let outcome = match how {
                            0 => ShareOutcome::Accepted,
                            1 => rejected(23),
                            2 => stale(),
                            _ => ShareOutcome::NoAnswer,
                        };
                        scheduler.handle(ms(0), Input::Outcome { share, outcome });
                    }
                }
                Step::EndSession => {
                    scheduler.handle(ms(0), Input::SessionEnded(SessionId(session)));
                    prop_assert!(!scheduler.has_work());
                    prop_assert_eq!(scheduler.shares().in_flight, 0);
                    session += 1;
                    use_sessions(&mut scheduler, ms(0), &[(session, 1)]);
                    give(&mut scheduler, easy(session));
                }
            }
            let s = scheduler.shares();
            prop_assert_eq!(
                s.submitted,
                s.accepted + s.rejected + s.stale + s.lost + s.in_flight
            );
            prop_assert_eq!(s.submitted, waiting.len() as u64);
        }
    }
}
