//! Targets are exact to the last bit.

use proptest::prelude::*;
use units::{Difficulty, DifficultyOne};
use work::{Target, hash_difficulty};

fn one(bits: u8) -> DifficultyOne {
    DifficultyOne::from_zero_bits(bits).expect("at most 32")
}

fn difficulty(value: f64) -> Difficulty {
    Difficulty::new(value).expect("positive and finite")
}

/// `floor(0xffff * 2^(240 - bits) / value)` by long division, one binary digit at a time.
fn reference(value: f64, bits: u8) -> Target {
    let raw = value.to_bits();
    let (mantissa, exponent) = match (raw >> 52) as i32 {
        0 => (raw, -1074),
        e => ((raw & ((1 << 52) - 1)) | (1 << 52), e - 1075),
    };
    let mantissa = u128::from(mantissa);
    let shift = 240 - i32::from(bits) - exponent;
    if shift < -63 {
        return Target::from_zero_bits(256);
    }
    let mut digits = Vec::new();
    let (numerator, divisor) = if shift < 0 {
        (0xffff_u128, mantissa << -shift)
    } else {
        (0xffff_u128, mantissa)
    };
    let mut remainder = 0u128;
    let zeros = usize::try_from(shift.max(0)).expect("not negative");
    let ones = (0..16).rev().map(|i| numerator >> i & 1);
    for digit in ones.chain(std::iter::repeat_n(0, zeros)) {
        remainder = remainder * 2 + digit;
        digits.push(remainder >= divisor);
        if remainder >= divisor {
            remainder -= divisor;
        }
    }
    let significant = digits.iter().skip_while(|d| !**d).count();
    if significant > 256 {
        return Target::MAX;
    }
    let mut le = [0u8; 32];
    for (i, digit) in digits.iter().rev().take(256).enumerate() {
        le[i / 8] |= u8::from(*digit) << (i % 8);
    }
    Target::from_le_bytes(le)
}

#[test]
fn known_difficulties_have_their_known_targets() {
    let check = |value, bits, expected: &str| {
        let target = Target::from_difficulty(difficulty(value), one(bits));
        assert_eq!(target.to_string(), expected, "{value} {bits}");
        assert_eq!(target, reference(value, bits), "{value} {bits}");
    };
    let zeros = |n: usize| "0".repeat(n);
    check(1.0, 32, &format!("{}ffff{}", zeros(8), zeros(52)));
    check(16384.0, 32, &format!("{}03fffc{}", zeros(10), zeros(48)));
    check(1.0, 0, &format!("ffff{}", zeros(60)));
    check(2.0, 2, &format!("1fffe{}", zeros(59)));
    // Three divides 0xffff: no digit is lost. Seven does not.
    check(3.0, 32, &format!("{}5555{}", zeros(8), zeros(52)));
    let sevenths = &"249".repeat(18)[..52];
    check(7.0, 32, &format!("{}2492{sevenths}", zeros(8)));
    check(1e-300, 32, &"f".repeat(64));
    check(f64::MIN_POSITIVE / 4.0, 32, &"f".repeat(64));
    check(1e300, 32, &zeros(64));
    check(f64::MAX, 0, &zeros(64));
    // The largest and the smallest that still differ from the ends.
    check(65535.0 * 2f64.powi(208), 32, &format!("{}1", zeros(63)));
    check(65536.0 * 2f64.powi(208), 32, &zeros(64));
}

#[test]
fn one_unit_in_the_last_place_of_the_difficulty_moves_the_target() {
    for value in [1.0, 0.1, 0.001, 1_000_000.0, 16_384.5, 1e15] {
        let up = f64::from_bits(f64::to_bits(value) + 1);
        let at = Target::from_difficulty(difficulty(value), DifficultyOne::BITCOIN);
        let above = Target::from_difficulty(difficulty(up), DifficultyOne::BITCOIN);
        assert!(above < at, "{value}");
    }
}

#[test]
fn compact_targets_decode_as_nodes_do() {
    let check = |nbits: u32, expected: Option<&str>| {
        let got = Target::from_nbits(nbits).map(|t| t.to_string());
        let expected = expected.map(|digits| format!("{digits:0>64}"));
        assert_eq!(got, expected, "{nbits:08x}");
    };
    let zeros = "0".repeat(52);
    check(0x1d00_ffff, Some(&format!("ffff{zeros}")));
    check(0x207f_ffff, Some(&format!("7fffff{}", "0".repeat(58))));
    check(0x0112_3456, Some("12"));
    check(0x0212_3456, Some("1234"));
    check(0x0312_3456, Some("123456"));
    check(0x0412_3456, Some("12345600"));
    check(0x0500_9234, Some("92340000"));
    check(0x2012_3456, Some(&format!("123456{}", "0".repeat(58))));
    check(0x2100_1234, Some(&format!("1234{}", "0".repeat(60))));
    check(0x2200_0012, Some(&format!("12{}", "0".repeat(62))));
    for zero in [
        0,
        0x0012_3456,
        0x0100_3456,
        0x0200_0056,
        0x0300_0000,
        0x2000_0000,
    ] {
        check(zero, None);
    }
    for negative in [0x01fe_dcba, 0x0492_3456, 0x1d80_ffff] {
        check(negative, None);
    }
    for overflow in [
        0x2112_3456,
        0x2200_1234,
        0x2300_0012,
        0xff12_3456,
        0xff00_0001,
    ] {
        check(overflow, None);
    }
}

#[test]
fn every_hash_up_to_the_target_meets_it_and_none_above() {
    let target = Target::from_difficulty(difficulty(1.0), DifficultyOne::BITCOIN);
    let check = |digits: &str, expected: bool| {
        let mut hash: Vec<u8> = (0..64)
            .step_by(2)
            .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).expect("hex"))
            .collect();
        hash.reverse();
        let hash = hash.try_into().expect("32 bytes");
        assert_eq!(target.met_by(&hash), expected, "{digits}");
    };
    check(&format!("00000000ffff{}", "0".repeat(52)), true);
    check(&format!("00000000ffff{}1", "0".repeat(51)), false);
    check(&format!("00000000fffe{}", "f".repeat(52)), true);
    check(&format!("00000001{}", "0".repeat(56)), false);
    check(&"0".repeat(64), true);
}

#[test]
fn difficulty_for_display_is_the_inverse() {
    for bits in [0, 2, 8, 32] {
        for value in [0.001, 1.0, 3.0, 16_384.0, 1e12] {
            let shown =
                Target::from_difficulty(difficulty(value), one(bits)).difficulty_at(one(bits));
            // Targets above 2^256 are cut: the scale 0 has none below difficulty one.
            if value >= 1.0 || bits > 16 {
                assert!((shown / value - 1.0).abs() < 1e-9, "{value} {bits} {shown}");
            }
        }
    }
    assert_eq!(Target::from_zero_bits(256).difficulty(), f64::INFINITY);
    let mut genesis = [0; 32];
    genesis[..28].copy_from_slice(&[
        0x6f, 0xe2, 0x8c, 0x0a, 0xb6, 0xf1, 0xb3, 0x72, 0xc1, 0xa6, 0xa2, 0x46, 0xae, 0x63, 0xf7,
        0x4f, 0x93, 0x1e, 0x83, 0x65, 0xe1, 0x5a, 0x08, 0x9c, 0x68, 0xd6, 0x19, 0x00,
    ]);
    let shown = hash_difficulty(&genesis, DifficultyOne::BITCOIN);
    assert!((shown - 2536.4263).abs() < 1e-3, "{shown}");
}

fn any_difficulty() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>()
            .prop_map(|bits| f64::from_bits(bits & !(1 << 63)))
            .prop_filter("positive and finite", |v| v.is_finite() && *v > 0.0),
        1e-6..1e18f64,
        (1u64..1 << 40).prop_map(|n| n as f64),
    ]
}

proptest! {
    #[test]
    fn any_difficulty_gives_the_floor_of_the_exact_quotient(
        value in any_difficulty(),
        bits in 0u8..=32,
    ) {
        let target = Target::from_difficulty(difficulty(value), one(bits));
        prop_assert_eq!(target, reference(value, bits));
    }

    #[test]
    fn a_target_is_met_by_itself_and_not_by_the_next_number(bytes in any::<[u8; 32]>()) {
        let target = Target::from_le_bytes(bytes);
        prop_assert_eq!(target.to_le_bytes(), bytes);
        prop_assert!(target.met_by(&bytes));
        let mut next = bytes;
        for byte in &mut next {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                prop_assert!(!target.met_by(&next));
                break;
            }
        }
    }

    #[test]
    fn zero_bits_as_a_target_and_as_a_count_agree(
        hash in any::<[u8; 32]>(),
        zeros in 0usize..=256,
        asked in 0u16..=300,
    ) {
        let mut hash = hash;
        for bit in 256 - zeros..256 {
            hash[bit / 8] &= !(1 << (bit % 8));
        }
        let met = Target::from_zero_bits(asked).met_by(&hash);
        prop_assert_eq!(met, sha256d::leading_zero_bits(&hash) >= u32::from(asked.min(256)));
    }

    #[test]
    fn accepted_compact_targets_equal_those_of_the_bitcoin_crate(nbits in any::<u32>()) {
        if let Some(target) = Target::from_nbits(nbits) {
            let theirs = bitcoin::Target::from_compact(bitcoin::CompactTarget::from_consensus(nbits));
            prop_assert_eq!(target.to_le_bytes(), theirs.to_le_bytes());
        }
    }
}
