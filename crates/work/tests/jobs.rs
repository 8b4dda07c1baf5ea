//! Coinbase and merkle assembly, against real consensus code.

mod common;

use std::sync::Arc;

use bitcoin::consensus::encode::serialize;
use bitcoin::hashes::Hash;
use common::job;
use proptest::prelude::*;
use work::{CoinbaseFault, Job};

/// The genesis block's coinbase, cut so that four of its bytes are the extranonce2 and two
/// the extranonce1.
fn genesis_job() -> (Job, u64) {
    let block = bitcoin::constants::genesis_block(bitcoin::Network::Bitcoin);
    let coinbase = serialize(&block.txdata[0]);
    let extranonce2 = u32::from_be_bytes(coinbase[60..64].try_into().expect("4 bytes"));
    let job = Job {
        coinbase1: Arc::from(&coinbase[..58]),
        extranonce1: Arc::from(&coinbase[58..60]),
        coinbase2: Arc::from(&coinbase[64..]),
        ..job(0, 4, 0)
    };
    (job, u64::from(extranonce2))
}

#[test]
fn the_genesis_coinbase_gives_the_genesis_merkle_root() {
    let block = bitcoin::constants::genesis_block(bitcoin::Network::Bitcoin);
    let (job, extranonce2) = genesis_job();
    assert_eq!(job.coinbase(extranonce2), serialize(&block.txdata[0]));
    assert_eq!(
        job.merkle_root(extranonce2),
        block.header.merkle_root.to_byte_array()
    );
    assert_ne!(
        job.merkle_root(extranonce2 + 1),
        job.merkle_root(extranonce2)
    );
    assert_eq!(job.check_coinbase(), Ok(()));
}

#[test]
fn a_root_that_the_pool_gives_is_the_jobs_root() {
    let fixed = Job {
        fixed_root: Some([7; 32]),
        ..job(0, 0, 0)
    };
    assert_eq!(fixed.merkle_root(0), [7; 32]);
    assert_eq!(fixed.check_coinbase(), Ok(()));
}

#[test]
fn a_coinbase_that_is_none_is_named() {
    let (good, _) = genesis_job();
    let cut = Job {
        coinbase2: Arc::from(&good.coinbase2[..good.coinbase2.len() - 1]),
        ..good.clone()
    };
    assert!(matches!(
        cut.check_coinbase(),
        Err(CoinbaseFault::Decode(_))
    ));
    // The previous output's index of a coinbase is 0xffffffff.
    let mut spends = good.coinbase1.to_vec();
    spends[37] = 0;
    let spends = Job {
        coinbase1: Arc::from(spends),
        ..good
    };
    assert_eq!(spends.check_coinbase(), Err(CoinbaseFault::NotCoinbase));
}

#[test]
fn extranonce2_has_exactly_the_bytes_that_the_pool_asks_for() {
    let check = |size: u8, value: u64, expected: &[u8]| {
        assert_eq!(job(0, size, 0).extranonce2_bytes(value), expected);
    };
    check(0, 0, &[]);
    check(1, 0xab, &[0xab]);
    check(2, 0x0102, &[1, 2]);
    check(3, 0x0102, &[0, 1, 2]);
    check(4, 0xdead_beef, &[0xde, 0xad, 0xbe, 0xef]);
    check(8, u64::MAX, &[0xff; 8]);
    check(8, 1, &[0, 0, 0, 0, 0, 0, 0, 1]);
    let mut long = [0; 32];
    long[7] = 5;
    check(16, 5, &long[..16]);
    check(32, 5, &long);
}

#[test]
fn rolled_bits_replace_the_jobs_own_inside_the_mask() {
    let job = Job {
        version: 0x2000_6001,
        ..job(0, 4, 0x1fff_e000)
    };
    assert_eq!(job.rolled_version(0), 0x2000_0001);
    assert_eq!(job.rolled_version(0x0000_8000), 0x2000_8001);
    // Bits outside the mask are not ours to set.
    assert_eq!(job.rolled_version(0xc000_0002), 0x2000_0001);
}

#[test]
fn the_fingerprint_follows_the_content_and_not_the_name() {
    let (base, _) = genesis_job();
    let mut renamed = base.clone();
    renamed.pool_job_id = Arc::from("other");
    renamed.key.serial = 9;
    renamed.clean = true;
    renamed.ntime += 30;
    renamed.version ^= 0x2000;
    renamed.version_mask = 0x1fff_e000;
    assert_eq!(renamed.content_fingerprint(), base.content_fingerprint());

    let changes: [fn(&mut Job); 9] = [
        |j| j.prev_hash[0] ^= 1,
        |j| j.nbits ^= 1,
        |j| j.extranonce2_size += 1,
        |j| j.extranonce1 = Arc::from([1u8]),
        |j| j.branches = Arc::from([[0; 32]]),
        |j| j.coinbase2 = Arc::from([0u8]),
        // The same bytes in other places.
        |j| {
            let moved = [&j.coinbase1[..], &j.extranonce1[..1]].concat();
            j.coinbase1 = Arc::from(moved);
            j.extranonce1 = Arc::from(&j.extranonce1[1..]);
        },
        |j| j.fixed_root = Some([0; 32]),
        |j| j.fixed_root = Some([1; 32]),
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let mut job = base.clone();
        change(&mut job);
        assert_ne!(job.content_fingerprint(), base.content_fingerprint(), "{i}");
    }
}

/// The hashes to the right of the leftmost leaf, from the bottom up.
fn branches(leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    let mut level = leaves.to_vec();
    let mut out = Vec::new();
    while level.len() > 1 {
        out.push(level[1]);
        level = level
            .chunks(2)
            .map(|pair| sha256d::sha256d(&[pair[0], *pair.last().expect("not empty")].concat()))
            .collect();
    }
    out
}

proptest! {
    #[test]
    fn merkle_roots_equal_those_of_the_bitcoin_crate(
        rest in proptest::collection::vec(any::<[u8; 32]>(), 0..40),
        extranonce2 in any::<u64>(),
    ) {
        let mut job = job(0, 8, 0);
        let coinbase = sha256d::sha256d(&job.coinbase(extranonce2));
        let leaves = [vec![coinbase], rest].concat();
        job.branches = branches(&leaves).into();
        let hashes = leaves.into_iter().map(bitcoin::TxMerkleNode::from_byte_array);
        let expected = bitcoin::merkle_tree::calculate_root(hashes).expect("a leaf");
        prop_assert_eq!(job.merkle_root(extranonce2), expected.to_byte_array());
    }
}
