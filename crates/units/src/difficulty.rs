//! Difficulty: how rare a share is, in units of an agreed "difficulty one".

use core::fmt;

/// A pool's share difficulty: positive and finite, fractions allowed (0.001 is common on
/// test pools). Its target is `0xffff * 2^208 / difficulty` at the bitcoin scale.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Difficulty(f64);

impl Difficulty {
    /// The difficulty that holds before a pool has set one.
    pub const ONE: Difficulty = Difficulty(1.0);

    /// `None` for zero, negative, infinite and not-a-number values: a pool may send any
    /// of these, and none has a target.
    pub fn new(value: f64) -> Option<Self> {
        (value.is_finite() && value > 0.0).then_some(Difficulty(value))
    }

    /// The number itself.
    pub const fn value(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Difficulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What "difficulty one" stands for: the number of leading zero bits that a hash of
/// difficulty one has. 32 is Bitcoin's; a digital twin lowers it so that shares can be
/// found by real search without terahashes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct DifficultyOne(u8);

impl DifficultyOne {
    /// Bitcoin's: 32 zero bits, about 2^32 hashes per share of difficulty one.
    pub const BITCOIN: DifficultyOne = DifficultyOne(32);

    /// `None` above 32: nothing is scaled upwards.
    pub fn from_zero_bits(bits: u8) -> Option<Self> {
        (bits <= 32).then_some(DifficultyOne(bits))
    }

    /// Leading zero bits of a hash of difficulty one.
    pub const fn zero_bits(self) -> u8 {
        self.0
    }

    /// True unless this is Bitcoin's own scale: then what is shown is emulated.
    pub const fn is_scaled(self) -> bool {
        self.0 != 32
    }
}

/// The difficulty above which a chip reports a nonce: a power of two, since the chips
/// can mask only whole bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TicketDifficulty(u8);

impl TicketDifficulty {
    /// `2^log2`; `None` above 2^32, the width of the register.
    pub const fn from_log2(log2: u8) -> Option<Self> {
        if log2 <= 32 {
            Some(TicketDifficulty(log2))
        } else {
            None
        }
    }

    /// The largest power of two not above `difficulty` (at least 1): rounding up would
    /// hide shares that the pool wants.
    pub fn from_difficulty_floor(difficulty: Difficulty) -> Self {
        let d = difficulty.value();
        let mut log2 = 0;
        while log2 < 32 && (1u64 << (log2 + 1)) as f64 <= d {
            log2 += 1;
        }
        TicketDifficulty(log2)
    }

    /// The exponent.
    pub const fn log2(self) -> u8 {
        self.0
    }

    /// The difficulty as a number.
    pub const fn value(self) -> u64 {
        1 << self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difficulty_refuses_what_has_no_target() {
        for bad in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Difficulty::new(bad).is_none(), "{bad}");
        }
        assert_eq!(Difficulty::new(0.001).map(Difficulty::value), Some(0.001));
    }

    #[test]
    fn ticket_difficulty_rounds_down() {
        let check = |d: f64, expected: u64| {
            let d = Difficulty::new(d).expect("positive");
            assert_eq!(
                TicketDifficulty::from_difficulty_floor(d).value(),
                expected,
                "{d}"
            );
        };
        check(0.5, 1);
        check(1.0, 1);
        check(3.0, 2);
        check(255.0, 128);
        check(256.0, 256);
        check(1e30, 1 << 32);
    }
}
