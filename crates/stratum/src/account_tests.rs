//! The account of a pool's shares.

use std::sync::Arc;

use units::{ChainSlot, Difficulty, JobKey, Nonce};
use work::Target;

use super::*;

const ONE: DifficultyOne = DifficultyOne::BITCOIN;

fn s(seconds: u64) -> Instant {
    Instant::ZERO + Duration::from_secs(seconds)
}

fn target(difficulty: f64) -> Target {
    Target::from_difficulty(Difficulty::new(difficulty).expect("positive"), ONE)
}

/// A share of a job with this difficulty whose hash reaches `reached`.
fn share(id: u64, difficulty: f64, reached: f64) -> Share {
    Share {
        id: ShareId(id),
        job: JobKey::default(),
        pool_job_id: "a".into(),
        slot: ChainSlot(0),
        extranonce2: vec![],
        ntime: 0,
        nonce: Nonce(0),
        version: 0,
        version_bits: None,
        hash: target(reached).to_le_bytes(),
        share_target: target(difficulty),
        is_block: false,
        found_at: Instant::ZERO,
    }
}

fn rejected(code: i64, reason: &str) -> ShareOutcome {
    let reason = reason.to_owned();
    ShareOutcome::Rejected { code, reason }
}

/// Book one share of difficulty 1024 that reached 2048.
fn book(account: &mut Account, id: u64, at: Instant, outcome: ShareOutcome) -> Option<Alarm> {
    account.submitted(at, &share(id, 1024.0, 2048.0));
    account.answered(at, ShareId(id), &outcome)
}

fn shown(account: &Account, now: Instant) -> telemetry::Pool {
    let mut pool = telemetry::Pool::default();
    account.show(now, &mut pool);
    pool
}

#[test]
fn every_share_is_in_one_column_and_the_columns_add_up() {
    let mut account = Account::new(ONE);
    let outcomes = [
        ShareOutcome::Accepted,
        ShareOutcome::Accepted,
        ShareOutcome::Stale {
            code: 21,
            reason: "old".into(),
        },
        rejected(22, "Duplicate"),
        rejected(23, "Above target"),
        rejected(24, "Unauthorized worker"),
        rejected(25, "Not subscribed"),
        rejected(20, "Invalid version mask"),
        rejected(20, "Ntime out of range"),
        rejected(20, "Other/Unknown"),
        ShareOutcome::NoAnswer,
    ];
    for (id, outcome) in outcomes.into_iter().enumerate() {
        book(&mut account, id as u64, s(1), outcome);
    }
    account.submitted(s(2), &share(99, 1024.0, 5000.0));
    // A second answer, and one to a share that never was, change nothing.
    account.answered(s(2), ShareId(0), &rejected(22, "again"));
    account.answered(s(2), ShareId(77), &ShareOutcome::Accepted);
    let pool = shown(&account, s(3));
    assert_eq!((pool.accepted, pool.stale, pool.lost), (2, 1, 1));
    assert_eq!((pool.rejected, pool.in_flight), (7, 1));
    let rejects = PoolRejects {
        duplicate: 1,
        low_difficulty: 1,
        user: 1,
        not_subscribed: 1,
        version: 1,
        time: 1,
        other: 1,
    };
    assert_eq!(pool.rejects, rejects);
    assert_eq!(pool.rejected_percent, Some(70.0));
    assert_eq!(pool.last_share_s, Some(2.0));
    assert_eq!(account.in_flight(), 1);
}

#[test]
fn nothing_is_said_before_there_is_something_to_say() {
    let pool = shown(&Account::new(ONE), s(100));
    assert_eq!((pool.rejected_percent, pool.best_share), (None, None));
    assert_eq!((pool.latency, pool.credited_ths), (None, None));
    assert_eq!(pool.estimated_sat_per_day, None);
}

#[test]
fn difficulty_is_summed_and_the_best_is_kept() {
    let mut account = Account::new(ONE);
    for (id, difficulty, reached) in [(1, 16.0, 17.0), (2, 0.5, 900.0), (3, 512.0, 600.0)] {
        account.submitted(s(0), &share(id, difficulty, reached));
        account.answered(s(0), ShareId(id), &ShareOutcome::Accepted);
    }
    // A better one that the pool did not take does not count.
    account.submitted(s(0), &share(4, 1.0, 1e6));
    account.answered(s(0), ShareId(4), &rejected(23, "low"));
    let pool = shown(&account, s(0));
    assert!((pool.accepted_difficulty - 528.5).abs() < 1e-9, "{pool:?}");
    assert!((pool.best_share.expect("some") - 900.0).abs() < 1e-6);
}

#[test]
fn percentiles_are_of_the_last_answers() {
    let mut account = Account::new(ONE);
    let mut answer = |id: u64, ms: u64, outcome| {
        account.submitted(s(id), &share(id, 1.0, 1.0));
        let at = s(id) + Duration::from_millis(ms);
        account.answered(at, ShareId(id), &outcome);
        shown(&account, at)
            .latency
            .map(|l| [l.p50_ms, l.p90_ms, l.p99_ms])
    };
    assert_eq!(answer(1, 500, ShareOutcome::NoAnswer), None);
    assert_eq!(answer(2, 40, ShareOutcome::Accepted), Some([40.0; 3]));
    assert_eq!(answer(3, 60, rejected(23, "")), Some([40.0, 60.0, 60.0]));
    for id in 10..10 + LATENCIES_KEPT as u64 {
        answer(id, id % 100 + 1, ShareOutcome::Accepted);
    }
    let all = answer(999, 50, ShareOutcome::Accepted).expect("known");
    assert!((all[0] - 50.0).abs() <= 6.0, "{all:?}");
    assert!((all[2] - 99.0).abs() <= 1.0, "{all:?}");
}

#[test]
fn the_credited_hashrate_is_what_accepted_shares_stand_for() {
    let mut account = Account::new(ONE);
    // One share of difficulty 1000 each ten seconds: 0.43 TH/s.
    let expected = 1000.0 * 4_295_032_833.0 / 10.0 / 1e12;
    let mut check = |from: u64, until: u64, expected: Option<f64>| {
        for second in (from..until).step_by(10) {
            account.submitted(s(second), &share(second, 1000.0, 1e4));
            account.answered(s(second), ShareId(second), &ShareOutcome::Accepted);
        }
        let rate = shown(&account, s(until)).credited_ths;
        match expected {
            None => assert_eq!(rate, None),
            Some(expected) => {
                let rate = rate.expect("known");
                assert!(
                    (rate / expected - 1.0).abs() < 0.02,
                    "{until}: {rate} {expected}"
                );
            }
        }
    };
    check(7, 50, None);
    check(50, 600, Some(expected));
    check(600, 20_000, Some(expected));
    // Half an hour of silence halves it, and an hour ends it.
    check(21_800, 21_800, Some(expected / 2.0));
    let rate = shown(&account, s(24_000)).credited_ths;
    assert_eq!(rate, Some(0.0));
}

#[test]
fn a_twins_pool_shows_the_rate_that_the_twin_shows() {
    let four = DifficultyOne::from_zero_bits(4).expect("small");
    let mut account = Account::new(four);
    let target = Target::from_difficulty(Difficulty::ONE, four);
    for second in 0..600 {
        let share = Share {
            share_target: target,
            ..share(second, 1.0, 1.0)
        };
        account.submitted(s(second), &share);
        account.answered(s(second), ShareId(second), &ShareOutcome::Accepted);
    }
    let pool = shown(&account, s(600));
    assert!((pool.accepted_difficulty - 600.0).abs() < 1e-6);
    let rate = pool.credited_ths.expect("known");
    assert!(
        (rate / (4_295_032_833.0 / 1e12) - 1.0).abs() < 0.01,
        "{rate}"
    );
}

#[test]
fn earnings_are_of_hashes_really_computed_and_unknown_without_a_height() {
    let coinbase = |script: &[u8]| {
        let mut bytes = vec![2, 0, 0, 0, 1];
        bytes.extend([0; 32]);
        bytes.extend([0xff; 4]);
        bytes.push(40);
        bytes.extend(script);
        Arc::<[u8]>::from(bytes)
    };
    let job = |script: &[u8], prev: u8| Job {
        fixed_root: None,
        key: JobKey::default(),
        pool_job_id: "a".into(),
        prev_hash: [prev; 32],
        coinbase1: coinbase(script),
        coinbase2: Arc::from([]),
        branches: Arc::from([]),
        extranonce1: Arc::from([]),
        extranonce2_size: 4,
        version: 0,
        version_mask: 0,
        nbits: 0,
        ntime: 0,
        clean: false,
        share_target: target(1000.0),
        network_target: target(100e12),
        takes_easy_blocks: false,
        received_at: s(0),
    };
    let mut account = Account::new(ONE);
    for second in (0..600).step_by(10) {
        account.submitted(s(second), &share(second, 1000.0, 1e4));
        account.answered(s(second), ShareId(second), &ShareOutcome::Accepted);
    }
    assert_eq!(
        shown(&account, s(600)).estimated_sat_per_day,
        None,
        "no job"
    );
    account.job(&job(&[9, 9], 1));
    assert_eq!(shown(&account, s(600)).estimated_sat_per_day, None);
    // Block 855,360: 3.125 bitcoin.
    account.job(&job(&[3, 0x40, 0x0d, 0x0d], 2));
    let pool = shown(&account, s(600));
    let sat = pool.estimated_sat_per_day.expect("known");
    let expected = pool.credited_ths.expect("known") * 62.86;
    assert!((sat / expected - 1.0).abs() < 0.001, "{sat} {expected}");
}

#[test]
fn a_run_of_rejections_is_told_once_with_its_likely_cause_and_its_end_as_well() {
    let check = |code: i64, reason: &str, cause: &str| {
        let mut account = Account::new(ONE);
        let mut told = Vec::new();
        for id in 0..20 {
            told.extend(book(&mut account, id, s(id), rejected(code, reason)).map(|a| (id, a)));
        }
        let [(id, Alarm::Rejects(text))] = &told[..] else {
            panic!("{told:?}")
        };
        assert_eq!(*id, u64::from(REJECTS_IN_A_ROW) - 1);
        assert!(text.contains(cause) && text.contains(reason), "{text}");
        let end = book(&mut account, 50, s(50), ShareOutcome::Accepted);
        assert_eq!(end, Some(Alarm::Accepts));
        assert_eq!(book(&mut account, 51, s(51), ShareOutcome::Accepted), None);
    };
    check(20, "Invalid version mask", "version bits");
    check(24, "Unauthorized worker", "`user`");
    check(20, "Ntime out of range", "clock");
    check(23, "Above target", "SHA-256d");
    check(22, "Duplicate share", "extranonce");
    check(25, "Not subscribed", "session");
    check(20, "Other/Unknown", "words");
}

#[test]
fn an_accepted_share_ends_a_run_and_stale_ones_do_not() {
    let check = |outcomes: &[ShareOutcome], expected: &[u64]| {
        let mut account = Account::new(ONE);
        let ids = 0..outcomes.len() as u64;
        let told: Vec<u64> = ids
            .filter(|id| {
                let outcome = outcomes[*id as usize].clone();
                let alarm = book(&mut account, *id, s(*id), outcome);
                matches!(alarm, Some(Alarm::Rejects(_)))
            })
            .collect();
        assert_eq!(told, expected);
    };
    let low = || rejected(23, "low");
    let accepted = || ShareOutcome::Accepted;
    let stale = || ShareOutcome::Stale {
        code: 21,
        reason: "old".into(),
    };
    check(&vec![low(); 4], &[]);
    check(&vec![low(); 12], &[4]);
    check(
        &[vec![low(); 4], vec![accepted()], vec![low(); 4]].concat(),
        &[],
    );
    check(
        &[vec![low(); 6], vec![accepted()], vec![low(); 6]].concat(),
        &[4, 11],
    );
    check(
        &[
            vec![low(); 3],
            vec![stale(), ShareOutcome::NoAnswer],
            vec![low(); 3],
        ]
        .concat(),
        &[6],
    );
    check(&vec![stale(); 20], &[]);
    // The cause that is named is that of most of them.
    let mixed = [
        rejected(22, "twice"),
        low(),
        low(),
        low(),
        rejected(22, "x"),
    ];
    check(&mixed, &[4]);
}
