//! Equality with `sha2`'s own front end, which shares only the compression function.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

fn reference(data: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(data)).into()
}

#[test]
fn every_length_around_the_block_boundaries_pads_correctly() {
    let data = [0x5a; 260];
    for length in 0..=data.len() {
        let data = &data[..length];
        assert_eq!(
            sha256d::sha256(data),
            <[u8; 32]>::from(Sha256::digest(data))
        );
        assert_eq!(sha256d::sha256d(data), reference(data));
    }
}

#[test]
fn leading_zero_bits_are_counted_from_the_last_byte() {
    let check = |at: usize, byte: u8, expected: u32| {
        let mut hash = [0; 32];
        hash[at] = byte;
        assert_eq!(sha256d::leading_zero_bits(&hash), expected);
    };
    check(0, 0, 256);
    check(0, 1, 255);
    check(31, 0x80, 0);
    check(31, 0x01, 7);
    check(27, 0x10, 35);
}

proptest! {
    #[test]
    fn any_bytes_hash_as_sha2_says(data in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert_eq!(sha256d::sha256d(&data), reference(&data));
    }

    #[test]
    fn any_header_hashes_the_same_by_every_way(
        bytes in proptest::collection::vec(any::<u8>(), 80..=80),
        versions in proptest::collection::vec(any::<u32>(), 0..6),
    ) {
        let header: [u8; 80] = bytes.clone().try_into().expect("80 bytes");
        let first64: [u8; 64] = bytes[..64].try_into().expect("64 bytes");
        let tail: [u8; 12] = bytes[64..76].try_into().expect("12 bytes");
        let wire: [u8; 4] = bytes[76..].try_into().expect("4 bytes");
        let expected = reference(&header);
        prop_assert_eq!(sha256d::hash_header(&header), expected);
        let midstate = sha256d::midstate(&first64);
        prop_assert_eq!(sha256d::finish(&midstate, &tail, wire), expected);

        let zero_bits = sha256d::leading_zero_bits(&expected);
        let nonce = u32::from_le_bytes(wire);
        let scan = |bits| sha256d::scan(&midstate, &tail, core::iter::once(nonce), bits);
        prop_assert_eq!(scan(zero_bits), Some(nonce));
        prop_assert_eq!(scan(zero_bits + 1), None);

        let mut midstates = [[0; 8]; 4];
        sha256d::midstates_for_versions(&first64, &versions, &mut midstates);
        for (version, midstate) in versions.iter().zip(midstates) {
            let mut rolled = header;
            rolled[..4].copy_from_slice(&version.to_le_bytes());
            prop_assert_eq!(sha256d::finish(&midstate, &tail, wire), reference(&rolled));
        }
    }

    #[test]
    fn merkle_root_folds_each_branch_on_the_right(
        coinbase in any::<[u8; 32]>(),
        branches in proptest::collection::vec(any::<[u8; 32]>(), 0..8),
    ) {
        let expected = branches
            .iter()
            .fold(coinbase, |root, branch| reference(&[root, *branch].concat()));
        prop_assert_eq!(sha256d::merkle_root(&coinbase, &branches), expected);
    }
}
