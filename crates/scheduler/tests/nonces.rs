//! What a nonce is: share, below target, stale, duplicate or hw error.

mod common;

use common::*;
use scheduler::{Input, Verdict};
use telemetry::Code;
use units::{ChainSlot, Nonce, NonceReport, SessionId, WireJobId};
use work::{Job, Share, Target};

/// The 80 bytes that a pool rebuilds from a submitted share and its own job.
fn pools_view(job: &Job, share: &Share) -> [u8; 80] {
    let version = match share.version_bits {
        Some(bits) => {
            assert_eq!(bits & !job.version_mask, 0, "only granted bits");
            (job.version & !job.version_mask) | bits
        }
        None => job.version,
    };
    let coinbase = [
        &job.coinbase1[..],
        &job.extranonce1,
        &share.extranonce2,
        &job.coinbase2,
    ]
    .concat();
    let header = units::Header {
        version,
        prev_hash: job.prev_hash,
        merkle_root: sha256d::merkle_root(&sha256d::sha256d(&coinbase), &job.branches),
        ntime: share.ntime,
        nbits: job.nbits,
    };
    header.to_bytes(version, share.nonce)
}

#[test]
fn a_share_carries_what_the_pool_needs_to_rebuild_its_header() {
    for rolling in [HOST4, CHIP16] {
        for mask in [BIP320, 0x0000_6000, 0] {
            let job = Job {
                version: 0x2abc_e000,
                version_mask: mask,
                ..job(1, 0)
            };
            let mut scheduler = scheduler(&[rolling]);
            give(&mut scheduler, job.clone());
            let (wire, item) = scheduler.dispatch(ms(1), ChainSlot(0)).expect("work");
            effects(&mut scheduler);
            let nonce = solve_share(0, wire, &item, 0);
            let (verdict, effects) = report(&mut scheduler, ms(2), nonce);
            assert_eq!(verdict, Verdict::Share);
            let shares = shares(&effects);
            let [share] = shares[..] else {
                panic!("one share: {effects:?}");
            };
            let header = pools_view(&job, share);
            assert_eq!(sha256d::hash_header(&header), share.hash);
            assert!(job.share_target.met_by(&share.hash));
            assert_eq!(share.version_bits.is_some(), mask != 0);
            assert_eq!(header[..4], share.version.to_le_bytes());
            assert_eq!(share.extranonce2.len(), 4);
            assert_eq!(share.pool_job_id, job.pool_job_id);
            assert_eq!((share.job, share.found_at), (job.key, ms(2)));
            assert!(!share.is_block);
        }
    }
}

#[test]
fn the_boundary_lies_in_the_last_bit_of_the_target() {
    // One seed gives one first work item, so its first solution is the same each time.
    let first_nonce_against = |share_target: Target| {
        let mut scheduler = scheduler(&[HOST4]);
        let job = Job {
            share_target,
            ..job(1, 0)
        };
        give(&mut scheduler, job);
        let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
        effects(&mut scheduler);
        let nonce = solve_share(0, wire, &item, 0);
        report(&mut scheduler, ms(0), nonce)
    };
    let (_, effects) = first_nonce_against(Target::MAX);
    let hash = shares(&effects)[0].hash;
    let mut below = hash;
    for byte in &mut below {
        *byte = byte.wrapping_sub(1);
        if *byte != 0xff {
            break;
        }
    }
    let (verdict, _) = first_nonce_against(Target::from_le_bytes(hash));
    assert_eq!(verdict, Verdict::Share);
    let (verdict, _) = first_nonce_against(Target::from_le_bytes(below));
    assert_eq!(verdict, Verdict::BelowTarget);
}

#[test]
fn below_the_share_target_a_nonce_is_genuine_and_not_sent() {
    let mut scheduler = scheduler(&[HOST4]);
    give(&mut scheduler, job(1, 0));
    let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
    effects(&mut scheduler);
    let nonce = solve(0, wire, &item, TICKET_BITS, SHARE_BITS, 0);
    let (verdict, effects) = report(&mut scheduler, ms(0), nonce);
    assert_eq!(verdict, Verdict::BelowTarget);
    assert!(verdict.is_genuine() && verdict.counts_for_hashrate());
    assert!(shares(&effects).is_empty());
    assert_eq!(scheduler.shares(), telemetry::Shares::default());
}

#[test]
fn a_block_is_not_sent_where_the_pool_goes_by_its_difficulty_alone() {
    let mut scheduler = scheduler(&[HOST4]);
    give(
        &mut scheduler,
        Job {
            share_target: Target::from_zero_bits(NO_BLOCK_BITS),
            network_target: Target::from_zero_bits(SHARE_BITS),
            ..job(1, 0)
        },
    );
    let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
    effects(&mut scheduler);
    let (verdict, effects) = report(&mut scheduler, ms(0), solve_share(0, wire, &item, 0));
    assert_eq!(verdict, Verdict::BelowTarget);
    assert!(shares(&effects).is_empty());
    assert_eq!(scheduler.shares(), telemetry::Shares::default());
}

#[test]
fn a_block_is_sent_even_below_the_difficulty_where_the_pool_takes_it() {
    let mut scheduler = scheduler(&[HOST4]);
    give(
        &mut scheduler,
        Job {
            share_target: Target::from_zero_bits(NO_BLOCK_BITS),
            network_target: Target::from_zero_bits(SHARE_BITS),
            takes_easy_blocks: true,
            ..job(1, 0)
        },
    );
    let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
    effects(&mut scheduler);
    let mut from = 0;
    for expected in [vec![Code::BlockFound], vec![]] {
        let nonce = solve_share(0, wire, &item, from);
        from = nonce.nonce.0 + 1;
        let (verdict, effects) = report(&mut scheduler, ms(0), nonce);
        assert_eq!(verdict, Verdict::Share);
        assert!(shares(&effects)[0].is_block);
        // One note for each height: regtest meets its target with nearly every hash.
        assert_eq!(codes(&effects), expected);
    }
    assert_eq!(scheduler.shares().blocks, 2);
}

#[test]
fn work_becomes_void_by_clean_by_another_block_and_by_the_sessions_end() {
    let new_job = |change: fn(&mut Job)| {
        let mut job = job(1, 1);
        change(&mut job);
        Input::Job(std::sync::Arc::new(job))
    };
    let check = |what: &str, input: Input, expected: Verdict| {
        let mut scheduler = scheduler(&[HOST4]);
        give(&mut scheduler, job(1, 0));
        let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
        let is_share = solve_share(0, wire, &item, 0);
        let is_not = solve(0, wire, &item, TICKET_BITS, SHARE_BITS, 0);
        scheduler.handle(ms(1), input);
        let before = effects(&mut scheduler);
        let flush = if expected == Verdict::Share { 1 } else { 2 };
        // Once for the first job of all.
        assert_eq!(flushed(&before).len(), flush, "{what}");
        let (verdict, effects) = report(&mut scheduler, ms(2), is_share);
        assert_eq!(verdict, expected, "{what}");
        assert_eq!(
            !shares(&effects).is_empty(),
            expected == Verdict::Share,
            "{what}"
        );
        let (verdict, _) = report(&mut scheduler, ms(2), is_not);
        // What was no share is none that we lost: the account of stale shares stays.
        let stale = u64::from(expected == Verdict::Stale);
        assert_eq!(scheduler.shares().stale, stale, "{what}");
        assert!(verdict.counts_for_hashrate(), "{what}");
    };
    check("clean", new_job(|j| j.clean = true), Verdict::Stale);
    check("block", new_job(|j| j.prev_hash = [8; 32]), Verdict::Stale);
    check("session", Input::SessionEnded(SessionId(1)), Verdict::Stale);
    check("new job", new_job(|_| {}), Verdict::Share);
    check(
        "difficulty",
        new_job(|j| j.share_target = Target::from_zero_bits(60)),
        Verdict::Share,
    );
    check("same job", new_job(|j| *j = job(1, 0)), Verdict::Share);
    check("reset", Input::ChainReset(ChainSlot(0)), Verdict::Share);
}

#[test]
fn a_nonce_keeps_the_difficulty_of_its_own_job() {
    let mut scheduler = scheduler(&[HOST4]);
    let hard = Job {
        share_target: Target::from_zero_bits(60),
        ..job(1, 0)
    };
    give(&mut scheduler, hard);
    let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
    give(&mut scheduler, job(1, 1));
    effects(&mut scheduler);
    let nonce = solve_share(0, wire, &item, 0);
    let (verdict, _) = report(&mut scheduler, ms(1), nonce);
    assert_eq!(verdict, Verdict::BelowTarget);
}

#[test]
fn the_same_nonce_twice_is_sent_once() {
    for rolling in [HOST4, CHIP16] {
        let mut scheduler = scheduler(&[rolling]);
        give(&mut scheduler, job(1, 0));
        let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
        effects(&mut scheduler);
        let share = solve_share(0, wire, &item, 0);
        let below = solve(0, wire, &item, TICKET_BITS, SHARE_BITS, 0);
        for (nonce, duplicates) in [(share, 1), (below, 1)] {
            report(&mut scheduler, ms(1), nonce);
            let (verdict, effects) = report(&mut scheduler, ms(2), nonce);
            assert_eq!(verdict, Verdict::Duplicate);
            assert!(verdict.is_genuine() && !verdict.counts_for_hashrate());
            assert!(shares(&effects).is_empty());
            assert_eq!(scheduler.shares().duplicate, duplicates);
        }
        assert_eq!(scheduler.shares().submitted, 1);
    }
}

#[test]
fn what_fits_nothing_is_a_hw_error() {
    let mut scheduler = scheduler(&[HOST4, CHIP16]);
    give(&mut scheduler, job(1, 0));
    let (wire, item) = scheduler.dispatch(ms(0), ChainSlot(0)).expect("work");
    scheduler.dispatch(ms(0), ChainSlot(0));
    effects(&mut scheduler);
    let good = solve_share(0, wire, &item, 0);
    let damaged = [
        NonceReport {
            nonce: Nonce(good.nonce.0 ^ 0x100),
            ..good
        },
        NonceReport {
            midstate_index: good.midstate_index ^ 1,
            ..good
        },
        NonceReport {
            midstate_index: 77,
            ..good
        },
        // The next id's work, an id without work, one that cannot be sent, one beyond.
        NonceReport {
            wire: WireJobId(4),
            ..good
        },
        NonceReport {
            wire: WireJobId(8),
            ..good
        },
        NonceReport {
            wire: WireJobId(wire.0 + 1),
            ..good
        },
        NonceReport {
            wire: WireJobId(252),
            ..good
        },
        // Another chain, and one that does not exist.
        NonceReport {
            slot: ChainSlot(1),
            ..good
        },
        NonceReport {
            slot: ChainSlot(9),
            ..good
        },
    ];
    for (i, nonce) in damaged.into_iter().enumerate() {
        let (verdict, effects) = report(&mut scheduler, ms(1), nonce);
        assert_eq!(verdict, Verdict::HwError, "{i}");
        assert!(!verdict.is_genuine(), "{i}");
        assert!(shares(&effects).is_empty(), "{i}");
        assert_eq!(scheduler.shares().hw_errors, i as u64 + 1);
    }
    let (verdict, _) = report(&mut scheduler, ms(1), good);
    assert_eq!(verdict, Verdict::Share);
}

/// Nonces of all kinds: new ones, repeated ones, damaged ones, those of work that has become
/// void, on two chains that roll differently, with chance fits among many generations.
#[test]
fn nonces_in_batches_fare_as_one_by_one() {
    // Both schedulers have one seed and get the same inputs.
    let made = || {
        let mut scheduler = scheduler(&[HOST4, CHIP16]);
        give(&mut scheduler, job(1, 0));
        let mut works = Vec::new();
        for i in 0..40 * 32 {
            let slot = ChainSlot(u8::from(i % 3 == 0));
            if i == 600 {
                give(
                    &mut scheduler,
                    Job {
                        clean: true,
                        ..job(1, 1)
                    },
                );
            }
            let (wire, item) = scheduler.dispatch(ms(i / 8), slot).expect("work");
            works.push((slot, wire, item));
        }
        effects(&mut scheduler);
        (scheduler, works)
    };
    let (mut single, works) = made();
    let mut rng = units::Rng::new(11);
    let mut below = |n: usize| rng.below(n as u64) as usize;
    let mut reports: Vec<NonceReport> = Vec::new();
    for _ in 0..400 {
        let (slot, wire, item) = &works[below(works.len())];
        let from = below(1 << 30) as u32;
        let mut nonce = solve(slot.0, *wire, item, TICKET_BITS, NO_BLOCK_BITS, from);
        match below(6) {
            0 => nonce.nonce.0 ^= 1 << below(32),
            1 => nonce.wire.0 ^= 1 << below(8),
            2 => nonce.slot.0 ^= 1 << below(2),
            3 if !reports.is_empty() => nonce = reports[below(reports.len())],
            _ => {}
        }
        reports.push(nonce);
        if below(4) == 0 {
            reports.push(nonce);
        }
    }
    let mut alone = Vec::new();
    for nonce in &reports {
        single.handle(ms(200), Input::Nonces(vec![*nonce]));
        alone.extend(effects(&mut single));
    }
    let account = single.shares();
    assert!(
        account.submitted > 15 && account.stale > 10 && account.duplicate > 10,
        "{account:?}"
    );
    assert!(account.hw_errors > 50, "{account:?}");

    for most in [2, 16, 40, reports.len()] {
        let (mut scheduler, _) = made();
        let mut together = Vec::new();
        let mut rest = &reports[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at((1 + below(most)).min(rest.len()));
            scheduler.handle(ms(200), Input::Nonces(now.to_vec()));
            together.extend(effects(&mut scheduler));
            rest = later;
        }
        assert_eq!(together, alone, "up to {most}");
        assert_eq!(scheduler.shares(), account, "up to {most}");
    }
    let (mut scheduler, _) = made();
    scheduler.handle(ms(200), Input::Nonces(Vec::new()));
    assert_eq!(effects(&mut scheduler), []);
}
