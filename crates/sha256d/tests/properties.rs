//! Every implementation that this processor can run, against `sha2` and against each other.

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use sha256d::{Candidate, Hasher, Implementation, Scan, Target};

fn reference(data: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(data)).into()
}

/// One hasher per implementation that can run here, forced by its name.
fn hashers() -> Vec<Hasher> {
    let names = ["portable", "avx2", "avx512", "sha-ni", "neon", "arm-sha2"];
    let hashers: Vec<Hasher> = names
        .into_iter()
        .map(|name| Implementation::named(name).expect("a name"))
        .filter_map(Hasher::forced)
        .collect();
    assert_eq!(hashers[0].implementation(), Implementation::Portable);
    hashers
}

/// The largest target that `hash` misses by its last bit: one less than the hash.
fn just_below(hash: &[u8; 32]) -> Option<Target> {
    let mut bytes = *hash;
    let lowest = bytes.iter().position(|byte| *byte != 0)?;
    bytes[..lowest].fill(0xff);
    bytes[lowest] -= 1;
    Some(Target::from_le_bytes(&bytes))
}

/// A header in the pieces that a verification takes.
fn pieces(header: &[u8; 80]) -> ([u8; 64], [u8; 12], [u8; 4]) {
    let (first, rest) = header.split_at(64);
    (
        first.try_into().expect("64 bytes"),
        rest[..12].try_into().expect("12 bytes"),
        rest[12..].try_into().expect("4 bytes"),
    )
}

fn candidate(hasher: Hasher, header: &[u8; 80]) -> Candidate {
    let (first, tail, nonce_wire) = pieces(header);
    Candidate {
        midstate: hasher.midstate(&first),
        tail,
        nonce_wire,
    }
}

fn any_header() -> impl Strategy<Value = [u8; 80]> {
    proptest::collection::vec(any::<u8>(), 80).prop_map(|bytes| bytes.try_into().expect("80"))
}

#[test]
fn every_length_around_the_block_boundaries_pads_correctly() {
    let data = [0x5a; 260];
    for hasher in hashers() {
        for length in 0..=data.len() {
            let data = &data[..length];
            let once = <[u8; 32]>::from(Sha256::digest(data));
            assert_eq!(hasher.sha256(data), once, "{hasher:?} {length}");
            assert_eq!(hasher.sha256d(data), reference(data), "{hasher:?} {length}");
        }
    }
}

#[test]
fn leading_zero_bits_are_counted_from_the_last_byte() {
    let check = |at: usize, byte: u8, expected: u32| {
        let mut hash = [0; 32];
        hash[at] = byte;
        assert_eq!(sha256d::leading_zero_bits(&hash), expected);
        assert!(Target::zero_bits(expected).met_by(&hash));
        assert!(expected == 256 || !Target::zero_bits(expected + 1).met_by(&hash));
    };
    check(0, 0, 256);
    check(0, 1, 255);
    check(31, 0x80, 0);
    check(31, 0x01, 7);
    check(27, 0x10, 35);
}

#[test]
fn the_best_is_available_and_names_are_unique() {
    assert!(Implementation::best().is_available());
    assert_eq!(Hasher::best().implementation(), Implementation::best());
    for implementation in Implementation::ALL {
        assert_eq!(
            Implementation::named(implementation.name()),
            Some(implementation)
        );
        assert_eq!(
            Hasher::forced(implementation).is_some(),
            implementation.is_available()
        );
    }
    assert_eq!(Implementation::named("AVX2"), None);
}

/// `scripts/test-arm` says on which emulated processor it runs which implementation.
#[test]
fn the_processor_gets_the_implementation_it_should() {
    if let Ok(name) = std::env::var("STANNARY_EXPECTED_IMPLEMENTATION") {
        assert_eq!(Implementation::best().name(), name);
    }
}

/// Instructions of the old form (SHA) merge into registers whose upper halves are in use, which
/// costs some 110 ns at each change between the forms (measured on Zen 3 by others). So no
/// implementation may leave upper halves behind, in whatever order they alternate.
#[cfg(target_arch = "x86_64")]
#[test]
#[allow(unsafe_code)]
fn no_implementation_leaves_upper_halves_of_registers_in_use() {
    // Whether the processor says that upper halves of YMM registers hold anything: bit 2 of
    // XINUSE, which `xgetbv` gives for register 1 where leaf 13 says so.
    #[allow(unused_unsafe)]
    fn uppers_in_use() -> bool {
        let state: u32;
        // SAFETY: called where the processor has the instruction in this form.
        unsafe {
            core::arch::asm!("xgetbv", in("ecx") 1, out("eax") state, out("edx") _, options(nomem, nostack));
        }
        state & 0b100 != 0
    }
    #[allow(unused_unsafe)]
    // SAFETY: every x86-64 processor has `cpuid`; leaf 13 is asked where it exists.
    let tells = unsafe {
        core::arch::x86_64::__cpuid(0).eax >= 13
            && core::arch::x86_64::__cpuid_count(13, 1).eax & 0b100 != 0
    };
    if !tells || !std::arch::is_x86_feature_detected!("avx") {
        return;
    }
    // The test can fail: a register is put to use, and seen.
    let seen = {
        // SAFETY: the processor has AVX; the register is given back.
        unsafe {
            core::arch::asm!("vpcmpeqd xmm15, xmm15, xmm15", "vinsertf128 ymm15, ymm15, xmm15, 1", out("xmm15") _);
        }
        let seen = uppers_in_use();
        // SAFETY: as above.
        unsafe { core::arch::asm!("vzeroupper", out("xmm15") _) };
        seen
    };
    if !seen {
        // A processor, or an emulation of one, that does not keep track.
        return;
    }
    let hashers = hashers();
    for first in &hashers {
        for second in &hashers {
            for hasher in [first, second, first] {
                use_everything(*hasher);
                assert!(!uppers_in_use(), "{first:?} then {second:?}: {hasher:?}");
            }
        }
    }
}

/// Each operation once, on nothing in particular.
#[cfg(target_arch = "x86_64")]
fn use_everything(hasher: Hasher) {
    let header = [0x5a; 80];
    let items = [candidate(hasher, &header); 9];
    let mut out = [None; 9];
    hasher.verify_batch(&items, &Target::MAX, &mut out);
    hasher.verify_headers(&[header; 9], &Target::MAX, &mut out);
    let scan = Scan::by(
        hasher,
        &items[0].midstate,
        &items[0].tail,
        Target::zero_bits(40),
    );
    let mut midstates = [[0; 8]; 9];
    hasher.midstates_for_versions(&[7; 64], &[1; 9], &mut midstates);
    let hash = hasher.verify(&items[0], &Target::MAX);
    std::hint::black_box((
        out,
        scan.range(0..1000),
        midstates,
        hash,
        hasher.sha256d(&header),
    ));
}

/// Every place at which a hit can stand, in scans of every length up to more than two blocks:
/// lanes, streams, ends of blocks, and what lies behind the end.
#[test]
fn scan_finds_a_hit_at_any_place_of_a_scan_of_any_length() {
    let (midstate, tail) = ([0x0123_4567; 8], [0x42; 12]);
    // One in 2^16: the scans below hold one or none. Found by `sha2` alone.
    let hash = |nonce: u32| {
        let mut engine = [0; 64];
        engine[..12].copy_from_slice(&tail);
        engine[12..16].copy_from_slice(&nonce.to_le_bytes());
        engine[16] = 0x80;
        engine[62..].copy_from_slice(&640u16.to_be_bytes());
        let mut state = midstate;
        sha2::compress256(&mut state, &[engine.into()]);
        let bytes: Vec<u8> = state.iter().flat_map(|word| word.to_be_bytes()).collect();
        <[u8; 32]>::from(Sha256::digest(bytes))
    };
    let target = Target::zero_bits(12);
    let hit = (5_000..)
        .find(|nonce| target.met_by(&hash(*nonce)))
        .expect("one in 4096");
    let next = (hit + 1..)
        .find(|nonce| target.met_by(&hash(*nonce)))
        .expect("one in 4096");
    for hasher in hashers() {
        let scan = Scan::by(hasher, &midstate, &tail, target);
        let check = |before: u32, behind: u32| {
            let nonces = hit - before..hit + behind;
            let expected = (behind > 0).then_some(hit);
            assert_eq!(scan.range(nonces), expected, "{hasher:?} {before} {behind}");
        };
        let free = (5_000..hit)
            .rev()
            .take_while(|n| !target.met_by(&hash(*n)))
            .count() as u32;
        for before in (0..=40).chain(500..=530).filter(|before| *before <= free) {
            for behind in 0..=17 {
                check(before, behind);
            }
        }
        // After the hit there is none until the next.
        assert_eq!(scan.range(hit + 1..next), None, "{hasher:?}");
        assert_eq!(scan.range(hit + 1..next + 1), Some(next), "{hasher:?}");
        assert_eq!(scan.range(hit..hit), None);
        let list: Vec<u32> = (hit - free.min(700)..hit).chain([next, hit]).collect();
        assert_eq!(scan.first(&list), Some(list.len() - 2), "{hasher:?}");
        assert_eq!(scan.first(&[]), None);
    }
}

proptest! {
    #[test]
    fn any_bytes_hash_as_sha2_says(data in proptest::collection::vec(any::<u8>(), 0..600)) {
        for hasher in hashers() {
            prop_assert_eq!(hasher.sha256(&data), <[u8; 32]>::from(Sha256::digest(&data)));
            prop_assert_eq!(hasher.sha256d(&data), reference(&data));
        }
    }

    #[test]
    fn any_header_hashes_the_same_by_every_way(
        header in any_header(),
        versions in proptest::collection::vec(any::<u32>(), 0..20),
    ) {
        let expected = reference(&header);
        let (first64, tail, wire) = pieces(&header);
        for hasher in hashers() {
            prop_assert_eq!(hasher.hash_header(&header), expected, "{:?}", hasher);
            let midstate = hasher.midstate(&first64);
            prop_assert_eq!(hasher.finish(&midstate, &tail, wire), expected, "{:?}", hasher);

            let mut midstates = vec![[0; 8]; versions.len()];
            hasher.midstates_for_versions(&first64, &versions, &mut midstates);
            for (version, midstate) in versions.iter().zip(midstates) {
                let mut rolled = header;
                rolled[..4].copy_from_slice(&version.to_le_bytes());
                prop_assert_eq!(
                    hasher.finish(&midstate, &tail, wire),
                    reference(&rolled),
                    "{:?}", hasher
                );
            }
        }
    }

    /// Early rejection at its boundary: a target equal to the hash takes it, a target that is
    /// smaller by one bit does not, by scan, by batch and by whole headers.
    #[test]
    fn a_target_is_met_to_the_last_bit(header in any_header()) {
        let hash = reference(&header);
        let (_, tail, wire) = pieces(&header);
        let nonce = u32::from_le_bytes(wire);
        let equal = Target::from_le_bytes(&hash);
        let below = just_below(&hash).expect("no hash is zero");
        for hasher in hashers() {
            let item = candidate(hasher, &header);
            for (target, expected) in [(equal, Some(hash)), (below, None)] {
                let scan = Scan::by(hasher, &item.midstate, &tail, target);
                prop_assert_eq!(scan.first(&[nonce]), expected.map(|_| 0), "{:?}", hasher);
                prop_assert_eq!(hasher.verify(&item, &target), expected, "{:?}", hasher);
                let mut out = [Some([0; 32])];
                hasher.verify_batch(&[item], &target, &mut out);
                prop_assert_eq!(out[0], expected, "{:?}", hasher);
                hasher.verify_headers(&[header], &target, &mut out);
                prop_assert_eq!(out[0], expected, "{:?}", hasher);
            }
        }
    }

    /// A batch judges each of its headers alone, whatever stands beside it.
    #[test]
    fn a_batch_says_of_each_header_what_it_is(
        headers in proptest::collection::vec(any_header(), 0..40),
        zero_bits in 0u32..4,
    ) {
        let target = Target::zero_bits(zero_bits);
        let expected: Vec<Option<[u8; 32]>> = headers
            .iter()
            .map(|header| reference(header))
            .map(|hash| target.met_by(&hash).then_some(hash))
            .collect();
        for hasher in hashers() {
            let items: Vec<Candidate> =
                headers.iter().map(|header| candidate(hasher, header)).collect();
            let mut out = vec![Some([1; 32]); headers.len()];
            hasher.verify_batch(&items, &target, &mut out);
            prop_assert_eq!(&out, &expected, "{:?}", hasher);
            out.fill(Some([1; 32]));
            hasher.verify_headers(&headers, &target, &mut out);
            prop_assert_eq!(&out, &expected, "{:?}", hasher);
            hasher.verify_batch(&items, &Target::MAX, &mut out);
            prop_assert!(out.iter().all(Option::is_some), "{:?}", hasher);
        }
    }

    #[test]
    fn every_implementation_scans_to_the_same_nonce(
        midstate in any::<[u32; 8]>(),
        tail in any::<[u8; 12]>(),
        from in any::<u32>(),
        count in 0u32..1200,
        zero_bits in 0u32..12,
    ) {
        let nonces = from..from.saturating_add(count);
        let target = Target::zero_bits(zero_bits);
        let by = |hasher| Scan::by(hasher, &midstate, &tail, target).range(nonces.clone());
        let all: Vec<Option<u32>> = hashers().into_iter().map(by).collect();
        prop_assert!(all.iter().all(|found| *found == all[0]), "{:?}", all);
        if let Some(nonce) = all[0] {
            let hash = sha256d::finish(&midstate, &tail, nonce.to_le_bytes());
            prop_assert!(target.met_by(&hash));
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
        for hasher in hashers() {
            prop_assert_eq!(hasher.merkle_root(&coinbase, &branches), expected);
        }
    }
}
