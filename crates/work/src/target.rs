//! Targets: 256-bit numbers that a hash must not exceed.

use core::cmp::Ordering;
use core::fmt;

use units::{Difficulty, DifficultyOne};

/// The largest hash that still counts, as a 256-bit number.
///
/// A hash is 32 bytes as SHA-256 produces them, read little-endian. Every constructor is
/// exact: it computes the mathematical value and rounds down once, to the integer.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target {
    /// Least significant first.
    limbs: [u64; 4],
}

/// `0xffff`: the mantissa of Bitcoin's difficulty-one target `0xffff * 2^208`.
const ONE_MANTISSA: u64 = 0xffff;

impl Target {
    /// Met by every hash.
    pub const MAX: Target = Target {
        limbs: [u64::MAX; 4],
    };

    /// `floor(0xffff * 2^(240 - bits) / difficulty)`, where `bits` are the zero bits of
    /// `one` (32 for Bitcoin). The difficulty is taken as the exact rational number that
    /// its floating-point value is. A value that does not fit gives [`Target::MAX`].
    pub fn from_difficulty(difficulty: Difficulty, one: DifficultyOne) -> Target {
        let (mantissa, exponent) = exact_parts(difficulty.value());
        let shift = 240 - i32::from(one.zero_bits()) - exponent;
        if shift < 0 {
            // Below 0xffff / mantissa; floors of floors are the floor of the whole.
            let numerator = ONE_MANTISSA.checked_shr(shift.unsigned_abs()).unwrap_or(0);
            return Target {
                limbs: [numerator / mantissa, 0, 0, 0],
            };
        }
        // 0xffff << 304 fills 320 bits; divided by less than 2^53 it exceeds 2^266, so
        // larger shifts overflow a target whatever the mantissa.
        if shift > 304 {
            return Target::MAX;
        }
        let mut limbs = [0u64; 5];
        let (limb, bit) = (shift as usize / 64, shift as u32 % 64);
        limbs[limb] = ONE_MANTISSA << bit;
        if bit > 48 {
            limbs[limb + 1] = ONE_MANTISSA >> (64 - bit);
        }
        let mut remainder = 0u128;
        for limb in limbs.iter_mut().rev() {
            let dividend = (remainder << 64) | u128::from(*limb);
            *limb = (dividend / u128::from(mantissa)) as u64;
            remainder = dividend % u128::from(mantissa);
        }
        if limbs[4] != 0 {
            return Target::MAX;
        }
        Target {
            limbs: [limbs[0], limbs[1], limbs[2], limbs[3]],
        }
    }

    /// A header's compact network target. `None` where a node refuses it: negative,
    /// beyond 256 bits, or zero.
    pub fn from_nbits(nbits: u32) -> Option<Target> {
        let size = nbits >> 24;
        let mut word = u64::from(nbits & 0x007f_ffff);
        if size <= 3 {
            word >>= 8 * (3 - size);
        }
        let negative = nbits & 0x0080_0000 != 0;
        let overflow = size > 34 || (word > 0xff && size > 33) || (word > 0xffff && size > 32);
        if word == 0 || negative || overflow {
            return None;
        }
        let mut bytes = [0; 32];
        let shift = size.saturating_sub(3) as usize;
        for (i, byte) in word.to_le_bytes().into_iter().take(3).enumerate() {
            // Bytes beyond the end are zero: overflow was refused above.
            if let Some(place) = bytes.get_mut(shift + i) {
                *place = byte;
            }
        }
        Some(Target::from_le_bytes(bytes))
    }

    /// The largest number with `bits` leading zero bits; 256 and more give zero, which
    /// only the hash zero meets.
    pub fn from_zero_bits(bits: u16) -> Target {
        let mut limbs = [0; 4];
        for (i, limb) in limbs.iter_mut().rev().enumerate() {
            let zeros = bits.saturating_sub(64 * i as u16);
            *limb = u64::MAX.checked_shr(u32::from(zeros)).unwrap_or(0);
        }
        Target { limbs }
    }

    /// From the number's bytes, least significant first: the order of a hash.
    pub fn from_le_bytes(bytes: [u8; 32]) -> Target {
        let (chunks, _) = bytes.as_chunks::<8>();
        Target {
            limbs: core::array::from_fn(|i| u64::from_le_bytes(chunks[i])),
        }
    }

    /// The number's bytes, least significant first.
    pub fn to_le_bytes(self) -> [u8; 32] {
        let mut out = [0; 32];
        for (bytes, limb) in out.chunks_exact_mut(8).zip(self.limbs) {
            bytes.copy_from_slice(&limb.to_le_bytes());
        }
        out
    }

    /// Whether `hash`, as SHA-256 produced it, does not exceed the target.
    pub fn met_by(&self, hash: &[u8; 32]) -> bool {
        Target::from_le_bytes(*hash) <= *self
    }

    /// The difficulty at Bitcoin's scale, for display: rounded to a float. Infinite for a
    /// target of zero.
    pub fn difficulty(&self) -> f64 {
        self.difficulty_at(DifficultyOne::BITCOIN)
    }

    /// The difficulty at another scale, for display.
    pub fn difficulty_at(&self, one: DifficultyOne) -> f64 {
        // Powers of two are exact as floats, so only the sum and the division round.
        const LIMB: f64 = 18_446_744_073_709_551_616.0;
        let value = self
            .limbs
            .iter()
            .rev()
            .fold(0.0, |value, limb| value * LIMB + *limb as f64);
        let exponent = 1023 + 240 - u64::from(one.zero_bits());
        ONE_MANTISSA as f64 * f64::from_bits(exponent << 52) / value
    }
}

/// The difficulty that `hash` reaches, for display: that of the target equal to it.
pub fn hash_difficulty(hash: &[u8; 32], one: DifficultyOne) -> f64 {
    Target::from_le_bytes(*hash).difficulty_at(one)
}

/// `value` as `mantissa * 2^exponent`, exactly. The value is positive and finite.
fn exact_parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    match (bits >> 52) & 0x7ff {
        // Subnormal. The type excludes zero; a mantissa of at least one keeps the
        // division total all the same.
        0 => (fraction.max(1), -1074),
        exponent => (fraction | 1 << 52, exponent as i32 - 1075),
    }
}

impl Ord for Target {
    fn cmp(&self, other: &Self) -> Ordering {
        self.limbs.iter().rev().cmp(other.limbs.iter().rev())
    }
}

impl PartialOrd for Target {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for limb in self.limbs.iter().rev() {
            write!(f, "{limb:016x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}
