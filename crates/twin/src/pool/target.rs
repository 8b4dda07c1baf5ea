//! Targets as 256-bit numbers, exact to the last bit.

use bitcoin::CompactTarget;
use units::{Difficulty, DifficultyOne};

/// The largest hash that counts, as 32 big-endian bytes: in that order arrays compare
/// like numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Target(pub(super) [u8; 32]);

impl Target {
    /// `floor(0xffff * 2^(240 - b) / difficulty)` with b zero bits for difficulty one;
    /// at most 2^256 - 1.
    ///
    /// The difficulty is taken as the fraction `m * 2^e` that a double is, so that
    /// nothing is rounded but the quotient, once.
    pub(super) fn from_difficulty(difficulty: Difficulty, one: DifficultyOne) -> Self {
        let (m, e) = fraction(difficulty.value());
        let shift = 240 - i32::from(one.zero_bits()) - e;
        if shift < 0 {
            let numerator = 0xffff_u64.checked_shr(shift.unsigned_abs()).unwrap_or(0);
            return Target::from_small(numerator / m);
        }
        long_division(0xffff, shift as u32, m)
    }

    /// The network's target. Negative and overflowing encodings give zero, which no hash
    /// meets.
    pub(super) fn from_nbits(nbits: u32) -> Self {
        let target = bitcoin::Target::from_compact(CompactTarget::from_consensus(nbits));
        Target(target.to_be_bytes())
    }

    /// Whether a hash, in the order in which SHA-256 gives it, counts.
    pub(super) fn met_by(&self, hash: &[u8; 32]) -> bool {
        hash.iter().rev().le(self.0.iter())
    }

    fn from_small(value: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&value.to_be_bytes());
        Target(bytes)
    }
}

/// A positive finite double as `m * 2^e` with an integer `1 <= m < 2^53`.
fn fraction(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32;
    let mantissa = bits & ((1 << 52) - 1);
    if exponent == 0 {
        (mantissa.max(1), -1074)
    } else {
        (mantissa | 1 << 52, exponent - 1075)
    }
}

/// `floor(numerator * 2^shift / divisor)`, saturating at 256 bits; bit by bit, as by
/// hand. The divisor is below 2^53 and not zero.
fn long_division(numerator: u16, shift: u32, divisor: u64) -> Target {
    let mut quotient = [0_u64; 4];
    let mut remainder = 0_u64;
    let head = (0..16).rev().map(|i| u64::from(numerator >> i & 1));
    for bit in head.chain((0..shift).map(|_| 0)) {
        remainder = remainder << 1 | bit;
        if quotient[0] >> 63 == 1 {
            return Target([0xff; 32]);
        }
        for i in 0..3 {
            quotient[i] = quotient[i] << 1 | quotient[i + 1] >> 63;
        }
        quotient[3] <<= 1;
        if remainder >= divisor {
            remainder -= divisor;
            quotient[3] |= 1;
        }
    }
    let mut bytes = [0; 32];
    for (i, limb) in quotient.iter().enumerate() {
        bytes[8 * i..8 * i + 8].copy_from_slice(&limb.to_be_bytes());
    }
    Target(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::wire::hex;

    fn check(difficulty: f64, zero_bits: u8, expected: &str) {
        let one = DifficultyOne::from_zero_bits(zero_bits).expect("at most 32");
        let difficulty = Difficulty::new(difficulty).expect("positive");
        let target = Target::from_difficulty(difficulty, one);
        assert_eq!(hex(&target.0), expected, "{difficulty} at {zero_bits}");
    }

    #[test]
    fn targets_are_exact() {
        let d1 = "00000000ffff0000000000000000000000000000000000000000000000000000";
        check(1.0, 32, d1);
        let half = "000000007fff8000000000000000000000000000000000000000000000000000";
        check(2.0, 32, half);
        // floor(0xffff * 2^208 / 3): 0xffff is 3 * 0x5555, so the quotient is whole.
        let third = "0000000055550000000000000000000000000000000000000000000000000000";
        check(3.0, 32, third);
        // floor(0xffff * 2^208 / 7) = 0x2492 2 4924.. : a repeating quotient.
        let seventh = "0000000024922492492492492492492492492492492492492492492492492492";
        check(7.0, 32, seventh);
        let scaled = "3fffc00000000000000000000000000000000000000000000000000000000000";
        check(1.0, 2, scaled);
        check(1.0, 0, &format!("ffff{}", "0".repeat(60)));
        check(0.5, 0, &"f".repeat(64));
        check(1e-300, 32, &"f".repeat(64));
        check(1e80, 32, &"0".repeat(64));
        check(
            65535.0 * 2f64.powi(208),
            32,
            &format!("{}1", "0".repeat(63)),
        );
        check(f64::from_bits(1), 32, &"f".repeat(64));
    }

    #[test]
    fn a_fractional_difficulty_is_the_double_it_is() {
        // 0.1 is 0x1.999999999999ap-4: slightly above a tenth, so the target is slightly
        // below ten times difficulty one. Python: 0xffff * 2**208 // Fraction(0.1).
        check(
            0.1,
            32,
            "00000009fff5ffffffffd80028000000009fff5ffffffffd80028000000009ff",
        );
    }

    #[test]
    fn a_hash_equal_to_the_target_counts() {
        let target = Target::from_nbits(0x1d00_ffff);
        let mut hash = target.0;
        hash.reverse();
        assert!(target.met_by(&hash));
        hash[0] += 1;
        assert!(!target.met_by(&hash));
    }

    #[test]
    fn regtest_and_nonsense_nbits() {
        assert_eq!(hex(&Target::from_nbits(0x207f_ffff).0)[..8], *"7fffff00",);
        assert_eq!(Target::from_nbits(0).0, [0; 32]);
    }
}
